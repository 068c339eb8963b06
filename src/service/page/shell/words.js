// The words of the page in the language of its reader, from words.json; numbers and times as that language writes them.

const KEY = "plate-language";
const WORDS = await (await fetch(new URL("../words.json", import.meta.url))).json();
export const LANGUAGES = { en: "English", de: "Deutsch" };

const wished = [localStorage.getItem(KEY), ...navigator.languages].map((tag) => tag?.slice(0, 2));
export const language = wished.find((tag) => tag in LANGUAGES) || "en";
document.documentElement.lang = language;

const plurals = new Intl.PluralRules(language);

/** A text by its name; `{n}` and the like stand for values, and with `n` there may be one form for one and for others. */
export function t(name, values = {}) {
  const text = WORDS[name]?.[language];
  if (text === undefined) throw new Error(`words.json has no ${name}`);
  const chosen = typeof text === "string" ? text : text[plurals.select(values.n) === "one" ? 0 : 1];
  return chosen.replace(/\{(\w+)\}/g, (_, key) => (typeof values[key] === "number" ? number(values[key]) : values[key]));
}

/** Whether there is a text of this name. */
export const isSaid = (name) => name in WORDS;

/** Fills in the words of elements: `data-word` names the text, and `data-word-ATTRIBUTE` that of an attribute. */
export function translate(root) {
  for (const element of root.querySelectorAll("*")) {
    for (const [key, name] of Object.entries(element.dataset)) {
      if (key === "word") element.textContent = t(name);
      else if (key.startsWith("word")) {
        element.setAttribute(key.slice(4).replace(/[A-Z]/g, (letter, at) => (at ? "-" : "") + letter.toLowerCase()), t(name));
      }
    }
  }
  return root;
}

/** Shows the page in another language from now on. */
export function speak(tag) {
  localStorage.setItem(KEY, tag);
  location.reload();
}

const written = (least) => new Intl.NumberFormat(language, { minimumFractionDigits: least, maximumFractionDigits: 1 });
const [whole, tenths] = [written(0), written(1)];
export const number = (value) => whole.format(value);
export const percent = (share) =>
  `${share > 0.995 || share < 0.0005 ? Math.round(100 * share) : tenths.format(100 * share)} %`;

let timeZone;
/** Times of day are those of this zone, and not of the reader's, from now on. */
export const useZone = (name) => (timeZone = name);

const form = (options) => (time) => new Intl.DateTimeFormat(language, { timeZone, ...options }).format(new Date(time));
export const dateAndTime = form({ dateStyle: "medium", timeStyle: "medium" });

const day = form({ dateStyle: "short" });
const ofToday = form({ timeStyle: "medium" });
const ofOtherDays = form({ dateStyle: "short", timeStyle: "short" });
/** A time of day; of another day than today the date stands before it. */
export const clock = (time) => (day(time) === day(Date.now()) ? ofToday : ofOtherDays)(time);

/** Minutes and seconds of a video. */
export const seconds = (time) => `${Math.floor(time / 60)}:${(time % 60).toFixed(1).padStart(4, "0")}`;

/** A length of time, as people say it. */
export function duration(minutes) {
  if (minutes < 60) return t("minutes", { n: Math.round(minutes) });
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return t("hours_minutes", { hours, minutes: Math.round(minutes % 60) });
  return t("days", { n: Math.round(hours / 24) });
}
