// A frame leaves the bridge: by one port, by all that may have it, or by those behind which somebody listens. The last port
// gets the frame itself, the others clones.
//
// Mirrors net/bridge/br_forward.c. Omitted: netfilter's hooks, switchdev.

import { BROADCAST_MAC, readMac, writeMac } from "../../bytes/mac.ts";
import { drop } from "../../net/frame.ts";
import type { Frame } from "../../net/netdevice.ts";
import { GSO_NONE } from "../../net/netdevice.ts";
import { devQueueXmit } from "../../net/transmit.ts";
import { IFF_UP } from "../../uapi/if.ts";
import { MDB_FLAGS_BLOCKED } from "../../uapi/if_bridge.ts";
import { ETH_P_IPV6 } from "../../uapi/if_ether.ts";
import { MCAST_INCLUDE } from "../../uapi/in.ts";
import { VLAN_TAG_SIZE } from "../../wire/vlan.ts";
import { handlesSources, isRouterPort } from "./multicast-context.ts";
import type { MdbEntry, PortGroup } from "./multicast-state.ts";
import { isSuppressed } from "./neigh-suppress.ts";
import type { Bridge, BridgePort } from "./state.ts";
import {
  type BR_BCAST_FLOOD,
  BR_BOOLOPT_MST_ENABLE,
  BR_FLOOD,
  BR_HAIRPIN_MODE,
  BR_ISOLATED,
  type BR_MCAST_FLOOD,
  BR_MULTICAST_TO_UNICAST,
  BR_PROXYARP,
  BR_PROXYARP_WIFI,
  BR_STATE_FORWARDING,
} from "./state.ts";
import { allowsEgress, leaveByPort } from "./vlan.ts";

/** What the bridge has found out about a frame (struct br_input_skb_cb), as bits. */
export const MARK_ISOLATED = 1;
/** The bridge itself wants it too, afterwards. */
export const MARK_KEEP = 4;
/** It is the bridge's own. */
export const MARK_OWN = 8;
/** Its question has been answered, or need not go to ports that suppress it (proxyarp_replied). */
export const MARK_ANSWERED = 16;

const noMembers: readonly PortGroup<BridgePort>[] = [];

/** Which frames a port that does not know the destination is given: by the flag that spares it them. */
export type FloodFlag = typeof BR_FLOOD | typeof BR_MCAST_FLOOD | typeof BR_BCAST_FLOOD;

/** Whether a port may be given a frame that came in by `source`, null for the bridge's own (should_deliver). */
function shouldDeliver(port: BridgePort, source: BridgePort | null, marks: number, vid: number): boolean {
  return (
    (port !== source || (port.flags & BR_HAIRPIN_MODE) !== 0) &&
    (port.state === BR_STATE_FORWARDING || (port.br.options & BR_BOOLOPT_MST_ENABLE) !== 0) &&
    ((marks & MARK_ISOLATED) === 0 || (port.flags & BR_ISOLATED) === 0) &&
    (!port.br.isVlanFiltering || allowsEgress(port.vlans, vid))
  );
}

/** Sends a frame by one port (br_forward). Takes ownership unless it is marked MARK_KEEP. */
export function forward(
  to: BridgePort | null,
  source: BridgePort | null,
  frame: Frame,
  marks: number,
  vid: number,
): void {
  const port = to === null || to.backupPort === null ? to : backedUp(to, to.backupPort);
  if (port !== null && shouldDeliver(port, source, marks, vid)) {
    if ((marks & MARK_KEEP) !== 0) deliverClone(port, frame);
    else deliver(port, frame);
  } else if ((marks & MARK_KEEP) === 0) {
    drop(frame, "no-egress-port");
  }
}

/** The port that a frame for `port` goes by: `backup` while it has no link. */
function backedUp(port: BridgePort, backup: BridgePort): BridgePort {
  return port.dev.hasCarrier && (port.dev.flags & IFF_UP) !== 0 ? port : backup;
}

/** Sends a frame by every port that may have it (br_flood). Takes ownership unless it is marked MARK_KEEP. */
export function flood(
  br: Bridge,
  source: BridgePort | null,
  frame: Frame,
  flag: FloodFlag,
  marks: number,
  vid: number,
): void {
  const { ports } = br;
  let previous: BridgePort | null = null;
  for (let index = 0; index < ports.length; index++) {
    const port = ports[index];
    if (port === undefined || isSpared(port, flag, marks, vid) || !shouldDeliver(port, source, marks, vid))
      continue;
    if (previous !== null) deliverClone(previous, frame);
    previous = port;
  }
  finish(previous, frame, marks);
}

/** Whether a port's flags spare it the frame. What the bridge itself sends to all or to a group goes everywhere. */
function isSpared(port: BridgePort, flag: FloodFlag, marks: number, vid: number): boolean {
  const { flags } = port;
  if ((flags & flag) === 0 && (flag === BR_FLOOD || (marks & MARK_OWN) === 0)) return true;
  if ((flags & BR_PROXYARP) !== 0) return true;
  return (marks & MARK_ANSWERED) !== 0 && ((flags & BR_PROXYARP_WIFI) !== 0 || isSuppressed(port, vid));
}

/** Sends a frame to a group by the ports behind which somebody listens, or a router is (br_multicast_flood). */
export function floodMulticast(
  br: Bridge,
  source: BridgePort | null,
  entry: MdbEntry<BridgePort> | undefined,
  frame: Frame,
  marks: number,
  vid: number,
): void {
  const isIpv6 = frame.protocol === ETH_P_IPV6;
  const countsSources =
    entry !== undefined && entry.group.source === null && handlesSources(br, entry.group.protocol, vid);
  let previous: BridgePort | null = null;
  for (const port of br.ports) {
    const isRouter = isRouterPort(port, isIpv6, vid);
    let isWanted = isRouter;
    let isFirst = true;
    for (const member of entry?.ports ?? noMembers) {
      if (member.port !== port) continue;
      // What goes to a router goes to the first listener with it.
      const goesWithRouter = isRouter && isFirst;
      isFirst = false;
      if (goesWithRouter) continue;
      if ((port.flags & BR_MULTICAST_TO_UNICAST) !== 0) {
        if (shouldDeliver(port, source, marks, vid)) copyTo(member.host, port, source, frame);
      } else if (!countsSources || member.filterMode !== MCAST_INCLUDE) {
        isWanted ||= (member.flags & MDB_FLAGS_BLOCKED) === 0;
      }
    }
    if (!isWanted || !shouldDeliver(port, source, marks, vid)) continue;
    if (previous !== null) deliverClone(previous, frame);
    previous = port;
  }
  finish(previous, frame, marks);
}

/** Sends a listener behind a port a copy of its own, but not its sender (maybe_deliver_addr). */
function copyTo(host: number, port: BridgePort, source: BridgePort | null, frame: Frame): void {
  if (port === source && readMac(frame.bytes, frame.macHeader + 6) === host) return;
  const copy = frame.pool.clone(frame);
  if (copy === null) return;
  if (host !== BROADCAST_MAC) {
    if (!copy.pool.writable(copy)) return drop(copy, "no-memory");
    writeMac(copy.bytes, copy.macHeader, host);
  }
  deliver(port, copy);
}

/** Sends the frame by the last port it is for; drops it when there was none. */
function finish(last: BridgePort | null, frame: Frame, marks: number): void {
  if ((marks & MARK_KEEP) !== 0) {
    if (last !== null) deliverClone(last, frame);
  } else if (last !== null) deliver(last, frame);
  else drop(frame, "no-egress-port");
}

/** Sends a copy by `port` (deliver_clone). */
function deliverClone(port: BridgePort, frame: Frame): void {
  const copy = frame.pool.clone(frame);
  if (copy !== null) deliver(port, copy);
}

/** Sends the frame by `port` (__br_forward, br_dev_queue_push_xmit): as it is, or without its tag where its VLAN goes untagged. */
function deliver(port: BridgePort, frame: Frame): void {
  const { dev } = port;
  if (port.br.isVlanFiltering) leaveByPort(port, frame);
  const start = frame.macHeader;
  frame.start = start;
  frame.dev = dev;
  frame.timestamp = Number.NaN;
  const isDown = (dev.flags & IFF_UP) === 0;
  const most = dev.mtu + dev.hardHeaderLength + VLAN_TAG_SIZE;
  if (isDown || (frame.end - start > most && frame.gsoType === GSO_NONE))
    drop(frame, isDown ? "device-down" : "oversize");
  else devQueueXmit(frame);
}
