// What: a kind that lives outside is loaded when a request first names it, from where the user's configuration says.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test as base, expect } from "vitest";
import { frameFrom } from "../net/frame.ts";
import { devQueueXmit } from "../net/transmit.ts";
import { createTestMachine } from "../testkit/index.ts";
import { configPath, moduleLoader } from "./modules.ts";

const ECHO = fileURLToPath(new URL("../../examples/kinds/echo.mjs", import.meta.url));

/** Writes a configuration and reads modules by it. */
const test = base.extend<{
  readonly home: { configure(text: string): void; readonly path: string; readonly log: string[] };
}>({
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads the pattern to learn what a fixture needs
  home: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), "uveth-config-"));
    const path = join(folder, "config.json");
    await use({ configure: (text) => writeFileSync(path, text), path, log: [] });
    rmSync(folder, { recursive: true });
  },
});

test("a kind that the configuration names is made, changed and carries frames", async ({ home }) => {
  home.configure(JSON.stringify({ modules: { "rtnl-link-echo": ECHO } }));
  const { machine } = createTestMachine({
    requestModule: moduleLoader(home.path, (text) => home.log.push(text)),
  });
  const netns = await machine.netns();
  await netns.link.add({ kind: "echo", name: "e0", address: "02:00:00:00:00:01", isUp: true });
  const dev = machine.core.initialNetns.names.get("e0");
  if (dev === undefined) expect.fail("No device e0");
  const seen: string[] = [];
  dev.taps = [
    {
      seen: (frame, _dev, isOutgoing) =>
        isOutgoing
          ? undefined
          : seen.push(
              Buffer.from(frame.bytes.subarray(frame.macHeader, frame.macHeader + 12)).toString("hex"),
            ),
    },
  ];
  const frame = frameFrom(
    machine.core.frames,
    Uint8Array.from({ length: 60 }, (_, index) => index),
  );
  if (frame === null) expect.fail("No frame");
  frame.dev = dev;
  devQueueXmit(frame);
  expect(seen).toEqual(["060708090a0b000102030405"]);
  expect((await netns.link.get("e0")).linkinfo?.kind).toBe("echo");
  expect(home.log).toEqual([]);
  machine.close();
});

test.for([
  ["no configuration", undefined, []],
  ["a configuration that names others", '{ "modules": { "rtnl-link-other": "x" } }', []],
  [
    "a file that is not there",
    '{ "modules": { "rtnl-link-echo": "./nothing.mjs" } }',
    ["Cannot find module"],
  ],
  ["no JSON", "{", ["JSON"]],
  ["no text", '{ "modules": { "rtnl-link-echo": 5 } }', ["must be a text"]],
] as const)("%s brings no kind, and says why", async ([, text, words], { expect: check, home }) => {
  if (text !== undefined) home.configure(text);
  const load = moduleLoader(home.path, (line) => home.log.push(line));
  check(await load("rtnl-link-echo")).toBeUndefined();
  check(home.log).toHaveLength(words.length);
  for (const [index, word] of words.entries()) check(home.log[index]).toContain(word);
});

test("another kind than the alias says is refused, and other aliases are not looked for", async ({
  home,
}) => {
  home.configure(JSON.stringify({ modules: { "rtnl-link-oche": ECHO, "net-pf-16": ECHO } }));
  const load = moduleLoader(home.path, (line) => home.log.push(line));
  expect(await load("rtnl-link-oche")).toBeUndefined();
  expect(await load("net-pf-16")).toBeUndefined();
  expect(home.log).toEqual([expect.stringContaining('makes the kind "echo", not "oche"')]);
});

test("configPath() is in the user's configuration folder, never relative", () => {
  expect(configPath({ XDG_CONFIG_HOME: "/etc/mine" })).toBe("/etc/mine/uveth/config.json");
  expect(configPath({ XDG_CONFIG_HOME: "here" })).toBe(configPath({}));
});
