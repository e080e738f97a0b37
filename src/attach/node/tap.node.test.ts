// What: a TAP carries frames between the kernel and a machine: whole, in order, with what is left to be done to them.
//
//   kernel netns [t0] ═══ attached ═══ [v1]──────[v0] netns red of a machine
//
// Facts: drivers/net/tun.c. The kernel's namespace is the test's own; without root the tests are skipped.

import { spawn, spawnSync } from "node:child_process";
import { afterEach, beforeAll, describe, expect } from "vitest";
import { test } from "../../../test/fixtures.ts";
import { createMachine } from "../../index.ts";
import type { Frame } from "../../net/netdevice.ts";
import { CHECKSUM_PARTIAL, GSO_TCPV4 } from "../../net/netdevice.ts";
import { TUN_F_CSUM, TUN_F_TSO4 } from "../../uapi/if_tun.ts";
import { CLONE_NEWNET } from "../../uapi/sched.ts";
import { VIRTIO_NET_HDR_SHORT_SIZE, VIRTIO_NET_HDR_SIZE } from "../../uapi/virtio_net.ts";
import { realTime } from "../index.ts";
import { attachTap } from "./attach-tap.ts";
import { Tap } from "./tap.ts";
import type { TapCalls } from "./tap-calls.ts";
import { loadTapCalls } from "./tap-calls.ts";
import { TapLoop } from "./tap-loop.ts";
import { readVnetHeader, writeVnetHeader } from "./vnet-header.ts";

const isRoot = process.geteuid?.() === 0;

describe("vnet header", () => {
  test("carries an unfinished checksum and a large TCP segment there and back", ({ machine }) => {
    const frame = machine.core.frames.alloc(2_000);
    const other = machine.core.frames.alloc(2_000);
    if (frame === null || other === null) expect.fail("No memory");
    fillTcp(frame, 1_000);
    frame.checksum = CHECKSUM_PARTIAL;
    frame.csumStart = frame.start + 34;
    frame.csumOffset = 16;
    frame.gsoType = GSO_TCPV4;
    frame.gsoSize = 400;
    const at = frame.start - 10;
    writeVnetHeader(frame, at, 10);
    // flags, type, header length 54, size 400, checksum from 34 at 16
    expect([...frame.bytes.subarray(at, at + 10)]).toEqual([1, 1, 54, 0, 144, 1, 34, 0, 16, 0]);
    other.bytes.copyWithin(other.start - 10, at, frame.end);
    other.end = other.start + frame.length;
    expect(readVnetHeader(other, other.start - 10)).toBe(true);
    expect(other).toMatchObject({
      checksum: CHECKSUM_PARTIAL,
      gsoType: GSO_TCPV4,
      gsoSize: 400,
      gsoSegments: 3,
    });
    expect(other.csumStart - other.start).toBe(34);
    frame.pool.free(frame);
    other.pool.free(other);
  });

  test("tells ECN by the CWR flag", ({ machine }) => {
    const frame = machine.core.frames.alloc(2_000);
    if (frame === null) expect.fail("No memory");
    fillTcp(frame, 1_000);
    frame.bytes[frame.start + 47] = 0x90;
    Object.assign(frame, { checksum: CHECKSUM_PARTIAL, csumStart: frame.start + 34, csumOffset: 16 });
    Object.assign(frame, { gsoType: GSO_TCPV4, gsoSize: 400 });
    writeVnetHeader(frame, frame.start - 10, 10);
    expect(frame.bytes[frame.start - 9]).toBe(0x81);
    frame.pool.free(frame);
  });

  test.for([
    ["a checksum behind the end", [1, 0, 0, 0, 0, 0, 0xff, 0xff, 16, 0]],
    ["a size of 0", [1, 1, 54, 0, 0, 0, 34, 0, 16, 0]],
    ["a segmentation without a checksum", [0, 1, 54, 0, 144, 1, 34, 0, 16, 0]],
    ["an unknown segmentation", [1, 3, 54, 0, 144, 1, 34, 0, 16, 0]],
  ] as const)("refuses %s", ([, header], { machine }) => {
    const frame = machine.core.frames.alloc(2_000);
    if (frame === null) expect.fail("No memory");
    fillTcp(frame, 1_000);
    frame.bytes.set(header, frame.start - 10);
    expect(readVnetHeader(frame, frame.start - 10)).toBe(false);
    frame.pool.free(frame);
  });
});

describe.skipIf(!isRoot)("a TAP of the kernel, which takes root", () => {
  let calls: TapCalls;
  const cleanups: (() => void)[] = [];

  beforeAll(async () => {
    calls = await loadTapCalls();
    expect(calls.libc.unshare(CLONE_NEWNET)).toBe(0);
  });
  afterEach(() => {
    for (const cleanup of cleanups.splice(0).reverse()) cleanup();
  });

  function ip(line: string): string {
    const { stdout, stderr, status } = spawnSync("ip", line.split(" "), { encoding: "utf8" });
    expect(`${status} ${stderr}`).toBe("0 ");
    return stdout;
  }

  test("has the name, index, carrier and offloads it was asked for", () => {
    const tap = Tap.open(calls, {
      name: "t0",
      ifindex: 77,
      hasCarrier: false,
      offloads: TUN_F_CSUM | TUN_F_TSO4,
    });
    cleanups.push(() => tap.close());
    expect(tap.offloads).toBe(TUN_F_CSUM | TUN_F_TSO4);
    ip("link set t0 up");
    expect(ip("link show t0")).toMatch(/^77: t0: <NO-CARRIER,BROADCAST,MULTICAST,UP>/);
    tap.setCarrier(true);
    expect(ip("link show t0")).toMatch(/^77: t0: <BROADCAST,MULTICAST,UP,LOWER_UP>/);
  });

  test("is refused where its name is taken", () => {
    const tap = Tap.open(calls, { name: "t1" });
    cleanups.push(() => tap.close());
    expect(() => Tap.open(calls, { name: "t1" })).toThrow("Cannot make the TAP t1: Device or resource busy");
  });

  test.for([
    ["10 bytes, by io_uring where there is one", VIRTIO_NET_HDR_SHORT_SIZE, true],
    ["12 bytes, one system call for each frame", VIRTIO_NET_HDR_SIZE, false],
  ] as const)(
    "answers the kernel's pings through a pair, with a header of %s",
    async ([, headerSize, mayUseUring]) => {
      const machine = createMachine(realTime());
      cleanups.push(() => machine.close());
      const [red, outside] = [await machine.netns("red"), await machine.netns("outside")];
      const peer = { name: "v1", netns: "outside" };
      await red.link.add({ kind: "veth", name: "v0", isUp: true, peer });
      await outside.link.set("v1", { isUp: true });
      await red.addr.add("10.0.0.1/24", { dev: "v0" });
      const dev = machine.core.netnsNames.get("outside")?.names.get("v1");
      if (dev === undefined) expect.fail("No v1");
      const loop = await TapLoop.open(calls, machine.core, mayUseUring);
      cleanups.push(() => loop.close());
      attachTap(loop, Tap.open(calls, { name: "t2", headerSize }), dev);
      cleanups.push(() => {
        dev.rxHandler = null;
      });
      ip("addr add 10.0.0.2/24 dev t2");
      ip("link set t2 up");
      // One of 1,400 bytes, one that is fragmented.
      for (const size of ["1400", "4000"]) {
        const said = await output("ping", ["-c", "1", "-W", "5", "-s", size, "10.0.0.1"]);
        expect(said).toContain("1 packets transmitted, 1 received, 0% packet loss");
      }
    },
  );
});

async function output(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  for await (const piece of child.stdout) text += piece;
  return text;
}

function fillTcp(frame: Frame, payload: number): void {
  frame.bytes.fill(0, frame.start, frame.start + 54 + payload);
  frame.bytes[frame.start + 46] = 5 << 4;
  frame.end = frame.start + 54 + payload;
}
