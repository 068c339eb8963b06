// The table of vehicles, newest first, and its export.

const COLUMNS = ["source", "text", "confidence", "region", "first_s", "last_s"];
// A less sure region is likelier another one; src/formats.py has the same limit.
const LEAST_REGION = 0.5;
const body = document.getElementById("vehicles");
const rows = new Map();
let made = 0;

const percent = (share) => `${(100 * share).toFixed(share > 0.995 ? 0 : 1)} %`;
const seconds = (time) => `${Math.floor(time / 60)}:${(time % 60).toFixed(1).padStart(4, "0")}`;

function cell(row, text, name) {
  const made = row.insertCell();
  made.textContent = text;
  if (name) made.className = name;
  return made;
}

function draw(entry) {
  const { record, crop, pending } = entry;
  const row = entry.row;
  row.replaceChildren();
  row.className = pending ? "pending" : "";
  const picture = row.insertCell();
  if (crop) {
    const image = document.createElement("img");
    image.src = crop;
    image.alt = record.text || "unreadable plate";
    picture.append(image);
  }
  cell(row, record.text || "unreadable", record.text ? "text" : "text unread");
  cell(row, record.text ? percent(record.confidence) : "–", record.confidence >= 0.9 ? "good" : "fair");
  cell(row, record.region || "–");
  const span = record.first_s === undefined ? "" : `${seconds(record.first_s)}–${seconds(record.last_s)} `;
  cell(row, span + record.source, "seen");
}

function refresh() {
  document.getElementById("count").value = rows.size;
  document.getElementById("empty").hidden = rows.size > 0;
  for (const name of ["csv", "json", "clear"]) document.getElementById(name).disabled = rows.size === 0;
}

/** Adds a vehicle, or changes the one of this key; returns the key. */
export function put(record, { crop = null, pending = false, key = `vehicle ${++made}` } = {}) {
  let entry = rows.get(key);
  if (!entry) {
    entry = { row: body.insertRow(0) };
    rows.set(key, entry);
  }
  Object.assign(entry, { record, pending, crop: crop || entry.crop });
  draw(entry);
  refresh();
  return key;
}

/** Takes a vehicle out of the table; returns its crop. */
export function drop(key) {
  const entry = rows.get(key);
  entry?.row.remove();
  rows.delete(key);
  refresh();
  return entry?.crop;
}

export function clear() {
  for (const key of [...rows.keys()]) drop(key);
}

/** What the table shows of a plate of an answer. */
export const recordOf = (plate, source) => ({
  source,
  text: plate.text,
  confidence: plate.confidence,
  region: plate.region?.confidence >= LEAST_REGION ? plate.region.code : "",
  ...(plate.first_s === undefined ? {} : { first_s: plate.first_s, last_s: plate.last_s }),
  plate,
});

const records = () => [...rows.values()].map((entry) => entry.record).reverse();

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
