// Pictures that the service keeps. They are loaded when they come into sight, and with the token where there is one.

import { call } from "./api.js";
import { token } from "./access.js";
import { make } from "./dom.js";

const MOST = 400;
const known = new Map();

/** The address of a picture for an element; those that were fetched with a token are kept, the latest of them. */
async function addressFor(link) {
  if (!token()) return link;
  if (!known.has(link)) known.set(link, call(link).then((response) => response.blob()).then(URL.createObjectURL));
  if (known.size > MOST) {
    const [oldest, address] = known.entries().next().value;
    known.delete(oldest);
    address.then(URL.revokeObjectURL, () => null);
  }
  return known.get(link);
}

const observer = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    observer.unobserve(target);
    addressFor(target.dataset.link).then((address) => (target.src = address), () => target.classList.add("missing"));
  }
}, { rootMargin: "300px" });

/** An image whose place is kept until it is there. */
export function picture(link, alt, kind) {
  const image = make("img", { class: `${kind} loading`, alt, decoding: "async", "data-link": link });
  image.addEventListener("load", () => image.classList.remove("loading"));
  image.addEventListener("error", () => image.classList.replace("loading", "missing"));
  observer.observe(image);
  return image;
}
