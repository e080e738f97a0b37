// npm run check-uapi: holds the numbers of src/uapi against the headers of this system, by way of its C compiler.
//
//   // Mirrors <linux/if_link.h>. …              a file with such a header is checked
//   export const IFLA_MTU = 4;                   against the value of IFLA_MTU
//   // struct ifinfomsg: …                       up to the next empty line: IFINFOMSG_INDEX against the offset of ifi_index
//                                                (or index), IFINFOMSG_SIZE against the size
//   … // newer than …                            a name, or the names below such a comment, that the headers may lack or
//                                                have otherwise
//
// Names that end in _MAX may be larger than the header's: enums grow. Prints `file:line: message` for what differs and
// fails when there is any; lists what the headers lack.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureInstalled } from "./install.mjs";

/**
 * A constant of ours, and what it is in C.
 *
 * @typedef {object} Constant
 * @property {string} name
 * @property {number} value
 * @property {string} expression In C.
 * @property {boolean} isNewer Marked as such.
 * @property {number} line
 */

/**
 * Reads the constants of a file: lines of its text, with the values that the built module has.
 *
 * @param {string} text
 * @param {Record<string, unknown>} values
 * @param {string} headers The headers, preprocessed.
 * @returns {Constant[]}
 */
function readConstants(text, values, headers) {
  /** @type {Constant[]} */
  const constants = [];
  let struct = "";
  let isNewerBelow = false;
  for (const [index, line] of text.split("\n").entries()) {
    if (line === "") {
      struct = "";
      isNewerBelow = false;
    }
    struct = /^\/\/ struct (\w+)/.exec(line)?.[1] ?? struct;
    isNewerBelow ||= /^\/\/.* newer than /.test(line);
    const name = /^export const (\w+)/.exec(line)?.[1];
    const value = name === undefined ? undefined : values[name];
    if (name === undefined || typeof value !== "number") continue;
    const expression = struct === "" ? nameOf(name, headers) : partOf(name, struct, headers);
    constants.push({
      name,
      value,
      expression,
      isNewer: isNewerBelow || / newer than /.test(line),
      line: index + 1,
    });
  }
  return constants;
}

/**
 * Puts a name into C: itself, or for an enum that counts its values under a name of two underscores, that.
 *
 * @param {string} name
 * @param {string} headers
 */
function nameOf(name, headers) {
  const isHidden = new RegExp(`\\b__${name}\\b`).test(headers) && !new RegExp(`\\b${name}\\b`).test(headers);
  return isHidden ? `__${name}` : name;
}

/**
 * Puts `IFINFOMSG_INDEX` into C: the offset of the member `index` or `…_index`, or the struct's size.
 *
 * @param {string} name
 * @param {string} struct
 * @param {string} headers
 */
function partOf(name, struct, headers) {
  const prefix = `${struct.toUpperCase().replace(/_V\d+$/, "")}_`;
  if (!name.startsWith(prefix)) return name;
  const field = name.slice(prefix.length).toLowerCase();
  const words = wordsOf(headers, struct);
  const named = words.map((word) => [word, word.toLowerCase()]);
  const [member] =
    named.find(([, word]) => word === field) ?? named.find(([, word]) => word?.endsWith(`_${field}`)) ?? [];
  if (field === "size" || (member === undefined && field.endsWith("_size")))
    return `sizeof(struct ${struct})`;
  return `offsetof(struct ${struct}, ${member ?? field})`;
}

/**
 * Finds the words in a struct's definition; its members are among them.
 *
 * @param {string} preprocessed
 * @param {string} struct
 */
function wordsOf(preprocessed, struct) {
  const start = new RegExp(`struct ${struct}\\s*\\{`).exec(preprocessed);
  if (start === null) return [];
  let depth = 1;
  let end = start.index + start[0].length;
  while (depth > 0 && end < preprocessed.length) {
    depth += { "{": 1, "}": -1 }[preprocessed[end] ?? ""] ?? 0;
    end++;
  }
  return preprocessed.slice(start.index, end).match(/\w+(?=\s*(\[[^\]]*\])?\s*[;,])/g) ?? [];
}

/**
 * Runs the C compiler.
 *
 * @param {string[]} args
 * @param {string} [input]
 */
function cc(args, input = "") {
  const env = { ...process.env, LC_ALL: "C" };
  const { error, status, stdout, stderr } = spawnSync("cc", args, {
    env,
    input,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  if (error) throw new Error(`No C compiler: ${error.message}`);
  return { status, stdout, stderr };
}

/**
 * Asks the headers for the value of each expression: undefined where they do not know it.
 *
 * @param {string} prelude The `#include` lines.
 * @param {string[]} expressions
 * @param {string} folder For files of passing use.
 * @returns {(number | undefined)[]}
 */
function evaluate(prelude, expressions, folder) {
  const source = join(folder, "constants.c");
  const program = join(folder, "constants");
  /** @param {readonly (string | undefined)[]} known */
  const write = (known) => {
    const rows = known.map(
      (expression, index) => `#line ${index + 1} "row"\n  (long long)(${expression ?? 0}),`,
    );
    const main = `int main(void) {\n  for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) printf("%lld\\n", rows[i]);\n}`;
    writeFileSync(source, `${prelude}static const long long rows[] = {\n${rows.join("\n")}\n};\n${main}\n`);
  };
  write(expressions);
  const { stderr } = cc([
    "-D_GNU_SOURCE",
    "-fsyntax-only",
    "-fmax-errors=0",
    "-fno-diagnostics-show-caret",
    source,
  ]);
  const unknown = new Set([...stderr.matchAll(/^row:(\d+):\d+: error/gm)].map(([, row]) => Number(row) - 1));
  const known = expressions.map((expression, index) => (unknown.has(index) ? undefined : expression));
  write(known);
  const compiled = cc(["-D_GNU_SOURCE", "-o", program, source]);
  if (compiled.status !== 0) throw new Error(compiled.stderr);
  const { stdout } = spawnSync(program, { encoding: "utf8" });
  return stdout
    .trim()
    .split("\n")
    .map((text, index) => (unknown.has(index) ? undefined : Number(text)));
}

/**
 * Holds one file against the headers it mirrors.
 *
 * @param {string} text The file's.
 * @param {Record<string, unknown>} values What it exports.
 * @returns {{ checked: number, differing: { line: number, message: string }[], lacking: { line: number, name: string }[] }}
 *   Lines count from 1.
 */
export function checkUapi(text, values) {
  const header = /^(\/\/.*\n)+/.exec(text)?.[0] ?? "";
  const mirrored = header.includes("Mirrors <") ? [...header.matchAll(/<([\w/.-]+\.h)>/g)] : [];
  const result = { checked: 0, differing: /** @type {any[]} */ ([]), lacking: /** @type {any[]} */ ([]) };
  if (mirrored.length === 0) return result;
  const includes = [
    "stddef.h",
    "stdio.h",
    "sys/ioctl.h",
    "sys/socket.h",
    ...mirrored.map(([, name]) => name),
  ];
  const prelude = includes.map((name) => `#include <${name}>\n`).join("");
  const preprocessed = cc(["-D_GNU_SOURCE", "-E", "-P", "-dD", "-"], prelude);
  if (preprocessed.status !== 0) throw new Error(preprocessed.stderr);
  const constants = readConstants(text, values, preprocessed.stdout);
  const folder = mkdtempSync(join(tmpdir(), "uveth-uapi-"));
  try {
    const theirs = evaluate(
      prelude,
      constants.map(({ expression }) => expression),
      folder,
    );
    for (const [index, { name, value, expression, isNewer, line }] of constants.entries()) {
      const expected = theirs[index];
      if (expected === undefined) {
        result.lacking.push({ line, name });
        if (!isNewer) result.differing.push({ line, message: `${name}: the header has no ${expression}` });
        continue;
      }
      result.checked++;
      if (isEqual(value, expected) || isNewer || (name.endsWith("_MAX") && value > expected)) continue;
      result.differing.push({ line, message: `${name} is ${value}, ${expression} is ${expected}` });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return result;
}

/**
 * Compares as C would: within 32 bits, and a complement (`~(A | B)`) within the 16 it is used with.
 *
 * @param {number} ours
 * @param {number} theirs
 */
function isEqual(ours, theirs) {
  return ours >>> 0 === theirs >>> 0 || (theirs < 0 && ours === (theirs & 0xffff));
}

/**
 * What a module of numbers exports.
 *
 * @param {string} path
 * @returns {Promise<Record<string, unknown>>}
 */
async function load(path) {
  const { rolldown } = await import("rolldown");
  const bundle = await rolldown({ input: path });
  const { output } = await bundle.generate({ format: "esm" });
  await bundle.close();
  return import(`data:text/javascript,${encodeURIComponent(output[0].code)}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
  await ensureInstalled(root, console.error);
  let checked = 0;
  for (const file of readdirSync(join(root, "src", "uapi")).filter((name) => /^\w+\.ts$/.test(name))) {
    const path = join(root, "src", "uapi", file);
    const result = checkUapi(readFileSync(path, "utf8"), await load(path));
    checked += result.checked;
    for (const { line, message } of result.differing) console.log(`src/uapi/${file}:${line}: ${message}`);
    if (result.differing.length > 0) process.exitCode = 1;
    const lacking = result.lacking.map(({ name }) => name);
    if (lacking.length > 0)
      console.log(`src/uapi/${file}: not in this system's header: ${lacking.join(", ")}`);
  }
  console.log(`${checked} numbers held against this system's headers`);
}
