// Rules on the graph of files: no cycles, not even of types; a room's `index.ts` is a door, for those outside.

import { posix } from "node:path";

/** @import { Source } from "./source.mjs" */
/** @import { Report } from "./report.mjs" */

/**
 * Reports one cycle for every knot of files that import each other, the shortest through its first file.
 *
 * @param {Source[]} sources
 * @param {Report} report
 */
export function checkCycles(sources, report) {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  /** @type {Set<string>} */
  const seen = new Set();
  for (const source of sources) {
    if (seen.has(source.path)) continue;
    const cycle = shortestCycle(source.path, byPath);
    if (cycle === undefined) continue;
    for (const path of cycle) seen.add(path);
    const line = source.imports.find(({ target }) => target === cycle[1])?.line ?? 1;
    report(source, { line }, `import cycle: ${cycle.join(" → ")}`);
  }
}

/**
 * Finds the shortest way from a file back to itself, breadth first.
 *
 * @param {string} start
 * @param {Map<string, Source>} byPath
 * @returns {string[] | undefined}
 */
function shortestCycle(start, byPath) {
  /** @type {Map<string, string>} */
  const cameFrom = new Map();
  const queue = [start];
  for (const path of queue) {
    for (const { target } of byPath.get(path)?.imports ?? []) {
      if (target === start) return [...wayTo(path, cameFrom), start];
      if (target === undefined || !byPath.has(target) || cameFrom.has(target)) continue;
      cameFrom.set(target, path);
      queue.push(target);
    }
  }
  return undefined;
}

/**
 * @param {string} path
 * @param {Map<string, string>} cameFrom
 * @returns {string[]}
 */
function wayTo(path, cameFrom) {
  const before = cameFrom.get(path);
  return before === undefined ? [path] : [...wayTo(before, cameFrom), path];
}

/**
 * Reports imports of a room's `index.ts` from inside the room, and doors that package.json does not export.
 *
 * @param {Source} source
 * @param {string[]} doors The files that package.json's `exports` serve, as paths of src.
 * @param {Report} report
 */
export function checkDoors(source, doors, report) {
  for (const { target, line } of source.imports) {
    if (target === undefined || posix.basename(target) !== "index.ts" || target === "src/index.ts") continue;
    if (source.path.startsWith(`${posix.dirname(target)}/`)) {
      report(source, { line }, `imports ${target}, the door of its own room`);
    }
  }
  if (posix.basename(source.path) === "index.ts" && !doors.includes(source.path)) {
    report(source, 0, "an index.ts that package.json does not export");
  }
}
