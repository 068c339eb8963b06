// Drawing a camera's zone, lines and road points over its picture. Every number can be typed, too: not everybody has a mouse.

import { ask } from "../shell/api.js";
import { openDialog } from "../shell/dialog.js";
import { button, draw, make } from "../shell/dom.js";
import { picture } from "../shell/pictures.js";
import { attempt, toast } from "../shell/toast.js";
import { t } from "../shell/words.js";
import { drawShapes, handlesOf } from "./shapes.js";

// Of a camera that nobody has seen a picture of yet.
const USUAL_SIZE = [1280, 720];
const LEAST = { zone: 3, line: 2, road: 4 };
// For who does not press on the picture: shares of its width and height.
const MIDDLE = [[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]];
const USUAL = { zone: MIDDLE, line: [[0.25, 0.5], [0.75, 0.5]], road: MIDDLE };

const rounded = (point) => point.map(Math.round);

/** Opens the drawing of a camera. */
export function editGeometry(camera) {
  const address = `v1/site/cameras/${encodeURIComponent(camera.name)}`;
  const geometry = structuredClone({ zone: camera.zone, lines: camera.lines || {}, road: camera.road || [] });
  const image = picture(`${address}/picture`, t("last_picture", { name: camera.name }), "ground-picture");
  const svg = draw("svg", { class: "shapes", "aria-hidden": "true" });
  const ground = make("div", { class: "ground" }, image, svg);
  const side = make("div", { class: "numbers" });
  const hint = make("p", { class: "soft hint", role: "status" }, t("drawing_hint"));
  let tool = null, drawn = [];
  let width, height, size;

  /** Takes a size for that of the picture, whose pixels are meant. */
  function measure(pixels) {
    [width, height] = pixels;
    size = Math.max(width, height) / 90;
    ground.style.aspectRatio = `${width} / ${height}`;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  }

  const lineName = () => {
    const names = Object.keys(geometry.lines);
    return ["gate", ...Array.from({ length: 20 }, (_, at) => `line ${at + 2}`)].find((name) => !names.includes(name));
  };

  function finish() {
    if (!drawn.length) drawn = USUAL[tool].map(([x, y]) => rounded([x * width, y * height]));
    if (drawn.length >= LEAST[tool]) {
      if (tool === "zone") geometry.zone = drawn;
      if (tool === "line") geometry.lines[lineName()] = drawn.flat();
      if (tool === "road") geometry.road.push({ pixels: drawn, metres: drawn.map(() => [0, 0]) });
    }
    [tool, drawn] = [null, []];
    show();
  }

  function choose(name) {
    [tool, drawn] = [tool === name ? null : name, []];
    show();
  }

  const spotOf = ({ clientX, clientY }) => {
    const box = svg.getBoundingClientRect();
    return rounded([((clientX - box.left) * width) / box.width, ((clientY - box.top) * height) / box.height]);
  };

  svg.addEventListener("pointerdown", (event) => {
    const spot = spotOf(event);
    if (tool) {
      drawn.push(spot);
      if (tool === "line" && drawn.length === 2) finish();
      else show();
      return;
    }
    const reach = 2 * size;
    const handle = handlesOf(geometry).find(({ point }) => Math.hypot(point[0] - spot[0], point[1] - spot[1]) < reach);
    if (!handle) return;
    svg.setPointerCapture(event.pointerId);
    svg.onpointermove = (moved) => (handle.move(spotOf(moved)), show());
    svg.onpointerup = () => (svg.onpointermove = null);
  });

  /** A field for a number of a point. */
  const numberField = (text, list, at, step = 1) => {
    const field = make("input", { type: "number", step, value: list[at], "aria-label": text });
    field.addEventListener("change", () => ((list[at] = Number(field.value)), show()));
    return field;
  };
  const pointFields = (name, point, at) => [0, 1].map((axis) => numberField(`${name} ${at + 1} ${"xy"[axis]}`, point, axis));
  const remove = (name, work) => button(t("remove"), () => (work(), show()), { "aria-label": t("remove_it", { name }) });

  function numbers() {
    const { zone, lines, road } = geometry;
    return [
      zone && make("fieldset", {}, make("legend", {}, t("tool_zone")),
        zone.map((point, at) => make("div", { class: "point" }, pointFields(t("tool_zone"), point, at))),
        remove(t("tool_zone"), () => (geometry.zone = null))),
      ...Object.entries(lines).map(([name, line]) => {
        const field = make("input", { value: name, maxlength: 30, "aria-label": t("line_name") });
        field.addEventListener("change", () => {
          const pairs = Object.entries(lines).map(([key, value]) => [key === name ? field.value.trim() || name : key, value]);
          geometry.lines = Object.fromEntries(pairs);
          show();
        });
        return make("fieldset", {}, make("legend", {}, t("tool_line")), field,
          make("div", { class: "point" }, line.map((_, at) => numberField(`${name} ${["x1", "y1", "x2", "y2"][at]}`, line, at))),
          make("div", { class: "buttons" },
            button(t("turn_arrow"), () => (line.push(...line.splice(0, 2)), show())), remove(name, () => delete geometry.lines[name])));
      }),
      ...road.map(({ pixels, metres }, number) => make("fieldset", {}, make("legend", {}, t("tool_road")),
        make("div", { class: "point soft" }, ["x", "y", t("metres_x"), t("metres_y")].map((head) => make("span", {}, head))),
        pixels.map((point, at) => make("div", { class: "point" }, pointFields(t("tool_road"), point, at),
          [0, 1].map((axis) => numberField(`${t("tool_road")} ${at + 1} ${t(axis ? "metres_y" : "metres_x")}`, metres[at], axis, "any")))),
        remove(t("tool_road"), () => road.splice(number, 1)))),
    ].filter(Boolean);
  }

  function show() {
    drawShapes(svg, geometry, drawn, size);
    for (const { point: [cx, cy] } of handlesOf(geometry)) svg.append(draw("circle", { class: "handle", cx, cy, r: size }));
    svg.classList.toggle("drawing", tool !== null);
    tools.forEach((one) => one.setAttribute("aria-pressed", one.dataset.tool === tool));
    // It keeps its place: nothing may move under a pointer that draws.
    done.style.visibility = tool && !(tool === "line" && drawn.length) ? "visible" : "hidden";
    done.disabled = drawn.length > 0 && drawn.length < LEAST[tool];
    hint.textContent = tool ? t(`tool_${tool}_hint`) : t("drawing_hint");
    const focused = [...side.querySelectorAll("input, button")].indexOf(document.activeElement);
    side.replaceChildren(...numbers());
    if (focused >= 0) side.querySelectorAll("input, button")[focused]?.focus();
  }

  async function keep() {
    if (geometry.road.some(({ metres }) => metres.every((point) => String(point) === String(metres[0])))) {
      toast(t("metres_missing"), { isError: true });
      return;
    }
    const sent = { method: "PUT", json: geometry };
    const answer = await attempt(() => ask(`${address}/geometry`, sent));
    if (answer === undefined) return;
    Object.assign(camera, structuredClone(geometry));
    toast(t("geometry_saved"));
    dialog.close();
  }

  const tools = Object.keys(LEAST).map((name) => button(t(`tool_${name}`), () => choose(name), { "data-tool": name }));
  const done = button(t("done_drawing"), finish, { class: "primary" });
  const content = make("div", { class: "geometry" },
    make("div", {}, make("div", { class: "buttons" }, tools, done), hint, ground),
    side,
    make("div", { class: "buttons" }, button(t("save"), keep, { class: "primary" }), button(t("cancel"), () => dialog.close())));
  const dialog = openDialog(t("geometry_of", { name: camera.name }), content, { wide: true });
  measure(camera.size || USUAL_SIZE);
  image.addEventListener("load", () => (measure([image.naturalWidth, image.naturalHeight]), show()));
  show();
}
