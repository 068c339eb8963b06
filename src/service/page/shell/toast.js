// Short messages at the edge of the page, some of which can be undone for some seconds.

import { t } from "./words.js";
import { button, byId, make } from "./dom.js";

const STAYS_MS = 8000;

/** Tells something; `undo` is what the button does that goes with it, and `then` follows if nobody presses it. */
export function toast(text, { undo = null, then = null, isError = false } = {}) {
  const element = make("div", { class: isError ? "toast error" : "toast" }, make("span", {}, text));
  // A popover lies above open dialogs, too.
  const place = byId("toasts");
  let timer = null;
  const end = () => {
    clearTimeout(timer);
    element.remove();
    if (!place.childElementCount) place.hidePopover();
  };
  if (undo) element.append(button(t("undo"), () => (end(), undo())));
  element.append(button("✕", () => (end(), then?.()), { class: "quiet", "aria-label": t("close") }));
  timer = setTimeout(() => (end(), then?.()), STAYS_MS);
  place.append(element);
  if (place.matches(":popover-open")) place.hidePopover();
  place.showPopover();
}

/** Does something, and tells it if that fails; gives undefined then. */
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    if (error.name !== "AbortError") toast(error.message, { isError: true });
    return undefined;
  }
}
