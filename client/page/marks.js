// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is to be marked on the charts of the series that it concerns. */

export class Marks {
  #marks = []; // {from, to, level, text, series: Set}, in seconds; to is Infinity while it goes on

  tell(marks) {
    this.#marks = marks;
  }

  /** Those that concern one of the series and touch the span. */
  of(names, from, to) {
    return this.#marks.filter((mark) => mark.from <= to && mark.to >= from && names.some((name) => mark.series.has(name)));
  }
}

/** All charts show the same ones. */
export const marks = new Marks();
