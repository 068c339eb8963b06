// Files on their way to the service. Only an XMLHttpRequest tells how much of a body has been sent.

import { authorisation, pause, refusal, ServiceError } from "./api.js";
import { askForToken } from "./access.js";
import { trouble } from "./trouble.js";
import { t } from "./words.js";

function sent(address, file, onProgress, signal) {
  const request = new XMLHttpRequest();
  const fields = new FormData();
  fields.append("file", file, file.name);
  return new Promise((done, fail) => {
    const cancel = () => request.abort();
    request.upload.onprogress = ({ loaded, total }) => onProgress(loaded / total);
    request.onload = () => done(request);
    request.onerror = () => fail(new ServiceError(0, t("unreachable")));
    request.onabort = () => fail(new DOMException("cancelled", "AbortError"));
    request.onloadend = () => signal.removeEventListener("abort", cancel);
    request.open("POST", address);
    for (const [name, value] of Object.entries(authorisation())) request.setRequestHeader(name, value);
    signal.addEventListener("abort", cancel);
    request.send(fields);
  });
}

/** Sends a file, tells how much of it (0..1) has been sent, and returns the JSON of the answer. */
export async function upload(address, file, onProgress, signal) {
  let goOn = null;
  try {
    for (;;) {
      signal.throwIfAborted();
      const shown = authorisation().Authorization;
      const request = await sent(address, file, onProgress, signal);
      let body = null;
      try {
        body = JSON.parse(request.responseText);
      } catch {
        // A proxy's page: only its status counts.
      }
      if (request.status < 300 && body) return body;
      if (request.status === 503) {
        goOn ||= trouble("busy");
        await pause(1000 * (Number(request.getResponseHeader("Retry-After")) || 1), signal);
      } else if (request.status !== 401 || !(await askForToken(shown))) {
        throw refusal(request.status, body);
      }
    }
  } finally {
    goOn?.();
  }
}
