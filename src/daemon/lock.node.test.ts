// What: the lock has one holder at a time, whoever comes first or was killed, and leaves nothing behind.

import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base, describe, expect } from "vitest";
import { DaemonLock, findHolder } from "./lock.ts";

const test = base.extend<{ readonly folder: string; readonly path: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads the pattern to learn what a fixture needs
  folder: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), "uveth-lock-"));
    await use(folder);
    expect(readdirSync(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
  },
  path: ({ folder }, use) => use(join(folder, "daemon.lock")),
});

/** Leaves the socket of a killed process at `path`. */
async function leaveStaleSocket(path: string): Promise<void> {
  const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.stdout.write("."))`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
}

describe("acquire()", () => {
  test("gives the lock to one, and to the next when it is released", async ({ path }) => {
    const first = await DaemonLock.acquire(path);
    expect(await DaemonLock.acquire(path)).toBeUndefined();
    first?.release();
    const second = await DaemonLock.acquire(path);
    expect(second).toBeDefined();
    second?.release();
  });

  test("gives the lock to one of many who come at once", async ({ path }) => {
    const locks = await Promise.all(Array.from({ length: 20 }, () => DaemonLock.acquire(path)));
    const held = locks.filter((lock) => lock !== undefined);
    expect(held).toHaveLength(1);
    held[0]?.release();
  });

  test("gives a stale lock to one of many who come at once", async ({ path }) => {
    mkdirSync(path);
    await leaveStaleSocket(join(path, "99999-abcdef"));
    const locks = await Promise.all(Array.from({ length: 20 }, () => DaemonLock.acquire(path)));
    const held = locks.filter((lock) => lock !== undefined);
    expect(held).toHaveLength(1);
    held[0]?.release();
  });

  test("clears away what a process left that was killed while it took the lock", async ({ path }) => {
    mkdirSync(`${path}-abcdef`);
    await leaveStaleSocket(join(`${path}-abcdef`, "99999-abcdef"));
    const lock = await DaemonLock.acquire(path);
    expect(existsSync(`${path}-abcdef`)).toBe(false);
    lock?.release();
  });

  test("takes an empty directory, as left by a process killed while it released", async ({ path }) => {
    mkdirSync(path);
    const lock = await DaemonLock.acquire(path);
    expect(lock).toBeDefined();
    lock?.release();
  });
});

describe("findHolder()", () => {
  test("finds nobody where there is no lock", async ({ path }) => {
    expect(await findHolder(path)).toBeUndefined();
  });

  test("finds nobody behind a stale lock", async ({ path }) => {
    mkdirSync(path);
    await leaveStaleSocket(join(path, "99999-abcdef"));
    expect(await findHolder(path)).toBeUndefined();
    rmSync(path, { recursive: true });
  });

  test("names the process, and tells when it is ready", async ({ path }) => {
    const lock = await DaemonLock.acquire(path);
    const early = await findHolder(path);
    expect(early?.pid).toBe(process.pid);
    lock?.markReady();
    expect(await early?.ready).toBe(true);
    const late = await findHolder(path);
    expect(await late?.ready).toBe(true);
    early?.close();
    late?.close();
    lock?.release();
  });

  test("tells those who wait that the process has ended", async ({ path }) => {
    const holder = await spawnHolder(path);
    const waiter = await findHolder(path);
    expect(waiter?.pid).toBe(holder.pid);
    holder.kill("SIGKILL");
    expect(await waiter?.ready).toBe(false);
    await waiter?.ended;
    rmSync(path, { recursive: true });
  });
});

/** A process that holds the lock at `path`, as far as others can tell, and is not ready. */
async function spawnHolder(path: string): Promise<ChildProcess> {
  mkdirSync(path);
  const script =
    `const path = ${JSON.stringify(path)} + "/" + process.pid + "-abcdef";` +
    `require("node:net").createServer(() => {}).listen(path, () => process.stdout.write("."))`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return child;
}
