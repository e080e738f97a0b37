// DHCP for IPv4 (RFC 2131, options of RFC 2132): a fixed header as BOOTP had it, a cookie, options.
//
//   │op│htype│hlen│hops│xid 4│secs 2│flags 2│ciaddr│yiaddr│siaddr│giaddr│chaddr 16│sname 64│file 128│cookie 4│ options
//
// Options longer than 255 bytes that are split (RFC 3396) are put together when read, and not made.

import { getBe16, getBe32, getU8, setBe16, setBe32, setU8 } from "../bytes/endian.ts";
import { readMac, writeMac } from "../bytes/mac.ts";

/** Ports of servers and of clients. */
export const DHCP_SERVER_PORT = 67;
export const DHCP_CLIENT_PORT = 68;

/** Operations. */
export const BOOTREQUEST = 1;
export const BOOTREPLY = 2;

/** Types of message (option 53). */
export const DHCPDISCOVER = 1;
export const DHCPOFFER = 2;
export const DHCPREQUEST = 3;
export const DHCPDECLINE = 4;
export const DHCPACK = 5;
export const DHCPNAK = 6;
export const DHCPRELEASE = 7;
export const DHCPINFORM = 8;

/** Options. */
export const DHCP_OPT_SUBNET_MASK = 1;
export const DHCP_OPT_ROUTER = 3;
export const DHCP_OPT_DNS = 6;
export const DHCP_OPT_HOSTNAME = 12;
export const DHCP_OPT_DOMAIN = 15;
export const DHCP_OPT_MTU = 26;
export const DHCP_OPT_BROADCAST = 28;
export const DHCP_OPT_REQUESTED_ADDRESS = 50;
export const DHCP_OPT_LEASE_TIME = 51;
export const DHCP_OPT_MESSAGE_TYPE = 53;
export const DHCP_OPT_SERVER_ID = 54;
export const DHCP_OPT_PARAMETERS = 55;
export const DHCP_OPT_RENEWAL_TIME = 58;
export const DHCP_OPT_REBINDING_TIME = 59;

const headerSize = 240;
const cookie = 0x6382_5363;
const cookieAt = 236;
const hardwareAt = 28;
const padding = 0;
const end = 255;
const ethernet = 1;
const macSize = 6;
/** BOOTP messages have at least this many bytes, and some clients insist on it. */
const leastSize = 300;
const broadcastFlag = 0x8000;

/** A message. Addresses are numbers, 0 for none. */
export interface DhcpMessage {
  readonly op: number;
  readonly xid: number;
  readonly secs: number;
  /** The answer is to go to everybody, as the client cannot be spoken to yet. */
  readonly isBroadcast: boolean;
  readonly clientAddress: number;
  readonly yourAddress: number;
  readonly serverAddress: number;
  readonly relayAddress: number;
  /** A hardware address as a 48-bit number. */
  readonly hardware: number;
  readonly options: ReadonlyMap<number, Uint8Array>;
}

/** Reads a message; undefined when it is none, or of another link than Ethernet. */
export function parseDhcp(bytes: Uint8Array): DhcpMessage | undefined {
  if (bytes.length < headerSize || getBe32(bytes, cookieAt) !== cookie) return undefined;
  if (getU8(bytes, 1) !== ethernet || getU8(bytes, 2) !== macSize) return undefined;
  const options = parseOptions(bytes);
  if (options === undefined) return undefined;
  return {
    op: getU8(bytes, 0),
    xid: getBe32(bytes, 4),
    secs: getBe16(bytes, 8),
    isBroadcast: (getBe16(bytes, 10) & broadcastFlag) !== 0,
    clientAddress: getBe32(bytes, 12),
    yourAddress: getBe32(bytes, 16),
    serverAddress: getBe32(bytes, 20),
    relayAddress: getBe32(bytes, 24),
    hardware: readMac(bytes, hardwareAt),
    options,
  };
}

function parseOptions(bytes: Uint8Array): Map<number, Uint8Array> | undefined {
  const options = new Map<number, Uint8Array>();
  for (let at = headerSize; at < bytes.length; ) {
    const type = getU8(bytes, at);
    if (type === end) break;
    if (type === padding) {
      at++;
      continue;
    }
    const length = at + 1 < bytes.length ? getU8(bytes, at + 1) : -1;
    if (length < 0 || at + 2 + length > bytes.length) return undefined;
    const value = bytes.slice(at + 2, at + 2 + length);
    const before = options.get(type);
    options.set(type, before === undefined ? value : Uint8Array.of(...before, ...value));
    at += 2 + length;
  }
  return options;
}

/** Writes a message. */
export function emitDhcp(message: DhcpMessage): Uint8Array {
  const size = [...message.options.values()].reduce((sum, { length }) => sum + 2 + length, headerSize + 1);
  const bytes = new Uint8Array(Math.max(size, leastSize));
  setU8(bytes, 0, message.op);
  setU8(bytes, 1, ethernet);
  setU8(bytes, 2, macSize);
  setBe32(bytes, 4, message.xid);
  setBe16(bytes, 8, message.secs);
  setBe16(bytes, 10, message.isBroadcast ? broadcastFlag : 0);
  setBe32(bytes, 12, message.clientAddress);
  setBe32(bytes, 16, message.yourAddress);
  setBe32(bytes, 20, message.serverAddress);
  setBe32(bytes, 24, message.relayAddress);
  writeMac(bytes, hardwareAt, message.hardware);
  setBe32(bytes, cookieAt, cookie);
  let at = headerSize;
  for (const [type, value] of message.options) {
    setU8(bytes, at, type);
    setU8(bytes, at + 1, value.length);
    bytes.set(value, at + 2);
    at += 2 + value.length;
  }
  setU8(bytes, at, end);
  return bytes;
}

/** The type of a message, 0 when it says none. */
export function dhcpType({ options }: DhcpMessage): number {
  return options.get(DHCP_OPT_MESSAGE_TYPE)?.[0] ?? 0;
}

/** An option of four bytes as a number; undefined when it is not there or of another length. */
export function dhcpNumber({ options }: DhcpMessage, type: number): number | undefined {
  const value = options.get(type);
  return value?.length === 4 ? getBe32(value, 0) : undefined;
}

/** An option of one address or several. */
export function dhcpAddresses({ options }: DhcpMessage, type: number): number[] {
  const value = options.get(type) ?? new Uint8Array();
  return Array.from({ length: Math.floor(value.length / 4) }, (_, index) => getBe32(value, 4 * index));
}

/** Four bytes for each number. */
export function dhcpWords(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  for (const [index, value] of values.entries()) setBe32(bytes, 4 * index, value);
  return bytes;
}
