// Frames of all sorts, from chance: to stations, to groups, to the reserved groups, with and without tags, well formed and not.

import { checksum } from "../../src/bytes/checksum.ts";
import { setBe16, setBe32 } from "../../src/bytes/endian.ts";
import { ipv4FromText } from "../../src/bytes/ipv4.ts";
import { ipv6FromText } from "../../src/bytes/ipv6.ts";
import { macFromText, macToText, writeMac } from "../../src/bytes/mac.ts";
import { arpFrame, udpFrame } from "../../src/testkit/frames.ts";
import { updateIcmpv6Checksum } from "../../src/wire/icmpv6.ts";
import type { Dice } from "../fuzz/dice.ts";

/** What frames are made of. */
export interface FrameStyle {
  readonly dice: Dice;
  readonly stations: readonly string[];
  readonly mtu: number;
  /** Messages of IGMP and MLD are among them. */
  readonly snoops: boolean;
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
  if (style.snoops && dice.once(2)) return membership(style, from);
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

/** A frame for a place of the tunnel: at its wire (0, 1) a tunnelled one, its header sometimes wrong, at its device (2) any. */
export function vxlanFrame(style: FrameStyle, place: number): Uint8Array {
  const { dice } = style;
  if (place === 2) return makeFrameBytes(style);
  if (place === 1 || dice.once(5)) return plain(dice, "02:00:00:00:00:00", "02:00:00:00:00:10", 0x88b5, 60);
  const inner = makeFrameBytes({ ...style, mtu: 1_400 });
  const payload = new Uint8Array(8 + inner.length);
  payload[0] = dice.once(8) ? dice.below(256) : 8;
  payload[6] = dice.once(8) ? 6 : 5;
  if (dice.once(12)) payload[7] = dice.below(256);
  payload.set(inner, 8);
  return udpFrame({
    to: dice.once(12) ? "ff:ff:ff:ff:ff:ff" : "02:00:00:00:00:00",
    from: "02:00:00:00:00:10",
    source: `10.0.0.${2 + dice.below(2)}`,
    destination: "10.0.0.1",
    sourcePort: 5_000,
    destinationPort: 4_789,
    payload: dice.once(20) ? payload.subarray(0, dice.below(30)) : payload,
  });
}

/** A question or an answer of ARP or neighbour discovery, mostly as hosts send them. */
export function neighbourFrame(style: FrameStyle): Uint8Array {
  const { dice, stations } = style;
  const from = dice.of(stations);
  const to = dice.once(4) ? dice.of(stations) : undefined;
  if (dice.once(3)) return ndFrame(style, from, to);
  const operation = dice.of([1, 1, 1, 1, 2, 3, 4]);
  const hosts = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"];
  const bytes = arpFrame({
    to: to ?? "ff:ff:ff:ff:ff:ff",
    from,
    senderIp: dice.once(6) ? dice.of(["0.0.0.0", "0.0.0.1"]) : dice.of(hosts),
    targetIp: dice.once(8) ? dice.of(["127.0.0.1", "239.1.2.3"]) : dice.of(hosts),
  });
  setBe16(bytes, 20, operation);
  if (dice.once(12)) setBe16(bytes, 12, 0x8035);
  if (dice.once(12)) bytes[14 + dice.below(8)] = dice.below(8);
  return dice.once(8) ? tagged(bytes, 0x8100, dice.below(3)) : bytes;
}

/** A solicitation or an advertisement, sometimes without its option, with one that is broken or with another's address. */
function ndFrame({ dice, stations }: FrameStyle, from: string, unicast: string | undefined): Uint8Array {
  const isQuestion = !dice.once(3);
  const target = ipv6FromText(`fd00::${2 + dice.below(4)}`) ?? new Uint8Array(16);
  const group = ipv6FromText("ff02::1:ff00:0") ?? new Uint8Array(16);
  group[15] = target[15] ?? 0;
  const source = ipv6FromText(dice.once(5) ? "::" : `fd00::${2 + dice.below(4)}`) ?? new Uint8Array(16);
  const destination = dice.once(10) ? source : isQuestion ? group : target;
  const message = new Uint8Array(dice.once(4) ? 24 : 32);
  message[0] = isQuestion ? 135 : 136;
  if (!isQuestion) message[4] = dice.of([0, 0x40, 0x60, 0xe0]);
  if (dice.once(12)) message[1] = 1;
  message.set(target, 8);
  if (message.length > 24) {
    message.set([dice.once(8) ? 5 : isQuestion ? 1 : 2, dice.once(10) ? 0 : 1], 24);
    writeMac(message, 26, macFromText(dice.once(4) ? dice.of(stations) : from) ?? 0);
  }
  const bytes = new Uint8Array(14 + 40 + message.length + (dice.once(10) ? 6 : 0));
  bytes.set([0x33, 0x33, ...group.subarray(12)], 0);
  if (unicast !== undefined) writeMac(bytes, 0, macFromText(unicast) ?? 0);
  writeMac(bytes, 6, macFromText(from) ?? 0);
  setBe16(bytes, 12, 0x86dd);
  bytes[14] = 0x60 + (dice.once(4) ? dice.below(16) : 0);
  setBe16(bytes, 18, message.length);
  bytes.set([58, 255], 20);
  bytes.set(source, 22);
  bytes.set(destination, 38);
  bytes.set(message, 54);
  updateIcmpv6Checksum(bytes, 54, 54 + message.length, 14);
  return bytes;
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

const groups4 = ["239.1.2.3", "239.1.2.4", "224.0.0.9", "224.0.0.251"];
/** The last two can be no sources. */
const sources4 = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "0.0.0.1", "0.0.0.0", "239.1.2.3"];
const sources6 = ["fe80::9", "fe80::a", "fe80::b", "::", "ff05::103"];
const groups6 = ["ff05::103", "ff02::103", "ff02::1"];

/** A message of IGMP or MLD, a packet to a group, or one that is broken. */
function membership(style: FrameStyle, from: string): Uint8Array {
  const { dice } = style;
  const bytes = dice.once(3) ? mldOrPacket(dice, from) : igmpOrPacket(dice, from);
  if (dice.once(12)) bytes[14 + dice.below(bytes.length - 14)] = dice.below(256);
  return bytes;
}

function igmpOrPacket(dice: Dice, from: string): Uint8Array {
  const group = dice.of(groups4);
  const [word] = ipv4Bytes(group);
  switch (dice.below(6)) {
    case 0:
    case 1:
      return igmpFrame(from, group, messageOf(dice.of([0x12, 0x16, 0x16]), dice.below(3), word));
    case 2:
      return igmpFrame(from, "224.0.0.2", messageOf(0x17, 0, word));
    case 3: {
      const records = Array.from({ length: 1 + dice.below(2) }, () => ({
        type: dice.once(12) ? 9 : 1 + dice.below(6),
        word: ipv4Bytes(dice.of(groups4))[0],
        sources: Array.from({ length: dice.below(4) }, () => ipv4Bytes(dice.of(sources4))[0]),
      }));
      const size = records.reduce((sum, { sources }) => sum + 8 + 4 * sources.length, 8);
      const message = new Uint8Array(dice.once(20) ? size - 4 : size);
      message[0] = 0x22;
      message[7] = records.length + (dice.once(12) ? 1 : 0);
      const whole = new Uint8Array(size);
      let at = 8;
      for (const { sources, type, word } of records) {
        whole[at] = type;
        whole[at + 3] = sources.length;
        setBe32(whole, at + 4, word);
        at += 8;
        for (const source of sources) {
          setBe32(whole, at, source);
          at += 4;
        }
      }
      message.set(whole.subarray(8, message.length), 8);
      return igmpFrame(from, "224.0.0.22", message);
    }
    default:
      return udpFrame({
        from,
        to: groupMac(group),
        source: address(dice),
        destination: group,
        sourcePort: 1,
        destinationPort: 2,
        payload: dice.bytes(20),
      });
  }
}

function messageOf(type: number, code: number, group: number): Uint8Array {
  const message = new Uint8Array(8);
  message[0] = type;
  message[1] = code;
  setBe32(message, 4, group);
  return message;
}

function ipv4Bytes(text: string): readonly [number] {
  return [ipv4FromText(text) ?? 0];
}

function groupMac(group: string): string {
  const word = ipv4Bytes(group)[0];
  return macToText(0x0100_5e00_0000 + (word & 0x7f_ffff));
}

/** An IGMP message with the router alert option, its checksums right. */
function igmpFrame(from: string, destination: string, message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(14 + 24 + message.length);
  writeMac(bytes, 0, macFromText(groupMac(destination)) ?? 0);
  writeMac(bytes, 6, macFromText(from) ?? 0);
  setBe16(bytes, 12, 0x0800);
  bytes.set([0x46, 0xc0, 0, 24 + message.length, 0, 0, 0x40, 0, 1, 2, 0, 0], 14);
  setBe32(bytes, 26, ipv4Bytes("10.0.0.9")[0]);
  setBe32(bytes, 30, ipv4Bytes(destination)[0]);
  bytes.set([0x94, 4, 0, 0], 34);
  setBe16(bytes, 24, checksum(bytes, 14, 38));
  bytes.set(message, 38);
  setBe16(bytes, 40, checksum(bytes, 38, bytes.length));
  return bytes;
}

function mldOrPacket(dice: Dice, from: string): Uint8Array {
  const group = dice.of(groups6);
  const groupBytes = ipv6FromText(group) ?? new Uint8Array(16);
  if (dice.once(3)) {
    const to = `33:33:${["00:00:00:01", "00:00:01:03"][group === "ff02::1" ? 0 : 1]}`;
    return udpFrame({
      from,
      to,
      source: dice.of(["fe80::9", "fe80::9", "fe80::a"]),
      destination: group,
      sourcePort: 1,
      destinationPort: 2,
      payload: dice.bytes(20),
    });
  }
  const type = dice.of([131, 132, 143, 143]);
  const sources = Array.from({ length: type === 143 ? dice.below(4) : 0 }, () => dice.of(sources6));
  const message = new Uint8Array(type === 143 ? 28 + 16 * sources.length : 24);
  message[0] = type;
  if (type === 143) message.set([0, 1, 1 + dice.below(6), 0, 0, sources.length], 6);
  message.set(groupBytes, type === 143 ? 12 : 8);
  for (const [index, source] of sources.entries()) {
    message.set(ipv6FromText(source) ?? [], 28 + 16 * index);
  }
  return mldFrame(from, type === 143 ? "ff02::16" : group, message);
}

function mldFrame(from: string, destination: string, message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(14 + 48 + message.length);
  const to = ipv6FromText(destination) ?? new Uint8Array(16);
  bytes.set([0x33, 0x33, ...to.subarray(12)], 0);
  writeMac(bytes, 6, macFromText(from) ?? 0);
  setBe16(bytes, 12, 0x86dd);
  bytes[14] = 0x60;
  setBe16(bytes, 18, 8 + message.length);
  bytes.set([0, 1], 20);
  bytes.set(ipv6FromText("fe80::9") ?? [], 22);
  bytes.set(to, 38);
  bytes.set([58, 0, 5, 2, 0, 0, 1, 0], 54);
  bytes.set(message, 62);
  updateIcmpv6Checksum(bytes, 62, bytes.length, 14);
  return bytes;
}

/** A query for all groups that wants its answers at once. */
export function generalQuery({ dice, stations }: FrameStyle, isIpv6: boolean): Uint8Array {
  const from = dice.of(stations);
  if (isIpv6) {
    const message = new Uint8Array(24);
    message[0] = 130;
    message[5] = 1;
    return mldFrame(from, "ff02::1", message);
  }
  const message = new Uint8Array(12);
  message.set([0x11, 0, 0, 0, 0, 0, 0, 0, 2, 125]);
  return igmpFrame(from, "224.0.0.1", message);
}
