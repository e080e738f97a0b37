// Tells whether `dist/` was built from the sources as they are. `bin/uveth` asks at every start from a checkout, so this
// costs one stat per source file and loads nothing.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** What a build is made from. Tests are no part of it. */
const SOURCES = [
  "src",
  "bench",
  "examples",
  "test/fuzz",
  "test/corpus",
  "test/fixtures",
  "test/sim",
  "test/frames",
  "test/interop",
  "test/soak",
];
const SETTINGS = ["package.json", "tsconfig.json", "tsconfig.build.json", "tools/build.mjs"];

/** The file in `dist/` that holds the signature of the sources it was built from. */
export const STAMP = ".stamp";

/**
 * Returns a text that changes when a source file is written, added or removed: their number and latest change.
 *
 * @param {string} root The checkout.
 */
export function sourceSignature(root) {
  let count = 0;
  let latestMs = 0;
  /** @param {string} path */
  const see = (path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return;
    count++;
    latestMs = Math.max(latestMs, stat.mtimeMs);
  };
  for (const folder of SOURCES) for (const path of sourceFiles(join(root, folder))) see(path);
  for (const path of nativeFiles(root)) see(path);
  for (const file of SETTINGS) see(join(root, file));
  return `${count} files, latest ${latestMs}\n`;
}

/**
 * Tells whether `dist/` exists and was built from the sources as they are now.
 *
 * @param {string} root The checkout.
 */
export function isBuilt(root) {
  try {
    return readFileSync(join(root, "dist", STAMP), "utf8") === sourceSignature(root);
  } catch {
    return false;
  }
}

/**
 * Lists the source files below a folder, tests left out; none when there is no such folder. A name without a dot is a folder's.
 *
 * @param {string} folder
 * @returns {string[]}
 */
export function sourceFiles(folder) {
  /** @type {string[]} */
  const found = [];
  for (const name of namesIn(folder)) {
    const path = `${folder}/${name}`;
    if (!name.includes(".")) found.push(...sourceFiles(path));
    else if (name.endsWith(".ts") && !name.endsWith(".test.ts")) found.push(path);
  }
  return found;
}

/**
 * Lists the sources in C, in the order of their names: those of the preload library, and of the program in `native/netns`.
 *
 * @param {string} root
 */
export function nativeFiles(root) {
  return ["", "supervise", "netns"].flatMap((folder) => filesInC(join(root, "native", folder)));
}

/** @param {string} folder */
function filesInC(folder) {
  return namesIn(folder)
    .sort()
    .filter((name) => name.endsWith(".c") || name.endsWith(".h"))
    .map((name) => join(folder, name));
}

/** @param {string} folder */
function namesIn(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
