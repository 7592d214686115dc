// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads the facts, imports the client of this build, and runs the cases named on the command line, or all.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

export const facts = JSON.parse(readFileSync(0, "utf8"));
export const { Orfeas, OrfeasError } = await import(`${facts.client}/orfeas.js`);
export const ws = createRequire(`${facts.packages}/package.json`)("ws");
export const PATIENCE_MS = 60_000;

export function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${PATIENCE_MS} ms for ${what}`)), PATIENCE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export function nextState(orfeas, state) {
  if (orfeas.state.state === state) return Promise.resolve(orfeas.state);
  return within(new Promise((resolve) => {
    orfeas.addEventListener("state", function heard({ detail }) {
      if (detail.state !== state) return;
      orfeas.removeEventListener("state", heard);
      resolve(detail);
    });
  }), `state ${state}`);
}

export async function nextItem(stream) {
  const { value, done } = await within(stream.next(), "a value");
  if (done) throw new Error("the stream ended");
  return value;
}

export async function fails(promise, status) {
  try {
    await within(promise, "a failure");
  } catch (error) {
    if (error instanceof OrfeasError && error.status === status) return error;
    throw error;
  }
  throw new Error(`not refused with ${status}`);
}

export async function run(cases) {
  const wanted = process.argv[2];
  if (wanted && !(wanted in cases)) throw new Error(`there is no case ${wanted}`);
  for (const [name, test] of Object.entries(cases)) {
    if (wanted ? name !== wanted : name.endsWith("-restart")) continue; // those need somebody who restarts
    try {
      await test();
      console.log(`${name}: ok`);
    } catch (error) {
      console.log(`${name}: ${error.stack}`);
      process.exitCode = 1;
    }
  }
}
