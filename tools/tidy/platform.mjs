// Platform words: what a room may take from its environment, by the environment that the room table gives it.

import { freeIdentifiers } from "./scope.mjs";
import { walk } from "./source.mjs";

/** @import { Source } from "./source.mjs" */
/** @import { Report } from "./report.mjs" */

/** Taken from Node alone. */
const NODE = ["Buffer", "process", "require", "module", "__dirname", "__filename", "global", "setImmediate"];

/** Taken from browsers alone. */
const BROWSER = ["window", "document", "navigator", "location", "localStorage", "sessionStorage", "self"];

/** Had in both, but time, chance, text coding or the outside world all the same. */
const SHARED = [
  "Date",
  "TextEncoder",
  "TextDecoder",
  "URL",
  "URLSearchParams",
  "WebSocket",
  "Worker",
  "MessageChannel",
  "AbortController",
  "AbortSignal",
  "EventTarget",
  "Event",
  "atob",
  "btoa",
  "clearInterval",
  "clearTimeout",
  "console",
  "crypto",
  "fetch",
  "globalThis",
  "performance",
  "queueMicrotask",
  "setInterval",
  "setTimeout",
  "structuredClone",
];

/** Functions of Math whose last bits differ between engines, or that draw chance. */
const INEXACT_MATH = new Set(
  `acos acosh asin asinh atan atan2 atanh cbrt cos cosh exp expm1 hypot log log10 log1p log2 pow random sin sinh tan tanh`.split(
    " ",
  ),
);

/** Environment of the room table → the words that are not to be had there. */
const FORBIDDEN = {
  any: new Set([...NODE, ...BROWSER, ...SHARED]),
  "Node or browser": new Set([...NODE, ...BROWSER]),
  Node: new Set(BROWSER),
  browser: new Set(NODE),
};

/**
 * The environments that the room table may name.
 *
 * @typedef {keyof typeof FORBIDDEN} Environment
 */

/**
 * Tells whether the room table may name this environment.
 *
 * @param {string} text
 * @returns {text is Environment}
 */
export function isEnvironment(text) {
  return Object.hasOwn(FORBIDDEN, text);
}

/**
 * Reports words of a platform that the file's room does not have.
 *
 * @param {Source} source
 * @param {Environment} environment
 * @param {Report} report
 */
export function checkPlatform(source, environment, report) {
  const forbidden = FORBIDDEN[environment];
  const detected = environment === "Node or browser" ? detectedWords(source) : new Set();
  freeIdentifiers(source.program, (identifier, parent) => {
    const { name } = identifier;
    if (forbidden.has(name) && !detected.has(name))
      report(source, identifier.start, `"${name}" in a room for: ${environment}`);
    if (environment !== "any" || name !== "Math" || parent.type !== "MemberExpression") return;
    const method = parent.property.name;
    if (INEXACT_MATH.has(method)) report(source, parent.start, `"Math.${method}" in a room for: any`);
  });
  for (const { specifier, line } of source.imports) {
    if (!specifier.startsWith("node:") || environment === "Node") continue;
    report(source, { line }, `"${specifier}" in a room for: ${environment}`);
  }
  if (environment !== "any") return;
  walk(source.program, (node) => {
    if (node.type === "MetaProperty" && node.meta.name === "import") {
      report(source, node.start, `"import.meta" in a room for: any`);
    }
  });
}

/**
 * Collects the words that a file asks for by `typeof`, before it uses them where they are.
 *
 * @param {Source} source
 */
function detectedWords(source) {
  /** @type {Set<string>} */
  const words = new Set();
  walk(source.program, (node) => {
    if (node.type === "UnaryExpression" && node.operator === "typeof") words.add(node.argument.name);
  });
  return words;
}
