// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Where the boxes of a graph of calls go: callers left of what they call. The steps are those of K. Sugiyama, S. Tagawa,
 * M. Toda: Methods for Visual Understanding of Hierarchical System Structures, 1981: circles are cut, layers made by the
 * longest way, a line over several layers gets a place in each, and places are ordered by the mean of their neighbours'.
 */
const SWEEPS = 12;

/**
 * edges: [{parent, child, …}] → {nodes: [{name, x, y}], edges: [{…edge, back, points: [[x, y]…]}], layers, height}
 * x: of the layer, from 0; y: 1 from one box to the next. back: it closes a circle, and is drawn against the others.
 */
export function layOut(edges) {
  const names = [...new Set(edges.flatMap(({ parent, child }) => [parent, child]))].sort();
  const lines = edges.filter(({ parent, child }) => parent !== child).map((edge) => ({ edge, back: false, places: [] }));
  cutCircles(names, lines);
  const layerOf = putInLayers(names, lines);
  const layers = fill(names, lines, layerOf);
  order(layers);
  const height = level(layers);
  const at = new Map(layers.flat().filter(({ name }) => name !== null).map((place) => [place.name, place]));
  return {
    nodes: names.map((name) => ({ name, x: at.get(name).x, y: at.get(name).y })),
    edges: lines.map(({ edge, back, places }) => {
      const points = places.map(({ x, y }) => [x, y]);
      return { ...edge, back, points: back ? points.reverse() : points };
    }).concat(edges.filter(({ parent, child }) => parent === child).map((edge) =>
      ({ ...edge, back: false, points: [[at.get(edge.parent).x, at.get(edge.parent).y]] }))),
    layers: layers.length,
    height,
  };
}

/** Those that lead back to a box on the way to them are marked; who is called by nobody is where ways begin. */
function cutCircles(names, lines) {
  const out = new Map(names.map((name) => [name, []]));
  for (const line of lines) out.get(line.edge.parent).push(line);
  const called = new Set(lines.map(({ edge }) => edge.child));
  const state = new Map(); // 1: on the way, 2: done
  const visit = (start) => {
    const way = [[start, 0]];
    state.set(start, 1);
    while (way.length > 0) {
      const top = way.at(-1);
      const line = out.get(top[0])[top[1]++];
      if (line === undefined) {
        state.set(top[0], 2);
        way.pop();
      } else if (state.get(line.edge.child) === 1) {
        line.back = true;
      } else if (!state.has(line.edge.child)) {
        state.set(line.edge.child, 1);
        way.push([line.edge.child, 0]);
      }
    }
  };
  for (const name of [...names.filter((one) => !called.has(one)), ...names]) if (!state.has(name)) visit(name);
}

const ends = ({ edge: { parent, child }, back }) => (back ? [child, parent] : [parent, child]);

function putInLayers(names, lines) {
  const layerOf = new Map(names.map((name) => [name, 0]));
  const waiting = new Map(names.map((name) => [name, 0]));
  for (const line of lines) waiting.set(ends(line)[1], waiting.get(ends(line)[1]) + 1);
  const ready = names.filter((name) => waiting.get(name) === 0);
  for (const name of ready)
    for (const line of lines) {
      const [from, to] = ends(line);
      if (from !== name) continue;
      layerOf.set(to, Math.max(layerOf.get(to), layerOf.get(from) + 1));
      waiting.set(to, waiting.get(to) - 1);
      if (waiting.get(to) === 0) ready.push(to);
    }
  return layerOf;
}

/** Places in layers, those of boxes and those that lines pass; each knows its neighbours. */
function fill(names, lines, layerOf) {
  const layers = Array.from({ length: Math.max(0, ...layerOf.values()) + 1 }, () => []);
  const add = (name, x) => {
    const place = { name, x, y: 0, left: [], right: [] };
    layers[x].push(place);
    return place;
  };
  const boxes = new Map(names.map((name) => [name, add(name, layerOf.get(name))]));
  for (const line of lines) {
    const [from, to] = ends(line).map((name) => boxes.get(name));
    line.places = [from];
    for (let x = from.x + 1; x < to.x; x++) line.places.push(add(null, x));
    line.places.push(to);
    line.places.slice(1).forEach((place, i) => {
      place.left.push(line.places[i]);
      line.places[i].right.push(place);
    });
  }
  return layers;
}

const mean = (places, otherwise) => (places.length === 0 ? otherwise : places.reduce((sum, { y }) => sum + y, 0) / places.length);

function order(layers) {
  const number = (layer) => layer.forEach((place, i) => { place.y = i; });
  layers.forEach(number);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const side = sweep % 2 === 0 ? "left" : "right";
    for (const layer of side === "left" ? layers : [...layers].reverse()) {
      const wanted = new Map(layer.map((place) => [place, mean(place[side], place.y)]));
      layer.sort((a, b) => wanted.get(a) - wanted.get(b));
      number(layer);
    }
  }
}

/** Each as near to its neighbours as the order lets it be. → the height of all. */
function level(layers) {
  const size = ({ name }) => (name === null ? 0.5 : 1);
  for (let sweep = 0; sweep < SWEEPS; sweep++)
    for (const layer of sweep % 2 === 0 ? layers : [...layers].reverse()) {
      const wanted = layer.map((place) => mean([...place.left, ...place.right], place.y));
      const at = [];
      layer.forEach((place, i) => {
        const least = i === 0 ? -Infinity : at[i - 1] + (size(layer[i - 1]) + size(place)) / 2;
        at.push(Math.max(wanted[i], least));
      });
      // what was pushed on was pushed one way: half of it goes back
      const pushed = at.reduce((sum, y, i) => sum + y - wanted[i], 0) / Math.max(at.length, 1);
      layer.forEach((place, i) => { place.y = at[i] - pushed; });
    }
  const all = layers.flat();
  const least = Math.min(...all.map(({ y }) => y));
  for (const place of all) place.y -= least;
  return Math.max(0, ...all.map(({ y }) => y)) + 1;
}
