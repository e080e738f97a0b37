// What: a host whose first process was killed, and every program with it, runs programs again.
//
// Source: pid_namespaces(7). Devices take /dev/net/tun, which is root's alone on some systems.

import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { nativeMissing, withReason } from "../../test/fixtures/native-missing.ts";
import { realTime } from "../attach/index.ts";
import { createMachine } from "../index.ts";
import { createPrograms } from "./programs.ts";

describe.skipIf(nativeMissing !== undefined)(withReason("spawn()", nativeMissing), () => {
  test("begins anew after the namespace's first process was killed", async () => {
    const machine = createMachine(realTime());
    try {
      await machine.netns("h1");
      const programs = createPrograms(machine);
      const exit = async () => once(await programs.spawn("h1", ["true"], { stdio: "ignore" }), "exit");
      expect(await exit()).toEqual([0, null]);
      process.kill(programs.nativeOf("h1")?.pid ?? 0, "SIGKILL");
      await expect.poll(() => programs.nativeOf("h1")).toBeUndefined();
      expect(await exit()).toEqual([0, null]);
      expect(programs.nativeOf("h1")?.isOpen).toBe(true);
    } finally {
      machine.close();
    }
  });
});
