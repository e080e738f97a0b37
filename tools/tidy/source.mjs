// A parsed source file: its tree, comments, imports, and the walks over them that the rules need.

import { posix } from "node:path";
import { parseSync, visitorKeys } from "oxc-parser";

/**
 * @typedef {any} Node A node of the ESTree: `type`, `start`, `end` and the fields of its type.
 * @typedef {{ specifier: string, target: string | undefined, line: number }} Import `target` is a path of the checkout, for
 *   relative imports.
 * @typedef {{ path: string, text: string, program: Node, comments: { type: string, value: string, start: number, end: number }[],
 *   imports: Import[], isTest: boolean, lineAt: (offset: number) => number, errors: string[] }} Source
 */

/**
 * Parses one file. `path` is relative to the checkout, with forward slashes.
 *
 * @param {string} path
 * @param {string} text
 * @returns {Source}
 */
export function parseSource(path, text) {
  const { program, comments, module, errors } = parseSync(path, text);
  const lineAt = lineCounter(text);
  /** @type {Import[]} */
  const imports = [];
  /** @param {string} specifier @param {number} at */
  const add = (specifier, at) => {
    const target = specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : undefined;
    imports.push({ specifier, target, line: lineAt(at) });
  };
  for (const { moduleRequest } of module.staticImports) add(moduleRequest.value, moduleRequest.start);
  for (const { entries } of module.staticExports) {
    const request = entries.find((entry) => entry.moduleRequest)?.moduleRequest;
    if (request) add(request.value, request.start);
  }
  walk(program, (node) => {
    if (node.type !== "ImportExpression" && node.type !== "TSImportType") return;
    if (typeof node.source.value === "string") add(node.source.value, node.start);
  });
  return {
    path,
    text,
    program,
    comments,
    imports,
    isTest: path.endsWith(".test.ts"),
    lineAt,
    errors: errors.map(({ message }) => message),
  };
}

/**
 * Visits `node` and everything below it, parents first.
 *
 * @param {any} node
 * @param {(node: Node, parent: Node | undefined) => void} visit
 * @param {Node} [parent]
 */
export function walk(node, visit, parent) {
  visit(node, parent);
  for (const child of children(node)) walk(child, visit, node);
}

/**
 * Lists the nodes directly below `node`, in source order of its fields.
 *
 * @param {Node} node
 * @returns {Node[]}
 */
export function children(node) {
  return (visitorKeys[node.type] ?? []).flatMap((key) => node[key] ?? []).filter((child) => child !== null);
}

/** @param {string} text */
function lineCounter(text) {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  /** @param {number} offset */
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}
