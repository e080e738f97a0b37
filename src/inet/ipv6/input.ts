// A packet for this host: its extension headers are worked off, in pieces or not, then it goes to the protocol it carries.
//
// Mirrors net/ipv6/ip6_input.c (ip6_protocol_deliver_rcu) and net/ipv6/exthdrs.c.

import { isIpv6Multicast } from "../../bytes/ipv6.ts";
import { drop } from "../../net/frame.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import * as icmp from "../../uapi/icmpv6.ts";
import * as in6 from "../../uapi/in6.ts";
import * as snmp from "../../uapi/snmp.ts";
import { IPV6_DESTINATION } from "../../wire/ipv6.ts";
import {
  EXTENSION_LIMIT,
  FRAGMENT_SIZE,
  fragmentPosition,
  hasMoreFragments,
} from "../../wire/ipv6-extension.ts";
import type { IpNetns } from "../netns.ts";
import { parseOptions, parseRouting } from "./extension.ts";
import { icmp6Send } from "./icmp-error.ts";
import { reassemble6 } from "./reassemble.ts";
import { countIp6 } from "./stats.ts";

/**
 * Delivers a packet, whose `networkHeader` is at its IPv6 header and whose `start` is at the header named at `nextHeaderAt`.
 * Takes ownership.
 */
export function ip6Deliver(ip: IpNetns, received: Frame, dev: Device, nextHeaderAt: number): void {
  let frame = received;
  let namedAt = nextHeaderAt;
  for (let count = 0; count < EXTENSION_LIMIT; count++) {
    const { bytes, start } = frame;
    const next = bytes[namedAt] ?? in6.IPPROTO_NONE;
    frame.transportHeader = start;
    switch (next) {
      case in6.IPPROTO_FRAGMENT: {
        if (isWhole(frame)) {
          frame.start = start + FRAGMENT_SIZE;
          break;
        }
        const whole = reassemble6(ip, frame, dev, namedAt);
        if (whole === null) return;
        namedAt += whole.networkHeader - frame.networkHeader;
        frame = whole;
        continue;
      }
      case in6.IPPROTO_DSTOPTS:
        if (!parseOptions(ip, frame, ip.tunables.maxDestinationOptions, false)) return;
        break;
      case in6.IPPROTO_ROUTING:
        if (!parseRouting(ip, frame)) return;
        break;
      default:
        return handOver(ip, frame, dev, next, namedAt);
    }
    namedAt = start;
  }
  drop(frame, "bad-header");
}

/** A fragment that is all there is of its packet (RFC 6946). */
function isWhole({ bytes, end, start }: Frame): boolean {
  return (
    end - start >= FRAGMENT_SIZE && fragmentPosition(bytes, start) === 0 && !hasMoreFragments(bytes, start)
  );
}

function handOver(ip: IpNetns, frame: Frame, dev: Device, protocol: number, namedAt: number): void {
  const handler = ip.inet.protocols6.get(protocol);
  if (handler !== undefined) {
    countIp6(dev, snmp.IPSTATS_MIB_INDELIVERS);
    return handler(frame, dev);
  }
  if (protocol === in6.IPPROTO_NONE) {
    countIp6(dev, snmp.IPSTATS_MIB_INDELIVERS);
    frame.pool.free(frame);
    return;
  }
  countIp6(dev, snmp.IPSTATS_MIB_INUNKNOWNPROTOS);
  if (!isIpv6Multicast(frame.bytes, frame.networkHeader + IPV6_DESTINATION)) {
    icmp6Send(ip, frame, icmp.ICMPV6_PARAMPROB, icmp.ICMPV6_UNK_NEXTHDR, namedAt - frame.networkHeader);
  }
  drop(frame, "no-protocol");
}
