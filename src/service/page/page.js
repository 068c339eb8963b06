import { fileAddress, keepToken, readPicture, readVideo, ServiceError } from "./api.js";
import { Camera } from "./camera.js";
import { crop, mark, paint, show } from "./stage.js";
import { clear, csv, json, put, recordOf } from "./vehicles.js";

const byId = (name) => document.getElementById(name);
let camera = null;

function tell(text, isError = false) {
  byId("status").textContent = text;
  byId("status").classList.toggle("error", isError);
}

function progress(share) {
  byId("progress").hidden = share === null;
  if (share) byId("progress").value = share;
  else byId("progress").removeAttribute("value");
}

/** Does something, and tells what goes wrong; where a token is missing, asks for it and then does it again. */
async function attempt(work) {
  try {
    await work();
  } catch (error) {
    tell(error.message, true);
    if (error instanceof ServiceError && error.status === 401) {
      byId("access").hidden = false;
      byId("access").onsubmit = (event) => {
        event.preventDefault();
        keepToken(byId("token").value);
        byId("access").hidden = true;
        attempt(work);
      };
    }
  } finally {
    progress(null);
  }
}

async function doPicture(file) {
  tell(`Reading ${file.name} …`);
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (bitmap) {
    paint(bitmap, bitmap.width, bitmap.height);
    mark([], bitmap.width, bitmap.height);
    show("picture");
  }
  const { plates, width, height } = await readPicture(file);
  if (bitmap) mark(plates, width, height);
  for (const plate of plates) {
    put(recordOf(plate, file.name), { crop: bitmap && crop(byId("picture"), plate.box) });
  }
  const found = plates.length === 1 ? "1 plate" : `${plates.length} plates`;
  tell(`${found} in ${file.name}${bitmap ? "" : "; this browser cannot show the picture"}`);
}

async function doVideo(file) {
  tell(`Reading ${file.name} …`);
  const job = await readVideo(file, progress);
  byId("annotated").src = await fileAddress(job.links.playable || job.links.annotated);
  show("annotated");
  for (const vehicle of job.result.plates) {
    put(recordOf(vehicle, file.name), { crop: await fileAddress(vehicle.crop) });
  }
  tell(job.result.error || `${job.result.plates.length} vehicles in ${file.name}`);
}

async function take(files) {
  camera?.stop();
  for (const file of files) {
    progress(0);
    const isVideo = file.type.startsWith("video/") || /\.(mkv|avi|mov|ts|flv|wmv)$/i.test(file.name);
    await attempt(() => (isVideo ? doVideo(file) : doPicture(file)));
  }
}

async function toggleCamera() {
  if (camera) {
    camera.stop();
    return;
  }
  await attempt(async () => {
    byId("camera").textContent = "Camera off";
    tell("The camera is on; its pictures go to this service only.");
    camera = new Camera();
    try {
      await camera.start();
      tell("The camera is off.");
    } finally {
      camera = null;
      byId("camera").textContent = "Camera on";
    }
  });
}

function save(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

byId("files").addEventListener("change", ({ target }) => {
  take([...target.files]);
  target.value = "";
});
byId("annotated").addEventListener("error", () => tell("this browser cannot play the annotated video", true));
byId("camera").addEventListener("click", toggleCamera);
byId("csv").addEventListener("click", () => save("plates.csv", "text/csv", csv()));
byId("json").addEventListener("click", () => save("plates.json", "application/json", json()));
byId("clear").addEventListener("click", clear);
addEventListener("dragover", (event) => {
  event.preventDefault();
  byId("drop").classList.add("over");
});
addEventListener("dragleave", (event) => event.relatedTarget || byId("drop").classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  byId("drop").classList.remove("over");
  take([...event.dataTransfer.files]);
});
