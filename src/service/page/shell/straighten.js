// A plate as if it were looked at straight on: the homography of its corners, and bilinear interpolation.

/** The coefficients of the homography that takes the unit square to four corners, clockwise from the top left. */
function homography([[x0, y0], [x1, y1], [x2, y2], [x3, y3]]) {
  const sx = x0 - x1 + x2 - x3, sy = y0 - y1 + y2 - y3;
  const dx1 = x1 - x2, dx2 = x3 - x2, dy1 = y1 - y2, dy2 = y3 - y2;
  const area = dx1 * dy2 - dx2 * dy1;
  const g = (sx * dy2 - dx2 * sy) / area, h = (dx1 * sy - sx * dy1) / area;
  return [x1 - x0 + g * x1, x3 - x0 + h * x3, x0, y1 - y0 + g * y1, y3 - y0 + h * y3, y0, g, h];
}

const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);

/**
 * Draws a plate, with a little margin, on a new canvas of this height.
 *
 * @param source what a canvas can draw, and its `width` and `height`.
 * @param corners the plate's, in pixels of the source.
 * @returns the canvas, or null where there is nothing to draw.
 */
export function straightened(source, corners, height = 96) {
  const [a, b, c, d] = corners;
  const tall = (distance(a, d) + distance(b, c)) / 2, wide = (distance(a, b) + distance(d, c)) / 2;
  if (tall < 1 || wide < 1) return null;
  const width = Math.round(Math.min(8, Math.max(0.5, wide / tall)) * height);
  const xs = corners.map((corner) => corner[0]), ys = corners.map((corner) => corner[1]);
  const margin = 0.3 * tall;
  const left = Math.max(0, Math.floor(Math.min(...xs) - margin)), top = Math.max(0, Math.floor(Math.min(...ys) - margin));
  const right = Math.min(source.width, Math.ceil(Math.max(...xs) + margin));
  const bottom = Math.min(source.height, Math.ceil(Math.max(...ys) + margin));
  if (right - left < 2 || bottom - top < 2) return null;
  const part = Object.assign(document.createElement("canvas"), { width: right - left, height: bottom - top });
  const context = part.getContext("2d", { willReadFrequently: true });
  context.drawImage(source, left, top, part.width, part.height, 0, 0, part.width, part.height);
  const from = context.getImageData(0, 0, part.width, part.height).data;
  const [p, q, r, s, t, u, g, h] = homography(corners.map(([x, y]) => [x - left, y - top]));
  const made = Object.assign(document.createElement("canvas"), { width, height });
  const target = made.getContext("2d");
  const image = target.createImageData(width, height);
  for (let row = 0, at = 0; row < height; row++) {
    const v = (1.12 * (row + 0.5)) / height - 0.06;
    for (let column = 0; column < width; column++, at += 4) {
      const w = (1.06 * (column + 0.5)) / width - 0.03;
      const z = g * w + h * v + 1;
      const x = Math.min(part.width - 1.001, Math.max(0, (p * w + q * v + r) / z));
      const y = Math.min(part.height - 1.001, Math.max(0, (s * w + t * v + u) / z));
      const x0 = x | 0, y0 = y | 0, fx = x - x0, fy = y - y0;
      const i = 4 * (y0 * part.width + x0), j = i + 4 * part.width;
      for (let channel = 0; channel < 3; channel++) {
        image.data[at + channel] =
          (from[i + channel] * (1 - fx) + from[i + 4 + channel] * fx) * (1 - fy) +
          (from[j + channel] * (1 - fx) + from[j + 4 + channel] * fx) * fy;
      }
      image.data[at + 3] = 255;
    }
  }
  target.putImageData(image, 0, 0);
  return made;
}
