// Columns as SVG, with the same figures as a table for whoever cannot see them.

import { draw, make } from "../shell/dom.js";
import { number, t } from "../shell/words.js";

const WIDTH = 480, HEIGHT = 180, BELOW = 24, ABOVE = 18;

/**
 * A chart of columns.
 *
 * @param title what it shows.
 * @param columns `{ label, value, text, kind }`: `text` is told in the table, `kind` is a class.
 * @param every so many columns have their label written below.
 * @param limit a number of columns from the left at which a line stands; null for none.
 */
export function columnChart(title, columns, { every = 1, limit = null, limitText = "" } = {}) {
  const most = Math.max(1, ...columns.map(({ value }) => value));
  const step = WIDTH / Math.max(1, columns.length);
  // There may be no room to the right of the limit.
  const side = limit > 0.7 * columns.length ? { x: limit * step - 4, "text-anchor": "end" } : { x: limit * step + 4 };
  const rise = (value) => ((HEIGHT - BELOW - ABOVE) * value) / most;
  const svg = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "chart", role: "img", "aria-label": title },
    draw("line", { class: "axis", x1: 0, x2: WIDTH, y1: HEIGHT - BELOW, y2: HEIGHT - BELOW }),
    columns.map(({ label, value, text, kind }, at) => [
      draw("rect", { class: kind || "", x: at * step + 1, width: Math.max(1, step - 2), y: HEIGHT - BELOW - rise(value), height: rise(value), rx: 2 },
        draw("title", {}, `${label}: ${text ?? number(value)}`)),
      at % every ? null : draw("text", { x: at * step + step / 2, y: HEIGHT - 6, "text-anchor": "middle" }, label)]),
    limit === null ? null : draw("line", { class: "limit", x1: limit * step, x2: limit * step, y1: 0, y2: HEIGHT - BELOW }),
    limit === null ? null : draw("text", { ...side, y: 13 }, limitText),
    draw("text", { x: 0, y: 13 }, number(most)));
  const rows = columns.map(({ label, value, text }) =>
    make("tr", {}, make("th", { scope: "row" }, label), make("td", {}, text ?? number(value))));
  return make("figure", {}, make("figcaption", {}, title), svg,
    make("details", {}, make("summary", {}, t("as_table")), make("table", {}, make("tbody", {}, rows))));
}
