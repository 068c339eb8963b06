// The service's endpoints. Addresses are relative, so that the page works behind a proxy's path as well.

const KEY = "plate-token";

export class ServiceError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export const token = () => sessionStorage.getItem(KEY) || "";
export const keepToken = (text) => sessionStorage.setItem(KEY, text.trim());

export const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** A response of the service; waits while it has too much to do. */
export async function call(address, options = {}) {
  const headers = token() ? { Authorization: `Token ${token()}` } : {};
  for (;;) {
    const response = await fetch(address, { ...options, headers });
    if (response.ok) return response;
    if (response.status === 503) {
      await pause(1000 * (Number(response.headers.get("Retry-After")) || 1));
      continue;
    }
    const body = await response.json().catch(() => null);
    throw new ServiceError(response.status, body?.error?.message || `the service answered ${response.status}`);
  }
}

function form(file) {
  const fields = new FormData();
  fields.append("file", file);
  return { method: "POST", body: fields };
}

/** The answer for a picture. */
export const readPicture = async (file) => (await call("v1/read", form(file))).json();

/** The finished job of a video; tells its progress, 0..1, on the way. */
export async function readVideo(file, onProgress) {
  let job = await (await call("v1/video", form(file))).json();
  while (job.state === "queued" || job.state === "running") {
    onProgress(job.progress);
    await pause(500);
    job = await (await call(job.links.self.slice(1))).json();
  }
  if (job.state === "failed") throw new ServiceError(422, job.error.message);
  return job;
}

/** A file of a job as an address for an element, which cannot send a token itself. */
export async function fileAddress(link) {
  if (!token()) return link.slice(1);
  return URL.createObjectURL(await (await call(link.slice(1))).blob());
}

/** Text as base64url, which a subprotocol may hold. */
function encoded(text) {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Opens a live stream. */
export function openStream() {
  const address = new URL("v1/stream", location.href);
  address.protocol = address.protocol.replace("http", "ws");
  return new WebSocket(address, token() ? ["number-plates", `token.${encoded(token())}`] : []);
}
