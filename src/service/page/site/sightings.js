// All that was seen: searched, looked at, corrected, exported.

import { ask, call, withQuery } from "../shell/api.js";
import { button, labelled, make, save, select, valuesOf } from "../shell/dom.js";
import { endless } from "../shell/endless.js";
import { regionText } from "../shell/regions.js";
import { note } from "../shell/router.js";
import { attempt } from "../shell/toast.js";
import { dateAndTime, percent, t } from "../shell/words.js";
import { toInstant, toLocal } from "../shell/zone.js";
import { listen } from "./events.js";
import { alertBadge, cropOf, openSighting, speedText, textLine } from "./sighting.js";

const SEARCH_AFTER_MS = 250;
const names = (things) => [["", t("all")], ...things.map(({ name }) => [name, name])];

function searchForm({ site, query }) {
  const time = (name) => make("input", { type: "datetime-local", name, value: toLocal(query[name], site.timezone) });
  return make("form", { class: "filters", role: "search" },
    labelled(t("plate_search"), make("input", { type: "search", name: "text", value: query.text || "", placeholder: "AB*12", autocapitalize: "characters", spellcheck: "false" })),
    labelled(t("camera_name"), select("camera", names(site.cameras), query.camera)),
    labelled(t("list"), select("list", names(site.lists), query.list)),
    labelled(t("region"), make("input", { name: "region", value: query.region || "", size: 6, placeholder: "de", maxlength: 6 })),
    labelled(t("since"), time("since")),
    labelled(t("until"), time("until")),
    labelled(t("look_alikes"), make("input", { type: "checkbox", name: "look_alikes", value: "true", checked: query.look_alikes !== "false" }), "check"));
}

function row(sighting, context) {
  const opened = () => openSighting(sighting.id, context, (corrected) => item.replaceWith(row(corrected, context)));
  const item = make("li", {}, make("button", { type: "button", class: "row", onclick: opened },
    cropOf(sighting),
    make("span", { class: "what" }, textLine(sighting), sighting.alerts.map(alertBadge)),
    make("span", { class: "facts soft" },
      make("span", {}, dateAndTime(sighting.first_at)),
      make("span", {}, sighting.camera),
      make("span", {}, [regionText(sighting.region), speedText(sighting), percent(sighting.confidence)].filter(Boolean).join(" · ")))));
  return item;
}

export async function open(root, context) {
  const { site, signal } = context;
  const form = searchForm(context);
  const results = make("ul", { class: "rows" });
  // On a phone all filters would be the whole of the screen.
  const { text: _, ...others } = context.query;
  const more = button(t("more_filters"), () => unfold(form.classList.contains("folded")), { class: "more" });
  function unfold(isWhole) {
    form.classList.toggle("folded", !isWhole);
    more.setAttribute("aria-expanded", isWhole);
  }
  unfold(Object.values(others).some(Boolean));
  const waiting = button("", () => search(), { class: "primary", hidden: true });
  let list = null, unseen = 0;

  function wanted() {
    const { since, until, look_alikes: alike, ...rest } = valuesOf(form);
    return { ...rest, since: toInstant(since, site.timezone), until: toInstant(until, site.timezone), look_alikes: alike || "false" };
  }

  function search() {
    const filter = wanted();
    const { look_alikes: alike, ...said } = filter;
    note("sightings", alike === "true" ? said : filter);
    unseen = 0;
    waiting.hidden = true;
    list?.stop();
    results.replaceChildren();
    list = endless(results, async (before) => {
      const page = await ask(withQuery("v1/site/sightings", { ...filter, before }), { signal });
      return { rows: page.sightings, next: page.next };
    }, (sighting) => row(sighting, context), t(Object.values(said).some(Boolean) ? "no_sightings" : "none_seen_yet"));
  }

  async function exportAs(suffix) {
    const content = await (await call(withQuery(`v1/site/sightings.${suffix}`, wanted()))).blob();
    save(`sightings.${suffix}`, content);
  }

  let timer = null;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, SEARCH_AFTER_MS);
  });
  form.addEventListener("submit", (event) => (event.preventDefault(), search()));
  form.append(make("div", { class: "buttons" }, more,
    ["csv", "parquet"].map((suffix) => button(t(`export_${suffix}`), () => attempt(() => exportAs(suffix))))));
  root.append(form, waiting, make("section", { class: "card", "aria-label": t("page_sightings") }, results));
  search();
  listen({ sighting() {
    // Nothing moves under a reader's hand: new ones come when they are asked for.
    waiting.textContent = t("new_sightings", { n: ++unseen });
    waiting.hidden = false;
  } }, context);
}
