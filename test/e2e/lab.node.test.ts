// What: a lab is left running, changed by its file, watched and taken down by other commands, and leaves nothing.
//
//   h1 ── s1 ── h2      and whatever the file adds
//
// Source: containerlab's commands deploy, apply and destroy, whose habits these follow.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { nativeMissing } from "../fixtures/native-missing.ts";
import { schemaErrors } from "../json-schema.ts";
import type { Place } from "./uveth.ts";
import { COMMAND, test } from "./uveth.ts";

const schema: unknown = JSON.parse(
  readFileSync(new URL("../../schemas/events.schema.json", import.meta.url), "utf8"),
);

const file = `name: demo
seed: 7
hosts: [h1, h2]
switches: [s1]
links:
  - h1 - s1
  - { between: [h2, s1], delay: 10ms }
`;

/** Types lines at a lab's prompt. */
async function typed(place: Place, words: readonly string[], lines: readonly string[]) {
  const child = spawn(process.execPath, [COMMAND, "up", ...words], { env: place.env });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (text) => {
    stdout += text;
  });
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  child.stdin.end(lines.map((line) => `${line}\n`).join(""));
  const [code] = await once(child, "close");
  return { code, stdout, stderr };
}

describe("uveth up and its prompt", () => {
  test.for([
    [["--seed", "x"], 'up: --seed takes a whole number, not "x", try "uveth up --help"\n', 255],
    [["--foo"], 'up: There is no option "--foo", try "uveth up --help"\n', 255],
    [["--topo", "single,x"], 'The topology "single,x" takes whole numbers from 1 on, not "x"\n', 1],
    [["--topo", "tree,2,-1"], 'The topology "tree,2,-1" takes whole numbers from 1 on, not "-1"\n', 1],
  ] as const)("%s is refused in one line", async ([words, stderr, code], { place }) => {
    expect(await place.uveth("up", ...words)).toEqual({ code, stdout: "", stderr });
  });

  test("a ping that cannot go says why, in ping's words", async ({ place }) => {
    const { code, stdout } = await typed(
      place,
      ["--topo", "mesh,2"],
      ["link h1 h2 down", "h1 ping h2", "link h1 h2 up", "h1 ping h2"],
    );
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^h1 → h2: Network is unreachable\nh1 → h2: [\d.]+ ms\n$/),
    });
  });

  test("hosts whose stack is the kernel's, as programs run in them, ping and are pinged", async ({
    place,
    skip,
  }) => {
    if (nativeMissing !== undefined) skip(nativeMissing);
    const { code, stdout } = await typed(
      place,
      ["--topo", "single,3"],
      ["h1 true", "h2 true", "pingall", "h1 ping h3"],
    );
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^6 of 6 answered\nh1 → h3: [\d.]+ ms\n$/),
    });
  });
});

describe("uveth up --detach, apply, events, down", () => {
  test("a lab outlives its command, follows its file, tells what happens, and goes", {
    timeout: 60_000,
  }, async ({ place }) => {
    const path = join(place.folder, "lab.yml");
    writeFileSync(path, file);
    expect(await place.uveth("up", "--detach", path)).toMatchObject({ code: 0, stdout: "demo\n" });
    expect(await place.uveth("up", "-d", path)).toMatchObject({
      code: 1,
      stderr: 'There is a lab "demo" already: uveth down demo\n',
    });
    const watcher = spawn(process.execPath, [COMMAND, "events", "--json"], {
      env: place.env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(watcher, "close");
    let told = "";
    watcher.stdout.setEncoding("utf8").on("data", (text: string) => {
      told += text;
    });
    await expect.poll(() => told, { timeout: 10_000 }).toContain("\n");
    expect(await place.uveth("apply", path)).toEqual({ code: 0, stdout: "", stderr: "Nothing differs\n" });
    writeFileSync(
      path,
      file
        .replace("[h1, h2]", "[h1, h2, h3]")
        .replace("10ms", "20ms")
        .replace("links:", "links:\n  - h3 - s1"),
    );
    const changes = '+ host h3\n+ link h3-s1: h3 ── s1\n~ link h2-s1: delay "20ms"\n';
    expect(await place.uveth("apply", "--dry-run", path)).toEqual({ code: 0, stdout: changes, stderr: "" });
    expect(await place.uveth("apply", path)).toEqual({
      code: 0,
      stdout: changes,
      stderr: "3 changes made\n",
    });
    writeFileSync(path, file.replace("10ms", "soon"));
    expect(await place.uveth("apply", path)).toMatchObject({ code: 1, stdout: "" });
    writeFileSync(path, file.replace("seed: 7", "seed: 8"));
    expect(await place.uveth("apply", path)).toMatchObject({
      code: 1,
      stderr: "Cannot change the seed of a lab that runs, from 7 to 8\n",
    });
    expect(await place.uveth("down")).toEqual({ code: 0, stdout: "", stderr: "" });
    await ended;
    expect(watcher.exitCode).toBe(0);
    const events = told
      .trimEnd()
      .split("\n")
      .map((line): { event: string; text: string } => JSON.parse(line));
    expect(events.flatMap((line) => schemaErrors(schema, line))).toEqual([]);
    expect(
      events.filter(({ event }) => event !== "drop").map(({ event, text }) => `${event} ${text}`),
    ).toEqual([
      "lab demo: 3 nodes, 2 links, seed 7",
      "node h3: host added",
      "link h3-s1: added",
      "link h2-s1: changed",
      "lab applied 3 changes",
    ]);
    expect(events.filter(({ event }) => event === "drop")[0]).toMatchObject({
      atNs: expect.any(Number),
      node: expect.any(String),
      dev: expect.any(String),
      reason: expect.any(String),
    });
    for (const words of [["down"], ["events"]])
      expect(await place.uveth(...words)).toEqual({
        code: 1,
        stdout: "",
        stderr: "There is no lab running: uveth up --detach FILE\n",
      });
    expect(await place.uveth("apply", path)).toMatchObject({
      code: 1,
      stderr: 'There is no lab "demo" running: uveth up --detach FILE\n',
    });
    rmSync(path);
  });

  test("a lab that cannot be brought up says why, and leaves nothing", async ({ place }) => {
    const path = join(place.folder, "lab.yml");
    writeFileSync(path, file.replace("10ms", "soon"));
    const { code, stdout, stderr } = await place.uveth("up", "--detach", path);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain('"soon"');
    rmSync(path);
  });

  test("one that was killed gives its name free", async ({ place }) => {
    const up = spawn(process.execPath, [COMMAND, "up", "--topo", "single,2", "--serve", "--json"], {
      env: place.env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(up.stdout, "data");
    up.kill("SIGKILL");
    await once(up, "close");
    expect(await place.uveth("up", "--detach")).toMatchObject({ code: 0, stdout: "single-2\n" });
    expect(await place.uveth("up", "--detach")).toMatchObject({ code: 0, stdout: "single-2.2\n" });
    expect(await place.uveth("down")).toMatchObject({
      code: 1,
      stderr: "There are several labs: single-2, single-2.2; name one\n",
    });
    expect(await place.uveth("down", "--all")).toEqual({ code: 0, stdout: "", stderr: "" });
  });
});
