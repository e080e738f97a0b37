// The requests that programs make by ioctl(2) on any socket, answered by way of rtnetlink in the namespace of the program: what
// they may change and what they are refused is what rtnetlink says.
//
// Mirrors net/core/dev_ioctl.c (dev_ioctl, dev_ifconf) and net/ipv4/devinet.c (devinet_ioctl). Omitted: IPv4 addresses set by
// ioctl, SIOCSIFNAME, private requests.

import { getS32, getU16, setS32, setU16 } from "../bytes/endian.ts";
import { macFromText, macToBytes } from "../bytes/mac.ts";
import { decodeUtf8, encodeUtf8Into } from "../bytes/utf8.ts";
import type { InterfaceAddress } from "../client/addr.ts";
import { dumpAddresses } from "../client/addr.ts";
import type { Link } from "../client/link.ts";
import { getLink, setLink } from "../client/link.ts";
import type { NetlinkClient } from "../netlink/client.ts";
import { NetlinkError } from "../netlink/error.ts";
import { IFNAMSIZ } from "../uapi/if.ts";
import { AF_INET } from "../uapi/socket.ts";
import * as ioctl from "../uapi/sockios.ts";
import type { SeqpacketAnswer } from "./seqpacket-protocol.ts";

/** The flags that fit the short of an ifreq, and those of them that a program may set (dev_change_flags). */
const SHORT_FLAGS = 0xffff;

type Get = (link: Link, ifreq: Uint8Array) => void;
type Set = (client: NetlinkClient, link: Link, ifreq: Uint8Array) => Promise<unknown>;
type GetAddress = (address: InterfaceAddress) => Uint8Array;

const DATA = ioctl.IFREQ_IFRU;

/** Requests that read something of a link into the ifreq. */
const gets: ReadonlyMap<number, Get> = new Map<number, Get>([
  [ioctl.SIOCGIFNAME, (link, ifreq) => putName(ifreq, 0, link.ifname ?? "")],
  [ioctl.SIOCGIFINDEX, (link, ifreq) => setS32(ifreq, DATA, link.ifindex)],
  [ioctl.SIOCGIFFLAGS, (link, ifreq) => setU16(ifreq, DATA, link.flags & SHORT_FLAGS)],
  [ioctl.SIOCGIFMETRIC, (_link, ifreq) => setS32(ifreq, DATA, 0)],
  [ioctl.SIOCGIFMTU, (link, ifreq) => setS32(ifreq, DATA, link.mtu ?? 0)],
  [ioctl.SIOCGIFTXQLEN, (link, ifreq) => setS32(ifreq, DATA, link.txqlen ?? 0)],
  [ioctl.SIOCGIFMAP, (_link, ifreq) => ifreq.fill(0, DATA)],
  [ioctl.SIOCGIFHWADDR, getHardwareAddress],
]);

/** Requests that change a link. */
const sets: ReadonlyMap<number, Set> = new Map<number, Set>([
  [
    ioctl.SIOCSIFFLAGS,
    (client, { ifindex }, ifreq) =>
      setLink(client, { ifindex, flags: getU16(ifreq, DATA), change: SHORT_FLAGS }),
  ],
  [ioctl.SIOCSIFMTU, (client, { ifindex }, ifreq) => setLink(client, { ifindex, mtu: getS32(ifreq, DATA) })],
  [
    ioctl.SIOCSIFTXQLEN,
    (client, { ifindex }, ifreq) => setLink(client, { ifindex, txqlen: getS32(ifreq, DATA) }),
  ],
  [
    ioctl.SIOCSIFHWADDR,
    (client, { ifindex }, ifreq) => setLink(client, { ifindex, address: ifreq.slice(DATA + 2, DATA + 8) }),
  ],
]);

/** Requests that read something of a device's first IPv4 address. */
const addressGets: ReadonlyMap<number, GetAddress> = new Map<number, GetAddress>([
  [ioctl.SIOCGIFADDR, ({ local, address }) => local ?? address ?? ANY],
  [ioctl.SIOCGIFDSTADDR, ({ local, address }) => address ?? local ?? ANY],
  [ioctl.SIOCGIFBRDADDR, ({ broadcast }) => broadcast ?? ANY],
  [ioctl.SIOCGIFNETMASK, ({ prefixlen }) => netmask(prefixlen)],
]);

const ANY = new Uint8Array(4);

/**
 * Does `request` over a client of the program's namespace; `argument` is its struct ifreq, or for SIOCGIFCONF nothing, with
 * `room` for the answer. NetlinkError for a refusal: ENODEV, EADDRNOTAVAIL, EPERM, and ENOTTY for an unknown request.
 */
export async function interfaceIoctl(
  client: NetlinkClient,
  request: number,
  argument: Uint8Array,
  room: number,
): Promise<SeqpacketAnswer> {
  if (request === ioctl.SIOCGIFCONF) return listAddresses(client, room);
  if (argument.length < ioctl.IFREQ_SIZE) throw new NetlinkError("EINVAL");
  const ifreq = argument.slice(0, ioctl.IFREQ_SIZE);
  const get = gets.get(request);
  const set = sets.get(request);
  const getAddress = addressGets.get(request);
  if (get === undefined && set === undefined && getAddress === undefined) throw new NetlinkError("ENOTTY");
  const link = await getLink(client, request === ioctl.SIOCGIFNAME ? getS32(ifreq, DATA) : nameOf(ifreq));
  if (getAddress !== undefined) putAddress(ifreq, getAddress(await firstAddress(client, link)));
  else if (get !== undefined) get(link, ifreq);
  else await set?.(client, link, ifreq);
  return { result: 0, payload: ifreq };
}

/** Lists IPv4 addresses as an array of struct ifreq, as many as fit; without room it tells how much there is. */
async function listAddresses(client: NetlinkClient, room: number): Promise<SeqpacketAnswer> {
  const addresses = await dumpAddresses(client, { family: AF_INET });
  if (room === 0) return { result: addresses.length * ioctl.IFREQ_SIZE };
  const count = Math.min(addresses.length, Math.floor(room / ioctl.IFREQ_SIZE));
  const payload = new Uint8Array(count * ioctl.IFREQ_SIZE);
  for (const [index, address] of addresses.slice(0, count).entries()) {
    const ifreq = payload.subarray(index * ioctl.IFREQ_SIZE);
    putName(ifreq, 0, address.label ?? "");
    putAddress(ifreq, address.local ?? address.address ?? ANY);
  }
  return { result: payload.length, payload };
}

/** The address that the name stands for as a label, else the first of the device. */
async function firstAddress(client: NetlinkClient, link: Link): Promise<InterfaceAddress> {
  const all = await dumpAddresses(client, { family: AF_INET, ifindex: link.ifindex });
  const first = all.find(({ ifindex }) => ifindex === link.ifindex);
  if (first === undefined) throw new NetlinkError("EADDRNOTAVAIL");
  return first;
}

function getHardwareAddress(link: Link, ifreq: Uint8Array): void {
  ifreq.fill(0, DATA, DATA + 16);
  setU16(ifreq, DATA, link.type);
  const mac = macFromText(link.address ?? "");
  if (mac !== undefined) ifreq.set(macToBytes(mac), DATA + 2);
}

/** A struct sockaddr_in without a port. */
function putAddress(ifreq: Uint8Array, address: Uint8Array): void {
  ifreq.fill(0, DATA, DATA + 16);
  setU16(ifreq, DATA, AF_INET);
  ifreq.set(address, DATA + 4);
}

function putName(ifreq: Uint8Array, at: number, name: string): void {
  ifreq.fill(0, at, at + IFNAMSIZ);
  encodeUtf8Into(name, ifreq, at);
}

/** The name of the device that a request is about. */
export function nameOf(ifreq: Uint8Array): string {
  const end = ifreq.indexOf(0);
  return decodeUtf8(ifreq, 0, end < 0 || end >= IFNAMSIZ ? IFNAMSIZ - 1 : end);
}

function netmask(prefixlen: number): Uint8Array {
  const mask = prefixlen === 0 ? 0 : (0xffff_ffff << (32 - prefixlen)) >>> 0;
  return Uint8Array.of(mask >>> 24, (mask >>> 16) & 0xff, (mask >>> 8) & 0xff, mask & 0xff);
}
