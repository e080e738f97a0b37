// What: packets that are anything at all are dropped or answered; none makes the machine throw, none leaks a frame.
//
//   [v0]──────[v1] r [v2]──────[v3]    r forwards; frames are sent into v0
//
// Source: design.md, the invariant on a ledger of frames.

import { describe, expect, test } from "vitest";
import { addressBytes, InetLab, S } from "../../test/fixtures/inet.ts";
import { checksum } from "../bytes/checksum.ts";
import { setBe16 } from "../bytes/endian.ts";
import { macToBytes } from "../bytes/mac.ts";
import { RX_PACKETS } from "../net/counters.ts";
import { readCounter } from "../net/device.ts";
import { frameFrom } from "../net/frame.ts";
import type { Device } from "../net/netdevice.ts";
import { CHECKSUM_UNNECESSARY } from "../net/netdevice.ts";
import { randomBelow, SeededRandom } from "../net/random.ts";
import { devQueueXmit } from "../net/transmit.ts";
import { ETH_P_ARP, ETH_P_IP, ETH_P_IPV6 } from "../uapi/if_ether.ts";

const packets = 30_000;

/** Sends a frame, whose checksums count as right half of the time: most of them would stop it at once. */
function send(dev: Device, bytes: Uint8Array, random: SeededRandom): void {
  const frame = frameFrom(dev.machine.frames, bytes);
  if (frame === null) return;
  frame.dev = dev;
  if (randomBelow(random, 2) === 0) frame.checksum = CHECKSUM_UNNECESSARY;
  devQueueXmit(frame);
}

/** Packets worth changing a bit of: echoes to the router and beyond, fragments, discovery, options. */
function seeds(to: number): Uint8Array[] {
  const ether = (type: number, payload: number[]) =>
    Uint8Array.from([...macToBytes(to), 2, 0, 0, 0, 0, 9, type >> 8, type & 0xff, ...payload]);
  const four = (
    destination: string,
    fragment: number,
    protocol: number,
    body: number[],
    options: number[] = [],
  ) => {
    const size = 20 + options.length;
    const total = size + body.length;
    const header = [
      0x40 | (size / 4),
      0,
      total >> 8,
      total & 0xff,
      0,
      7,
      fragment >> 8,
      fragment & 0xff,
      3,
      protocol,
    ];
    const bytes = Uint8Array.from([...header, 0, 0, 10, 0, 0, 1, ...addressBytes(destination), ...options]);
    setBe16(bytes, 10, checksum(bytes, 0, size));
    return ether(ETH_P_IP, [...bytes, ...body]);
  };
  const six = (destination: string, next: number, hops: number, body: number[]) =>
    ether(ETH_P_IPV6, [
      ...[0x60, 0, 0, 0, body.length >> 8, body.length & 0xff, next, hops],
      ...addressBytes("fd00:1::1"),
      ...addressBytes(destination),
      ...body,
    ]);
  const echo = [8, 0, 0xf7, 0xfd, 0, 1, 0, 1];
  const solicitation = [135, 0, 0, 0, 0, 0, 0, 0, ...addressBytes("fd00:1::2"), 1, 1, 2, 0, 0, 0, 0, 9];
  return [
    ether(ETH_P_ARP, [0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 9, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2]),
    four("10.0.0.2", 0, 1, echo),
    four("10.0.1.2", 0, 1, echo),
    four(
      "10.0.0.2",
      0x2000,
      17,
      Array.from({ length: 16 }, () => 1),
    ),
    four(
      "10.0.0.2",
      2,
      17,
      Array.from({ length: 9 }, () => 2),
    ),
    four("10.0.0.2", 0, 200, echo),
    four("10.0.0.2", 0, 1, echo, [7, 7, 4, 0, 0, 0, 0, 0]),
    four("224.0.0.1", 0, 1, echo),
    six("fd00:1::2", 58, 64, [128, 0, 0, 0, 0, 1, 0, 1]),
    six("fd00:2::2", 58, 2, [128, 0, 0, 0, 0, 1, 0, 1]),
    six("ff02::1:ff00:2", 58, 255, solicitation),
    six("fd00:1::2", 44, 64, [17, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8]),
    six("fd00:1::2", 0, 64, [43, 0, 5, 2, 0, 0, 1, 0, 58, 0, 0, 1, 0, 0, 0, 0]),
    six("fd00:1::2", 60, 64, [59, 0, 0xc2, 4, 0, 0, 0, 0]),
    six("ff02::1", 0, 1, [58, 0, 5, 2, 0, 0, 1, 0, 130, 0, 0, 0, 0, 10, 0, 0, ...addressBytes("::")]),
  ];
}

/** A packet like `seed`, with some bytes changed, cut off or added, and its IPv4 header checksum often made right. */
function mutate(seed: Uint8Array, random: SeededRandom): Uint8Array {
  const grown = randomBelow(random, 8) === 0 ? randomBelow(random, 200) : 0;
  const cut = randomBelow(random, 6) === 0 ? randomBelow(random, seed.length) : 0;
  const bytes = new Uint8Array(Math.max(seed.length - cut, 14) + grown);
  bytes.set(seed.subarray(0, Math.min(seed.length, bytes.length)));
  for (let left = randomBelow(random, 5); left > 0; left--) {
    const at = 14 + randomBelow(random, Math.max(bytes.length - 14, 1));
    bytes[at] =
      randomBelow(random, 3) === 0
        ? randomBelow(random, 256)
        : (bytes[at] ?? 0) ^ (1 << randomBelow(random, 8));
  }
  const headerLength = ((bytes[14] ?? 0) & 0xf) * 4;
  if (
    bytes[12] === 8 &&
    bytes[13] === 0 &&
    randomBelow(random, 4) !== 0 &&
    bytes.length >= 14 + headerLength
  ) {
    setBe16(bytes, 24, 0);
    setBe16(bytes, 24, checksum(bytes, 14, 14 + headerLength));
  }
  return bytes;
}

describe("random and mutated packets", () => {
  test.each([1, 2, 3])("never throw and leave no frame behind (seed %i)", async (seed) => {
    const lab = new InetLab({ seed });
    const [a, router, b] = [lab.netns(), lab.netns(), lab.netns()];
    const [v0, v1] = lab.pair(a, "v0", router, "v1");
    const [v2, v3] = lab.pair(router, "v2", b, "v3");
    for (const [dev, four, six] of [
      [v0, "10.0.0.1/24", "fd00:1::1/64"],
      [v1, "10.0.0.2/24", "fd00:1::2/64"],
      [v2, "10.0.1.1/24", "fd00:2::1/64"],
      [v3, "10.0.1.2/24", "fd00:2::2/64"],
    ] as const) {
      lab.address(dev, four);
      lab.address(dev, six);
    }
    lab.router(router);
    await lab.clock.advance(3 * S);
    const random = new SeededRandom(seed);
    const samples = seeds(v1.address);
    for (let count = 0; count < packets; count++) {
      const sample = samples[randomBelow(random, samples.length)];
      if (sample !== undefined) send(v0, mutate(sample, random), random);
      if (count % 1_000 === 0) await lab.clock.advance(S);
    }
    await lab.clock.advance(120 * S);
    expect(lab.machine.frames.inUse).toBe(0);
    // The packets did get somewhere: into every kind of drop that there is for them, and out at the far end.
    expect([...(v1.drops?.keys() ?? [])]).toEqual(
      expect.arrayContaining(["bad-header", "bad-checksum", "fragment", "no-protocol", "not-for-us"]),
    );
    expect(readCounter(v3, RX_PACKETS)).toBeGreaterThan(100);
    lab.close();
  });
});
