// What: examples are found where the documentation has them, with what they print and why they are not run.

import { describe, expect, test } from "vitest";
import { examplesInComments, examplesOf, patternOf } from "./doc-examples.mjs";

describe("examplesOf()", () => {
  test("finds modules and commands, and leaves other fences alone", () => {
    const page =
      "# A\n\n```js\na();\nb();\n```\n\n```ts\nc\n```\n\n```sh\nuveth ip link\n```\n\n```\nplain\n```\n";
    expect(examplesOf(page)).toEqual([
      { line: 3, language: "js", code: "a();\nb();", output: undefined, notRun: undefined },
      { line: 12, language: "sh", code: "uveth ip link", output: undefined, notRun: undefined },
    ]);
  });

  test("takes a text right after for the output", () => {
    const page = "```sh\na\n```\n\n```text\n1\n2\n```\n\n```sh\nb\n```\n\nIt prints:\n\n```text\n3\n```\n";
    expect(examplesOf(page).map(({ output }) => output)).toEqual(["1\n2", undefined]);
  });

  test("reads why an example is not run, for that example only", () => {
    const page =
      "<!-- not run: needs a network -->\n```sh\na\n```\n```sh\nb\n```\n<!-- not run -->\n\n```js\nc\n```\n";
    expect(examplesOf(page).map(({ notRun }) => notRun)).toEqual(["needs a network", undefined, ""]);
  });

  test("undoes the indentation of a fence in a list", () => {
    expect(examplesOf("1. a\n\n   ```sh\n   b\n     c\n   ```\n")[0]?.code).toBe("b\n  c");
  });
});

test("examplesInComments() finds what follows @example", () => {
  const source =
    "/** A. */\n/**\n * B.\n *\n * @example\n * ```js\n * b();\n * ```\n * ```text\n * 1\n * ```\n */\n";
  expect(examplesInComments(source)).toEqual([
    { line: 6, language: "js", code: "b();", output: "1", notRun: undefined },
  ]);
});

describe("patternOf()", () => {
  test.each([
    ["a\nb", "a\nb\n"],
    ["a (1.5*)", "a (1.5*)\n"],
    ["a", "a  \n"],
    ["a … c", "a bb c\n"],
    ["a\n…\nd", "a\nb\nc\nd\n"],
    ["a\n…\nd", "a\nd\n"],
    ["a\n\nb", "a\n\nb\n"],
  ])("%j stands for %j", (output, printed) => {
    expect(printed).toMatch(patternOf(output));
  });

  test.each([
    ["a", "a\nb\n"],
    ["a", "b\na\n"],
    ["a.c", "abc\n"],
    ["a … c", "a\nc\n"],
  ])("%j does not stand for %j", (output, printed) => {
    expect(printed).not.toMatch(patternOf(output));
  });
});
