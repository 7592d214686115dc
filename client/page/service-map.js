// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who calls whom, as a drawing, and the same as a table. */
import { el, setText } from "./dom.js";
import { number, quantity } from "./format.js";
import { layOut } from "./layers.js";
import { serviceColor, serviceName } from "./service-colors.js";
import { Table, right } from "./table.js";

const SVG = "http://www.w3.org/2000/svg";
const BOX = { width: 176, height: 46 };
const GAP = { x: 150, y: 26 };
const EDGE = 14; // around all
const ARROW = 7;
const BACK_PX = 12; // what closes a circle runs so far below
const MOST_EDGES = 150; // drawn; the table has all
const NAME = 21; // letters in a box
const HEAVY_PX = 3;
const HIGH_PERCENT = 5; // of failures, from where on they are a colour of their own
const LETTER_PX = 6.5; // of a label, about

const failedPercent = ({ calls, errors }) => (calls > 0 ? (100 * errors) / calls : 0);
const level = (edge) => (edge.errors === 0 ? "" : failedPercent(edge) >= HIGH_PERCENT ? " failed" : " some");

export class ServiceMap {
  #told = null;
  #choose;

  /** choose(service): to see its traces. */
  constructor(choose) {
    this.#choose = choose;
    this.note = el("span", { class: "muted" });
    this.nothing = el("p", { class: "muted" }, "No service called another in that time.");
    this.drawing = el("div", { class: "scroll map", tabindex: "0", role: "region", "aria-label": "Service map, drawing" });
    this.table = new Table("Who calls whom", ["Caller", "Called", ">Calls", ">Failed", ">Failed, share"], "Nobody.");
    this.element = el("div", { class: "cards tables" },
      el("article", { class: "card table", "aria-label": "Service map" }, el("header", {}, el("h3", {}, "Service map"), this.note), this.nothing, this.drawing),
      this.table.element);
  }

  async ask(client, { from_us, to_us }) {
    const { edges } = await client.traces.dependencies({ ...from_us && { from_us }, ...to_us && { to_us } });
    const text = JSON.stringify(edges);
    if (text === this.#told) return;
    this.#told = text;
    const most = [...edges].sort((a, b) => b.calls - a.calls);
    this.table.tell(most, edgeCells);
    this.nothing.hidden = edges.length > 0;
    this.drawing.hidden = edges.length === 0;
    setText(this.note, edges.length > MOST_EDGES ? `the ${MOST_EDGES} lines with the most calls, by whole hours` : "by whole hours");
    this.drawing.replaceChildren(...(edges.length === 0 ? [] : [draw(most.slice(0, MOST_EDGES), this.#choose)]));
  }
}

function edgeCells(edge) {
  const failed = failedPercent(edge);
  return [
    el("th", { scope: "row" }, serviceName(edge.parent)), el("td", {}, serviceName(edge.child)), right(number(edge.calls)),
    right(number(edge.errors)), right(quantity(failed, "percent"), { class: `number${level(edge).replace("failed", "problem")}` }),
  ];
}

function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function draw(edges, choose) {
  const plan = layOut(edges);
  const width = 2 * EDGE + plan.layers * BOX.width + (plan.layers - 1) * GAP.x;
  const height = 2 * EDGE + plan.height * (BOX.height + GAP.y) - GAP.y + BACK_PX;
  const most = Math.max(...edges.map(({ calls }) => calls), 1);
  return svg("svg", {
    viewBox: `0 0 ${width} ${height}`, width, height, role: "img",
    "aria-label": `${plan.nodes.length} services and who calls whom; the table below says the same`,
  },
  ...plan.edges.map((edge) => line(edge, most)), ...plan.nodes.map((node) => box(node, edges, choose)), ...plan.edges.map(label));
}

const left = (x) => EDGE + x * (BOX.width + GAP.x);
const top = (y) => EDGE + y * (BOX.height + GAP.y);
const middle = (y) => top(y) + BOX.height / 2;

/** From the box's right side to the next one's left, by the places in between. */
function route({ points, back }) {
  const shift = back ? BACK_PX : 0;
  return points.flatMap(([x, y], i) => {
    const at = middle(y) + shift;
    const [begin, end] = back ? [left(x) + BOX.width, left(x)] : [left(x), left(x) + BOX.width];
    if (i === 0) return [[end, at]];
    return i === points.length - 1 ? [[begin, at]] : [[begin, at], [end, at]];
  });
}

function line(edge, most) {
  const share = Math.sqrt(edge.calls / most);
  const stroke = { "stroke-width": (1.25 + HEAVY_PX * share).toFixed(2), class: `call${level(edge)}${edge.back ? " back" : ""}` };
  if (edge.points.length === 1) {
    const [x, y] = [left(edge.points[0][0]) + BOX.width / 2, top(edge.points[0][1])];
    return svg("path", { ...stroke, d: `M${x + 24},${y} c0,-16 -48,-16 -48,0` });
  }
  const way = route(edge);
  const sign = edge.back ? -1 : 1;
  const [endX, endY] = way.at(-1);
  const bends = way.slice(1).map(([x, y], i) => {
    const [fromX, fromY] = way[i];
    const to = i === way.length - 2 ? x - sign * ARROW : x;
    const half = (fromX + to) / 2;
    return `C${half},${fromY} ${half},${y} ${to},${y}`;
  });
  return svg("g", { class: stroke.class },
    svg("path", { ...stroke, d: `M${way[0]} ${bends.join(" ")}` }),
    svg("path", { class: "arrow", d: `M${endX},${endY} l${-sign * ARROW * 1.4},${-ARROW * 0.8} v${ARROW * 1.6} Z` }));
}

function label(edge) {
  const failed = failedPercent(edge);
  const text = `${number(edge.calls)}${failed > 0 ? ` · ${quantity(failed, "percent")} failed` : ""}`;
  let [x, y] = [left(edge.points[0][0]) + BOX.width / 2, top(edge.points[0][1]) - 12];
  if (edge.points.length > 1) {
    const [from, to] = route(edge);
    [x, y] = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
  }
  const width = text.length * LETTER_PX + 8;
  return svg("g", {}, svg("rect", { class: "under", x: x - width / 2, y: y - 9, width, height: 18 }),
    svg("text", { x, y: y + 4, class: `count${level(edge)}`, "text-anchor": "middle" }, text));
}

function box({ name, x, y }, edges, choose) {
  const calls = edges.filter(({ child }) => child === name).reduce((sum, edge) => sum + edge.calls, 0);
  const letters = [...name];
  return svg("g", { class: `box ${serviceColor(name)}`, transform: `translate(${left(x)},${top(y)})` },
    svg("title", {}, name),
    svg("rect", { width: BOX.width, height: BOX.height, rx: 8 }), svg("rect", { class: "side", width: 5, height: BOX.height - 12, x: 6, y: 6, rx: 2.5 }),
    svg("text", { x: 20, y: 20, class: "name" }, letters.length > NAME ? `${letters.slice(0, NAME - 1).join("")}…` : name),
    svg("text", { x: 20, y: 37, class: "calls" }, calls > 0 ? `called ${number(calls)} times` : "called by nobody"),
    clickable(choose, name));
}

/** For the mouse; by keys the filter does it. */
function clickable(choose, name) {
  const area = svg("rect", { class: "area", width: BOX.width, height: BOX.height, rx: 8 }, svg("title", {}, `Traces of ${name}`));
  area.addEventListener("click", () => choose(name));
  return area;
}
