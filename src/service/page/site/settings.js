// Who may do what at the site, and what people have done.

import { ask, call, withQuery } from "../shell/api.js";
import { keepToken, token } from "../shell/access.js";
import { confirmed, openDialog } from "../shell/dialog.js";
import { button, labelled, make, select, valuesOf } from "../shell/dom.js";
import { endless } from "../shell/endless.js";
import { attempt } from "../shell/toast.js";
import { copyable } from "../read/detail.js";
import { dateAndTime, isSaid, t } from "../shell/words.js";

const ROLES = ["see", "review", "administer"];

function tokenSection({ signal }) {
  const rows = make("tbody", {});
  const empty = make("p", { class: "empty" }, t("no_tokens"));

  async function show() {
    const { tokens } = await ask("v1/site/tokens", { signal });
    empty.hidden = tokens.length > 0;
    // Somebody has to.
    if (!tokens.length) form.elements.role.value = "administer";
    rows.replaceChildren(...tokens.map(({ id, name, role, made_at: made, last_used_at: used }) => make("tr", {},
      make("th", { scope: "row" }, name), make("td", {}, t(`role_${role}`)), make("td", { class: "soft" }, dateAndTime(made)),
      make("td", { class: "soft" }, used ? dateAndTime(used) : t("never")),
      make("td", {}, button(t("delete"), async () => {
        if (!(await confirmed(t("delete_token", { name }), t("delete")))) return;
        await attempt(() => call(`v1/site/tokens/${id}`, { method: "DELETE" }));
        await attempt(show);
      }, { "aria-label": t("delete_it", { name }) })))));
  }

  const form = make("form", { class: "filters" },
    labelled(t("token_name"), make("input", { name: "name", required: true, maxlength: 60 })),
    labelled(t("role"), select("role", ROLES.map((role) => [role, t(`role_${role}`)]), "see")),
    button(t("make_token"), null, { type: "submit", class: "primary" }));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const made = await attempt(() => ask("v1/site/tokens", { method: "POST", json: valuesOf(form) }));
    if (!made) return;
    form.reset();
    // From now on this page needs one itself.
    const isFirst = !token();
    if (isFirst) keepToken(made.token, false);
    openDialog(t("token_made"), make("div", { class: "made" }, make("p", {}, t("token_once")), isFirst ? make("p", {}, t("token_used")) : null,
      make("p", { class: "token-text" }, made.token), make("div", { class: "buttons" }, copyable(made.token))));
    await attempt(show);
  });
  const heads = ["token_name", "role", "made_at", "used_at"].map((name) => make("th", { scope: "col" }, t(name)));
  const table = make("table", {}, make("thead", {}, make("tr", {}, heads, make("td", {}))), rows);
  attempt(show);
  return make("section", { class: "card", "aria-label": t("tokens") }, make("h3", {}, t("tokens")), form,
    make("div", { class: "scroll", tabindex: 0 }, table), empty);
}

// While there are no tokens.
const personOf = (who) => (who === "everybody" ? t("everybody") : who);

/** What somebody did; programs that are newer than this page may have done something else. */
function deed(action) {
  const name = `did_${action.replaceAll(" ", "_")}`;
  return isSaid(name) ? t(name) : action;
}

function auditSection({ signal }) {
  const rows = make("tbody", {});
  const heads = ["at", "who", "action", "what"].map((name) => make("th", { scope: "col" }, t(name)));
  const table = make("table", {}, make("thead", {}, make("tr", {}, heads)), rows);
  const section = make("section", { class: "card", "aria-label": t("audit") }, make("h3", {}, t("audit")),
    make("div", { class: "scroll", tabindex: 0 }, table));
  endless(rows, async (before) => {
    const { entries, next } = await ask(withQuery("v1/site/audit", { before }), { signal });
    return { rows: entries, next };
  }, ({ at, who, action, what }) => make("tr", {},
    make("td", { class: "soft" }, dateAndTime(at)), make("td", {}, personOf(who)), make("td", {}, deed(action)), make("td", {}, what)), t("no_audit"), table);
  return section;
}

export async function open(root, context) {
  const { site, can } = context;
  root.append(make("p", { class: "card" }, t("you_are", { who: personOf(site.who), role: t(`role_${site.role}`) })));
  if (can("administer")) root.append(tokenSection(context), auditSection(context));
}
