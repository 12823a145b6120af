// @ts-check
const DURATION = 650;

/** Whether the person asked for less motion. */
export const still = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

/**
 * Changes the rows of a list, and moves those that can be seen from where they were to where they are. Rows are told apart by
 * `data-index`.
 * @param {HTMLElement} list
 * @param {() => void} change
 */
export function withMotion(list, change) {
  if (still()) {
    change();
    return;
  }
  const before = placesOf(list);
  change();
  const { top } = list.getBoundingClientRect();
  const [first, last] = [-top - 100, innerHeight - top + 100];
  const seen = (/** @type {number} */ place) => place > first && place < last;
  const after = placesOf(list);
  for (const row of rowsOf(list)) {
    const index = String(row.dataset.index);
    const [old, place] = [before.get(index), after.get(index)];
    if (old === undefined || place === undefined || old === place || !(seen(old) || seen(place))) continue;
    // From far away a row would only flash by.
    const from = Math.max(-innerHeight, Math.min(innerHeight, old - place));
    // What moves up passes over the others, the one from farthest on top.
    const zIndex = Math.max(0, Math.round(from));
    row.animate(
      [
        { transform: `translateY(${from}px)`, zIndex },
        { transform: 'none', zIndex },
      ],
      {
        duration: DURATION,
        easing: 'cubic-bezier(0.3, 0, 0.1, 1)',
      },
    );
  }
}

/** @param {HTMLElement} list */
const rowsOf = (list) => /** @type {HTMLElement[]} */ ([...list.children]);

/**
 * @param {HTMLElement} list
 * @returns {Map<string, number>} by document index
 */
const placesOf = (list) => new Map(rowsOf(list).map((row) => [String(row.dataset.index), row.offsetTop]));
