// What: what the event loop cannot watch is refused, and ends nothing.
//
// Source: epoll_ctl(2): EPERM for a file, EBADF.

import { closeSync, openSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { AF_UNIX, SOCK_STREAM } from "../../uapi/socket.ts";
import { loadLibc } from "./libc.ts";

const libc = await loadLibc();

describe("watch()", () => {
  test.for([
    ["a file", "/etc/passwd"],
    ["a device that has no queue to wait in", "/dev/null"],
  ] as const)("refuses %s (EPERM)", ([, path]) => {
    const fd = openSync(path, "r");
    try {
      expect(() => libc.watch(fd, () => {})).toThrow(
        `Cannot watch descriptor ${fd}: Operation not permitted`,
      );
    } finally {
      closeSync(fd);
    }
  });

  test("refuses what is not open (EBADF)", () => {
    expect(() => libc.watch(-1, () => {})).toThrow("Cannot watch descriptor -1: Bad file descriptor");
  });

  test("watches a socket", async () => {
    const fds = new Int32Array(2);
    expect(libc.socketpair(AF_UNIX, SOCK_STREAM, fds)).toBe(0);
    const [one = -1, other = -1] = fds;
    await new Promise<void>((resolve) => {
      const watch = libc.watch(one, () => {
        watch.close();
        resolve();
      });
      libc.close(other);
    });
    libc.close(one);
  });
});
