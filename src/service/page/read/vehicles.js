// The table of vehicles, newest first, and its export.

import { byId, make } from "../shell/dom.js";
import { regionText, sureRegion } from "../shell/regions.js";
import { percent, seconds, t } from "../shell/words.js";
import { sureness } from "./stage.js";

const COLUMNS = ["source", "text", "confidence", "region", "first_s", "last_s"];
const body = byId("vehicles");
const entries = new Map();
let made = 0;
let least = 0;
let open = () => null;

/** What follows a click on a row. */
export const onOpenVehicle = (work) => (open = work);

const isShown = ({ record }) => record.confidence >= least;

function draw(entry) {
  const { record, crop, pending, row } = entry;
  const name = record.text || t("unreadable");
  row.className = pending ? "pending" : "";
  row.hidden = !isShown(entry);
  const span = record.first_s === undefined ? "" : `${seconds(record.first_s)}–${seconds(record.last_s)} `;
  const image = crop ? make("img", { src: crop, alt: "" }) : "";
  const opener = make("button", { type: "button", class: "opener", "aria-label": t("show_it", { name }) }, image);
  row.replaceChildren(
    make("td", {}, opener),
    make("td", { class: record.text ? "text" : "text unread" }, name),
    make("td", { class: sureness(record) }, record.text ? percent(record.confidence) : "–"),
    make("td", { class: "region" }, regionText(record.region)),
    make("td", { class: "seen" }, span + record.source),
  );
}

function refresh() {
  const count = [...entries.values()].filter(isShown).length;
  byId("count").value = count;
  byId("empty").hidden = count > 0;
  byId("empty").textContent = t(entries.size ? "none_so_sure" : "none_yet");
  for (const name of ["csv", "json"]) byId(name).disabled = count === 0;
}

/** Adds a vehicle, or changes the one of this key; `more` is what the row is opened with. */
export function put(record, { crop = null, pending = false, key = `vehicle ${++made}`, ...more } = {}) {
  let entry = entries.get(key);
  if (!entry) {
    entry = { row: body.insertRow(0), key };
    const shown = entry;
    entry.row.addEventListener("click", () => open(shown));
    entries.set(key, entry);
  }
  Object.assign(entry, { record, pending, crop: crop || entry.crop }, more);
  draw(entry);
  refresh();
  return key;
}

/** Takes a vehicle out of the table; returns its entry. */
export function drop(key) {
  const entry = entries.get(key);
  entry?.row.remove();
  entries.delete(key);
  refresh();
  return entry;
}

/** Takes out those that a function says; what is returned puts them back. */
export function dropWhere(test) {
  const gone = [...entries.values()].filter(test);
  gone.forEach(({ key }) => drop(key));
  return () => gone.forEach(({ record, key, row, ...rest }) => put(record, { key, ...rest }));
}

/** Hides what is less sure than this, 0..1. */
export function setLeast(share) {
  least = share;
  for (const entry of entries.values()) entry.row.hidden = !isShown(entry);
  refresh();
}

export const entryOf = (plate) => [...entries.values()].find(({ record }) => record.plate === plate);
export const isSureEnough = (plate) => (plate.confidence || 0) >= least;

export function markEntry(entry) {
  for (const { row } of entries.values()) row.classList.toggle("chosen", row === entry?.row);
}

/** What the table shows of a plate of an answer. */
export const recordOf = (plate, source) => ({
  source,
  text: plate.text,
  confidence: plate.confidence,
  region: sureRegion(plate),
  ...(plate.first_s === undefined ? {} : { first_s: plate.first_s, last_s: plate.last_s }),
  plate,
});

const records = () => [...entries.values()].filter(isShown).map((entry) => entry.record).reverse();

// A text that a spreadsheet would take for a formula gets an apostrophe.
const quoted = (value) => `"${String(value).replace(/^(?=[=+@-])/, "'").replaceAll('"', '""')}"`;

export function csv() {
  const lines = records().map((record) => COLUMNS.map((column) => {
    const value = record[column] ?? "";
    return typeof value === "number" ? value : quoted(value);
  }).join(","));
  return [COLUMNS.join(","), ...lines, ""].join("\n");
}

export const json = () => JSON.stringify(records().map(({ plate, source }) => ({ source, ...plate })), null, 2);
