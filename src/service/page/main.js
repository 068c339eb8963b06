// The shell: which pages there are, and which of them is shown.

import { described } from "./shell/api.js";
import { byId, make } from "./shell/dom.js";
import { here } from "./shell/router.js";
import { LANGUAGES, language, speak, t, translate } from "./shell/words.js";
import "./read/read.js";

const OF_A_SITE = ["live", "sightings", "alerts", "parking", "road", "lists", "settings"];
let leave = null;

function showTabs(names, path) {
  byId("pages").replaceChildren(...names.map((name) =>
    make("a", { href: `#/${name}`, "aria-current": name === path ? "page" : null }, t(`page_${name}`))));
  byId("pages").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

async function show() {
  if (location.hash === "#content") return;
  const { paths } = await described();
  const names = paths["/v1/site"] ? ["read", ...OF_A_SITE] : ["read"];
  const { path: wished, query } = here();
  const path = names.includes(wished) ? wished : "read";
  leave?.();
  leave = null;
  if (names.length > 1) showTabs(names, path);
  document.title = `${t(`page_${path}`)} – ${t("title")}`;
  byId("read").hidden = path !== "read";
  byId("site").hidden = path === "read";
  if (path !== "read") leave = (await import("./site/site.js")).openPage(path, byId("site"), query);
}

translate(document);
byId("language").append(...Object.entries(LANGUAGES).map(([tag, name]) =>
  make("option", { value: tag, lang: tag, selected: tag === language }, name)));
byId("language").addEventListener("change", ({ target }) => speak(target.value));
addEventListener("hashchange", show);
show();
document.body.removeAttribute("aria-busy");
