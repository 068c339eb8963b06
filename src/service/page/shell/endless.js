// A list that fetches its next page when its end comes into sight; skeletons stand in the place of what is coming.

import { button, make } from "./dom.js";
import { t } from "./words.js";

const SKELETONS = 6;

/**
 * Fills an element row by row.
 *
 * @param target the element that gets the rows.
 * @param load gives `{ rows, next }` for a cursor, which is null at first; `next` is null at the end.
 * @param row makes the element of a row.
 * @param empty what is said where there is none.
 * @param before what the end stands behind, where that is not the element itself.
 */
export function endless(target, load, row, empty, before = target) {
  const end = make("div", { class: "end", role: "status" });
  let cursor = null, isLoading = false, isOver = false;

  async function more() {
    if (isLoading || isOver) return;
    isLoading = true;
    target.setAttribute("aria-busy", "true");
    const count = target.childElementCount ? 1 : SKELETONS;
    end.replaceChildren(...Array.from({ length: count }, () => make("div", { class: "skeleton" })));
    try {
      const { rows, next } = await load(cursor);
      if (isOver) return; // another search has begun
      target.append(...rows.map(row));
      cursor = next;
      isOver = next === null;
      end.replaceChildren();
      if (isOver && !target.childElementCount) end.append(make("p", { class: "empty" }, empty));
    } catch (error) {
      if (isOver || error.name === "AbortError") return;
      end.replaceChildren(make("p", { class: "error" }, error.message), button(t("try_again"), more));
      return;
    } finally {
      isLoading = false;
      target.removeAttribute("aria-busy");
    }
    // What was just added may not have pushed the end out of sight.
    observer.unobserve(end);
    observer.observe(end);
  }

  // Who scrolls quickly has several entries come at once: the last one is how it is.
  const observer = new IntersectionObserver((entries) => entries.at(-1).isIntersecting && more(), { rootMargin: "600px" });
  before.after(end);
  more();
  return {
    /** Puts a row before all others. */
    prepend(value) {
      end.querySelector(".empty")?.remove();
      target.prepend(row(value));
    },
    stop() {
      observer.disconnect();
      isOver = true;
      end.remove();
    },
  };
}
