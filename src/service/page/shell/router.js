// The address of what is shown: #/sightings?text=AB*. It can be kept as a bookmark, and the browser goes back through it.

/** The page and its parameters that the address names. */
export function here() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return { path: path || "read", query: Object.fromEntries(new URLSearchParams(query)) };
}

export function addressOf(path, query = {}) {
  const said = Object.entries(query).filter(([, value]) => value);
  return `#/${path}${said.length ? `?${new URLSearchParams(said)}` : ""}`;
}

/** Notes what is searched for in the address, without showing the page anew. */
export const note = (path, query) => history.replaceState(null, "", addressOf(path, query));
