// What keeps the page from going on for now: a line at the edge of the window, for as long as it lasts.

import { byId } from "./dom.js";
import { t } from "./words.js";

const lasting = new Set();

function show() {
  const [first] = lasting;
  byId("trouble").hidden = !first;
  byId("trouble").textContent = first ? t(first.word) : "";
}

/** Tells of a trouble; what is returned ends it. */
export function trouble(word) {
  const one = { word };
  lasting.add(one);
  show();
  return () => {
    lasting.delete(one);
    show();
  };
}
