// SPDX-License-Identifier: LGPL-2.1-or-later
/* The sections there are, and when they are drawn: once for all that came since, and not at all on a hidden page. */
import { session, view } from "./live.js";

const sections = [];
let scheduled = false;
let begun = false;

/** Of each update(source) is called with the store or a grid whenever that changed. */
export function addSections(...more) {
  sections.push(...more);
  schedule();
}

function draw() {
  scheduled = false;
  begun = true;
  for (const section of sections) section.update(view.source);
}

function schedule() {
  if (scheduled || !view.isThere || view.source.isEmpty) return;
  scheduled = true;
  if (begun) requestAnimationFrame(draw);
  else draw(); // no frame is due before there is anything to see
}

session.addEventListener("frame", schedule);
view.addEventListener("change", schedule);
