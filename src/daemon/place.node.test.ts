// What: the daemon's place is private, and a folder or socket that somebody else put there is refused.

import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base, describe, expect } from "vitest";
import { checkSocketOwner, daemonPlace, makePlace, ownUid } from "./place.ts";

const uid = ownUid();
const stranger = 54_321;

const test = base.extend<{ readonly folder: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads the pattern to learn what a fixture needs
  folder: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), "uveth-place-"));
    await use(folder);
    rmSync(folder, { recursive: true });
  },
});

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

describe("daemonPlace() and makePlace()", () => {
  test("is a folder of mode 700 in XDG_RUNTIME_DIR", ({ folder }) => {
    const place = makePlace({ env: { XDG_RUNTIME_DIR: folder }, uid });
    expect(place).toEqual({
      socket: join(folder, "uveth/daemon.sock"),
      lock: join(folder, "uveth/daemon.lock"),
      log: join(folder, "uveth/daemon.log"),
    });
    expect(modeOf(join(folder, "uveth"))).toBe("700");
  });

  test.each([
    ["unset", {}],
    ["empty", { XDG_RUNTIME_DIR: "" }],
    ["relative", { XDG_RUNTIME_DIR: "run" }],
    ["missing", { XDG_RUNTIME_DIR: "/nonexistent/run" }],
  ])("is a private folder for temporary files when XDG_RUNTIME_DIR is %s", (_name, env) => {
    const temporary = mkdtempSync(join(tmpdir(), "uveth-place-"));
    try {
      const place = makePlace({ env, uid, temporary });
      expect(place.socket).toBe(join(temporary, `uveth-${uid}/daemon.sock`));
      expect(modeOf(join(temporary, `uveth-${uid}`))).toBe("700");
    } finally {
      rmSync(temporary, { recursive: true });
    }
  });

  test.skipIf(uid !== 0)(
    "passes over another user's XDG_RUNTIME_DIR, as su leaves it (only root can make one)",
    ({ folder }) => {
      const run = join(folder, "run");
      mkdirSync(run);
      chownSync(run, stranger, stranger);
      const place = daemonPlace({ env: { XDG_RUNTIME_DIR: run }, uid, temporary: folder });
      expect(place.socket).toBe(join(folder, `uveth-${uid}/daemon.sock`));
    },
  );

  test("makes nothing", ({ folder }) => {
    daemonPlace({ env: { UVETH_SOCKET: join(folder, "deep/down/my.sock") }, uid });
    daemonPlace({ env: { XDG_RUNTIME_DIR: folder }, uid });
    daemonPlace({ env: {}, uid, temporary: folder });
    expect(readdirSync(folder)).toEqual([]);
  });

  test("follows UVETH_SOCKET, and puts lock and log beside it", ({ folder }) => {
    const socket = join(folder, "deep/down/my.sock");
    expect(daemonPlace({ env: { UVETH_SOCKET: socket, XDG_RUNTIME_DIR: folder }, uid })).toEqual({
      socket,
      lock: join(folder, "deep/down/my.lock"),
      log: join(folder, "deep/down/my.log"),
    });
  });

  test.skipIf(uid !== 0)(
    "refuses a private folder of another user (only root can make one)",
    ({ folder }) => {
      const own = join(folder, `uveth-${uid}`);
      mkdirSync(own, { mode: 0o700 });
      chownSync(own, stranger, stranger);
      expect(() => daemonPlace({ env: {}, uid, temporary: folder })).toThrow(
        `Cannot use ${own}: it belongs to uid ${stranger}, not to uid ${uid}; remove it, or set UVETH_SOCKET`,
      );
    },
  );

  test("refuses a private folder that others can enter", ({ folder }) => {
    const own = join(folder, `uveth-${uid}`);
    mkdirSync(own);
    chmodSync(own, 0o755);
    expect(() => daemonPlace({ env: {}, uid, temporary: folder })).toThrow(
      `Cannot use ${own}: its mode is 755, not 700; remove it, or set UVETH_SOCKET`,
    );
  });

  test("refuses a link where the private folder should be", ({ folder }) => {
    mkdirSync(join(folder, "elsewhere"), { mode: 0o700 });
    symlinkSync("elsewhere", join(folder, `uveth-${uid}`));
    expect(() => daemonPlace({ env: {}, uid, temporary: folder })).toThrow("it is not a folder");
  });

  test("refuses a path that libuv would cut off", ({ folder }) => {
    const socket = join(folder, "x".repeat(100));
    expect(() => daemonPlace({ env: { UVETH_SOCKET: socket }, uid })).toThrow(
      /bytes longer than a socket's may be/,
    );
  });
});

describe("checkSocketOwner()", () => {
  test("takes what is not there", ({ folder }) => {
    checkSocketOwner(join(folder, "none"), uid);
  });

  test("refuses a file that is no socket, which is left alone", ({ folder }) => {
    const path = join(folder, "precious");
    writeFileSync(path, "text");
    expect(() => checkSocketOwner(path, uid)).toThrow(`Cannot use ${path}: it is not a socket`);
  });

  test("refuses the socket of another user, but to root", async ({ folder }) => {
    const path = join(folder, "theirs");
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    try {
      const other = uid === 0 ? stranger : uid + 1;
      expect(() => checkSocketOwner(path, other)).toThrow(`it belongs to uid ${uid}, not to uid ${other}`);
      checkSocketOwner(path, uid);
      checkSocketOwner(path, 0);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
