// npm run tidy: the project's own rules, on every source file. Prints `file:line: message` and fails when there is any.
//
//   src/           rooms (the table in ARCHITECTURE.md, both ways), cycles, doors, platform words, packages, forms, docs
//   everywhere     header comments, work left for later, tests left out, one-argument DataViews
//
// `npm run tidy -- --print` prints the room table as the imports are now. Writes nothing.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { checkCycles, checkDoors } from "./tidy/graph.mjs";
import { checkComments, checkDataView, checkDocs, checkForms, checkLeftOut } from "./tidy/language.mjs";
import { checkPlatform } from "./tidy/platform.mjs";
import { reporter } from "./tidy/report.mjs";
import { ARCHITECTURE, checkPackages, checkRooms, printRooms, readRooms, roomOf } from "./tidy/rooms.mjs";
import { parseSource } from "./tidy/source.mjs";

/** @import { Finding } from "./tidy/report.mjs" */

/**
 * A checkout as texts.
 *
 * @typedef {{ architecture: string, exports: Record<string, string>, files: Record<string, string> }} Checkout
 *   `files`: path relative to the checkout → text.
 */

/**
 * Holds a checkout against every rule.
 *
 * @param {Checkout} checkout
 * @returns {Finding[]} In the order of files and lines.
 */
export function tidy({ architecture, exports, files }) {
  /** @type {Finding[]} */
  const findings = [];
  const report = reporter(findings);
  const rooms = readRooms(architecture, findings);
  const doors = Object.values(exports).map((path) => path.replace("./dist/", "src/").replace(/\.js$/, ".ts"));
  const sources = Object.entries(files).map(([path, text]) => parseSource(path, text));
  for (const source of sources) {
    for (const message of source.errors) report(source, 0, message);
    checkComments(source, report);
    checkDataView(source, report);
    checkLeftOut(source, report);
  }
  const core = productionSources(sources);
  for (const source of core) {
    const room = roomOf(rooms, source.path);
    if (room) checkPlatform(source, room.environment, report);
    checkDoors(source, doors, report);
    checkPackages(source, report);
    checkForms(source, report);
    checkDocs(source, report);
  }
  checkRooms(core, rooms, report, findings);
  checkCycles(core, report);
  return findings.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
}

/**
 * Leaves out tests, and what lies outside src.
 *
 * @param {import("./tidy/source.mjs").Source[]} sources
 */
function productionSources(sources) {
  return sources.filter(({ path, isTest }) => path.startsWith("src/") && !isTest);
}

/** @param {string} root @returns {Checkout} */
function readCheckout(root) {
  const paths = ["src", "test", "bench", "examples", "tools"]
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map(
        (name) => `${folder}/${name}`,
      ),
    )
    .filter((path) => /\.m?[jt]s$/.test(path))
    .sort();
  return {
    architecture: existsSync(join(root, ARCHITECTURE)) ? readFileSync(join(root, ARCHITECTURE), "utf8") : "",
    exports: JSON.parse(readFileSync(join(root, "package.json"), "utf8")).exports,
    files: Object.fromEntries(paths.map((path) => [path, readFileSync(join(root, path), "utf8")])),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const checkout = readCheckout(resolve(dirname(fileURLToPath(import.meta.url)), ".."));
  if (process.argv.includes("--print")) {
    const sources = Object.entries(checkout.files).map(([path, text]) => parseSource(path, text));
    console.log(printRooms(productionSources(sources), readRooms(checkout.architecture, [])));
  } else {
    const findings = tidy(checkout);
    for (const { file, line, message } of findings) console.log(`${file}:${line}: ${message}`);
    if (findings.length > 0) process.exitCode = 1;
  }
}
