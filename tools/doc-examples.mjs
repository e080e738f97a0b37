// Finds the examples in the documentation, for test/docs.node.test.ts to run.
//
//   ```js or ```mjs         a module that imports from "uveth"
//   ```sh                   commands, `uveth` among them
//   ```text right after     what it prints; "…" stands for anything within a line, alone on a line for any lines
//   <!-- not run: reason -->  before the fence, for what cannot be run here
//
// Fences of other languages are left alone.

/**
 * @typedef {object} Example
 * @property {number} line Where its fence is, from 1.
 * @property {"js" | "sh"} language
 * @property {string} code
 * @property {string | undefined} output What it must print.
 * @property {string | undefined} notRun Why it is not run; an empty text when no reason is given.
 */

/**
 * Finds the examples of a page.
 *
 * @param {string} markdown
 * @returns {Example[]}
 */
export function examplesOf(markdown) {
  /** @type {Example[]} */
  const examples = [];
  /** @type {Example | undefined} */
  let last; // while nothing but empty lines follow it
  /** @type {string | undefined} */
  let notRun;
  const lines = markdown.split("\n");
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? "";
    const fence = /^( *)(`{3,})(\w*)/.exec(line);
    if (fence === null) {
      if (line.trim() === "") continue;
      last = undefined;
      const mark = /^ *<!-- not run:?(.*)-->/.exec(line);
      notRun = mark ? (mark[1] ?? "").trim() : undefined;
      continue;
    }
    const [, indent = "", ticks = "", tag = ""] = fence;
    const end = lines.findIndex((other, at) => at > index && other.trim() === ticks);
    const code = lines
      .slice(index + 1, end)
      .map((text) => (text.startsWith(indent) ? text.slice(indent.length) : text))
      .join("\n");
    const language = languageOf(tag);
    if (language) {
      last = { line: index + 1, language, code, output: undefined, notRun };
      examples.push(last);
    } else {
      if (tag === "text" && last) last.output = code;
      last = undefined;
    }
    notRun = undefined;
    index = end;
  }
  return examples;
}

/**
 * Finds the examples of the doc comments in a source file: the fences behind `@example`.
 *
 * @param {string} source
 * @returns {Example[]}
 */
export function examplesInComments(source) {
  const comments = source.matchAll(/\/\*\*[\s\S]*?\*\//g);
  return [...comments].flatMap(({ 0: comment, index }) => {
    const at = comment.indexOf("@example");
    if (at === -1) return [];
    const text = comment
      .slice(at)
      .replace(/\*\/$/, "")
      .replaceAll(/^ *\* ?/gm, "");
    const linesBefore = source.slice(0, index + at).split("\n").length - 1;
    return examplesOf(text).map((example) => ({ ...example, line: example.line + linesBefore }));
  });
}

/** @param {string} tag @returns {"js" | "sh" | undefined} */
function languageOf(tag) {
  if (tag === "js" || tag === "mjs") return "js";
  return tag === "sh" ? "sh" : undefined;
}

/**
 * Makes the pattern that an example's whole output must match.
 *
 * @param {string} output As the page has it.
 */
export function patternOf(output) {
  const patterns = output
    .trimEnd()
    .split("\n")
    .map((line) =>
      line.trim() === "…" ? "(?:.*\\n)*?" : `${line.trimEnd().split("…").map(literal).join(".*")}[ \\t]*\\n`,
    );
  return new RegExp(`^${patterns.join("")}$`);
}

/** @param {string} text */
function literal(text) {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
