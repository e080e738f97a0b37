// What: whether somebody has a file open is asked while others open and close it, and the asker outlives every answer.
//
// Source: fcntl(2), F_SETLEASE and F_SETSIG: the signal of a lease that is broken is SIGIO, which kills, unless another was chosen;
// Linux forgets the choice with the lease (fs/locks.c, lease_modify).

import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadFileUses } from "./file-use.ts";

test.skipIf(process.platform !== "linux")("a file is asked for while others open it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "uveth-use-"));
  const path = join(folder, "file");
  writeFileSync(path, "");
  const uses = await loadFileUses();
  const use = uses.watch(path, () => {});
  const opener = spawn("sh", ["-c", `while :; do : <"${path}"; done`]);
  const end = Date.now() + 1_500;
  let asked = 0;
  while (Date.now() < end) {
    for (let one = 0; one < 100; one++) void use.isOpen;
    asked += 100;
    await new Promise((resolve) => setImmediate(resolve));
  }
  opener.kill("SIGKILL");
  await new Promise((resolve) => opener.once("close", resolve));
  expect(asked).toBeGreaterThan(0);
  const fd = openSync(path, "r");
  expect(use.isOpen).toBe(true);
  closeSync(fd);
  expect(use.isOpen).toBe(false);
  use.close();
  uses.close();
  rmSync(folder, { recursive: true });
});
