// What: the core runs in a page: the same bundle, the same scenario, on a virtual clock and on the browser's own time.
//
//   src/index.ts, src/attach/ ─▶ one script ─▶ headless Chromium ─▶ what came of it, as the page's text
//
// Source: the scenario's own expectations, which hold in Node and in an empty context too.

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { expect, test } from "vitest";
import type { PairOutcome } from "../scenario.ts";
import { expectPair, pairScenario } from "../scenario.ts";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..", "..");
const chromium = "chromium";
const hasChromium = spawnSync(chromium, ["--version"], { stdio: "ignore" }).status === 0;

/** What keeps a browser from talking to anybody, and lets root start it. */
const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--virtual-time-budget=60000",
  "--dump-dom",
];

/** A page that runs the scenario in the world that `world` makes, and ends up with the outcome as its text. */
function page(script: string, world: string): string {
  return `<!doctype html><meta charset="utf-8"><title>uveth</title><body><script>${script.replaceAll("</script", "<\\/script")}
    (${pairScenario})(uveth, (() => { ${world} })()).then(
      (outcome) => { document.body.textContent = "outcome:" + JSON.stringify(outcome); },
      (error) => { document.body.textContent = "error:" + error.stack; },
    );
  </script></body>`;
}

/** The core and the real clock as one script, `var uveth = …`. */
async function bundle(folder: string): Promise<string> {
  const input = join(folder, "entry.ts");
  const from = (path: string): string => JSON.stringify(join(root, "src", path));
  writeFileSync(
    input,
    `export * from ${from("index.ts")};\nexport { realTime } from ${from("attach/index.ts")};\n`,
  );
  const built = await rolldown({ input, cwd: root, logLevel: "warn" });
  const { output } = await built.generate({ format: "iife", name: "uveth" });
  await built.close();
  return output[0].code;
}

/** The text of a page once its script has ended. */
function textOf(folder: string, html: string): Promise<string> {
  const path = join(folder, "page.html");
  writeFileSync(path, html);
  const profile = join(folder, "profile");
  return new Promise((done, fail) => {
    const child = spawn(chromium, [...flags, `--user-data-dir=${profile}`, `file://${path}`], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    let dom = "";
    child.stdout.on("data", (text) => {
      dom += text;
    });
    child.on("error", fail);
    child.on("close", () => done(/<body>(.*)<\/body>/s.exec(dom)?.[1] ?? dom));
  });
}

test.for([
  {
    name: "virtual time",
    world: `const clock = new uveth.VirtualClock();
      return { clock, scheduler: clock, random: new uveth.SeededRandom(1), pass: (ns) => clock.advance(ns) };`,
  },
  { name: "the browser's time", world: "return { ...uveth.realTime(), pass: () => Promise.resolve() };" },
])("two namespaces ping each other in a page, in $name", { timeout: 60_000 }, async ({ world }, { skip }) => {
  if (!hasChromium) skip("chromium is not installed");
  const folder = mkdtempSync(join(tmpdir(), "uveth-browser-"));
  try {
    const text = await textOf(folder, page(await bundle(folder), world));
    expect(text).toMatch(/^outcome:/);
    const outcome: PairOutcome = JSON.parse(text.slice("outcome:".length).replaceAll("&gt;", ">"));
    expectPair(outcome);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
