// One sighting: how it looks in a list, and the dialog that tells all of it.

import { ask } from "../shell/api.js";
import { openDialog } from "../shell/dialog.js";
import { button, labelled, make, valuesOf } from "../shell/dom.js";
import { picture } from "../shell/pictures.js";
import { regionText } from "../shell/regions.js";
import { addressOf } from "../shell/router.js";
import { attempt, toast } from "../shell/toast.js";
import { dateAndTime, percent, t } from "../shell/words.js";
import { candidateList, copyable } from "../read/detail.js";

const address = (id) => `v1/site/sightings/${id}`;

/** What the plate is: what a person said, or else what was read. */
export const textOf = (sighting) => sighting.corrected_text || sighting.text;

/** The picture of the plate, or a place that is as large. */
export const cropOf = (sighting) => (sighting?.has_crop
  ? picture(`${address(sighting.id)}/crop`, textOf(sighting), "crop")
  : make("span", { class: "crop none" }, t("no_picture")));

export const alertBadge = (alert) => make("span", { class: `badge ${alert.kind}` }, `${alert.list}: ${t(`state_${alert.state}`)}`);

/** A speed with its error, as `52 ± 2 km/h`. */
export const speedText = ({ speed_kmh: speed, speed_error_kmh: error }) =>
  (speed === null ? "" : t(error === null ? "speed" : "speed_error", { speed, error: error ?? 0 }));

/** The text of a sighting; beside a correction stands what was read. */
export const textLine = (sighting) => [
  make("span", { class: "text" }, textOf(sighting)),
  textOf(sighting) !== sighting.text ? make("del", { class: "soft", title: t("was_read") }, sighting.text) : null,
];

function wayOf({ id, way }) {
  if (way.length < 2) return null;
  const places = way.map((place) => make("li", { "aria-current": place.id === id ? "step" : null },
    make("strong", {}, place.camera), make("span", { class: "soft" }, dateAndTime(place.first_at)),
    place.text === way[0].text ? null : make("span", { class: "text" }, place.text)));
  return make("section", {}, make("h3", {}, t("way")), make("ol", { class: "way" }, places));
}

function correctionForm(sighting, onCorrected) {
  const field = make("input", { name: "text", value: textOf(sighting), required: true, maxlength: 20, autocapitalize: "characters" });
  const form = make("form", { class: "inline" }, labelled(t("correct_to"), field), button(t("correct"), null, { type: "submit" }));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const sent = { method: "POST", json: valuesOf(form) };
    const corrected = await attempt(() => ask(`${address(sighting.id)}/corrections`, sent));
    if (!corrected) return;
    toast(t("corrected", { text: textOf(corrected) }));
    onCorrected(corrected);
  });
  return form;
}

function factsOf(sighting) {
  return [
    [t("camera_name"), sighting.camera],
    [t("seen"), dateAndTime(sighting.first_at)],
    [t("confidence"), percent(sighting.confidence)],
    [t("region"), regionText(sighting.region)],
    [t("direction"), sighting.direction && t(`direction_${sighting.direction}`)],
    [t("speed_name"), speedText(sighting)],
  ].filter(([, value]) => value);
}

/** Opens a sighting; `onChange` follows a correction. */
export async function openSighting(id, { can }, onChange = () => null) {
  const sighting = await attempt(() => ask(address(id)));
  if (!sighting) return;
  const corrections = sighting.corrections.map(({ text, by, at }) =>
    make("li", {}, make("span", { class: "text" }, text), make("span", { class: "soft" }, ` ${by}, ${dateAndTime(at)}`)));
  const content = make("div", { class: "sighting" },
    sighting.has_frame ? picture(`${address(id)}/frame`, t("frame_of", { camera: sighting.camera }), "frame") : null,
    make("div", {},
      cropOf(sighting),
      make("div", { class: "heading" }, make("p", { class: "large-line" }, textLine(sighting)), copyable(textOf(sighting))),
      make("p", {}, sighting.alerts.map(alertBadge)),
      make("dl", {}, factsOf(sighting).map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value)))),
      candidateList(sighting.candidates.map(({ text, probability }) => ({ text, share: probability })).slice(0, 5)),
      corrections.length ? make("section", {}, make("h3", {}, t("corrections")), make("ul", {}, corrections)) : null,
      can("review") ? correctionForm(sighting, (corrected) => (dialog.close(), onChange(corrected))) : null,
      wayOf(sighting),
      make("a", { class: "button", href: addressOf("sightings", { text: textOf(sighting) }) }, t("all_of_it"))));
  const dialog = openDialog(t("sighting"), content, { wide: true });
  dialog.querySelector("a.button").addEventListener("click", () => dialog.close());
}
