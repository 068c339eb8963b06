// Countries and states as people know them: a name in the reader's language, and a flag.

import { language, t } from "./words.js";

// A less sure region is likelier another one; src/formats.py has the same limit.
const LEAST = 0.5;
const names = new Intl.DisplayNames(language, { type: "region", fallback: "none" });

const flagOf = (country) => String.fromCodePoint(...[...country].map((letter) => 0x1f1e6 + letter.charCodeAt(0) - 97));

/** Whether this system has flags, which are in colour; others would show two letters, or two empty boxes. */
function hasFlags() {
  const context = Object.assign(document.createElement("canvas"), { width: 20, height: 20 }).getContext("2d");
  context.font = "16px sans-serif";
  context.fillText(flagOf("de"), 0, 16);
  const pixels = context.getImageData(0, 0, 20, 20).data;
  return pixels.some((value, at) => at % 4 === 0 && value !== pixels[at + 1]);
}

const flag = hasFlags() ? (country) => `${flagOf(country)} ` : () => "";

/** What is shown of a code such as `gb` or `us-ca`. */
export function regionText(code) {
  if (!code) return "–";
  const [country, part] = code.split("-");
  if (!/^[a-z]{2}$/.test(country)) return code.toUpperCase();
  const name = names.of(country.toUpperCase()) || country.toUpperCase();
  return `${flag(country)}${part ? t("part_of", { name, part: part.toUpperCase() }) : name}`;
}

/** The code of a plate's region where that is likely enough to be told. */
export const sureRegion = (plate) => (plate.region?.confidence >= LEAST ? plate.region.code : "");
