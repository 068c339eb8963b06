// Speeds: a histogram and the hours of the day, for each camera that knows its road, and for each section.

import { ask, withQuery } from "../shell/api.js";
import { labelled, make, select, valuesOf } from "../shell/dom.js";
import { note } from "../shell/router.js";
import { attempt } from "../shell/toast.js";
import { number, t } from "../shell/words.js";
import { toInstant, toLocal } from "../shell/zone.js";
import { columnChart } from "./chart.js";

const STEP_KMH = 5;

function histogramOf(place) {
  const counts = new Map(place.histogram.map(({ from_kmh: from, count }) => [from, count]));
  if (!counts.size) return null;
  // The limit is in sight, be everybody slower or faster.
  const atLimit = place.limit_kmh === null ? [] : [STEP_KMH * (Math.floor(place.limit_kmh / STEP_KMH) - 1)];
  const first = Math.min(...counts.keys(), ...atLimit);
  const last = Math.max(...counts.keys(), ...atLimit);
  const columns = [];
  for (let from = first; from <= last; from += STEP_KMH) {
    const isOver = place.limit_kmh !== null && from >= place.limit_kmh;
    columns.push({ label: String(from), value: counts.get(from) || 0, kind: isOver ? "over" : "" });
  }
  const limit = place.limit_kmh === null ? null : (place.limit_kmh - first) / STEP_KMH;
  return columnChart(t("histogram"), columns, {
    every: Math.ceil(columns.length / 12), limit, limitText: t("limit_is", { limit: place.limit_kmh ?? 0 }),
  });
}

function placeCard(place) {
  const facts = [
    [t("vehicles"), number(place.count)],
    place.limit_kmh === null ? null : [t("over_limit"), number(place.over_limit)],
    place.count ? [t("mean_speed"), t("speed", { speed: place.mean_kmh })] : null,
    place.count ? [t("p85_speed"), t("speed", { speed: place.p85_kmh })] : null,
  ].filter(Boolean);
  const hours = place.by_hour.map(({ hour, count, mean_kmh: mean }) => ({
    label: String(hour), value: count, text: mean === null ? number(count) : t("count_mean", { count, mean }),
  }));
  return make("article", { class: "card", "aria-label": place.place }, make("h3", {}, place.place),
    make("dl", { class: "figures" }, facts.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value)))),
    histogramOf(place),
    place.count ? columnChart(t("by_hour"), hours, { every: 3 }) : null);
}

export async function open(root, { site, query, signal }) {
  const sections = site.sections.map(({ from, to, metres }) => t("section_is", { from, to, metres }));
  const time = (name) => make("input", { type: "datetime-local", name, value: toLocal(query[name], site.timezone) });
  const form = make("form", { class: "filters" },
    labelled(t("place"), select("place", [["", t("all")]], query.place)),
    labelled(t("since"), time("since")), labelled(t("until"), time("until")));
  const places = make("div", { class: "places" });

  async function show() {
    const { place, since, until } = valuesOf(form);
    const wanted = { since: toInstant(since, site.timezone), until: toInstant(until, site.timezone) };
    note("road", { place, ...wanted });
    places.replaceChildren(make("div", { class: "skeleton" }));
    const answer = await attempt(() => ask(withQuery("v1/site/speeds", wanted), { signal }));
    if (!answer) return;
    const names = answer.places.map((one) => one.place);
    const options = [["", t("all")], ...names.map((name) => [name, name])];
    form.elements.place.replaceChildren(...options.map(([value, text]) => make("option", { value, selected: value === place }, text)));
    const chosen = answer.places.filter((one) => !place || one.place === place);
    places.replaceChildren(...(chosen.length ? chosen.map(placeCard) : [make("p", { class: "card empty" }, t("no_speeds"))]));
  }

  form.addEventListener("change", show);
  form.addEventListener("submit", (event) => (event.preventDefault(), show()));
  root.append(form, sections.length ? make("ul", { class: "soft" }, sections.map((text) => make("li", {}, text))) : "",
    make("p", { class: "soft" }, t("no_evidence")), places);
  await show();
}
