// The camera: frames go to the service one after the other, each when the one before has been answered.

import { openStream, ServiceError } from "./api.js";
import { crop, mark, paint, show } from "./stage.js";
import { drop, put, recordOf } from "./vehicles.js";

const SOURCE = "camera";

export class Camera {
  #video = Object.assign(document.createElement("video"), { muted: true, playsInline: true });
  #frame = document.createElement("canvas");
  #run = 0;
  #seen = new Map();
  #socket = null;
  #ending = false;
  #turned = false;

  /** Reads until `stop` is called or something fails; only then it returns. */
  async start() {
    if (!navigator.mediaDevices) throw new Error("browsers give the camera to pages behind https:// and on localhost only");
    const media = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } },
    });
    try {
      this.#video.srcObject = media;
      await this.#video.play();
      // When a phone is turned, its pictures get another shape: that is another stream.
      while (!this.#ending) await this.#stream();
    } finally {
      this.#socket?.close();
      media.getTracks().forEach((track) => track.stop());
      this.#video.srcObject = null;
    }
  }

  stop() {
    this.#ending = true;
    this.#finish();
  }

  #stream() {
    this.#run = `${Date.now()} ${Math.random()}`;
    this.#seen.clear();
    this.#turned = false;
    Object.assign(this.#frame, { width: this.#video.videoWidth, height: this.#video.videoHeight });
    this.#socket = openStream();
    return new Promise((done, fail) => {
      const next = () => this.#send().catch(fail);
      this.#socket.onopen = next;
      this.#socket.onerror = () => fail(new Error("the service cannot be reached"));
      this.#socket.onclose = () => (this.#ending || this.#turned ? done() : fail(new Error("the service ended the stream")));
      this.#socket.onmessage = ({ data }) => {
        const answer = JSON.parse(data);
        if (answer?.error?.code === "unauthorised") fail(new ServiceError(401, answer.error.message));
        else if (answer?.error && answer.frame === undefined) fail(new Error(answer.error.message));
        else if (answer?.frame === null) answer.vehicles.forEach((vehicle) => this.#settle(vehicle));
        else if (answer?.kind === "video") answer.plates.forEach((vehicle) => this.#settle(vehicle));
        else if (answer && !this.#ending) {
          this.#take(answer);
          next();
        }
      };
    });
  }

  /** Asks for the vehicles that are not settled yet; then the service ends the stream. */
  #finish() {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send('{"end": true}');
  }

  async #send() {
    const { videoWidth: width, videoHeight: height } = this.#video;
    this.#turned = width !== this.#frame.width || height !== this.#frame.height;
    if (this.#ending || this.#turned) {
      this.#finish();
      return;
    }
    paint(this.#video, width, height, this.#frame);
    const picture = await new Promise((made) => this.#frame.toBlob(made, "image/jpeg", 0.9));
    if (!this.#ending && this.#socket.readyState === WebSocket.OPEN) this.#socket.send(picture);
  }

  #key(track) {
    return `${this.#run} ${track}`;
  }

  #take({ plates = [], vehicles = [], time_s: time }) {
    // The frame that was read is shown, rather than the present one, on which the plates have moved on.
    paint(this.#frame, this.#frame.width, this.#frame.height);
    show("picture");
    mark(plates, this.#frame.width, this.#frame.height);
    for (const plate of plates) {
      if (!plate.text) continue;
      const known = this.#seen.get(plate.track) || { first_s: time, best: 0 };
      const better = plate.reading && plate.confidence >= known.best;
      this.#seen.set(plate.track, { first_s: known.first_s, best: better ? plate.confidence : known.best });
      const record = recordOf({ ...plate, first_s: known.first_s, last_s: time }, SOURCE);
      put(record, { key: this.#key(plate.track), pending: true, crop: better ? crop(this.#frame, plate.box) : null });
    }
    vehicles.forEach((vehicle) => this.#settle(vehicle));
  }

  /** A vehicle that is gone for good takes the place of its tracks. */
  #settle(vehicle) {
    const crops = vehicle.tracks.map((track) => drop(this.#key(track)));
    put(recordOf(vehicle, SOURCE), { key: `${this.#run} v${vehicle.tracks[0]}`, crop: crops.find(Boolean) });
  }
}
