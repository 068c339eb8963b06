// Elements, made without innerHTML: nothing that was read or typed can become markup.

import { translate } from "./words.js";

export const byId = (name) => document.getElementById(name);

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** An element of HTML: `make("button", { type: "button", onclick: … }, "Text")`. */
export const make = (tag, attributes = {}, ...children) =>
  filled(document.createElement(tag), attributes, children);

/** An element of SVG. */
export const draw = (tag, attributes = {}, ...children) =>
  filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

export const button = (text, onclick, more = {}) => make("button", { type: "button", onclick, ...more }, text);

/** What a template holds, in the reader's language. */
export const instance = (name) => translate(byId(name).content.cloneNode(true));

/** An input or a select with its label. */
export const labelled = (text, control, kind = "field") => make("label", { class: kind }, make("span", {}, text), control);

/** A choice: pairs of value and text. */
export const select = (name, pairs, chosen, more = {}) =>
  make("select", { name, ...more }, pairs.map(([value, text]) => make("option", { value, selected: value === chosen }, text)));

/** What a person has put into a form. */
export const valuesOf = (form) => Object.fromEntries(new FormData(form));

export function save(name, content) {
  const link = make("a", { href: URL.createObjectURL(content), download: name });
  link.click();
  // At once the browser may not have begun yet.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Copies a text; pages that came over plain HTTP have no clipboard but the old one. */
export async function copy(text) {
  if (await navigator.clipboard?.writeText(text).then(() => true, () => false)) return;
  const field = make("textarea", { class: "unseen" }, text);
  (document.querySelector("dialog[open]") || document.body).append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}
