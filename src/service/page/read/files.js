// The list of what is read: a row per file, with its state, its progress, and a button that cancels it or takes it out.

import { byId, make } from "../shell/dom.js";
import { percent, t } from "../shell/words.js";

const rows = new Map();

function stateOf(item) {
  if (item.state === "failed") return item.error.replace(`${item.name}: `, "");
  if (item.state === "done") return t(item.kind === "video" ? "vehicles_in" : "plates_in", { n: item.plates.length });
  return item.progress ? `${t(item.state)} ${percent(item.progress)}` : t(item.state);
}

function makeRow(item, { onOpen, onCancel, onRemove }) {
  const state = make("span", { class: "state" });
  const progress = make("progress", { max: 1, "aria-label": item.name });
  const open = make("button", { type: "button", class: "open", onclick: () => onOpen(item) },
    make("span", { class: "name" }, item.name), state);
  const end = make("button", { type: "button", class: "quiet", onclick: () => (item.isOver ? onRemove : onCancel)(item) }, "✕");
  const row = make("li", {}, open, end, progress);
  rows.set(item.id, { item, row, state, progress, open, end });
  byId("rows").append(row);
}

export function addRow(item, actions) {
  makeRow(item, actions);
  refreshRow(item);
}

/** Shows an item's state. */
export function refreshRow(item) {
  const shown = rows.get(item.id);
  if (!shown) return;
  const { row, state, progress, end } = shown;
  state.textContent = stateOf(item);
  row.dataset.state = item.state;
  progress.hidden = item.isOver || item.state === "waiting";
  if (item.progress) progress.value = item.progress;
  else progress.removeAttribute("value");
  end.setAttribute("aria-label", t(item.isOver ? "remove_it" : "cancel_it", { name: item.name }));
  byId("items").hidden = false;
}

export function removeRow(item) {
  rows.get(item.id)?.row.remove();
  rows.delete(item.id);
  byId("items").hidden = rows.size === 0;
}

/** The items in the list. */
export const listed = () => [...rows.values()].map(({ item }) => item);

/** Marks the one that is shown. */
export function markRow(item) {
  for (const { item: one, open } of rows.values()) open.setAttribute("aria-current", one === item);
}
