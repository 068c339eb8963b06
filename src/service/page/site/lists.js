// Lists of plates: their entries are searched, made, changed and deleted; files come in and go out.

import { ask, call, withQuery } from "../shell/api.js";
import { confirmed, openDialog } from "../shell/dialog.js";
import { button, labelled, make, save, select, valuesOf } from "../shell/dom.js";
import { endless } from "../shell/endless.js";
import { note } from "../shell/router.js";
import { attempt, toast } from "../shell/toast.js";
import { dateAndTime, t } from "../shell/words.js";
import { toInstant, toLocal } from "../shell/zone.js";

const SEARCH_AFTER_MS = 250;
const EMPTY = { text: "", note: "", priority: 0, valid_from: null, valid_to: null };

const validity = ({ valid_from: from, valid_to: to }) => [
  from ? t("valid_from", { at: dateAndTime(from) }) : null, to ? t("valid_to", { at: dateAndTime(to) }) : null,
].filter(Boolean).join(" ");

/** A form for an entry; `keep` saves it and tells whether that was done. */
function entryDialog(title, entry, zone, keep) {
  const time = (name) => make("input", { type: "datetime-local", name, value: toLocal(entry[name], zone) });
  const form = make("form", {},
    labelled(t("plate"), make("input", { name: "text", value: entry.text, required: true, maxlength: 30, autocapitalize: "characters" })),
    labelled(t("note"), make("input", { name: "note", value: entry.note, maxlength: 500 })),
    labelled(t("priority"), make("input", { name: "priority", type: "number", step: 1, value: entry.priority })),
    labelled(t("from"), time("valid_from")), labelled(t("to"), time("valid_to")),
    make("div", { class: "buttons" }, button(t("save"), null, { type: "submit", class: "primary" }), button(t("cancel"), () => dialog.close())));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { text, note: words, priority, valid_from: from, valid_to: to } = valuesOf(form);
    const times = { valid_from: toInstant(from, zone) || null, valid_to: toInstant(to, zone) || null };
    if (await keep({ text, note: words, priority: Number(priority), ...times })) dialog.close();
  });
  const dialog = openDialog(title, form);
}

export async function open(root, context) {
  const { site, query, signal, can, reload } = context;
  const unseen = !can("review") ? "not_allowed" : !site.lists.length ? "no_lists" : null;
  if (unseen) {
    root.append(make("p", { class: "card empty" }, t(unseen)));
    return;
  }
  const chooser = select("list", [], query.list);
  const field = make("input", { type: "search", name: "text", value: query.text || "", autocapitalize: "characters" });
  const file = make("input", { type: "file", accept: ".csv,text/csv", class: "unseen", tabindex: -1, "aria-hidden": "true" });
  const rows = make("tbody", {});
  const known = new Map();
  let shown = null;

  /** Whether people may change the list: a list with a file says what that file says. */
  const isOurs = () => can("review") && !known.get(chooser.value)?.is_file;
  const address = () => `v1/site/lists/${encodeURIComponent(chooser.value)}`;
  const entryAddress = (entry) => `${address()}/entries/${entry.id}`;
  const plain = ({ id, ...fields }) => fields;

  function showLists(lists) {
    const chosen = chooser.value || query.list || lists[0].name;
    for (const list of lists) known.set(list.name, list);
    chooser.replaceChildren(...lists.map(({ name, kind, entries }) =>
      make("option", { value: name, selected: name === chosen }, t("list_line", { name, kind: t(`kind_${kind}`), n: entries }))));
  }

  async function refresh() {
    search();
    const now = await reload().catch(() => null);
    if (now) showLists(now.lists);
  }

  /** Sends a change of an entry. */
  async function send(where, method, json, told) {
    const done = await attempt(async () => (await call(where, json ? { method, json } : { method })) && true);
    if (!done) return false;
    if (told) toast(told);
    await refresh();
    return true;
  }

  async function remove(entry) {
    if (!(await send(entryAddress(entry), "DELETE", null, null))) return;
    const back = () => send(`${address()}/entries`, "POST", plain(entry), null);
    toast(t("entry_deleted", { text: entry.text }), { undo: back });
  }

  const change = (entry) => entryDialog(t("change_entry"), entry, site.timezone, (fields) =>
    send(entryAddress(entry), "PUT", fields, t("saved")));

  const row = (entry) => make("tr", {},
    make("th", { scope: "row", class: "text" }, entry.text),
    make("td", {}, entry.note),
    make("td", { "data-head": t("priority") }, entry.priority || ""),
    make("td", { class: "soft" }, validity(entry)),
    isOurs() ? make("td", {}, make("div", { class: "buttons" },
      button(t("change"), () => change(entry), { "aria-label": t("change_it", { name: entry.text }) }),
      button(t("delete"), () => remove(entry), { "aria-label": t("delete_it", { name: entry.text }) }))) : "");

  function search() {
    note("lists", { list: chooser.value, text: field.value });
    changing.hidden = !isOurs();
    ofFile.hidden = !known.get(chooser.value)?.is_file;
    shown?.stop();
    rows.replaceChildren();
    shown = endless(rows, async (after) => {
      const page = await ask(withQuery(`${address()}/entries`, { text: field.value, after }), { signal });
      return { rows: page.entries, next: page.next };
    }, row, t(field.value ? "no_entries" : "list_is_empty"), table);
  }

  async function importFile() {
    const [chosen] = file.files;
    file.value = "";
    if (!chosen || !(await confirmed(t("import_replaces", { file: chosen.name, list: chooser.value }), t("import")))) return;
    const sent = { method: "POST", body: await chosen.text(), headers: { "Content-Type": "text/csv" } };
    const answer = await attempt(() => ask(`${address()}/import`, sent));
    if (!answer) return;
    if (answer.faults.length) {
      openDialog(t("import_failed", { file: chosen.name }), make("ul", { class: "faults" }, answer.faults.map((line) => make("li", {}, line))));
    } else {
      toast(t("imported", answer));
    }
    await refresh();
  }

  const changing = make("div", { class: "buttons" },
    button(t("add_entry"), () => entryDialog(t("add_entry"), EMPTY, site.timezone, (fields) =>
      send(`${address()}/entries`, "POST", fields, t("saved"))), { class: "primary" }),
    button(t("import"), () => file.click()));
  const exporting = button(t("export"), () => attempt(async () =>
    save(`${chooser.value}.csv`, await (await call(`${address()}.csv`)).blob())));
  const ofFile = make("p", { class: "soft" }, t("list_of_file"));
  const heads = ["plate", "note", "priority", "valid"].map((name) => make("th", { scope: "col" }, t(name)));
  const table = make("table", {}, make("thead", {}, make("tr", {}, heads, can("review") ? make("td", {}) : "")), rows);
  const form = make("form", { class: "filters" }, labelled(t("list"), chooser), labelled(t("plate_search"), field),
    changing, exporting, file);

  let timer = null;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, SEARCH_AFTER_MS);
  });
  chooser.addEventListener("change", search);
  file.addEventListener("change", importFile);
  form.addEventListener("submit", (event) => (event.preventDefault(), search()));
  showLists(site.lists);
  root.append(form, ofFile, make("section", { class: "card entries", "aria-label": t("entries") }, table));
  search();
}
