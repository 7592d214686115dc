// SPDX-License-Identifier: LGPL-2.1-or-later
/* The whole trace as a strip; what is dragged over is what the waterfall below it shows. */
import { el } from "./dom.js";
import { color, onPalette } from "./palette.js";
import { serviceColor } from "./service-colors.js";

const HEIGHT_PX = 44;
const LEAST_DRAG_PX = 4; // less is a click

export class Overview {
  #rows = [];
  #trace = [0, 1];
  #from = null; // share where a drag began

  /** zoom(fromUs, toUs), out() */
  constructor(zoom, out) {
    this.canvas = el("canvas", { height: HEIGHT_PX });
    this.before = el("div", { class: "shade" });
    this.after = el("div", { class: "shade" });
    this.drag = el("div", { class: "drag", hidden: true });
    // with no keys: + - 0 do the same in the waterfall
    this.element = el("div", { class: "overview", "aria-hidden": "true", title: "Drag to zoom in, double click to see all",
      onpointerdown: (event) => this.#down(event), onpointermove: (event) => this.#move(event), onpointerup: (event) => this.#up(event, zoom),
      onpointercancel: () => this.#end(), ondblclick: out }, this.canvas, this.before, this.after, this.drag);
    new ResizeObserver(() => this.#draw()).observe(this.element);
    onPalette(() => this.#draw());
  }

  show(rows, startUs, durationUs) {
    this.#rows = rows;
    this.#trace = [startUs, startUs + Math.max(durationUs, 1)];
    this.#draw();
  }

  view(fromUs, toUs) {
    const [begin, end] = this.#trace;
    this.before.style.width = `${(100 * (fromUs - begin)) / (end - begin)}%`;
    this.after.style.width = `${(100 * (end - toUs)) / (end - begin)}%`;
  }

  #draw() {
    const width = Math.floor(this.element.clientWidth);
    if (width === 0) return;
    const ratio = devicePixelRatio;
    this.canvas.width = width * ratio;
    this.canvas.height = HEIGHT_PX * ratio;
    const context = this.canvas.getContext("2d");
    context.scale(ratio, ratio);
    const [begin, end] = this.#trace;
    const step = Math.min(4, HEIGHT_PX / Math.max(this.#rows.length, 1));
    this.#rows.forEach(({ span }, i) => {
      context.fillStyle = color(span.outcome === "error" ? "critical" : serviceColor(span.service));
      const left = ((span.start_us - begin) / (end - begin)) * width;
      context.fillRect(left, i * step, Math.max((span.duration_us / (end - begin)) * width, 1), Math.max(step * 0.75, 0.5));
    });
  }

  // --- dragging

  #share({ clientX }) {
    const { left, width } = this.element.getBoundingClientRect();
    return Math.min(Math.max((clientX - left) / width, 0), 1);
  }

  #down(event) {
    this.#from = this.#share(event);
    this.element.setPointerCapture(event.pointerId);
    this.#move(event);
  }

  #move(event) {
    if (this.#from === null) return;
    const at = this.#share(event);
    this.drag.hidden = false;
    this.drag.style.left = `${100 * Math.min(this.#from, at)}%`;
    this.drag.style.width = `${100 * Math.abs(this.#from - at)}%`;
  }

  #up(event, zoom) {
    if (this.#from === null) return;
    const [from, to] = [this.#from, this.#share(event)].sort((a, b) => a - b);
    this.#end();
    const [begin, end] = this.#trace;
    if ((to - from) * this.element.clientWidth >= LEAST_DRAG_PX) zoom(begin + from * (end - begin), begin + to * (end - begin));
  }

  #end() {
    this.#from = null;
    this.drag.hidden = true;
  }
}
