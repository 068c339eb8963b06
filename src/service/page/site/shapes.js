// What is drawn over a camera's picture: its zone, lines with their arrows, and points of roads with their metres.

import { draw } from "../shell/dom.js";

/** All points of a geometry that can be moved: where each is, and how it gets another place. */
export function handlesOf({ zone, lines, road }) {
  const inList = (points) => points.map((point, at) => ({ point, move: (to) => (points[at] = to) }));
  const ofLine = (line) => [0, 2].map((at) => ({
    point: [line[at], line[at + 1]],
    move: ([x, y]) => line.splice(at, 2, x, y),
  }));
  return [...inList(zone || []), ...Object.values(lines).flatMap(ofLine), ...road.flatMap(({ pixels }) => inList(pixels))];
}

/** The arrow of a line: whoever goes along it goes in. */
function arrowOf([x1, y1, x2, y2], size) {
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  // To the right of the way from the first point to the second, in a picture whose y points down.
  const [dx, dy] = [-(y2 - y1) / length, (x2 - x1) / length];
  const [x, y] = [(x1 + x2) / 2, (y1 + y2) / 2];
  const [tipX, tipY] = [x + 4 * size * dx, y + 4 * size * dy];
  const wing = (side) => `${tipX - size * (1.4 * dx + side * dy)},${tipY - size * (1.4 * dy - side * dx)}`;
  return draw("path", { class: "arrow", d: `M${x},${y} L${tipX},${tipY} M${wing(1)} L${tipX},${tipY} L${wing(-1)}` });
}

/** Draws a geometry into an SVG whose units are the picture's pixels; `drawn` are points that are being set. */
export function drawShapes(svg, { zone, lines, road }, drawn, size) {
  const points = (list) => list.map((point) => point.join(",")).join(" ");
  const label = (text, [x, y]) => draw("text", { x, y: y - size, "font-size": 2.4 * size }, text);
  svg.replaceChildren(
    ...(zone ? [draw("polygon", { class: "zone", points: points(zone) })] : []),
    ...Object.entries(lines).flatMap(([name, line]) => [
      draw("line", { class: "line", x1: line[0], y1: line[1], x2: line[2], y2: line[3] }), arrowOf(line, size), label(name, line)]),
    ...road.flatMap(({ pixels, metres }) => [
      draw("polygon", { class: "road", points: points(pixels) }),
      ...pixels.map((point, at) => label(`${metres[at].join(" / ")} m`, point))]),
    ...(drawn.length ? [draw("polyline", { class: "drawn", points: points(drawn) })] : []),
    ...drawn.map(([cx, cy]) => draw("circle", { class: "set", cx, cy, r: size / 2 })),
  );
}
