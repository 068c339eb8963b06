// The pages of a site: what all of them know, and which one is open.

import { ask } from "../shell/api.js";
import { token } from "../shell/access.js";
import { byId, make } from "../shell/dom.js";
import { t, useZone } from "../shell/words.js";

const ROLES = ["see", "review", "administer"];

const load = (signal) => ask("v1/site", { signal });

/** Opens a page in an element; what is returned leaves it. */
export function openPage(path, root, query) {
  const left = new AbortController();
  root.replaceChildren(...Array.from({ length: 4 }, () => make("div", { class: "skeleton" })));
  start(path, root, query, left.signal).catch((error) => {
    if (!left.signal.aborted) root.replaceChildren(make("p", { class: "card error", role: "alert" }, error.message));
  });
  return () => {
    left.abort();
    byId("notice").hidden = true;
  };
}

async function start(path, root, query, signal) {
  const [site, page] = await Promise.all([load(signal), import(`./${path}.js`)]);
  signal.throwIfAborted();
  useZone(site.timezone);
  const can = (role) => ROLES.indexOf(site.role) >= ROLES.indexOf(role);
  byId("notice").hidden = !can("administer") || Boolean(token());
  byId("notice").replaceChildren(t("open_to_all"), " ", make("a", { href: "#/settings" }, t("page_settings")));
  root.replaceChildren(make("h2", { class: "page-title" }, t(`page_${path}`), make("span", { class: "soft" }, site.name)));
  await page.open(root, { site, query, signal, can, reload: () => load(signal) });
}
