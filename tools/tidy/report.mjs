// Findings: where something is not tidy, and what.

/** @import { Source } from "./source.mjs" */

/**
 * @typedef {{ file: string, line: number, message: string }} Finding
 * @typedef {(source: Source, at: number | { line: number }, message: string) => void} Report Takes an offset or a line.
 */

/**
 * Makes a reporter that appends to `findings`, the same words about the same line only once.
 *
 * @param {Finding[]} findings
 * @returns {Report}
 */
export function reporter(findings) {
  return (source, at, message) => {
    const finding = {
      file: source.path,
      line: typeof at === "number" ? source.lineAt(at) : at.line,
      message,
    };
    if (!findings.some((known) => isSame(known, finding))) findings.push(finding);
  };
}

/** @param {Finding} a @param {Finding} b */
function isSame(a, b) {
  return a.file === b.file && a.line === b.line && a.message === b.message;
}
