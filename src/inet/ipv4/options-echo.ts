// What an answer has of the options of the packet it answers: records go on, a source route is turned around.
//
// Mirrors net/ipv4/ip_options.c (__ip_options_echo, ip_options_build). Omitted: CIPSO labels.

import { getBe32, setBe32 } from "../../bytes/endian.ts";
import type { Frame } from "../../net/netdevice.ts";
import type { ErrnoName } from "../../uapi/errno.ts";
import { RTN_UNICAST } from "../../uapi/rtnetlink.ts";
import { IPV4_SIZE, ipv4Source } from "../../wire/ipv4.ts";
import { IPOPT_TS_PRESPEC } from "../../wire/ipv4-option.ts";
import type { IpNetns } from "../netns.ts";
import { addressType } from "./address-type.ts";
import { Ipv4Options, millisecondsOfDay, optionsOf } from "./options.ts";
import { ipSend } from "./output.ts";
import type { Route4 } from "./route.ts";

/** The most that a header has room for. */
const maxLength = 40;

/** The options of an answer, and whom it goes to. */
export class ReplyOptions extends Ipv4Options {
  readonly bytes = new Uint8Array(maxLength);
  /** Whole words. */
  length = 0;
  /** The first hop of the route back; 0 when there is none. */
  firstHop = 0;
  /** Whom the answer is for at last. */
  destination = 0;
}

/**
 * The options of the answer to a received packet, which `networkHeader` is at; null: none; "invalid": the packet's have no room
 * for what is to be written, so that it is not answered. Who answers without a frame at hand may keep them.
 */
export function echoOptions(ip: IpNetns, frame: Frame): ReplyOptions | "invalid" | null {
  const asked = optionsOf(frame);
  if (asked === null) return null;
  const reply = new ReplyOptions();
  reply.destination = ipv4Source(frame.bytes, frame.networkHeader);
  if (asked.record !== 0 && !echoRecord(frame, asked, reply)) return "invalid";
  if (asked.timestamp !== 0 && !echoTimestamp(ip, frame, asked, reply)) return "invalid";
  if (asked.sourceRoute !== 0) echoSourceRoute(frame, asked, reply);
  reply.length = (reply.length + 3) & ~3;
  return reply.length === 0 ? null : reply;
}

/** Copies the option at `offset`; returns where it stands now. */
function copy({ bytes, networkHeader }: Frame, offset: number, reply: ReplyOptions): number {
  const from = networkHeader + offset;
  const at = reply.length;
  const length = bytes[from + 1] ?? 0;
  reply.bytes.set(bytes.subarray(from, from + length), at);
  reply.length += length;
  return at;
}

function echoRecord(frame: Frame, asked: Ipv4Options, reply: ReplyOptions): boolean {
  const at = copy(frame, asked.record, reply);
  reply.record = at + IPV4_SIZE;
  const { bytes } = reply;
  const [length, pointer] = [bytes[at + 1] ?? 0, bytes[at + 2] ?? 0];
  if (!asked.needsRecord || pointer > length) return true;
  if (pointer + 3 > length) return false;
  bytes[at + 2] = pointer + 4;
  reply.needsRecord = true;
  return true;
}

function echoTimestamp(ip: IpNetns, frame: Frame, asked: Ipv4Options, reply: ReplyOptions): boolean {
  const at = copy(frame, asked.timestamp, reply);
  reply.timestamp = at + IPV4_SIZE;
  const { bytes } = reply;
  const length = bytes[at + 1] ?? 0;
  let pointer = bytes[at + 2] ?? 0;
  if (pointer > length) return true;
  if (asked.needsAddress) {
    if (pointer + 3 > length) return false;
    reply.needsAddress = true;
    pointer += 4;
  }
  if (asked.needsTime) {
    if (pointer + 3 > length) return false;
    if (((bytes[at + 3] ?? 0) & 0xf) !== IPOPT_TS_PRESPEC) {
      reply.needsTime = true;
      pointer += 4;
    } else if (pointer + 7 <= length && addressType(ip, getBe32(bytes, at + pointer - 1)) !== RTN_UNICAST) {
      reply.needsTime = true;
      pointer += 8;
    }
  }
  bytes[at + 2] = pointer;
  return true;
}

/** The hops that were passed, in the opposite order: the last of them is whom the answer goes to first. */
function echoSourceRoute(frame: Frame, asked: Ipv4Options, reply: ReplyOptions): void {
  const { bytes, networkHeader } = frame;
  const from = networkHeader + asked.sourceRoute;
  const length = bytes[from + 1] ?? 0;
  const at = reply.length;
  let pointer = Math.min(bytes[from + 2] ?? 0, length + 1) - 4;
  if (pointer <= 3) return;
  const firstHop = getBe32(bytes, from + pointer - 1);
  let to = 4;
  for (pointer -= 4; pointer > 3; pointer -= 4, to += 4) {
    setBe32(reply.bytes, at + to - 1, getBe32(bytes, from + pointer - 1));
  }
  // A route that names its sender as the first hop is put right (RFC 1812 5.3.13.4).
  if (getBe32(bytes, from + pointer + 3) === reply.destination) to -= 4;
  if (to <= 3) return;
  reply.firstHop = firstHop;
  reply.bytes[at] = bytes[from] ?? 0;
  reply.bytes[at + 1] = to + 3;
  reply.bytes[at + 2] = 4;
  reply.sourceRoute = at + IPV4_SIZE;
  reply.isStrict = asked.isStrict;
  reply.length += to + 3;
}

/** As `ipSend`, with options between header and payload; the frame has room for them in front of its `start`. */
export function ipSendOptions(
  ip: IpNetns,
  frame: Frame,
  route: Route4,
  protocol: number,
  service: { readonly ttl: number; readonly tos: number; readonly flags: number },
  reply: ReplyOptions | null,
): ErrnoName | "" {
  const { flags, tos, ttl } = service;
  const length = reply?.length ?? 0;
  if (reply !== null) writeOptions(ip, frame.bytes, frame.start - length - IPV4_SIZE, route, reply);
  return ipSend(ip, frame, route, protocol, ttl, tos, flags, IPV4_SIZE + length);
}

/** Writes the options of a header at `at`, with what this host adds to them (ip_options_build). */
function writeOptions(ip: IpNetns, bytes: Uint8Array, at: number, route: Route4, reply: ReplyOptions): void {
  bytes.set(reply.bytes.subarray(0, reply.length), at + IPV4_SIZE);
  const { record, sourceRoute, timestamp } = reply;
  if (sourceRoute !== 0) {
    const lastHop = at + sourceRoute + (bytes[at + sourceRoute + 1] ?? 0) - 4;
    setBe32(bytes, lastHop, reply.destination);
  }
  if (reply.needsRecord) setBe32(bytes, at + record + (bytes[at + record + 2] ?? 0) - 5, route.source);
  const afterTime = at + timestamp + (bytes[at + timestamp + 2] ?? 0);
  if (reply.needsAddress) setBe32(bytes, afterTime - 9, route.source);
  if (reply.needsTime) setBe32(bytes, afterTime - 5, millisecondsOfDay(ip));
}
