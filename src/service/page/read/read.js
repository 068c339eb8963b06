// Reading photos, videos and the camera: what is chosen is read, listed and shown.

import { ask, call, fileAddress, ServiceError } from "../shell/api.js";
import { askForToken, token } from "../shell/access.js";
import { button, byId, save } from "../shell/dom.js";
import { straightened } from "../shell/straighten.js";
import { attempt, toast } from "../shell/toast.js";
import { percent, t } from "../shell/words.js";
import { Camera } from "./camera.js";
import { hideDetail, showDetail } from "./detail.js";
import { addRow, listed, markRow, refreshRow, removeRow } from "./files.js";
import { Item } from "./item.js";
import { forget, remember, remembered } from "./jobs.js";
import { limitsText } from "./limits.js";
import { follow, read, settle } from "./queue.js";
import { clearStage, cornersOf, mark, paint, show } from "./stage.js";
import { csv, dropWhere, entryOf, isSureEnough, json, markEntry, onOpenVehicle, put, recordOf, setLeast } from "./vehicles.js";

const VIDEO_NAME = /\.(mp4|mkv|avi|mov|ts|mts|flv|wmv|webm|dav|264|265)$/i;
const TABLE_HEIGHT = 72, DETAIL_HEIGHT = 200;
/** What is on the stage, which plate of it was clicked, and when it is there. */
const shown = { item: null, bitmap: null, plate: null, ready: null };
let camera = null;

function tell(text, isError = false) {
  byId("status").textContent = text;
  byId("status").classList.toggle("error", isError);
}

function drawMarks() {
  const plates = shown.item.plates.filter(isSureEnough);
  mark(plates, ...shown.item.size, { chosen: shown.plate, onOpen: (plate) => openEntry(entryOf(plate)) });
}

function offerDownloads(item) {
  const links = item.state === "done" && item.kind === "video" ? item.job.links : {};
  const names = ["annotated", "csv", "json", "frames"].filter((form) => form in links);
  byId("downloads").hidden = names.length === 0;
  byId("downloads").replaceChildren(...names.map((form) => button(t(`download_${form}`), () => attempt(async () => {
    const content = await (await call(links[form].slice(1))).blob();
    const suffix = { annotated: `annotated${item.name.match(/\.\w+$/)?.[0] || ".mp4"}`, frames: "frames.jsonl" }[form] || form;
    save(`${item.name.replace(/\.\w+$/, "")}.${suffix}`, content);
  }))));
}

/** Shows a photo or a video; a video's plates are drawn in it, so it can be shown once it has been read. */
async function openItem(item) {
  camera?.stop();
  Object.assign(shown, { item, plate: null });
  markRow(item);
  hideDetail();
  offerDownloads(item);
  if (item.state === "failed") {
    // Rather than the picture of before.
    show("hint", item.error);
    return;
  }
  shown.ready = attempt(() => (item.kind === "video" ? openVideo(item) : openPhoto(item)));
  await shown.ready;
}

async function openPhoto(item) {
  const bitmap = await item.bitmap().catch((error) => (item.isOver ? null : Promise.reject(error)));
  if (shown.item !== item || !bitmap) return;
  shown.bitmap?.close();
  shown.bitmap = bitmap;
  if (!item.size[0]) item.size = [bitmap.width, bitmap.height];
  paint(bitmap, bitmap.width, bitmap.height);
  drawMarks();
  show("picture");
}

async function openVideo(item) {
  if (item.state !== "done") {
    show("hint", t("video_comes", { name: item.name }));
    return;
  }
  item.address ||= await fileAddress(item.job.links.playable || item.job.links.annotated);
  if (shown.item !== item) return;
  if (byId("annotated").getAttribute("src") !== item.address) byId("annotated").src = item.address;
  show("annotated");
}

/** The plate of an entry, straightened, from wherever its pixels are. */
async function plateImage({ record, item, crop, moment, corners = cornersOf(record.plate) }) {
  if (item?.kind === "photo") return straightened(shown.bitmap, corners, DETAIL_HEIGHT);
  if (moment) return straightened(await createImageBitmap(moment), corners, DETAIL_HEIGHT);
  if (!crop) return null;
  const image = new Image();
  image.src = crop;
  await image.decode();
  return straightened(image, withinCrop(corners, image), DETAIL_HEIGHT);
}

/** Corners in pixels of a crop, which has the same margin on all sides but at the edges of the picture. */
function withinCrop(corners, { naturalWidth: width, naturalHeight: height }) {
  const xs = corners.map((corner) => corner[0]), ys = corners.map((corner) => corner[1]);
  const left = Math.max(0, (Math.min(...xs) + Math.max(...xs) - width) / 2);
  const top = Math.max(0, (Math.min(...ys) + Math.max(...ys) - height) / 2);
  return corners.map(([x, y]) => [x - left, y - top]);
}

/** Shows a row's plate, and the picture or the moment that it was seen in. */
async function openEntry(entry) {
  if (!entry) return;
  const { record, item, moment } = entry;
  markEntry(entry);
  if (item && shown.item !== item) openItem(item);
  await shown.ready;
  if (item?.kind === "video") byId("annotated").currentTime = record.plate.best_s;
  if (item?.kind === "photo") {
    shown.plate = record.plate;
    drawMarks();
  }
  if (!item && moment && !camera) {
    const bitmap = await createImageBitmap(moment);
    Object.assign(shown, { item: null, bitmap });
    paint(bitmap, bitmap.width, bitmap.height);
    mark([{ ...record.plate, corners: entry.corners }], bitmap.width, bitmap.height);
    show("picture");
  }
  showDetail(record, await plateImage(entry).catch(() => null));
  if (matchMedia("(max-width: 60rem)").matches) byId("drop").scrollIntoView({ block: "start", behavior: "smooth" });
}

async function fillTable(item) {
  if (shown.item === item && item.kind === "photo") {
    // Its outlines come no later than its rows.
    await shown.ready;
    if (shown.item === item && shown.bitmap) drawMarks();
  }
  const source = item.kind === "photo" ? await item.bitmap().catch(() => null) : null;
  for (const plate of item.plates) {
    const crop = item.kind === "video"
      ? await fileAddress(plate.crop)
      : source && straightened(source, cornersOf(plate), TABLE_HEIGHT)?.toDataURL("image/jpeg", 0.9);
    put(recordOf(plate, item.name), { crop, item });
  }
  source?.close();
}

Item.changed = (item) => {
  refreshRow(item);
  byId("clear").disabled = false;
  if (!item.isOver) return;
  if (item.state === "failed") {
    tell(`${item.name}: ${item.error}`.replace(`${item.name}: ${item.name}`, item.name), true);
    if (shown.item === item) openItem(item);
  }
  if (item.state === "done") {
    const counted = t(item.kind === "video" ? "vehicles_in" : "plates_in", { n: item.plates.length });
    tell(item.job?.result.error || t("found_in", { counted, name: item.name }));
    if (shown.item === item) openItem(item);
  }
};

const actions = {
  onOpen: openItem,
  onCancel: (item) => item.cancel(),
  onRemove: (item) => clear((one) => one === item),
};

function take(files) {
  const items = files.map((file) => {
    const isVideo = file.type.startsWith("video/") || VIDEO_NAME.test(file.name);
    return new Item(file.name, isVideo ? "video" : "photo", file);
  });
  if (!items.length) return;
  for (const item of items) {
    addRow(item, actions);
    read(item, fillTable);
  }
  tell(t("reading_files", { n: items.length }));
  openItem(items[0]);
}

/** Takes out what is over; it can be brought back for some seconds. */
function clear(test) {
  const items = listed().filter((item) => item.isOver && test(item));
  const restore = dropWhere(({ item }) => (item ? items.includes(item) : test(null)));
  items.forEach((item) => (removeRow(item), item.job && forget(item.job.id)));
  const wasShown = shown.item;
  if (items.includes(wasShown) || (!wasShown && !camera)) {
    Object.assign(shown, { item: null, plate: null });
    clearStage();
    hideDetail();
    byId("downloads").hidden = true;
  }
  tell("");
  byId("clear").disabled = listed().length === 0;
  toast(t("cleared"), { undo: () => {
    items.forEach((item) => (addRow(item, actions), item.job && remember(item.job.id)));
    restore();
    byId("clear").disabled = false;
    if (items.includes(wasShown)) openItem(wasShown);
  } });
}

/** Finds the videos of an earlier visit again. */
async function findJobs() {
  for (const id of remembered()) {
    const job = await ask(`v1/jobs/${id}`).catch((error) => (error.status === 404 ? forget(id) : null));
    if (!job) continue;
    const item = Object.assign(new Item(job.input, "video"), { job });
    addRow(item, actions);
    settle(item, () => follow(item, fillTable));
  }
}

async function toggleCamera() {
  if (camera) {
    camera.stop();
    return;
  }
  byId("camera").textContent = t("camera_off");
  tell(t("camera_is_on"));
  Object.assign(shown, { item: null, plate: null });
  markRow(null);
  byId("downloads").hidden = true;
  byId("clear").disabled = false;
  camera = new Camera();
  let failure = null;
  await camera.start().catch((error) => (failure = error));
  camera = null;
  byId("camera").textContent = t("camera_on");
  tell(failure ? failure.message : t("camera_is_off"), Boolean(failure));
  const needsToken = failure instanceof ServiceError && failure.status === 401;
  if (needsToken && (await askForToken(token() ? `Token ${token()}` : ""))) toggleCamera();
}

byId("files").addEventListener("change", ({ target }) => {
  take([...target.files]);
  target.value = "";
});
byId("sample").addEventListener("click", () => attempt(async () => {
  const content = await (await call(new URL("../sample.webp", import.meta.url))).blob();
  take([new File([content], "sample.webp", { type: "image/webp" })]);
}));
byId("annotated").addEventListener("error", () => tell(t("cannot_play"), true));
byId("camera").addEventListener("click", toggleCamera);
byId("csv").addEventListener("click", () => save("plates.csv", new Blob([csv()], { type: "text/csv" })));
byId("json").addEventListener("click", () => save("plates.json", new Blob([json()], { type: "application/json" })));
byId("clear").addEventListener("click", () => clear(() => true));
byId("threshold").addEventListener("input", ({ target }) => {
  byId("least").value = percent(target.value / 100);
  setLeast(target.value / 100);
  if (shown.item?.kind === "photo") drawMarks();
});
onOpenVehicle(openEntry);

const isHere = () => !byId("read").hidden;
addEventListener("paste", ({ clipboardData }) => isHere() && take([...clipboardData.files]));
addEventListener("dragover", (event) => {
  event.preventDefault();
  byId("drop").classList.add("over");
});
addEventListener("dragleave", (event) => event.relatedTarget || byId("drop").classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  byId("drop").classList.remove("over");
  if (isHere()) take([...event.dataTransfer.files]);
});

limitsText().then((text) => (byId("limits").textContent = text));
findJobs();
