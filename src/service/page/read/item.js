// One thing that is read: a photo, a video, or the camera; its state, and the picture that belongs to it.

import { call } from "../shell/api.js";

let made = 0;

export class Item {
  /** What changes are told to. */
  static changed = () => null;

  id = `item ${++made}`;
  /** waiting, sending, reading, done, failed or cancelled. */
  state = "waiting";
  progress = null;
  error = "";
  plates = [];
  size = [0, 0];
  job = null;
  #abort = new AbortController();
  #converted = null;

  constructor(name, kind, file = null) {
    Object.assign(this, { name, kind, file });
  }

  get signal() {
    return this.#abort.signal;
  }

  get isOver() {
    return ["done", "failed", "cancelled"].includes(this.state);
  }

  change(fields) {
    Object.assign(this, fields);
    Item.changed(this);
  }

  cancel() {
    this.#abort.abort(new DOMException("cancelled", "AbortError"));
    this.change({ state: "cancelled", progress: null });
  }

  /** The photo; what the browser cannot decode itself, the service hands out as a JPEG. */
  async bitmap() {
    const own = this.#converted ? null : await createImageBitmap(this.file).catch(() => null);
    if (own) return own;
    // No plate is so wide: none is drawn into it.
    this.#converted ||= await (await call("v1/read?annotated=true&min_width=1000000", {
      method: "POST", body: this.file, headers: { "Content-Type": "application/octet-stream", Accept: "image/jpeg" },
    })).blob();
    return createImageBitmap(this.#converted);
  }
}
