// The picture and what is drawn over it, or the annotated video.

import { byId, draw } from "../shell/dom.js";
import { t } from "../shell/words.js";

const canvas = byId("picture");
const marks = byId("marks");

/** Shows one of `picture`, `annotated` (the video), or `hint` with a text. */
export function show(what, text = "") {
  byId("stage").hidden = what !== "picture";
  byId("annotated").hidden = what !== "annotated";
  byId("hint").hidden = what !== "hint";
  if (what === "hint") byId("hint").textContent = text;
  if (what !== "annotated") byId("annotated").pause();
  byId("drop").classList.toggle("filled", what !== "hint");
}

/** Paints a picture or the present frame of a video on a canvas, which gets its size. */
export function paint(source, width, height, target = canvas) {
  if (target.width !== width || target.height !== height) Object.assign(target, { width, height });
  target.getContext("2d").drawImage(source, 0, 0, width, height);
}

export const cornersOf = ({ corners, box }) =>
  corners || [[box[0], box[1]], [box[2], box[1]], [box[2], box[3]], [box[0], box[3]]];

/** How sure a text is, as a class; the colours are those of annotated pictures. */
export const sureness = ({ text, confidence }) =>
  !text ? "unread" : confidence >= 0.9 ? "good" : confidence >= 0.6 ? "fair" : "poor";

/** Outlines plates, in pixels of a picture of this size; `onOpen` follows a click on one. */
export function mark(plates, width, height, { chosen = null, onOpen = null } = {}) {
  marks.setAttribute("viewBox", `0 0 ${width} ${height}`);
  marks.replaceChildren();
  const size = Math.max(width, height) / 32;
  for (const plate of plates) {
    const corners = cornersOf(plate);
    const kind = `${sureness(plate)}${plate === chosen ? " chosen" : ""}`;
    const outline = draw("polygon", { class: kind, points: corners.map((corner) => corner.join(",")).join(" ") });
    if (onOpen) outline.addEventListener("click", () => onOpen(plate));
    const top = Math.min(...corners.map((corner) => corner[1])) - size / 2;
    const bottom = Math.max(...corners.map((corner) => corner[1])) + 1.2 * size;
    const place = { x: Math.max(plate.box[0], size / 4), y: top > size ? top : bottom, "font-size": size };
    marks.append(outline, draw("text", { class: kind, ...place }, plate.text || t("unreadable")));
  }
}

export const clearStage = () => {
  mark([], 1, 1);
  show("hint", t("drop_here"));
};
