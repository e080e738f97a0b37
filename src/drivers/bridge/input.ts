// A frame comes in by a port: is it the link's own (reserved groups), who sent it, where is it to go – to one port, to all,
// to the bridge itself.
//
// Mirrors net/bridge/br_input.c. Omitted: netfilter's hooks, MRP and CFM.

import { MULTICAST } from "../../net/counters.ts";
import { count, countRx } from "../../net/device.ts";
import { drop } from "../../net/frame.ts";
import type { Frame } from "../../net/netdevice.ts";
import { netifRx } from "../../net/receive.ts";
import { IFF_PROMISC } from "../../uapi/if.ts";
import { ETH_P_IPV6 } from "../../uapi/if_ether.ts";
import { PACKET_HOST } from "../../uapi/if_packet.ts";
import { updateFdb } from "./fdb.ts";
import { FDB_LOCAL, FDB_LOCKED, noEntry } from "./fdb-table.ts";
import { flood, floodMulticast, forward, MARK_ANSWERED, MARK_ISOLATED, MARK_KEEP } from "./forward.ts";
import {
  entryOf,
  hasQuerier,
  MCAST_DROP,
  MCAST_MESSAGE,
  MCAST_PLAIN,
  MCAST_ROUTERS_ONLY,
  snoop,
} from "./multicast.ts";
import { isRouterBridge } from "./multicast-router.ts";
import { concernsNeighbours, suppress } from "./neigh-suppress.ts";
import type { BridgePort } from "./state.ts";
import * as st from "./state.ts";
import { allowIngress, isOnlyLearning, learningVlan, leaveByBridge, vlanRefused } from "./vlan.ts";
import { enterByTunnel } from "./vlan-tunnel.ts";

/** The first two and the next three bytes of the reserved groups, 01:80:c2:00:00:0x. */
const reservedHigh = 0x0180;
const reservedLow = 0xc2000000 | 0;
/** Which of them they are. */
const groupPause = 0x1;
const groupBridge = 0x0;

/** Takes a frame that a port has received (br_handle_frame); false: it goes on to the port's own protocols. */
export function handleFrame(frame: Frame, port: BridgePort): boolean {
  const { br } = port;
  const { view } = frame;
  const mac = frame.macHeader;
  const toHigh = view.getUint16(mac);
  const toLow = view.getInt32(mac + 2);
  const fromHigh = view.getUint16(mac + 6);
  const fromLow = view.getInt32(mac + 8);
  if ((fromHigh & 0x0100) !== 0 || (fromHigh | fromLow) === 0) {
    drop(frame, "bad-mac-source");
    return true;
  }
  if ((port.flags & st.BR_VLAN_TUNNEL) !== 0) enterByTunnel(port, frame);
  if (toHigh === reservedHigh && (toLow & 0xfffffff0) === reservedLow) {
    const verdict = judgeReserved(frame, port, toLow & 0xf, fromHigh, fromLow);
    if (verdict !== null) return verdict;
  }
  // With multiple spanning trees it is the VLAN's state that counts.
  const state = (br.options & st.BR_BOOLOPT_MST_ENABLE) !== 0 ? st.BR_STATE_FORWARDING : port.state;
  if (state !== st.BR_STATE_FORWARDING && state !== st.BR_STATE_LEARNING) {
    drop(frame, "stp-state");
    return true;
  }
  if (toLow === br.dev.addressLow && toHigh === br.dev.addressHigh) frame.packetType = PACKET_HOST;
  finishInput(frame, port, state, toHigh, toLow, fromHigh, fromLow);
  return true;
}

/** What becomes of a frame to a reserved group: forwarded after all (null), dropped (true), the port's own (false). */
function judgeReserved(
  frame: Frame,
  port: BridgePort,
  group: number,
  fromHigh: number,
  fromLow: number,
): boolean | null {
  const { br } = port;
  const bit = 1 << group;
  let mask = br.groupFwdMaskRequired | port.groupFwdMask;
  if (group === groupPause) {
    drop(frame, "filtered");
    return true;
  }
  if (group === groupBridge) {
    if (br.stpEnabled === st.BR_NO_STP || (mask & bit) !== 0) return null;
  } else {
    mask |= br.groupFwdMask;
    if ((mask & bit) !== 0) return null;
  }
  learnFromReserved(frame, port, fromHigh, fromLow);
  return false;
}

/** Learns the sender of a frame that is not forwarded (__br_handle_local_finish). */
function learnFromReserved(frame: Frame, port: BridgePort, fromHigh: number, fromLow: number): void {
  const { br } = port;
  const { state, flags } = port;
  if ((flags & st.BR_LEARNING) === 0 || (br.options & st.BR_BOOLOPT_NO_LL_LEARN) !== 0) return;
  if (state !== st.BR_STATE_LEARNING && state !== st.BR_STATE_FORWARDING) return;
  const vid = learningVlan(port, frame);
  if (vid === vlanRefused) return;
  updateFdb(br, port, (vid << 16) | fromHigh, fromLow, 0, br.dev.machine.clock.now());
}

/** Learns the sender and sends the frame where it is to go (br_handle_frame_finish); `state` is the port's. */
function finishInput(
  frame: Frame,
  port: BridgePort,
  state: number,
  toHigh: number,
  toLow: number,
  fromHigh: number,
  fromLow: number,
): void {
  const { br, flags } = port;
  let isLearning = state === st.BR_STATE_LEARNING;
  let vid = 0;
  if (br.isVlanFiltering) {
    vid = allowIngress(br, port.vlans, frame, state);
    if (vid === vlanRefused) return;
    isLearning ||= isOnlyLearning(port.vlans, vid);
  }
  const now = br.dev.machine.clock.now();
  const from = (vid << 16) | fromHigh;
  if ((flags & st.BR_PORT_LOCKED) !== 0 && !isAdmitted(port, from, fromLow, now))
    return drop(frame, "locked");
  if ((flags & st.BR_LEARNING) !== 0) updateFdb(br, port, from, fromLow, 0, now);
  if ((toHigh & 0x0100) !== 0)
    return inputGroup(frame, port, toHigh === 0xffff && toLow === -1, isLearning, vid);
  if (isLearning) return drop(frame, "stp-state");

  const marks = marksOf(frame, port, vid);
  const { fdb } = br;
  const entry = fdb.find((vid << 16) | toHigh, toLow);
  if (entry === noEntry) flood(br, port, frame, st.BR_FLOOD, marks, vid);
  else if (((fdb.flags[entry] ?? 0) & FDB_LOCAL) !== 0) return passUp(frame, port);
  else {
    fdb.usedNs[entry] = now;
    forward(fdb.ports[entry] ?? null, port, frame, marks, vid);
  }
  if ((marks & MARK_KEEP) !== 0) passUp(frame, port);
}

/** What is known of a frame before it is known where it is to go: MARK_*. */
function marksOf(frame: Frame, port: BridgePort, vid: number): number {
  const { br } = port;
  let marks = (port.flags & st.BR_ISOLATED) !== 0 ? MARK_ISOLATED : 0;
  if ((br.dev.flags & IFF_PROMISC) !== 0) marks |= MARK_KEEP;
  if (concernsNeighbours(br, frame) && suppress(br, port, frame, vid)) marks |= MARK_ANSWERED;
  return marks;
}

/** Sends a frame to all, or to a group, and to the bridge itself if that is one of them. */
function inputGroup(
  frame: Frame,
  port: BridgePort,
  isBroadcast: boolean,
  isLearning: boolean,
  vid: number,
): void {
  const { br } = port;
  const kind = isBroadcast ? MCAST_PLAIN : snoop(br, port, frame, vid);
  if (kind === MCAST_DROP) return drop(frame, "bad-header");
  if (isLearning) return drop(frame, "stp-state");
  let marks = marksOf(frame, port, vid);
  if (isBroadcast) {
    marks |= MARK_KEEP;
    flood(br, port, frame, st.BR_BCAST_FLOOD, marks, vid);
  } else marks = inputMulticast(frame, port, kind, marks, vid);
  if ((marks & MARK_KEEP) !== 0) passUp(frame, port);
}

/** Sends a frame to a group where somebody listens, or everywhere; whether the bridge itself wants it comes back. */
function inputMulticast(frame: Frame, port: BridgePort, kind: number, marks: number, vid: number): number {
  const { br } = port;
  const entry = (kind & MCAST_MESSAGE) !== 0 ? undefined : entryOf(br, frame, vid);
  const isKnown = entry !== undefined || (kind & MCAST_ROUTERS_ONLY) !== 0;
  if (isKnown && hasQuerier(br, frame.protocol, entry, vid)) {
    const isWanted = entry?.isHostJoined === true || isRouterBridge(br, frame.protocol === ETH_P_IPV6, vid);
    if (isWanted) count(br.dev, MULTICAST, 1);
    const own = isWanted ? marks | MARK_KEEP : marks;
    floodMulticast(br, port, entry, frame, own, vid);
    return own;
  }
  count(br.dev, MULTICAST, 1);
  flood(br, port, frame, st.BR_MCAST_FLOOD, marks | MARK_KEEP, vid);
  return marks | MARK_KEEP;
}

/** Whether a locked port knows the sender of a frame; one it does not know it may note, to be let in by a user. */
function isAdmitted(port: BridgePort, high: number, low: number, now: number): boolean {
  const { br } = port;
  const { fdb } = br;
  const entry = fdb.find(high, low);
  if (entry === noEntry) {
    if ((port.flags & st.BR_PORT_MAB) !== 0) updateFdb(br, port, high, low, FDB_LOCKED, now);
    return false;
  }
  const flags = fdb.flags[entry] ?? 0;
  if (fdb.ports[entry] !== port || (flags & FDB_LOCAL) !== 0) return false;
  if ((flags & FDB_LOCKED) === 0) return true;
  updateFdb(br, port, high, low, FDB_LOCKED, now);
  return false;
}

/** Hands a frame to the bridge device itself (br_pass_frame_up). Counts bytes behind the Ethernet header, as Linux does. */
function passUp(frame: Frame, port: BridgePort): void {
  const { br } = port;
  const { dev } = br;
  countRx(dev, frame.end - frame.start);
  if (br.isVlanFiltering && !leaveByBridge(br, frame)) return;
  frame.dev = dev;
  netifRx(frame, dev);
}
