// The bridge asks who listens: generally, as the querier of its segment, and for one group that somebody has left.
//
// Mirrors net/bridge/br_multicast.c (br_multicast_send_query, br_ip4_multicast_alloc_query, br_multicast_set_querier).
// Omitted: MLD queries, which need a link-local address of the bridge; queries of IGMPv3 for sources.

import { checksum } from "../../bytes/checksum.ts";
import { setBe16, setBe32, setU8 } from "../../bytes/endian.ts";
import { ethHeader, ethTypeTrans } from "../../net/ethernet.ts";
import { HZ, JIFFY_NS } from "../../net/jiffies.ts";
import type { Frame } from "../../net/netdevice.ts";
import { netifRx } from "../../net/receive.ts";
import { devQueueXmit } from "../../net/transmit.ts";
import { IFF_UP } from "../../uapi/if.ts";
import { ETH_P_IP } from "../../uapi/if_ether.ts";
import { IPPROTO_IGMP } from "../../uapi/in.ts";
import { IGMP_QUERY, IGMP_SIZE, IGMP3_QUERY_SIZE } from "../../wire/igmp.ts";
import type { GroupAddress } from "./multicast-state.ts";
import type { Bridge, BridgePort } from "./state.ts";
import { BR_STATE_BLOCKING, BR_STATE_DISABLED } from "./state.ts";

/** An IPv4 header with the router alert option. */
const headerSize = 24;
const ALL_HOSTS = 0xe0000001;
/** All hosts' hardware address, which queries for a group go to as well. */
const allHostsMac = 0x01005e000001;
const internetControl = 0xc0;
const dontFragment = 0x4000;
const routerAlert = 0x94040000;

/** Sends a general query by a port, or to the bridge itself, unless another querier is heard (br_multicast_send_query). */
export function sendQuery(br: Bridge, port: BridgePort | null, isIpv6: boolean): void {
  const mc = br.multicast;
  if (!mc.isSnooping || !mc.isQuerier || (br.dev.flags & IFF_UP) === 0) return;
  const state = isIpv6 ? mc.ip6 : mc.ip4;
  if (isIpv6 || state.other.isPending) return;
  send(br, port, 0);
  if (port === null) return;
  const own = port.multicast.ip4;
  const interval = own.startupSent < mc.startupQueryCount ? mc.startupQueryInterval : mc.queryInterval;
  own.own.start(interval * JIFFY_NS);
}

/** Asks behind a port whether others still listen to a group (__br_multicast_send_query). */
export function sendGroupQuery(br: Bridge, port: BridgePort | null, { protocol, bytes }: GroupAddress): void {
  if (protocol !== ETH_P_IP) return;
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  send(br, port, ((a << 24) | (b << 16) | (c << 8) | d) >>> 0);
}

function send(br: Bridge, port: BridgePort | null, group: number): void {
  const frame = makeQuery(br, group);
  if (frame === null) return;
  if (port !== null) {
    frame.dev = port.dev;
    devQueueXmit(frame);
    return;
  }
  ethTypeTrans(frame, br.dev);
  netifRx(frame, br.dev);
}

/** A query, for all groups when `group` is 0 (br_ip4_multicast_alloc_query). */
function makeQuery(br: Bridge, group: number): Frame | null {
  const mc = br.multicast;
  const size = mc.igmpVersion === 3 ? IGMP3_QUERY_SIZE : IGMP_SIZE;
  const frame = br.dev.machine.frames.alloc(headerSize + size);
  if (frame === null) return null;
  const { bytes, start } = frame;
  frame.end = start + headerSize + size;
  frame.networkHeader = start;
  bytes.fill(0, start, frame.end);
  setU8(bytes, start, 0x46);
  setU8(bytes, start + 1, internetControl);
  setBe16(bytes, start + 2, headerSize + size);
  setBe16(bytes, start + 6, dontFragment);
  setU8(bytes, start + 8, 1);
  setU8(bytes, start + 9, IPPROTO_IGMP);
  setBe32(bytes, start + 16, ALL_HOSTS);
  setBe32(bytes, start + 20, routerAlert);
  setBe16(bytes, start + 10, checksum(bytes, start, start + headerSize));
  const at = start + headerSize;
  const delay = group === 0 ? mc.queryResponseInterval : mc.lastMemberInterval;
  setU8(bytes, at, IGMP_QUERY);
  setU8(bytes, at + 1, Math.floor(delay / Math.floor(HZ / 10)));
  setBe32(bytes, at + 4, group);
  if (size === IGMP3_QUERY_SIZE) {
    setU8(bytes, at + 8, 2);
    setU8(bytes, at + 9, Math.floor(mc.queryInterval / HZ));
  }
  setBe16(bytes, at + 2, checksum(bytes, at, at + size));
  ethHeader(frame, ETH_P_IP, br.dev.address, allHostsMac);
  return frame;
}

/** Lets the bridge ask, or no longer (br_multicast_set_querier). */
export function setQuerier(br: Bridge, isQuerier: boolean): void {
  const mc = br.multicast;
  if (mc.isQuerier === isQuerier) return;
  mc.isQuerier = isQuerier;
  if (!isQuerier) return;
  const until = br.dev.machine.clock.now() + mc.queryResponseInterval * JIFFY_NS;
  for (const state of [mc.ip4, mc.ip6]) if (!state.other.isPending) state.delayUntilNs = until;
  startQuerier(br);
}

/** Asks everywhere, soon and then at its intervals (br_multicast_start_querier). */
function startQuerier(br: Bridge): void {
  if (!br.multicast.isSnooping) return;
  sendQuery(br, null, false);
  for (const { state, multicast } of br.ports) {
    if (state === BR_STATE_DISABLED || state === BR_STATE_BLOCKING) continue;
    multicast.ip4.startupSent = 0;
    multicast.ip4.own.start(0);
  }
}
