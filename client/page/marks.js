// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is to be marked on the charts: of the series that it concerns, or of all. */

export class Marks {
  #marks = new Map(); // who told them → [{from, to, level, text, series: Set or null}], in seconds; to is Infinity while it goes on
  #told = new Map();
  version = 0; // rises with each change

  tell(whose, marks) {
    const told = JSON.stringify(marks, (_, value) => (value instanceof Set ? [...value] : value));
    if (told === this.#told.get(whose)) return;
    this.#told.set(whose, told);
    this.#marks.set(whose, marks);
    this.version++;
  }

  /** Those that concern one of the series and touch the span. */
  of(names, from, to) {
    return [...this.#marks.values()].flat().filter((mark) => mark.from <= to && mark.to >= from &&
      (mark.series === null || names.some((name) => mark.series.has(name))));
  }
}

/** All charts show the same ones. */
export const marks = new Marks();
