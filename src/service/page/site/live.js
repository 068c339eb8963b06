// The cameras as they are now: the last picture of each, its newest plates, and whether it keeps up.

import { ask, call, withQuery } from "../shell/api.js";
import { button, make } from "../shell/dom.js";
import { clock, t } from "../shell/words.js";
import { listen } from "./events.js";
import { editGeometry } from "./geometry.js";
import { cropOf, openSighting, textLine } from "./sighting.js";

// A camera without a picture is asked again less often.
const PICTURE_MS = 2000, AGAIN_MS = 15_000, SITE_MS = 5000, NEWEST = 4;

/** Shows the newest picture of a camera for as long as its place is in sight. */
function keepFresh(image, place, name, signal) {
  let timer = null, isShown = false;
  async function refresh() {
    let wait = PICTURE_MS;
    if (document.visibilityState === "visible") {
      const blob = await call(`v1/site/cameras/${encodeURIComponent(name)}/picture`, { signal })
        .then((response) => response.blob()).catch(() => null);
      if (blob) {
        const before = image.src;
        image.src = URL.createObjectURL(blob);
        await image.decode().catch(() => null);
        image.hidden = false;
        if (before) URL.revokeObjectURL(before);
      } else {
        wait = AGAIN_MS;
      }
    }
    if (isShown && !signal.aborted) timer = setTimeout(refresh, wait);
  }
  const observer = new IntersectionObserver((entries) => {
    const { isIntersecting } = entries.at(-1);
    if (isIntersecting === isShown) return;
    isShown = isIntersecting;
    clearTimeout(timer);
    if (isShown) refresh();
  });
  observer.observe(place);
  signal.addEventListener("abort", () => {
    observer.disconnect();
    clearTimeout(timer);
    URL.revokeObjectURL(image.src);
  });
}

const factsOf = (camera) => [
  camera.frames_per_s === null ? null : t("frames_per_s", { n: camera.frames_per_s }),
  camera.behind_s === null ? null : t("behind", { seconds: camera.behind_s }),
  camera.last_sighting_at ? t("last_seen", { at: clock(camera.last_sighting_at) }) : t("never_seen"),
].filter(Boolean).join(" · ");

function cameraCard(camera, context) {
  const image = make("img", { alt: t("last_picture", { name: camera.name }), hidden: true });
  const shot = make("div", { class: "last" }, make("span", {}, t("no_picture")), image);
  const state = make("span", {});
  const facts = make("p", { class: "soft" });
  const plates = make("ul", { class: "newest" });
  const drawn = context.can("administer")
    ? button(t("draw_geometry"), () => editGeometry(camera)) : null;
  const card = make("article", { class: "card camera", "aria-label": camera.name }, shot,
    make("div", { class: "heading" }, make("h3", {}, camera.name), state), facts, plates, drawn);
  keepFresh(image, shot, camera.name, context.signal);
  return {
    card,
    update(fields) {
      Object.assign(camera, fields);
      state.className = `badge ${camera.state}`;
      state.textContent = t(`camera_${camera.state}`);
      facts.textContent = factsOf(camera);
    },
    add(sighting) {
      const known = plates.querySelector(`[data-id="${CSS.escape(sighting.id)}"]`);
      const item = make("li", { "data-id": sighting.id },
        make("button", { type: "button", class: "row", onclick: () => openSighting(sighting.id, context) },
          cropOf(sighting), make("span", { class: "what" }, textLine(sighting)), make("span", { class: "soft" }, clock(sighting.first_at))));
      if (known) known.replaceWith(item);
      else plates.prepend(item);
      while (plates.childElementCount > NEWEST) plates.lastElementChild.remove();
    },
  };
}

export async function open(root, context) {
  const { site, signal, reload } = context;
  if (!site.cameras.length) {
    root.append(make("p", { class: "card empty" }, t("no_cameras")));
    return;
  }
  const cards = new Map(site.cameras.map((camera) => [camera.name, cameraCard(camera, context)]));
  root.append(make("div", { class: "cameras" }, [...cards.values()].map(({ card }) => card)));
  for (const { update } of cards.values()) update({});
  // Camera by camera: a busy one would leave the others none.
  await Promise.all(site.cameras.map(async ({ name: camera }) => {
    const { sightings } = await ask(withQuery("v1/site/sightings", { camera, limit: NEWEST }), { signal });
    sightings.reverse().forEach(cards.get(camera).add);
  }));
  listen({
    sighting: (sighting) => cards.get(sighting.camera)?.add(sighting),
    camera: ({ name, ...state }) => cards.get(name)?.update(state),
  }, context);
  const timer = setInterval(async () => {
    const now = await reload().catch(() => null);
    for (const { name, state, since, frames_per_s, behind_s, last_sighting_at } of now?.cameras || []) {
      cards.get(name)?.update({ state, since, frames_per_s, behind_s, last_sighting_at });
    }
  }, SITE_MS);
  signal.addEventListener("abort", () => clearInterval(timer));
}
