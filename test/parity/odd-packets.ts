// Packets as a stranger might send them, sound in all but what a case is about, and what comes back, as text.

import { checksum } from "../../src/bytes/checksum.ts";
import { getBe16, getBe32, setBe16, setBe32 } from "../../src/bytes/endian.ts";
import { toHex } from "../../src/bytes/hex.ts";
import { addressText } from "../../src/client/address-text.ts";
import { ETH_P_ALL } from "../../src/uapi/if_ether.ts";
import { updateIpv4Checksum } from "../../src/wire/ipv4.ts";
import type { ParityContext } from "./context.ts";
import type { PacketPort } from "./targets.ts";
import { ipBytes, macBytes } from "./vocabulary.ts";

/** The host that is tried, and the stranger. */
export const host = { mac: "02:00:00:00:00:0a", ip4: "10.0.0.1", ip6: "2001:db8::1", linkLocal: "fe80::a" };
export const stranger = {
  mac: "02:00:00:00:00:0b",
  ip4: "10.0.0.2",
  ip6: "2001:db8::2",
  linkLocal: "fe80::b",
};

/** A wire from the stranger to the host's device a, up with its address of IPv4, and all frames seen at the stranger's end. */
export async function strangersWire(ctx: ParityContext): Promise<{ wire: PacketPort; heard: Uint8Array[] }> {
  const red = await ctx.otherNetns();
  await ctx.newLink({
    name: "a",
    address: host.mac,
    vethPeer: { name: "b", address: stranger.mac, netnsFd: red.fd },
  });
  await ctx.quiet("a");
  await red.quiet("b");
  await red.up("b");
  const wire = await red.openPacket("b", ETH_P_ALL);
  await ctx.addAddr(`${host.ip4}/24`, "a");
  await ctx.up("a");
  await ctx.settle("a");
  const heard: Uint8Array[] = [];
  const read = async (): Promise<void> => {
    for (;;) heard.push((await wire.receive()).bytes);
  };
  read().catch(() => {});
  return { wire, heard };
}

/** What a header says; what is left out is as a well-behaved stranger has it. */
export interface Odd4 {
  readonly from?: string;
  readonly to?: string;
  readonly mac?: string;
  readonly ttl?: number;
  readonly tos?: number;
  /** Flags and offset. */
  readonly fragment?: number;
  /** Padded to whole words by the caller. */
  readonly options?: readonly number[];
  readonly versionAndLength?: number;
  readonly totalLength?: number;
  readonly checksum?: number;
}

/** A frame with an IPv4 packet. */
export function packet4(protocol: number, payload: Uint8Array, odd: Odd4 = {}): Uint8Array {
  const { options = [] } = odd;
  const headerSize = 20 + options.length;
  const frame = ethernet(0x0800, headerSize + payload.length, odd.mac ?? host.mac);
  frame[14] = odd.versionAndLength ?? 0x40 | (headerSize / 4);
  frame[15] = odd.tos ?? 0;
  setBe16(frame, 16, odd.totalLength ?? headerSize + payload.length);
  setBe16(frame, 18, 0x1234);
  setBe16(frame, 20, odd.fragment ?? 0);
  frame.set([odd.ttl ?? 64, protocol], 22);
  frame.set(ipBytes(odd.from ?? stranger.ip4), 26);
  frame.set(ipBytes(odd.to ?? host.ip4), 30);
  frame.set(options, 34);
  if (odd.versionAndLength === undefined) updateIpv4Checksum(frame, 14);
  if (odd.checksum !== undefined) setBe16(frame, 24, odd.checksum);
  frame.set(payload, 14 + headerSize);
  return frame;
}

/** As Odd4. */
export interface Odd6 {
  readonly from?: string;
  readonly to?: string;
  readonly mac?: string;
  readonly hopLimit?: number;
  readonly payloadLength?: number;
  /** What stands between header and payload, and the number of the first of it. */
  readonly extensions?: readonly number[];
  readonly firstHeader?: number;
}

/** A frame with an IPv6 packet. `protocol` is the payload's, for its checksum. */
export function packet6(protocol: number, payload: Uint8Array, odd: Odd6 = {}): Uint8Array {
  const { extensions = [] } = odd;
  const frame = ethernet(0x86dd, 40 + extensions.length + payload.length, odd.mac ?? host.mac);
  frame[14] = 0x60;
  setBe16(frame, 18, odd.payloadLength ?? extensions.length + payload.length);
  frame.set([odd.firstHeader ?? protocol, odd.hopLimit ?? 64], 20);
  frame.set(ipBytes(odd.from ?? stranger.ip6), 22);
  frame.set(ipBytes(odd.to ?? host.ip6), 38);
  frame.set(extensions, 54);
  frame.set(payload, 54 + extensions.length);
  return frame;
}

function ethernet(type: number, size: number, mac: string): Uint8Array {
  const frame = new Uint8Array(14 + size);
  frame.set(macBytes(mac), 0);
  frame.set(macBytes(stranger.mac), 6);
  setBe16(frame, 12, type);
  return frame;
}

/** A message of ICMP; `sum` in place of its checksum. */
export function icmp4(
  type: number,
  code: number,
  rest: number,
  body: Uint8Array = new Uint8Array(0),
  sum?: number,
) {
  const bytes = new Uint8Array(8 + body.length);
  bytes.set([type, code]);
  setBe32(bytes, 4, rest);
  bytes.set(body, 8);
  setBe16(bytes, 2, sum ?? checksum(bytes, 0, bytes.length));
  return bytes;
}

/** Where a transport's checksum takes its addresses from. */
export interface Ends {
  readonly from?: string;
  readonly to?: string;
}

/** A message of ICMPv6. */
export function icmp6(type: number, code: number, rest: number, body: Uint8Array, ends: Ends = {}) {
  const bytes = new Uint8Array(8 + body.length);
  bytes.set([type, code]);
  setBe32(bytes, 4, rest);
  bytes.set(body, 8);
  setBe16(bytes, 2, pseudoChecksum(bytes, 58, ends.from ?? stranger.ip6, ends.to ?? host.ip6));
  return bytes;
}

/** A datagram. */
export function udp(
  destination: number,
  body: Uint8Array,
  ends: Ends & { readonly length?: number; readonly sum?: number } = {},
) {
  const bytes = new Uint8Array(8 + body.length);
  setBe16(bytes, 0, 4_000);
  setBe16(bytes, 2, destination);
  setBe16(bytes, 4, ends.length ?? bytes.length);
  bytes.set(body, 8);
  setBe16(bytes, 6, ends.sum ?? pseudoChecksum(bytes, 17, ends.from ?? stranger.ip4, ends.to ?? host.ip4));
  return bytes;
}

/** What a segment says. */
export interface OddTcp extends Ends {
  readonly sport?: number;
  readonly dport: number;
  readonly seq: number;
  readonly ack?: number;
  readonly flags: number;
  readonly window?: number;
  readonly urgent?: number;
  readonly options?: readonly number[];
  readonly body?: Uint8Array;
  readonly dataOffset?: number;
  readonly sum?: number;
}

export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const PSH = 8;
export const ACK = 16;
export const URG = 32;

/** A segment. */
export function tcp(odd: OddTcp): Uint8Array {
  const { body = new Uint8Array(0), options = [] } = odd;
  const bytes = new Uint8Array(20 + options.length + body.length);
  setBe16(bytes, 0, odd.sport ?? 4_000);
  setBe16(bytes, 2, odd.dport);
  setBe32(bytes, 4, odd.seq >>> 0);
  setBe32(bytes, 8, (odd.ack ?? 0) >>> 0);
  bytes[12] = (odd.dataOffset ?? (20 + options.length) / 4) << 4;
  bytes[13] = odd.flags;
  setBe16(bytes, 14, odd.window ?? 65_535);
  setBe16(bytes, 18, odd.urgent ?? 0);
  bytes.set(options, 20);
  bytes.set(body, 20 + options.length);
  setBe16(bytes, 16, odd.sum ?? pseudoChecksum(bytes, 6, odd.from ?? stranger.ip4, odd.to ?? host.ip4));
  return bytes;
}

function pseudoChecksum(bytes: Uint8Array, protocol: number, from: string, to: string): number {
  const [source, destination] = [ipBytes(from), ipBytes(to)];
  const pseudo = new Uint8Array(source.length * 2 + 8 + bytes.length);
  pseudo.set(source, 0);
  pseudo.set(destination, source.length);
  setBe32(pseudo, source.length * 2, bytes.length);
  pseudo[source.length * 2 + 7] = protocol;
  pseudo.set(bytes, source.length * 2 + 8);
  return checksum(pseudo, 0, pseudo.length) || 0xffff;
}

/** Text as bytes. */
export function textBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** What a frame of the host says, as one line; undefined for what is the host's own affair (ARP, solicitations, reports). */
export function answerText(frame: Uint8Array): string | undefined {
  const type = getBe16(frame, 12);
  if (type === 0x0800) return text4(frame);
  return type === 0x86dd ? text6(frame) : undefined;
}

function text4(frame: Uint8Array): string | undefined {
  const end = 14 + getBe16(frame, 16);
  const at = 14 + ((frame[14] ?? 0) & 15) * 4;
  const options = at > 34 ? ` options ${optionsText(frame.slice(34, at))}` : "";
  const fragment = getBe16(frame, 20);
  const head = `${addressText(frame.slice(26, 30))} > ${addressText(frame.slice(30, 34))} ttl ${frame[22]} tos ${frame[15]}`;
  const pieces = fragment === 0 ? "" : ` frag ${fragment.toString(16)}`;
  const body = bodyText(frame, frame[23] ?? 0, at, end);
  const isSound = checksum(frame, 14, at) === 0;
  return body === undefined ? undefined : `${head}${pieces}${options}${isSound ? "" : " bad sum"} ${body}`;
}

/** Options of IPv4 in hexadecimal, times that were recorded as "time", as what the time is, is not to be compared. */
function optionsText(options: Uint8Array): string {
  let text = "";
  for (let at = 0; at < options.length; ) {
    const [type = 0, length = 0, pointer = 0, kind = 0] = options.subarray(at);
    const size = type < 2 ? 1 : Math.max(2, length);
    text += text === "" ? "" : " ";
    if (type !== 68) text += toHex(options, at, Math.min(options.length, at + size));
    else {
      text += toHex(options, at, at + 4);
      const [step, timeAt] = (kind & 15) === 1 || (kind & 15) === 3 ? [8, 4] : [4, 0];
      for (let entry = at + 4; entry + step <= at + size; entry += step) {
        // Small ones are the test's own.
        const isTime = entry - at < pointer - 1 && getBe32(options, entry + timeAt) > 15;
        if (timeAt > 0) text += `/${toHex(options, entry, entry + 4)}`;
        text += isTime ? "/time" : `/${toHex(options, entry + timeAt, entry + step)}`;
      }
    }
    at += size;
  }
  return text;
}

function text6(frame: Uint8Array): string | undefined {
  const end = 54 + getBe16(frame, 18);
  const head = `${addressText(frame.slice(22, 38))} > ${addressText(frame.slice(38, 54))} hops ${frame[21]}`;
  const body = bodyText(frame, frame[20] ?? 0, 54, end);
  return body === undefined ? undefined : `${head} ${body}`;
}

/** The least of a solicitation's body, of which a host sends some of its own accord. */
const own6: readonly number[] = [133, 135];

function bodyText(frame: Uint8Array, protocol: number, at: number, end: number): string | undefined {
  if (protocol === 1 || protocol === 58) {
    const type = frame[at] ?? 0;
    if (protocol === 58 && own6.includes(type)) return undefined;
    const rest = getBe32(frame, at + 4).toString(16);
    // What the time is, is not to be compared.
    if (protocol === 1 && type === 14)
      return `icmp ${type}/${frame[at + 1]} ${rest} ${toHex(frame, at + 8, at + 12)} and 2 times`;
    const body = end - at <= 72 ? toHex(frame, at + 8, end) : `${end - at - 8} bytes`;
    return `icmp ${type}/${frame[at + 1]} ${rest} ${body}`;
  }
  if (protocol === 0 || protocol === 2) return undefined;
  if (protocol !== 6) return `protocol ${protocol} ${toHex(frame, at, end)}`;
  const flags = frame[at + 13] ?? 0;
  const names = ["F", "S", "R", "P", "A", "U", "E", "C"]
    .filter((_, bit) => ((flags >> bit) & 1) === 1)
    .join("");
  return `tcp ${getBe16(frame, at + 2)} ${names}`;
}
