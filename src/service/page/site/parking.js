// The car park: who is there, who was, and what a person has to look at.

import { ask, withQuery } from "../shell/api.js";
import { openDialog } from "../shell/dialog.js";
import { button, labelled, make, select, valuesOf } from "../shell/dom.js";
import { endless } from "../shell/endless.js";
import { note } from "../shell/router.js";
import { attempt, toast } from "../shell/toast.js";
import { dateAndTime, duration, number, t } from "../shell/words.js";
import { columnChart } from "./chart.js";
import { listen } from "./events.js";
import { reasonText } from "./reasons.js";
import { cropOf, openSighting } from "./sighting.js";

const STATES = ["open", "review", "closed"];
const MINUTE_MS = 60_000;

const hourOf = (time, zone) => new Intl.DateTimeFormat("en", { timeZone: zone, hour: "2-digit", hourCycle: "h23" }).format(new Date(time));

async function showOccupancy(place, { site, signal }) {
  const { inside, spaces, by_hour: hours } = await ask("v1/site/occupancy", { signal });
  place.replaceChildren(
    make("p", { class: "figure" }, make("strong", {}, number(inside)), ` ${spaces === null ? t("inside") : t("inside_of", { spaces })}`),
    spaces === null ? "" : make("meter", { min: 0, max: spaces, value: inside, high: 0.9 * spaces, optimum: 0, "aria-label": t("occupancy") }),
    columnChart(t("occupancy_by_hour"), hours.map(({ hour, inside: value }) => ({ label: hourOf(hour, site.timezone), value })), { every: 3 }));
}

const spanOf = ({ entered_at: entered, left_at: left, minutes }) => [
  entered ? t("came", { at: dateAndTime(entered) }) : null,
  left ? t("left", { at: dateAndTime(left) }) : null,
  minutes !== null ? duration(minutes) : entered && !left ? duration((Date.now() - Date.parse(entered)) / MINUTE_MS) : null,
].filter(Boolean).join(" · ");

export async function open(root, context) {
  const { query, signal, can } = context;
  const occupancy = make("section", { class: "card occupancy", "aria-label": t("occupancy") }, make("div", { class: "skeleton" }));
  const form = make("form", { class: "filters" },
    labelled(t("state"), select("state", STATES.map((state) => [state, t(`state_${state}`)]), query.state || "open")),
    labelled(t("plate_search"), make("input", { type: "search", name: "text", value: query.text || "", autocapitalize: "characters" })),
    labelled(t("longer_than"), make("input", { type: "number", min: 0, name: "longer_than_h", value: query.longer_than_h || "", class: "short" })));
  const rows = make("ul", { class: "rows" });
  let list = null;

  const refresh = () => attempt(() => showOccupancy(occupancy, context));

  /** Changes a visit; `body` is what the endpoint takes, and `undo` takes it back. */
  async function change(visit, what, body, told, undo = null) {
    const done = await attempt(() => ask(`v1/site/visits/${visit.id}/${what}`, { method: "POST", json: body }));
    if (done === undefined) return false;
    toast(t(told, { text: visit.text }), { undo });
    search();
    refresh();
    return true;
  }

  /** Looks for the visit without an exit that an exit belongs to. */
  function joinDialog(exit) {
    const found = make("ul", { class: "rows" });
    const field = make("input", { type: "search", autocapitalize: "characters" });
    let choices = null;
    const look = () => {
      choices?.stop();
      found.replaceChildren();
      choices = endless(found, async (before) => {
        const page = await ask(withQuery("v1/site/visits", { state: "without_exit", text: field.value, before }), { signal });
        return { rows: page.visits, next: page.next };
      }, (visit) => make("li", {}, make("button", { type: "button", class: "row", onclick: async () => {
        if (await change(visit, "join", { exit_visit: exit.id }, "joined")) dialog.close();
      } }, cropOf(visit.entry), make("span", { class: "text" }, visit.text), make("span", { class: "facts soft" }, spanOf(visit)))), t("no_open_visit"));
    };
    field.addEventListener("input", look);
    const content = make("div", { class: "made" }, cropOf(exit.exit), labelled(t("joined_with"), field), found);
    const dialog = openDialog(t("join_title", { text: exit.text }), content);
    dialog.addEventListener("close", () => choices.stop());
    look();
  }

  function actionsOf(visit) {
    const { state, entry, exit } = visit, isClosed = state === "closed", isWhole = entry && exit;
    const reopen = () => change(visit, "split", {}, "was_reopened");
    const close = () => change(visit, "close", { left_at: null }, "was_closed", entry && !exit ? reopen : null);
    return [
      state === "review" && !entry && button(t("join"), () => joinDialog(visit), { class: "primary" }),
      isWhole && button(t("split"), () => change(visit, "split", {}, "was_split")),
      isClosed && entry && !exit && button(t("reopen"), reopen),
      !isClosed && button(t(isWhole ? "is_right" : "close_visit"), close),
    ].filter(Boolean);
  }

  const end = (sighting, name) => sighting && make("button", {
    type: "button", class: "plain", "aria-label": t(name, { text: sighting.text }), onclick: () => openSighting(sighting.id, context),
  }, cropOf(sighting));

  const row = (visit) => make("li", { class: "visit", "data-id": visit.id },
    make("div", { class: "ends" }, end(visit.entry, "at_entry"), end(visit.exit, "at_exit")),
    make("div", { class: "what" }, make("p", { class: "text" }, visit.text),
      make("p", { class: "soft" }, spanOf(visit)),
      visit.reason ? make("p", { class: "fair" }, reasonText(visit.reason)) : null),
    can("review") ? make("div", { class: "buttons" }, actionsOf(visit)) : null);

  function search() {
    const wanted = valuesOf(form);
    note("parking", wanted.state === "open" ? { ...wanted, state: "" } : wanted);
    list?.stop();
    rows.replaceChildren();
    list = endless(rows, async (before) => {
      const page = await ask(withQuery("v1/site/visits", { ...wanted, before }), { signal });
      return { rows: page.visits, next: page.next };
    }, row, t(wanted.text || wanted.longer_than_h ? "no_such_visit" : `no_visits_${wanted.state}`));
  }

  form.addEventListener("change", search);
  form.addEventListener("submit", (event) => (event.preventDefault(), search()));
  root.append(occupancy, form, make("section", { class: "card", "aria-label": t("visits") }, rows));
  search();
  refresh();
  listen({ visit(visit) {
    refresh();
    const { state, text, longer_than_h: longer } = valuesOf(form);
    const known = rows.querySelector(`[data-id="${CSS.escape(visit.id)}"]`);
    if (known && state === visit.state) known.replaceWith(row(visit));
    else if (known) known.remove();
    else if (state === visit.state && !text && !longer) list.prepend(visit);
    if (!rows.childElementCount) search();
  } }, context);
}
