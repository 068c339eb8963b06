// What can be sent, as the service says it, so that nobody waits for an upload that is refused in the end.

import { described } from "../shell/api.js";
import { t } from "../shell/words.js";

const limits = async () => (await described())["x-limits"];

/** A sentence on formats and limits. */
export async function limitsText() {
  const { max_body_mb: photo, max_video_mb: video, max_video_seconds: seconds } = await limits();
  return t("limits", { photo, video, minutes: Math.floor(seconds / 60) });
}

/** Why a file need not be sent at all; null where it may be. */
export async function tooLarge({ file, kind }) {
  const { max_body_mb: photo, max_video_mb: video } = await limits();
  const most = kind === "video" ? video : photo;
  return file.size > 1e6 * most ? t("too_large", { name: file.name, size: file.size / 1e6, most }) : null;
}
