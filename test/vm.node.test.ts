// What: the core runs where there is nothing but the language: an empty context, without any of Node's globals.
//
//   dist/core.bundle.js, test/fuzz/ ─▶ vm.createContext({}) ─▶ pair, pings, capture; fuzz
//
// Source: ECMA-262 says what such a context has; V8 adds `console` and WebAssembly, which the core leaves alone (tidy).

import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import { rolldown } from "rolldown";
import { beforeAll, describe, expect, test } from "vitest";
import { ensureBuilt } from "../tools/build.mjs";
import type { fuzzNetlink } from "./fuzz/netlink.fuzz.ts";
import type { PairOutcome } from "./scenario.ts";
import { expectPair, pairScenario } from "./scenario.ts";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** A context that holds what ECMA-262 gives it and the variable `name` of a script. */
function emptyContextWith(script: string): object {
  const context = createContext({});
  runInContext(`delete globalThis.console; delete globalThis.WebAssembly; ${script}`, context);
  return context;
}

describe("the bundled core", () => {
  let script: string;
  beforeAll(async () => {
    await ensureBuilt(root, console.error);
    script = readFileSync(join(root, "dist", "core.bundle.js"), "utf8");
  }, 60_000);

  test("touches nothing of Node when it is loaded", () => {
    const context = emptyContextWith(script);
    const globals = runInContext("Object.keys(globalThis)", context);
    expect([...globals]).toEqual(["uveth"]);
    expect(runInContext("typeof uveth.createMachine + typeof process + typeof setTimeout", context)).toBe(
      "functionundefinedundefined",
    );
  });

  test("makes a pair that answers pings over both families", async () => {
    const context = emptyContextWith(script);
    const run: Promise<PairOutcome> = runInContext(
      `(${pairScenario})(uveth, (() => {
         const clock = new uveth.VirtualClock();
         return { clock, scheduler: clock, random: new uveth.SeededRandom(1), pass: (ns) => clock.advance(ns) };
       })())`,
      context,
    );
    expectPair(await run);
  });
});

describe("the fuzzer", () => {
  test("runs 2,000 cases", { timeout: 60_000 }, async () => {
    const input = join(root, "test", "fuzz", "netlink.fuzz.ts");
    const bundle = await rolldown({ input, cwd: root, logLevel: "warn" });
    const { output } = await bundle.generate({ format: "iife", name: "fuzz" });
    await bundle.close();
    const context = emptyContextWith(output[0].code);
    const run: ReturnType<typeof fuzzNetlink> = runInContext(
      "fuzz.fuzzNetlink({ seed: 3, cases: 2000 })",
      context,
    );
    const { failure, answers } = await run;
    expect(failure?.error.message).toBe(undefined);
    expect(answers.get("ok") ?? 0).toBeGreaterThan(100);
  });
});
