// What happens at the site, as server-sent events. EventSource sends no headers, and so no token: the stream is fetched.

import { call, pause } from "../shell/api.js";
import { trouble } from "../shell/trouble.js";

const AGAIN_MS = 3000;
// A page that was left may be kept for going back to, with its stream: six of those, and nothing else would be loaded.
let leaving = new AbortController();
addEventListener("pagehide", () => leaving.abort());

/** The events of a stream of bytes: `{ type, id, data }`. */
async function* parsed(body) {
  let text = "";
  let event = {};
  for await (const part of body.pipeThrough(new TextDecoderStream())) {
    const lines = (text + part).split(/\r?\n/);
    text = lines.pop();
    for (const line of lines) {
      const [, name, value] = line.match(/^(\w+): ?(.*)$/) || [];
      if (name === "data") event.data = event.data === undefined ? value : `${event.data}\n${value}`;
      else if (name) event[name] = value;
      if (line || event.data === undefined) continue;
      yield { type: event.event, id: event.id, data: JSON.parse(event.data) };
      event = {};
    }
  }
}

/** Hands events since the site was looked at to handlers by their type, until it is left; no break loses any. */
export async function listen(handlers, { site, signal }) {
  let last = String(site.last_event), goOn = null;
  while (!signal.aborted) {
    try {
      leaving = new AbortController();
      const either = AbortSignal.any([signal, leaving.signal]);
      const response = await call("v1/site/events", { signal: either, headers: { "Last-Event-ID": last } });
      goOn?.();
      goOn = null;
      for await (const { type, id, data } of parsed(response.body)) {
        last = id || last;
        handlers[type]?.(data);
      }
    } catch (error) {
      // It is opened again below, unless the page was left.
      if (error.name !== "AbortError" && !error.status) goOn ||= trouble("away");
    }
    await pause(AGAIN_MS, signal).catch(() => null);
  }
  goOn?.();
}
