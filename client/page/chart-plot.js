// SPDX-License-Identifier: LGPL-2.1-or-later
/* How a chart is drawn: its axes and lines for uPlot, and what is painted over them. */
import uPlot from "./uplot/uPlot.js";

import { quantity, tick } from "./format.js";
import { color } from "./palette.js";

export const HEIGHT_PX = 148;
const FONT = "12px system-ui, sans-serif";
const EDGE_PX = 16; // nearer to the left edge a time would lie on the other axis
const STRIP_PX = 4; // of a level's colours, above the time axis
const LEVELS = ["low", "medium", "high", "critical"];
const BYTE_STEPS = Array.from({ length: 50 }, (_, i) => 2 ** i);
const TIME_STEPS = [1, 2, 5, 10, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 345_600, 604_800];
const BAND_ALPHA = "33";
const MARK_PX = 7; // the flag at the top of what is marked
const LEAST_DRAG_PX = 5; // less is a click
const SHOWN_BY = { mousemove: true, mouseleave: true }; // what other charts follow: a drag is of one alone

/**
 * series: of Chart's spec; unit; envelopes: of which series there are a least and a greatest; isAhead: something is
 * expected of the first. handlers: {xRange(), yRange(least, most), moved(), zoomed(from, to), clicked(second), paint: [plot → …]}
 */
export function makePlot({ series, unit, envelopes, isAhead, handlers }, data, parent) {
  const axis = { stroke: () => color("muted"), font: FONT, ticks: { show: false }, border: { show: false } };
  const rate = series.some((item) => item.rate);
  const plot = new uPlot({
    width: parent.clientWidth,
    height: HEIGHT_PX,
    padding: [8, 18, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: "orfeas", filters: { pub: (type) => SHOWN_BY[type] === true } },
      drag: { x: true, y: false, setScale: false, dist: LEAST_DRAG_PX }, y: false, points: { size: 7 },
    },
    scales: { x: { time: false, range: handlers.xRange }, y: { range: (_, least, most) => handlers.yRange(least, most) } },
    axes: [
      { ...axis, grid: { show: false }, space: 80, size: 22, incrs: TIME_STEPS, splits: timeSplits,
        values: (self, splits, _, __, apart) => splits.map((second) =>
          self.valToPos(second, "x") < EDGE_PX ? "" : tick(second, apart)) },
      { ...axis, grid: { stroke: () => color("grid"), width: 1 }, space: 36, size: axisWidth(), gap: 6,
        incrs: unit === "bytes" ? BYTE_STEPS : undefined,
        values: (_, splits) => splits.map((value) => quantity(value, unit, rate)) },
    ],
    series: [{}, ...series.map((item, i) => line(item, i === 0 && !item.rate)), ...envelopes.flatMap(() => [edge(), edge()]),
      ...(isAhead ? course(series[0]) : [])],
    bands: bands(series, envelopes, isAhead),
    hooks: {
      setCursor: [handlers.moved],
      setSelect: [(self) => {
        const { left, width } = self.select;
        if (width < LEAST_DRAG_PX) return;
        self.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        handlers.zoomed(self.posToVal(left, "x"), self.posToVal(left + width, "x"));
      }],
      draw: handlers.paint,
    },
  }, data, parent);
  let downX = null; // where a button went down: further off than a click's, it was a drag
  plot.over.addEventListener("pointerdown", ({ clientX }) => { downX = clientX; });
  plot.over.addEventListener("click", ({ clientX, offsetX }) => {
    if (downX === null || Math.abs(clientX - downX) < LEAST_DRAG_PX) handlers.clicked(plot.posToVal(offsetX, "x"));
  });
  return plot;
}

/** At whole hours and days of where it is looked at. */
function timeSplits(plot, _, least, most, step) {
  const zone = -60 * new Date(least * 1e3).getTimezoneOffset();
  const splits = [];
  for (let at = Math.ceil((least + zone) / step) * step - zone; at <= most; at += step) splits.push(at);
  return splits;
}

const edge = () => ({ stroke: "transparent", width: 0, points: { show: false } });

function course(first) {
  return [{ stroke: () => color(first.color), width: 1.75, dash: [5, 4], points: { show: false } }, edge(), edge()];
}

/** Between the least and the greatest of each, and between what is expected to be least and greatest. */
function bands(series, envelopes, isAhead) {
  const behind = series.length + 1;
  const made = envelopes.map((i, n) => band(series[i], behind + 2 * n));
  return isAhead ? [...made, band(series[0], behind + 2 * envelopes.length + 1)] : made;
}

const band = ({ color: name }, lower) => ({ series: [lower + 1, lower], fill: () => `${color(name)}${BAND_ALPHA}` });

function line({ color: name }, filled) {
  return {
    stroke: () => color(name),
    fill: filled ? () => `${color(name)}1a` : undefined,
    width: 1.75,
    points: { size: 4, fill: () => color(name), filter: lonely },
  };
}

/** Points that no line would show. */
function lonely(plot, index) {
  const values = plot.data[index];
  const rows = [];
  const gap = (i) => i < 0 || i >= values.length || values[i] === null;
  values.forEach((value, i) => {
    if (value !== null && value !== undefined && gap(i - 1) && gap(i + 1)) rows.push(i);
  });
  return rows;
}

/** As wide as its longest label, which is measured where the labels are not those of the last drawing. */
function axisWidth() {
  let measured = "";
  let width = 0;
  return (plot, labels, _, cycle) => {
    if (cycle > 1 || labels === null) return plot.axes[1]._size ?? 56;
    const all = `${devicePixelRatio} ${labels.join(" ")}`;
    if (all === measured) return width;
    measured = all;
    plot.ctx.save();
    plot.ctx.font = plot.axes[1].font[0];
    const widest = Math.max(...labels.map((label) => plot.ctx.measureText(label).width / devicePixelRatio));
    plot.ctx.restore();
    width = Math.ceil(widest) + 12;
    return width;
  };
}

// --- what is painted

/** A level of 0 to 3 as a strip of colours; seconds: of its rows. */
export function paintLevels({ ctx, bbox, valToPos }, seconds, levels) {
  const height = STRIP_PX * devicePixelRatio;
  const x = (row) => Math.round(valToPos(seconds[Math.min(row, levels.length - 1)], "x", true));
  ctx.save();
  for (let row = 0, end; row < levels.length; row = end) {
    // undefined: no point that often, so that the level still holds
    const level = LEVELS[Math.round(levels[row])];
    for (end = row + 1; end < levels.length && (levels[end] === undefined || LEVELS[Math.round(levels[end])] === level); end++);
    if (level === undefined || levels[row] === null) continue;
    ctx.fillStyle = color(level);
    ctx.fillRect(x(row), bbox.top + bbox.height - height, x(end) - x(row), height);
  }
  ctx.restore();
}

/** marks: of marks.js, those that touch the span. */
export function paintMarks({ ctx, bbox, valToPos }, marks, from, to) {
  const flag = MARK_PX * devicePixelRatio;
  ctx.save();
  for (const mark of marks) {
    const left = valToPos(Math.max(mark.from, from), "x", true);
    const right = valToPos(Math.min(mark.to, to), "x", true);
    ctx.fillStyle = mark.to > mark.from ? `${color(mark.level)}${BAND_ALPHA}` : color(mark.level);
    ctx.fillRect(left, bbox.top, Math.max(right - left, (mark.to > mark.from ? 2 : 1) * devicePixelRatio), bbox.height);
    ctx.fillStyle = color(mark.level);
    ctx.beginPath();
    ctx.moveTo(left - flag / 2, bbox.top);
    ctx.lineTo(left + flag / 2, bbox.top);
    ctx.lineTo(left, bbox.top + flag);
    ctx.fill();
  }
  ctx.restore();
}

/** A line across the chart that a value must not pass, where it is in sight. */
export function paintLimit({ ctx, bbox, scales, valToPos }, limit) {
  if (limit === null || limit < scales.y.min || limit > scales.y.max) return;
  const y = Math.round(valToPos(limit, "y", true));
  ctx.save();
  ctx.strokeStyle = color("critical");
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}
