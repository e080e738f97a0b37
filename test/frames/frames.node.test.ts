// What: the same frames put into the same topologies come out the same on Linux and on uveth.
//
//   case n ── kernel: veth ends in a namespace, AF_PACKET ──┐
//          ── uveth: a machine in this process            ──┴── equal at every other place, frame by frame
//
// Source: the live kernel. `npm run parity:frames` runs thousands of cases, and shows one that differs.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = resolve(fileURLToPath(import.meta.url), "../../..");
const program = join(root, "dist/frames/main.js");

test("two hundred cases are equal", { timeout: 120_000 }, (context) => {
  if (!existsSync(program)) return context.skip("dist/ is not built");
  if (spawnSync("unshare", ["-Urnm", "true"]).status !== 0)
    return context.skip("no user namespace for the kernel's side");
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, "--cases", "200"], {
    encoding: "utf8",
  });
  expect(stdout + stderr).toBe("200 cases, none differing\n");
  expect(status).toBe(0);
});
