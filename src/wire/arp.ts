// The Address Resolution Protocol for IPv4 over Ethernet (RFC 826; RARP of RFC 903 and InARP of RFC 2390 are
// described only).
//
//   0        2        4    5    6    8          14         18         24         28
//   │hardware│protocol│hlen│plen│ op │sender MAC│sender IP │target MAC│target IP │
//
// Mirrors net/ipv4/arp.c (arp_create, arp_rcv's checks).

import { getBe16, getBe32, getU8, setBe16, setBe32 } from "../bytes/endian.ts";
import { ipv4ToText } from "../bytes/ipv4.ts";
import { macToText, readMac, writeMac } from "../bytes/mac.ts";
import {
  ARPHRD_ETHER,
  ARPHRD_IEEE802,
  ARPOP_InREPLY,
  ARPOP_InREQUEST,
  ARPOP_REPLY,
  ARPOP_REQUEST,
  ARPOP_RREPLY,
  ARPOP_RREQUEST,
} from "../uapi/if_arp.ts";
import { ETH_ALEN, ETH_P_IP, ETH_P_IPV6 } from "../uapi/if_ether.ts";

/** Bytes in a packet for IPv4 over Ethernet. */
export const ARP_SIZE = 28;

const HARDWARE = 0;
const PROTOCOL = 2;
const HARDWARE_LENGTH = 4;
const PROTOCOL_LENGTH = 5;
const OPERATION = 6;
const SENDER_MAC = 8;
const SENDER_IP = 14;
const TARGET_MAC = 18;
const TARGET_IP = 24;

/** What a packet says. */
export interface Arp {
  readonly operation: number;
  readonly senderMac: number;
  readonly senderIp: number;
  /** In a request the address that is asked for: 0, or the one believed in. */
  readonly targetMac: number;
  readonly targetIp: number;
}

/**
 * Tells whether a whole packet for IPv4 over Ethernet lies between `at` and `end`; the getters may be used
 * only then.
 */
export function isEthernetArp(bytes: Uint8Array, at: number, end: number): boolean {
  return (
    end - at >= ARP_SIZE &&
    (getBe16(bytes, at + HARDWARE) === ARPHRD_ETHER || getBe16(bytes, at + HARDWARE) === ARPHRD_IEEE802) &&
    hasEthernetLayout(bytes, at)
  );
}

/** Tells whether a packet of enough bytes is about IPv4 addresses and hardware addresses of six bytes, whatever the hardware. */
export function hasEthernetLayout(bytes: Uint8Array, at: number): boolean {
  return (
    getBe16(bytes, at + PROTOCOL) === ETH_P_IP &&
    getU8(bytes, at + HARDWARE_LENGTH) === ETH_ALEN &&
    getU8(bytes, at + PROTOCOL_LENGTH) === 4
  );
}

/** Reads the operation, ARPOP_*. */
export function arpOperation(bytes: Uint8Array, at: number): number {
  return getBe16(bytes, at + OPERATION);
}

/** Reads the sender's hardware address. */
export function arpSenderMac(bytes: Uint8Array, at: number): number {
  return readMac(bytes, at + SENDER_MAC);
}

/** Writes the hardware address of the sender. */
export function setArpSenderMac(bytes: Uint8Array, at: number, mac: number): void {
  writeMac(bytes, at + SENDER_MAC, mac);
}

/** Reads the sender's IPv4 address; 0 in a probe of RFC 5227. */
export function arpSenderIp(bytes: Uint8Array, at: number): number {
  return getBe32(bytes, at + SENDER_IP);
}

/** Reads the target's hardware address. */
export function arpTargetMac(bytes: Uint8Array, at: number): number {
  return readMac(bytes, at + TARGET_MAC);
}

/** Reads the target's IPv4 address. */
export function arpTargetIp(bytes: Uint8Array, at: number): number {
  return getBe32(bytes, at + TARGET_IP);
}

/** Writes a packet for IPv4 over Ethernet (`arp_create`). */
export function emitArp(bytes: Uint8Array, at: number, arp: Arp): void {
  setBe16(bytes, at + HARDWARE, ARPHRD_ETHER);
  setBe16(bytes, at + PROTOCOL, ETH_P_IP);
  bytes[at + HARDWARE_LENGTH] = ETH_ALEN;
  bytes[at + PROTOCOL_LENGTH] = 4;
  setBe16(bytes, at + OPERATION, arp.operation);
  writeMac(bytes, at + SENDER_MAC, arp.senderMac);
  setBe32(bytes, at + SENDER_IP, arp.senderIp);
  writeMac(bytes, at + TARGET_MAC, arp.targetMac);
  setBe32(bytes, at + TARGET_IP, arp.targetIp);
}

/**
 * Describes the packet between `at` and `end` of a frame that had `length` bytes behind its Ethernet header.
 */
export function describeArp(bytes: Uint8Array, at: number, end: number, length: number): string {
  const addressLengths = getU8(bytes, at + HARDWARE_LENGTH) + getU8(bytes, at + PROTOCOL_LENGTH);
  if (end - at < SENDER_MAC || end - at < SENDER_MAC + 2 * addressLengths) return " [|arp]";
  if (!hasEthernetLayout(bytes, at)) return `${describeKind(bytes, at)}, length ${length}`;
  const text = describeOperation(bytes, at);
  return text === undefined ? `Unknown (${arpOperation(bytes, at)})` : `${text}, length ${length}`;
}

function describeKind(bytes: Uint8Array, at: number): string {
  const type = getBe16(bytes, at + HARDWARE);
  const hardware = type === ARPHRD_ETHER ? "Ethernet" : `Unknown Hardware (${type})`;
  const protocol = getBe16(bytes, at + PROTOCOL);
  const network =
    protocol === ETH_P_IP
      ? "IPv4"
      : protocol === ETH_P_IPV6
        ? "IPv6"
        : `Unknown Protocol (0x${protocol.toString(16).padStart(4, "0")})`;
  const lengths = [getU8(bytes, at + HARDWARE_LENGTH), getU8(bytes, at + PROTOCOL_LENGTH)];
  return `${hardware} (len ${lengths[0]}), ${network} (len ${lengths[1]})`;
}

function describeOperation(bytes: Uint8Array, at: number): string | undefined {
  const senderIp = ipv4ToText(arpSenderIp(bytes, at));
  const targetIp = ipv4ToText(arpTargetIp(bytes, at));
  const senderMac = macToText(arpSenderMac(bytes, at));
  const targetMac = macToText(arpTargetMac(bytes, at));
  switch (arpOperation(bytes, at)) {
    case ARPOP_REQUEST: {
      const believed = arpTargetMac(bytes, at) === 0 ? "" : ` (${targetMac})`;
      return `Request who-has ${targetIp}${believed} tell ${senderIp}`;
    }
    case ARPOP_REPLY:
      return `Reply ${senderIp} is-at ${senderMac}`;
    case ARPOP_RREQUEST:
      return `Reverse Request who-is ${targetMac} tell ${senderMac}`;
    case ARPOP_RREPLY:
      return `Reverse Reply ${targetMac} at ${targetIp}`;
    case ARPOP_InREQUEST:
      return `Inverse Request who-is ${targetMac} tell ${senderMac}`;
    case ARPOP_InREPLY:
      return `Inverse Reply ${senderMac} at ${senderIp}`;
    default:
      return undefined;
  }
}
