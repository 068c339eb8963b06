// Dialogs: made when they are opened, gone when they are closed; the browser keeps the focus in them and gives it back.

import { t } from "./words.js";
import { button, make } from "./dom.js";

let made = 0;

/** Opens a dialog with a title; gives the element, whose `close` event tells the end. */
export function openDialog(title, content, { wide = false } = {}) {
  const id = `dialog-${++made}`;
  const head = make("div", { class: "head" },
    make("h2", { id }, title), button("✕", () => dialog.close(), { class: "quiet", "aria-label": t("close") }));
  const dialog = make("dialog", { class: wide ? "wide" : "", "aria-labelledby": id }, head, content);
  dialog.addEventListener("close", () => dialog.remove());
  // A click beside it.
  dialog.addEventListener("pointerdown", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Asks whether to do what cannot be undone; becomes true or false. */
export function confirmed(question, yes) {
  return new Promise((done) => {
    let answer = false;
    const buttons = make("div", { class: "buttons" },
      button(yes, () => ((answer = true), dialog.close()), { class: "primary" }), button(t("cancel"), () => dialog.close()));
    const dialog = openDialog(question, buttons);
    dialog.addEventListener("close", () => done(answer));
  });
}
