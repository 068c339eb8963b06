// The service's endpoints. Addresses are relative, so that the page works behind a proxy's path as well.

import { askForToken, token } from "./access.js";
import { trouble } from "./trouble.js";
import { t } from "./words.js";

export class ServiceError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Waits; ends early, with an AbortError, when a signal says so. */
export const pause = (milliseconds, signal) => new Promise((done, fail) => {
  signal?.throwIfAborted();
  const timer = setTimeout(done, milliseconds);
  signal?.addEventListener("abort", () => (clearTimeout(timer), fail(signal.reason)), { once: true });
});

export const authorisation = () => (token() ? { Authorization: `Token ${token()}` } : {});

/** What a person is told of a refusal; the service's own sentence where there is no better one. */
export function refusal(status, body) {
  const known = { 401: "needs_token", 403: "not_allowed", 507: "no_room" }[status];
  return new ServiceError(status, known ? t(known) : body?.error?.message || t("answered", { status }));
}

async function reached(address, options) {
  try {
    return await fetch(address, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServiceError(0, t("unreachable"));
  }
}

/** A response of the service; asks for a token where one is missing, and waits while there is too much to do. */
export async function call(address, { headers = {}, json, ...options } = {}) {
  const body = json === undefined ? {} : { body: JSON.stringify(json) };
  const type = json === undefined ? {} : { "Content-Type": "application/json" };
  let goOn = null;
  try {
    for (;;) {
      const shown = { ...headers, ...type, ...authorisation() };
      const response = await reached(address, { ...options, ...body, headers: shown });
      if (response.ok) return response;
      if (response.status === 503) {
        goOn ||= trouble("busy");
        await pause(1000 * (Number(response.headers.get("Retry-After")) || 1), options.signal);
      } else {
        const error = refusal(response.status, await response.json().catch(() => null));
        if (error.status !== 401 || !(await askForToken(shown.Authorization))) throw error;
      }
    }
  } finally {
    goOn?.();
  }
}

/** The JSON that an endpoint answers with. */
export const ask = async (address, options) => (await call(address, options)).json();

/** An address with those parameters that say something. */
export function withQuery(address, parameters) {
  const said = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return said.length ? `${address}?${new URLSearchParams(said)}` : address;
}

/** A file behind a link of the service as an address for an element, which cannot send a token itself. */
export async function fileAddress(link) {
  const address = link.replace(/^\//, "");
  return token() ? URL.createObjectURL(await (await call(address)).blob()) : address;
}

/** Text as base64url, which a subprotocol may hold. */
function encoded(text) {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Opens a live stream. */
export function openStream() {
  const address = new URL("v1/stream", document.baseURI);
  address.protocol = address.protocol.replace("http", "ws");
  return new WebSocket(address, token() ? ["number-plates", `token.${encoded(token())}`] : []);
}

let description = null;

/** What the service says of itself: its endpoints, and its limits as `x-limits`. */
export const described = () => (description ||= fetch("openapi.json").then((response) => response.json()));
