// What: every example in the documentation runs, and prints what the page says it prints.
//
//   README.md, … ─┐
//                 ├─▶ examples ─▶ node, or bash with `uveth` on its PATH; one folder and one daemon per page
//   @example ─────┘
//
// Examples marked `<!-- not run: reason -->` are skipped with that reason.

import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureBuilt } from "../tools/build.mjs";
import type { Example } from "../tools/doc-examples.mjs";
import { examplesInComments, examplesOf, patternOf } from "../tools/doc-examples.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const pages = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];

/** A reader's folder, with uveth installed and a runtime folder of its own. */
class Reader {
  readonly #folder = mkdtempSync(join(tmpdir(), "uveth-docs-"));
  readonly #env: NodeJS.ProcessEnv;

  constructor() {
    const bin = join(this.#folder, "bin");
    const runtime = join(this.#folder, "run");
    mkdirSync(bin);
    mkdirSync(runtime, { mode: 0o700 });
    mkdirSync(join(this.#folder, "node_modules"));
    symlinkSync(join(root, "bin", "uveth"), join(bin, "uveth"));
    symlinkSync(root, join(this.#folder, "node_modules", "uveth"));
    this.#env = {
      ...process.env,
      NO_COLOR: "1",
      XDG_RUNTIME_DIR: runtime,
      PATH: `${bin}${delimiter}${process.env["PATH"]}`,
    };
  }

  /** Runs an example to its end; both outputs in one, as a reader sees them. */
  run({ language, code }: Example): { status: number | null; printed: string } {
    const file = join(this.#folder, language === "js" ? "example.mjs" : "example.sh");
    writeFileSync(file, `${code}\n`);
    const command =
      language === "js" ? `exec "${process.execPath}" ${file}` : `exec bash -euo pipefail ${file}`;
    const { status, stdout } = spawnSync("sh", ["-c", `exec 2>&1; ${command}`], {
      cwd: this.#folder,
      env: this.#env,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
      timeout: 60_000,
    });
    return { status, printed: stdout };
  }

  leave(): void {
    spawnSync("uveth", ["daemon", "stop"], { env: this.#env, stdio: "ignore" });
    rmSync(this.#folder, { recursive: true });
  }
}

/** Declares a test for each example of a page, run in order in one folder. */
function runAll(page: string, examples: readonly Example[]): void {
  if (examples.length === 0) return;
  describe(page, () => {
    let reader: Reader;
    beforeAll(() => {
      reader = new Reader();
    });
    afterAll(() => reader.leave());

    test.for(examples.map((example) => [`${page}:${example.line}`, example] as const))(
      "%s",
      { timeout: 90_000 },
      ([, example], { skip }) => {
        if (example.notRun !== undefined) {
          expect(example.notRun, "the reason").not.toBe("");
          skip(`not run: ${example.notRun}`);
        }
        const { status, printed } = reader.run(example);
        expect(status, printed).toBe(0);
        if (example.output !== undefined) expect(printed).toMatch(patternOf(example.output));
      },
    );
  });
}

beforeAll(async () => {
  await ensureBuilt(root, console.error);
});

test.for(pages)("%s is there", (page) => {
  expect(existsSync(join(root, page))).toBe(true);
});

for (const page of pages.filter((name) => existsSync(join(root, name)))) {
  runAll(page, examplesOf(readFileSync(join(root, page), "utf8")));
}

for (const name of readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })) {
  const path = `src/${name}`;
  const text = name.endsWith(".ts") ? readFileSync(join(root, path), "utf8") : "";
  const count = text.split("@example").length - 1;
  if (count === 0) continue;
  const examples = examplesInComments(text);
  runAll(path, examples);
  test(`${path} has a fence behind each @example`, () => {
    expect(examples.length).toBeGreaterThanOrEqual(count);
  });
}
