// The picture and what is drawn over it.

const SVG = "http://www.w3.org/2000/svg";
const stage = document.getElementById("stage");
const canvas = document.getElementById("picture");
const marks = document.getElementById("marks");
const drop = document.getElementById("drop");

/** Shows the picture, or else the annotated video. */
export function show(what) {
  stage.hidden = what !== "picture";
  document.getElementById("annotated").hidden = what === "picture";
  document.getElementById("hint").hidden = true;
  drop.classList.add("filled");
}

/** Paints a picture or the present frame of a video on a canvas, which gets its size. */
export function paint(source, width, height, target = canvas) {
  if (target.width !== width || target.height !== height) Object.assign(target, { width, height });
  target.getContext("2d").drawImage(source, 0, 0, width, height);
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

const cornersOf = ({ corners, box }) =>
  corners || [[box[0], box[1]], [box[2], box[1]], [box[2], box[3]], [box[0], box[3]]];

/** Outlines plates, in pixels of a picture of this size. */
export function mark(plates, width, height) {
  marks.setAttribute("viewBox", `0 0 ${width} ${height}`);
  marks.replaceChildren();
  const size = Math.max(width, height) / 32;
  for (const plate of plates) {
    const corners = cornersOf(plate);
    marks.append(element("polygon", { points: corners.map((corner) => corner.join(",")).join(" ") }));
    const top = Math.min(...corners.map((corner) => corner[1])) - size / 2;
    const bottom = Math.max(...corners.map((corner) => corner[1])) + 1.2 * size;
    const label = element("text", { x: Math.max(plate.box[0], size / 4), y: top > size ? top : bottom, "font-size": size });
    label.textContent = plate.text || "unreadable";
    marks.append(label);
  }
}

/** A picture of a plate, cut out of a canvas with a margin, as the address of an image. */
export function crop(source, box) {
  const margin = 0.3 * (box[3] - box[1]);
  const left = Math.max(0, Math.floor(box[0] - margin)), top = Math.max(0, Math.floor(box[1] - margin));
  const width = Math.min(source.width, Math.ceil(box[2] + margin)) - left;
  const height = Math.min(source.height, Math.ceil(box[3] + margin)) - top;
  if (width < 1 || height < 1) return null;
  const part = document.createElement("canvas");
  part.width = width;
  part.height = height;
  part.getContext("2d").drawImage(source, left, top, width, height, 0, 0, width, height);
  return part.toDataURL("image/jpeg", 0.9);
}
