// Which groups the devices listen to: dumps of RTM_GETMULTICAST of both families, of RTM_GETANYCAST of IPv6.
//
// Mirrors net/ipv4/igmp.c (inet_fill_ifmcaddr), net/ipv4/devinet.c (inet_dump_mcaddr) and net/ipv6/addrconf.c
// (inet6_dump_mcaddr, inet6_fill_ifmcaddr, inet6_fill_ifacaddr).

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import { setBe32, setU32 } from "../bytes/endian.ts";
import { ipv6MulticastScope } from "../bytes/ipv6.ts";
import { InDevice } from "../inet/ipv4/device.ts";
import { In6Device } from "../inet/ipv6/device.ts";
import { groups6 } from "../inet/ipv6/multicast.ts";
import type { Device } from "../net/netdevice.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as ifa from "../uapi/if_addr.ts";
import { NLM_F_MULTI } from "../uapi/netlink.ts";
import { RT_SCOPE_SITE, RT_SCOPE_UNIVERSE, RTM_NEWANYCAST, RTM_NEWMULTICAST } from "../uapi/rtnetlink.ts";
import { AF_INET, AF_INET6 } from "../uapi/socket.ts";

const prefixLength = 128;
const siteScope = 5;

/** One message of a dump. */
type Entry = (writer: MessageWriter) => void;

/** Dumps the groups of IPv4. */
export function* dumpGroups4(request: Request, control: DumpControl): Dump {
  yield* dump(request, control, RTM_NEWMULTICAST, function* (dev) {
    if (!(dev.ip instanceof InDevice)) return;
    for (const group of [...(dev.ip.groups?.keys() ?? [])].reverse()) {
      yield (writer) => {
        putHeader(writer, dev, AF_INET, 32, RT_SCOPE_UNIVERSE);
        const at = writer.attribute(ifa.IFA_MULTICAST, 4);
        setBe32(writer.bytes, at, group >>> 0);
        putCacheinfo(writer);
      };
    }
  });
}

/** Dumps the groups of IPv6. */
export function* dumpGroups6(request: Request, control: DumpControl): Dump {
  yield* dump(request, control, RTM_NEWMULTICAST, function* (dev) {
    for (const { group } of groups6(dev)) {
      yield (writer) => fill6(writer, dev, ifa.IFA_MULTICAST, group, scopeOf(ipv6MulticastScope(group)));
    }
  });
}

/** Dumps the anycast addresses of IPv6. */
export function* dumpAnycasts6(request: Request, control: DumpControl): Dump {
  yield* dump(request, control, RTM_NEWANYCAST, function* (dev) {
    if (!(dev.ip6 instanceof In6Device)) return;
    for (const { address } of [...dev.ip6.anycasts.values()].reverse()) {
      yield (writer) => fill6(writer, dev, ifa.IFA_ANYCAST, address, RT_SCOPE_UNIVERSE);
    }
  });
}

function* dump(
  { netns, origin }: Request,
  control: DumpControl,
  type: number,
  entriesOf: (dev: Device) => Generator<Entry, void, void>,
): Dump {
  control.generation = () => netns.generation;
  for (const dev of [...netns.devices.values()]) {
    for (const write of entriesOf(dev)) {
      control.writer.begin(type, NLM_F_MULTI | control.answerFlags, origin.seq, origin.portId);
      write(control.writer);
      control.writer.end();
      yield;
    }
  }
}

function fill6(writer: MessageWriter, dev: Device, type: number, address: Uint8Array, scope: number): void {
  putHeader(writer, dev, AF_INET6, prefixLength, scope);
  writer.binary(type, address);
  putCacheinfo(writer);
}

/** Groups are told to reach the site or everywhere. */
function scopeOf(scope: number): number {
  return scope === siteScope ? RT_SCOPE_SITE : RT_SCOPE_UNIVERSE;
}

function putHeader(writer: MessageWriter, dev: Device, family: number, length: number, scope: number): void {
  const at = writer.reserve(ifa.IFADDRMSG_SIZE);
  const { bytes } = writer;
  bytes[at + ifa.IFADDRMSG_FAMILY] = family;
  bytes[at + ifa.IFADDRMSG_PREFIXLEN] = length;
  bytes[at + ifa.IFADDRMSG_FLAGS] = ifa.IFA_F_PERMANENT;
  bytes[at + ifa.IFADDRMSG_SCOPE] = scope;
  setU32(bytes, at + ifa.IFADDRMSG_INDEX, dev.ifindex);
}

const forever = 0xffff_ffff;

function putCacheinfo(writer: MessageWriter): void {
  const at = writer.attribute(ifa.IFA_CACHEINFO, ifa.IFA_CACHEINFO_SIZE);
  setU32(writer.bytes, at + ifa.IFA_CACHEINFO_PREFERED, forever);
  setU32(writer.bytes, at + ifa.IFA_CACHEINFO_VALID, forever);
}
