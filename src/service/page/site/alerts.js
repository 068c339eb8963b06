// Alerts: the plate beside the entry of the list that it met; a person confirms or rejects it, with a key if they like.

import { ask, withQuery } from "../shell/api.js";
import { button, labelled, make, select, valuesOf } from "../shell/dom.js";
import { endless } from "../shell/endless.js";
import { note } from "../shell/router.js";
import { attempt, toast } from "../shell/toast.js";
import { dateAndTime, t } from "../shell/words.js";
import { listen } from "./events.js";
import { cropOf, openSighting, textLine } from "./sighting.js";

// What is sure is undecided as well: nobody has looked at it yet.
const STATES = ["undecided", "needs_review", "sure", "confirmed", "rejected"];
const SOUND = "plate-sound";

function beep() {
  const context = new AudioContext();
  const tone = new OscillatorNode(context, { frequency: 880 });
  tone.connect(new GainNode(context, { gain: 0.2 })).connect(context.destination);
  tone.onended = () => context.close();
  tone.start();
  tone.stop(context.currentTime + 0.35);
}

export async function open(root, context) {
  const { site, query, signal, can } = context;
  const lists = site.lists.filter(({ kind }) => kind !== "allow").map(({ name }) => [name, name]);
  const sound = make("input", { type: "checkbox", checked: localStorage.getItem(SOUND) === "on" });
  const form = make("form", { class: "filters" },
    labelled(t("state"), select("state", [["", t("all")], ...STATES.map((state) => [state, t(`state_${state}`)])], query.state ?? "undecided")),
    labelled(t("list"), select("list", [["", t("all")], ...lists], query.list)),
    labelled(t("sound"), sound, "check"));
  const rows = make("ol", { class: "alerts" });
  const silent = make("p", { class: "fair", hidden: !sound.checked || navigator.userActivation?.hasBeenActive !== false }, t("sound_waits"));
  let list = null;

  function isWanted(alert) {
    const { state, list: name } = valuesOf(form);
    const fits = !state || state === alert.state || (state === "undecided" && !alert.decided_at);
    return fits && (!name || name === alert.list);
  }

  async function decide(alert, item, state) {
    const before = alert.state;
    const sent = { method: "POST", json: { state } };
    const decided = await attempt(() => ask(`v1/site/alerts/${alert.id}/decision`, sent));
    if (!decided) return;
    const next = item.nextElementSibling || item.previousElementSibling;
    const made = row(decided);
    item.replaceWith(made);
    if (!isWanted(decided)) made.remove();
    (made.isConnected ? made : next)?.focus();
    const undone = before === "sure" ? "needs_review" : before;
    toast(t(`now_${state}`, { text: alert.sighting.text }), { undo: () => attempt(async () => {
      const back = await ask(`v1/site/alerts/${alert.id}/decision`, { method: "POST", json: { state: undone } });
      if (made.isConnected) made.replaceWith(row(back));
      else rows.prepend(row(back));
    }) });
  }

  function row(alert) {
    const actions = can("review") && make("div", { class: "buttons" },
      button([t("confirm"), make("kbd", {}, "C")], () => decide(alert, item, "confirmed"), { class: "primary" }),
      button([t("reject"), make("kbd", {}, "R")], () => decide(alert, item, "rejected")));
    const item = make("li", { class: "card alert", tabindex: -1, "data-id": alert.id },
      make("button", { type: "button", class: "plain", "aria-label": t("show_it", { name: alert.sighting.text }), onclick: () => openSighting(alert.sighting.id, context) },
        cropOf(alert.sighting)),
      make("div", { class: "read-text" }, make("span", { class: "soft" }, t("was_read")), make("p", {}, textLine(alert.sighting))),
      make("div", { class: "entry" }, make("span", { class: "soft" }, alert.list), make("p", { class: "text" }, alert.entry_text),
        alert.note ? make("p", {}, alert.note) : null),
      make("div", { class: "facts soft" },
        make("span", { class: `badge ${alert.state}` }, t(`state_${alert.state}`)),
        make("span", {}, `${alert.sighting.camera}, ${dateAndTime(alert.raised_at)}`),
        alert.distance ? make("span", {}, t("distance", { distance: alert.distance })) : null,
        alert.priority ? make("span", {}, t("priority_is", { priority: alert.priority })) : null,
        alert.decided_by ? make("span", {}, t("decided", { by: alert.decided_by, at: dateAndTime(alert.decided_at) })) : null),
      actions || null);
    // How the keys reach it.
    Object.assign(item, { confirm: () => decide(alert, item, "confirmed"), reject: () => decide(alert, item, "rejected") });
    return item;
  }

  function search() {
    const wanted = valuesOf(form);
    note("alerts", wanted.state === "undecided" ? { list: wanted.list } : wanted);
    list?.stop();
    rows.replaceChildren();
    list = endless(rows, async (before) => {
      const page = await ask(withQuery("v1/site/alerts", { ...wanted, before }), { signal });
      return { rows: page.alerts, next: page.next };
    }, row, t(["undecided", "needs_review"].includes(wanted.state) ? "nothing_to_review" : "no_alerts"));
  }

  function press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.closest?.("input, select, textarea")) return;
    const current = event.target.closest?.(".alert") || rows.firstElementChild;
    const key = event.key.toLowerCase();
    if (key === "c" && can("review")) current?.confirm();
    else if (key === "r" && can("review")) current?.reject();
    else if (key === "arrowdown" || key === "j") (event.target === current ? current.nextElementSibling : current)?.focus();
    else if (key === "arrowup" || key === "k") current?.previousElementSibling?.focus();
    else return;
    event.preventDefault();
  }

  sound.addEventListener("change", () => {
    localStorage.setItem(SOUND, sound.checked ? "on" : "off");
    if (sound.checked) beep();
  });
  form.addEventListener("change", ({ target }) => target !== sound && search());
  addEventListener("keydown", press, { signal });
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, () => (silent.hidden = true), { signal });
  root.append(form, silent, make("p", { class: "soft keys" }, t("alert_keys")), rows);
  search();
  listen({ alert(alert) {
    if (sound.checked) beep();
    const known = rows.querySelector(`[data-id="${CSS.escape(alert.id)}"]`);
    if (known) known.replaceWith(row(alert));
    else if (isWanted(alert)) list.prepend(alert);
  } }, context);
}
