// The plate that was clicked: large and straightened, with everything that was read of it.

import { button, byId, copy, make } from "../shell/dom.js";
import { regionText } from "../shell/regions.js";
import { toast } from "../shell/toast.js";
import { percent, seconds, t } from "../shell/words.js";

// Less likely candidates would be shown as 0 %.
const LEAST = 0.001;
const place = byId("detail");

/** What may be there instead of a text, with how likely each is. */
export const candidateList = (candidates) => make("ol", { class: "candidates" }, candidates.map(({ text, share }) =>
  make("li", {}, make("span", { class: "text" }, text),
    make("meter", { value: share, max: 1, "aria-label": text }), make("span", { class: "soft" }, percent(share)))));

/** A text with a button that copies it. */
export const copyable = (text) => button(t("copy"), async () => (await copy(text), toast(t("copied", { text }))));

/** Shows a record; `image` is a canvas or an image of the plate, or null. */
export function showDetail(record, image) {
  const candidates = (record.plate.candidates || []).filter(({ confidence }) => confidence >= LEAST)
    .map(({ text, confidence }) => ({ text, share: confidence }));
  const facts = [
    [t("confidence"), record.text ? percent(record.confidence) : "–"],
    [t("region"), regionText(record.region)],
    [t("seen"), record.first_s === undefined ? record.source : `${seconds(record.first_s)}–${seconds(record.last_s)}, ${record.source}`],
  ];
  if (image) {
    image.classList.add("plate");
    image.setAttribute("role", "img");
    image.setAttribute("aria-label", record.text || t("unreadable_plate"));
  }
  place.replaceChildren(
    make("div", { class: "heading" },
      image || "",
      make("p", { class: "text large" }, record.text || t("unreadable")),
      record.text ? make("div", { class: "buttons" }, copyable(record.text)) : ""),
    make("dl", {}, facts.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value)))),
    candidates.length > 1 ? candidateList(candidates) : "",
  );
  place.hidden = false;
}

export const hideDetail = () => (place.hidden = true);
