// Frames of all sorts, from chance: to stations, to groups, to the reserved groups, with and without tags, well formed and not.

import { setBe16 } from "../../src/bytes/endian.ts";
import { macFromText, writeMac } from "../../src/bytes/mac.ts";
import { arpFrame, udpFrame } from "../../src/testkit/frames.ts";
import type { Dice } from "../fuzz/dice.ts";

/** What frames are made of. */
export interface FrameStyle {
  readonly dice: Dice;
  readonly stations: readonly string[];
  readonly mtu: number;
}

const groups = [
  "ff:ff:ff:ff:ff:ff",
  "ff:ff:ff:ff:ff:ff",
  "01:00:5e:00:00:63",
  "01:00:5e:00:00:01",
  "01:00:5e:01:02:03",
  "33:33:00:00:01:03",
  "01:00:0c:cc:cc:cc",
] as const;

/** Makes one frame. */
export function makeFrameBytes(style: FrameStyle): Uint8Array {
  const { dice, stations, mtu } = style;
  const to = destination(style);
  const from = dice.once(25) ? dice.of(["00:00:00:00:00:00", "01:00:5e:00:00:09"]) : dice.of(stations);
  switch (dice.below(9)) {
    case 0:
      return arpFrame({ to, from, senderIp: address(dice), targetIp: address(dice) });
    case 1: {
      const payload = dice.bytes(dice.below(100));
      return udpFrame({
        to,
        from,
        source: address(dice),
        destination: address(dice),
        sourcePort: 1,
        destinationPort: 2,
        payload,
      });
    }
    case 2:
      return tagged(plain(dice, to, from, 0x88b5, 4 + dice.below(200)), 0x8100, dice.below(0x1_0000));
    case 3:
      return tagged(plain(dice, to, from, 0x88b5, 4 + dice.below(200)), 0x88a8, dice.below(8));
    case 4:
      return bpdu(style, dice.once(3) ? to : "01:80:c2:00:00:00", from);
    case 5:
      return plain(dice, to, from, 0x88b5, dice.of([0, 1, 46, 300, 304, 305, mtu, mtu - 4]));
    default:
      return plain(dice, to, from, dice.of([0x88b5, 0x88b6, 0x8808, 0x88cc]), 46 + dice.below(40));
  }
}

function destination({ dice, stations }: FrameStyle): string {
  if (dice.once(6)) return `01:80:c2:00:00:0${dice.below(16).toString(16)}`;
  return dice.once(3) ? dice.of(groups) : dice.of(stations);
}

function address(dice: Dice): string {
  return dice.of(["10.0.0.1", "10.0.0.2", "10.0.0.3", "239.1.2.3"]);
}

function plain(dice: Dice, to: string, from: string, type: number, size: number): Uint8Array {
  const bytes = new Uint8Array(14 + size);
  writeMac(bytes, 0, macFromText(to) ?? 0);
  writeMac(bytes, 6, macFromText(from) ?? 0);
  setBe16(bytes, 12, type);
  for (let at = 14; at < bytes.length; at++) bytes[at] = dice.below(256);
  return bytes;
}

function tagged(bytes: Uint8Array, type: number, tci: number): Uint8Array {
  const longer = new Uint8Array(bytes.length + 4);
  longer.set(bytes.subarray(0, 12), 0);
  setBe16(longer, 12, type);
  setBe16(longer, 14, tci);
  longer.set(bytes.subarray(12), 16);
  return longer;
}

/** A spanning tree message of chance, mostly a configuration. */
function bpdu({ dice, stations }: FrameStyle, to: string, from: string): Uint8Array {
  const isConfig = !dice.once(4);
  const bytes = new Uint8Array(14 + (isConfig ? 38 : 7));
  writeMac(bytes, 0, macFromText(to) ?? 0);
  writeMac(bytes, 6, macFromText(from) ?? 0);
  setBe16(bytes, 12, bytes.length - 14);
  bytes.set([0x42, 0x42, 3, 0, 0, dice.once(10) ? 2 : 0, isConfig ? 0 : 0x80], 14);
  if (!isConfig) return bytes;
  bytes[21] = dice.of([0, 0, 1, 0x80]);
  setBe16(bytes, 22, dice.of([0, 0x1000, 0x8000]));
  writeMac(bytes, 24, macFromText(dice.of(stations)) ?? 0);
  setBe16(bytes, 32, dice.below(3));
  setBe16(bytes, 34, dice.of([0x8000, 0x1000]));
  writeMac(bytes, 36, macFromText(dice.of(stations)) ?? 0);
  setBe16(bytes, 42, 0x8001 + dice.below(3));
  setBe16(bytes, 44, dice.of([0, 256, 22 * 256]));
  setBe16(bytes, 46, 20 * 256);
  setBe16(bytes, 48, 2 * 256);
  setBe16(bytes, 50, 15 * 256);
  return bytes;
}
