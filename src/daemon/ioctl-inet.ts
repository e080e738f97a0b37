// Requests about the IPv4 addresses of devices. A name may be the label of an address ("v0:1"), which is then the one meant.
//
// Mirrors net/ipv4/devinet.c (devinet_ioctl, inet_gifconf) and inet_abc_len: an address is given the prefix of its class.

import { getU16 } from "../bytes/endian.ts";
import type { AddressRequest, InterfaceAddress } from "../client/addr.ts";
import { addAddress, deleteAddress, dumpAddresses } from "../client/addr.ts";
import type { Link } from "../client/link.ts";
import type { NetlinkClient } from "../netlink/client.ts";
import { NetlinkError } from "../netlink/error.ts";
import { IFF_BROADCAST, IFF_POINTOPOINT, IFF_UP } from "../uapi/if.ts";
import { RT_SCOPE_HOST, RT_SCOPE_UNIVERSE } from "../uapi/rtnetlink.ts";
import { AF_INET } from "../uapi/socket.ts";
import * as ioctl from "../uapi/sockios.ts";
import type { IoctlCall } from "./ioctl-ifreq.ts";
import {
  addressAt,
  bytesOf,
  DATA,
  linkOf,
  nameOf,
  netmask,
  numberOf,
  prefixOf,
  putAddress,
  putName,
} from "./ioctl-ifreq.ts";
import type { SeqpacketAnswer } from "./seqpacket-protocol.ts";

/** The longest prefix of a net that has a broadcast address (RFC 3021). */
const LONGEST_BROADCAST = 30;

/** An address as this file handles it. */
interface Entry {
  readonly local: number;
  /** The other end's, or the same. */
  readonly peer: number;
  readonly prefixlen: number;
  readonly broadcast: number;
  readonly scope: number;
  readonly label: string;
}

type Get = (entry: Entry) => number;
/** What an address becomes; undefined when it stays. */
type Change = (entry: Entry, given: number, link: Link) => Entry | undefined;

const gets: ReadonlyMap<number, Get> = new Map<number, Get>([
  [ioctl.SIOCGIFADDR, ({ local }) => local],
  [ioctl.SIOCGIFDSTADDR, ({ peer }) => peer],
  [ioctl.SIOCGIFBRDADDR, ({ broadcast }) => broadcast],
  [ioctl.SIOCGIFNETMASK, ({ prefixlen }) => netmask(prefixlen)],
]);

const changes: ReadonlyMap<number, Change> = new Map<number, Change>([
  [ioctl.SIOCSIFBRDADDR, (entry, broadcast) => ({ ...entry, broadcast })],
  [ioctl.SIOCSIFDSTADDR, withPeer],
  [ioctl.SIOCSIFNETMASK, withMask],
]);

/** Does a request about IPv4 addresses; false when it is about something else. */
export async function inetIoctl(call: IoctlCall): Promise<boolean> {
  const { request, bytes } = call;
  if (request === ioctl.SIOCGIFPFLAGS || request === ioctl.SIOCSIFPFLAGS) throw new NetlinkError("EINVAL");
  if (request === ioctl.SIOCSIFFLAGS) return setFlagsOfLabel(call);
  const get = gets.get(request);
  if (get !== undefined) {
    const wanted = addressAt(bytes, DATA);
    const near = wanted.family === AF_INET ? numberOf(wanted.address) : undefined;
    const { entry } = await find(call, near);
    if (entry === undefined) throw new NetlinkError("EADDRNOTAVAIL");
    putAddress(bytes, DATA, bytesOf(get(entry)));
    return true;
  }
  const change = changes.get(request);
  if (change === undefined && request !== ioctl.SIOCSIFADDR) return false;
  if (!call.isAdmin) throw new NetlinkError("EPERM");
  const { family, address } = addressAt(bytes, DATA);
  if (family !== AF_INET) throw new NetlinkError("EINVAL");
  const { link, entry } = await find(call);
  if (change === undefined) await setAddress(call, link, entry, numberOf(address));
  else {
    if (entry === undefined) throw new NetlinkError("EADDRNOTAVAIL");
    const changed = change(entry, numberOf(address), link);
    if (changed !== undefined) await replace(call.client, link, entry, changed);
  }
  return true;
}

/** Lists IPv4 addresses as an array of struct ifreq, as many as fit; without room it tells how much there is. */
export async function listAddresses(client: NetlinkClient, room: number): Promise<SeqpacketAnswer> {
  const addresses = await dumpAddresses(client, { family: AF_INET });
  if (room === 0) return { result: addresses.length * ioctl.IFREQ_SIZE };
  const count = Math.min(addresses.length, Math.floor(room / ioctl.IFREQ_SIZE));
  const payload = new Uint8Array(count * ioctl.IFREQ_SIZE);
  for (const [index, address] of addresses.slice(0, count).entries()) {
    const ifreq = payload.subarray(index * ioctl.IFREQ_SIZE);
    putName(ifreq, 0, address.label ?? "");
    putAddress(ifreq, DATA, address.local ?? address.address ?? new Uint8Array(4));
  }
  return { result: payload.length, payload };
}

/** The device, and its first address with the name as label; before it the one that is `near`, if one has that address. */
async function find(
  call: IoctlCall,
  near?: number,
): Promise<{ readonly link: Link; readonly entry: Entry | undefined }> {
  const link = await linkOf(call);
  const all = await dumpAddresses(call.client, { family: AF_INET, ifindex: link.ifindex });
  const name = nameOf(call.bytes);
  const entries = all.filter(({ ifindex, label }) => ifindex === link.ifindex && label === name).map(entryOf);
  return { link, entry: entries.find(({ local }) => local === near) ?? entries[0] };
}

function entryOf(given: InterfaceAddress): Entry {
  const own = given.local ?? given.address ?? new Uint8Array(4);
  return {
    local: numberOf(own),
    peer: numberOf(given.address ?? own),
    prefixlen: given.prefixlen,
    broadcast: numberOf(given.broadcast ?? new Uint8Array(4)),
    scope: given.scope,
    label: given.label ?? "",
  };
}

/** Taking a label down takes its address away; for a device it is the device's own request. */
async function setFlagsOfLabel(call: IoctlCall): Promise<boolean> {
  const name = nameOf(call.bytes);
  if (!name.includes(":")) return false;
  if (!call.isAdmin) throw new NetlinkError("EPERM");
  const { link, entry } = await find(call);
  if (entry === undefined) throw new NetlinkError("EADDRNOTAVAIL");
  if ((getU16(call.bytes, DATA) & IFF_UP) === 0) await deleteAddress(call.client, requestOf(link, entry));
  return true;
}

/** Gives the label another address, or its first one: with the prefix of its class, and none at all for 0.0.0.0. */
async function setAddress(
  call: IoctlCall,
  link: Link,
  former: Entry | undefined,
  local: number,
): Promise<void> {
  const prefixlen = classPrefix(local);
  if (prefixlen === undefined) throw new NetlinkError("EINVAL");
  if (former?.local === local) return;
  const isPair = (link.flags & IFF_POINTOPOINT) !== 0;
  const hasBroadcast = (link.flags & IFF_BROADCAST) !== 0 && !isPair && prefixlen <= LONGEST_BROADCAST;
  const entry: Entry = {
    local,
    peer: local,
    prefixlen: isPair ? 32 : prefixlen,
    broadcast: hasBroadcast ? (local | ~netmask(prefixlen)) >>> 0 : 0,
    scope: local >>> 24 === 127 ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE,
    label: nameOf(call.bytes),
  };
  await replace(call.client, link, former, entry);
}

/** The prefix of an address's class; undefined for a multicast address (inet_abc_len). */
function classPrefix(address: number): number | undefined {
  if (address === 0xffff_ffff || address >>> 24 === 0) return 0;
  if (address >>> 31 === 0) return 8;
  if (address >>> 30 === 2) return 16;
  if (address >>> 29 === 6) return 24;
  return address >>> 28 === 15 ? 32 : undefined;
}

function withPeer(entry: Entry, peer: number): Entry | undefined {
  if (peer === entry.peer) return undefined;
  if (classPrefix(peer) === undefined) throw new NetlinkError("EINVAL");
  return { ...entry, peer };
}

/** With a broadcast address that was the net's own, it stays so. */
function withMask(entry: Entry, mask: number, { flags }: Link): Entry | undefined {
  const prefixlen = prefixOf(mask);
  if (prefixlen === undefined) throw new NetlinkError("EINVAL");
  if (prefixlen === entry.prefixlen) return undefined;
  const wasNets = entry.broadcast === (entry.local | ~netmask(entry.prefixlen)) >>> 0;
  const isNets = (flags & IFF_BROADCAST) !== 0 && prefixlen <= LONGEST_BROADCAST && wasNets;
  return { ...entry, prefixlen, broadcast: isNets ? (entry.local | ~mask) >>> 0 : entry.broadcast };
}

/** Takes an address away and puts another in its place. */
async function replace(
  client: NetlinkClient,
  link: Link,
  former: Entry | undefined,
  entry: Entry,
): Promise<void> {
  if (former !== undefined) await deleteAddress(client, requestOf(link, former));
  if (entry.local !== 0) await addAddress(client, requestOf(link, entry));
}

function requestOf({ ifindex }: Link, entry: Entry): AddressRequest {
  return {
    family: AF_INET,
    ifindex,
    prefixlen: entry.prefixlen,
    scope: entry.scope,
    local: bytesOf(entry.local),
    address: bytesOf(entry.peer),
    broadcast: entry.broadcast === 0 ? undefined : bytesOf(entry.broadcast),
    label: entry.label,
  };
}
