// What a packet's transport header says of the flow it belongs to, for rules and hashes that look that deep.
//
// Mirrors net/core/flow_dissector.c as far as net/ipv4/fib_rules.c and net/ipv6/fib6_rules.c use it. *Omitted:* what is inside
// tunnels.

import { getBe16 } from "../../bytes/endian.ts";
import { IPPROTO_DCCP, IPPROTO_SCTP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDPLITE } from "../../uapi/in.ts";
import { ipv4FragmentOffset, ipv4HeaderLength, ipv4Protocol } from "../../wire/ipv4.ts";
import { createExtensionWalk, walkIpv6Extensions } from "../../wire/ipv6-extension.ts";
import type { PacketKey } from "./match.ts";

/** Notes protocol and ports of the IPv4 packet at `bytes[at]`, which ends at `end`, in `key`. */
export function dissect4(bytes: Uint8Array, at: number, end: number, key: PacketKey): void {
  key.protocol = ipv4Protocol(bytes, at);
  const isFirst = ipv4FragmentOffset(bytes, at) === 0;
  notePorts(bytes, at + ipv4HeaderLength(bytes, at), isFirst ? end : 0, key);
}

/** As dissect4, for IPv6: extension headers are passed over. */
export function dissect6(bytes: Uint8Array, at: number, end: number, key: PacketKey): void {
  const walk = createExtensionWalk();
  const isWalked = walkIpv6Extensions(bytes, at, end, walk);
  key.protocol = isWalked ? walk.protocol : 0;
  notePorts(bytes, walk.offset, isWalked && walk.fragmentOffset === 0 ? end : 0, key);
}

/** Forgets protocol and ports: nobody looks at them. */
export function forgetPorts(key: PacketKey): void {
  key.protocol = 0;
  key.sport = 0;
  key.dport = 0;
}

function notePorts(bytes: Uint8Array, at: number, end: number, key: PacketKey): void {
  const isThere = hasPorts(key.protocol) && at + 4 <= end;
  key.sport = isThere ? getBe16(bytes, at) : 0;
  key.dport = isThere ? getBe16(bytes, at + 2) : 0;
}

function hasPorts(protocol: number): boolean {
  switch (protocol) {
    case IPPROTO_TCP:
    case IPPROTO_UDP:
    case IPPROTO_SCTP:
    case IPPROTO_DCCP:
    case IPPROTO_UDPLITE:
      return true;
    default:
      return false;
  }
}
