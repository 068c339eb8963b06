// The camera: frames go to the service one after the other, each when the one before has been answered.

import { openStream, refusal } from "../shell/api.js";
import { straightened } from "../shell/straighten.js";
import { t } from "../shell/words.js";
import { cornersOf, mark, paint, show } from "./stage.js";
import { drop, put, recordOf } from "./vehicles.js";

const SOURCE = t("camera");
const CROP_HEIGHT = 72;

export class Camera {
  #video = Object.assign(document.createElement("video"), { muted: true, playsInline: true });
  #frame = document.createElement("canvas");
  #run = 0;
  #seen = new Map();
  #socket = null;
  #ending = false;
  #turned = false;
  /** The frame that was sent last, as a file. */
  #sent = null;

  /** Reads until `stop` is called or something fails; only then it returns. */
  async start() {
    if (!navigator.mediaDevices) throw new Error(t("camera_needs_https"));
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
      this.#socket.onerror = () => fail(new Error(t("unreachable")));
      this.#socket.onclose = () => (this.#ending || this.#turned ? done() : fail(new Error(t("stream_ended"))));
      this.#socket.onmessage = ({ data }) => {
        const answer = JSON.parse(data);
        if (answer?.error?.code === "unauthorised") fail(refusal(401, answer));
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
    this.#sent = picture;
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
      const best = better ? this.#best(plate) : {};
      put(record, { key: this.#key(plate.track), pending: true, ...best });
    }
    vehicles.forEach((vehicle) => this.#settle(vehicle));
  }

  /** What is kept of the frame in which a plate was read best: the plate, and the whole. */
  #best(plate) {
    const crop = straightened(this.#frame, cornersOf(plate), CROP_HEIGHT)?.toDataURL("image/jpeg", 0.9);
    return { crop, moment: this.#sent, corners: cornersOf(plate) };
  }

  /** A vehicle that is gone for good takes the place of its tracks. */
  #settle(vehicle) {
    const seen = vehicle.tracks.map((track) => drop(this.#key(track)));
    const { crop, moment, corners } = seen.find((entry) => entry?.crop) || {};
    put(recordOf(vehicle, SOURCE), { key: `${this.#run} v${vehicle.tracks[0]}`, crop, moment, corners });
  }
}
