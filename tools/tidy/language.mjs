// Rules on the language itself: forms that the project does without, tests that are left out, comments that must be there.

import { walk } from "./source.mjs";

/** @import { Node, Source } from "./source.mjs" */
/** @import { Report } from "./report.mjs" */

/** @type {Record<string, (node: Node) => string | undefined>} */
const SHUNNED = {
  TSEnumDeclaration: () => "enum",
  // `declare module "x"` adds to another package's types, and must repeat what stands there.
  TSModuleDeclaration: (node) =>
    node.kind === "global" || node.id.type === "Literal" ? undefined : "namespace",
  TSAnyKeyword: () => "any",
  TSNonNullExpression: () => "non-null !",
  TSTypeAssertion: () => "<type> assertion",
};

/**
 * Reports `enum`, `namespace`, `any`, `!`, module-level `let`, and `as` outside src/bytes. For sources, not tests.
 *
 * @param {Source} source
 * @param {Report} report
 */
export function checkForms(source, report) {
  const mayAssert = source.path.startsWith("src/bytes/");
  let additionEnd = -1;
  walk(source.program, (node) => {
    if (node.type === "TSModuleDeclaration" && node.id.type === "Literal") additionEnd = node.end;
    if (node.type === "TSAnyKeyword" && node.start < additionEnd) return;
    const form = SHUNNED[node.type]?.(node);
    if (form) report(source, node.start, `${form} is not used here`);
    if (node.type === "TSAsExpression" && !mayAssert && !isConst(node)) {
      report(source, node.start, "as is used in src/bytes only");
    }
  });
  for (const statement of source.program.body) {
    const declaration = statement.declaration ?? statement;
    if (declaration.type === "VariableDeclaration" && ["let", "var"].includes(declaration.kind)) {
      report(
        source,
        declaration.start,
        `module-level ${declaration.kind}: there is no mutable state of a module`,
      );
    }
  }
}

/** @param {Node} node */
function isConst(node) {
  return node.typeAnnotation.typeName?.name === "const";
}

/**
 * Reports `new DataView(x.buffer)`, which forgets that `x` may be a window of a larger buffer.
 *
 * @param {Source} source
 * @param {Report} report
 */
export function checkDataView(source, report) {
  walk(source.program, (node) => {
    if (node.type !== "NewExpression" || node.callee.name !== "DataView") return;
    const [first, ...others] = node.arguments;
    if (others.length === 0 && first?.type === "MemberExpression" && first.property.name === "buffer") {
      report(source, node.start, "new DataView(x.buffer) ignores byteOffset");
    }
  });
}

const TEST_WORDS = new Set(["bench", "describe", "it", "suite", "test"]);

/**
 * Reports `.only`, and skips that give no reason: `test.skip("… (skipped: reason)")`, or `context.skip("reason")`.
 *
 * @param {Source} source
 * @param {Report} report
 */
export function checkLeftOut(source, report) {
  walk(source.program, (node) => {
    if (node.type !== "CallExpression") return;
    const { words, root } = calleeWords(node.callee);
    if (TEST_WORDS.has(root) && words.includes("only")) {
      report(source, node.start, ".only leaves the other tests out");
    }
    if (words.at(-1) !== "skip" && root !== "skip") return;
    const hasReason = TEST_WORDS.has(root) ? /\(skipped: .+\)/.test(textOf(node)) : givesNote(node);
    if ((TEST_WORDS.has(root) || isContext(root)) && !hasReason) {
      report(source, node.start, ".skip( without a reason");
    }
  });
}

/** @param {string} root The word a call starts with. */
function isContext(root) {
  return ["context", "ctx", "skip", "t", "task"].includes(root);
}

/** @param {Node} call */
function textOf(call) {
  const [name] = call.arguments;
  return name?.type === "Literal" ? String(name.value) : (name?.quasis?.[0]?.value.raw ?? "");
}

/**
 * Tells whether a test's own skip carries a note: `skip("note")`, `skip(condition, "note")`.
 *
 * @param {Node} call
 */
function givesNote(call) {
  const [first, second] = call.arguments;
  if (first === undefined) return false;
  const isCondition = ["BinaryExpression", "LogicalExpression", "UnaryExpression"].includes(first.type);
  return second !== undefined || !(isCondition || typeof first.value === "boolean");
}

/**
 * Splits `test.concurrent.only` into its words.
 *
 * @param {Node} callee
 * @returns {{ root: string, words: string[] }}
 */
function calleeWords(callee) {
  /** @type {string[]} */
  const words = [];
  let node = callee;
  while (node.type === "MemberExpression" || node.type === "CallExpression") {
    if (node.type === "MemberExpression") words.unshift(node.property.name ?? "");
    node = node.object ?? node.callee;
  }
  return { root: node.name ?? "", words };
}

/**
 * Reports a file without a header comment, and comments that leave work for later.
 *
 * @param {Source} source
 * @param {Report} report
 */
export function checkComments(source, report) {
  const [first] = source.comments;
  const start = source.text.startsWith("#!") ? source.text.indexOf("\n") + 1 : 0;
  if (first === undefined || source.text.slice(start, first.start).trim() !== "") {
    report(source, 0, "no header comment");
  }
  for (const comment of source.comments) {
    const word = /\b(TODO|FIXME)\b/.exec(comment.value)?.[0];
    if (word)
      report(source, comment.start, `${word}: a known gap is a failing test or a row of the parity table`);
  }
}

const DOCUMENTED = new Set(["FunctionDeclaration", "ClassDeclaration", "TSInterfaceDeclaration"]);

/**
 * Reports exported functions, classes and interfaces without a doc comment. For sources, not tests.
 *
 * @param {Source} source
 * @param {Report} report
 */
export function checkDocs(source, report) {
  /** @type {Set<string>} */
  const documented = new Set(); // overloads share the comment of the first
  for (const statement of source.program.body) {
    const { declaration } = statement;
    if (!declaration || !statement.type.startsWith("Export")) continue;
    const isFunction = declaration.type === "TSDeclareFunction" || declaration.type === "FunctionDeclaration";
    if (!isFunction && !DOCUMENTED.has(declaration.type)) continue;
    const name = declaration.id?.name ?? "default";
    if (isFunction && documented.has(name)) continue;
    documented.add(name);
    if (!hasDoc(source, statement.start)) report(source, statement.start, `${name} has no doc comment`);
  }
}

/** @param {Source} source @param {number} at */
function hasDoc(source, at) {
  return source.comments.some(
    ({ type, value, end }) =>
      type === "Block" && value.startsWith("*") && end <= at && source.text.slice(end, at).trim() === "",
  );
}
