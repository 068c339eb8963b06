// The work: some photos at a time, and one video after the other on its way; a video that is read blocks no photo.

import { ask, call, pause, ServiceError } from "../shell/api.js";
import { trouble } from "../shell/trouble.js";
import { upload } from "../shell/upload.js";
import { t } from "../shell/words.js";
import { forget, remember } from "./jobs.js";
import { tooLarge } from "./limits.js";

const POLL_MS = 500, AGAIN_MS = 2000;

/** Runs so many things at a time, in the order in which they come. */
function lanes(count) {
  const waiting = [];
  let free = count;
  const next = () => {
    if (!free || !waiting.length) return;
    free--;
    waiting.shift()().finally(() => (free++, next()));
  };
  return (work) => new Promise((done, fail) => {
    waiting.push(() => work().then(done, fail));
    next();
  });
}

const photos = lanes(3);
const uploads = lanes(1);

async function send(item, address) {
  const refused = await tooLarge(item);
  if (refused) throw new ServiceError(413, refused);
  item.signal.throwIfAborted();
  item.change({ state: "sending", progress: 0 });
  return upload(address, item.file, (share) => {
    // A video is read once the service has answered with its job: only then is it found again after a reload.
    const isSent = share === 1 && item.kind === "photo";
    if (!item.isOver) item.change(isSent ? { state: "reading", progress: null } : { state: "sending", progress: share });
  }, item.signal);
}

const readPhoto = (item, onDone) => photos(async () => {
  const { plates, width, height } = await send(item, "v1/read");
  item.size = [width, height];
  item.plates = plates;
  await onDone(item);
});

/** A job as it is now; a service that is away, as while it is started anew, is waited for. */
async function present(address, signal) {
  let goOn = null;
  try {
    for (;;) {
      const job = await ask(address, { signal }).catch((error) => (error.status === 0 ? null : Promise.reject(error)));
      if (job) return job;
      goOn ||= trouble("away");
      await pause(AGAIN_MS, signal);
    }
  } finally {
    goOn?.();
  }
}

/** Waits for the end of a video's job, which may have been begun before the page was opened; cancelled, it is removed. */
export async function follow(item, onDone) {
  const address = item.job.links.self.slice(1);
  item.signal.addEventListener("abort", () => {
    forget(item.job.id);
    call(address, { method: "DELETE" }).catch(() => null);
  });
  while (item.job.state === "queued" || item.job.state === "running") {
    item.change({ state: "reading", progress: item.job.progress });
    await pause(POLL_MS, item.signal);
    item.job = await present(address, item.signal);
  }
  if (item.job.state === "failed") throw new ServiceError(422, item.job.error.message);
  item.size = [item.job.result.width, item.job.result.height];
  item.plates = item.job.result.plates;
  await onDone(item);
}

async function readVideo(item, onDone) {
  item.job = await uploads(() => send(item, "v1/video"));
  remember(item.job.id);
  await follow(item, onDone);
}

/** Sees some work on an item to its end, whatever that is. */
export async function settle(item, work) {
  try {
    await work();
    if (!item.signal.aborted) item.change({ state: "done", progress: null });
  } catch (error) {
    if (!item.signal.aborted) item.change({ state: "failed", progress: null, error: error.message || t("failed") });
  }
}

/** Has an item read; `onDone` follows once its plates are known. */
export const read = (item, onDone) => settle(item, () => (item.kind === "video" ? readVideo : readPhoto)(item, onDone));
