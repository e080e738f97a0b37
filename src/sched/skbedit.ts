// skbedit: changes what a frame carries beside its bytes: priority, mark, transmit queue, for whom it is.
//
// Mirrors net/sched/act_skbedit.c (v6.18). Omitted: queues chosen by hash, which refuse.

import { getU64Number, setU64Number } from "../bytes/endian.ts";
import type { Device, Frame } from "../net/netdevice.ts";
import type { Action, ActionInit, ActionOps, ActionRequest } from "../net/tc-action.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid, notSupported } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import { min, policy, u16, u32, unspec } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { ETH_P_IP, ETH_P_IPV6 } from "../uapi/if_ether.ts";
import { PACKET_OTHERHOST } from "../uapi/if_packet.ts";
import { TC_ACT_SHOT } from "../uapi/pkt_cls.ts";
import { TC_H_MIN_INGRESS, TC_H_MIN_MASK } from "../uapi/pkt_sched.ts";
import * as uapi from "../uapi/tc_skbedit.ts";
import { IPV4_SIZE, ipv4Tos } from "../wire/ipv4.ts";
import { IPV6_HEADER_SIZE, ipv6TrafficClass } from "../wire/ipv6.ts";
import { dumpParms, indexOf, verdictOf } from "./action-parms.ts";
import { checkControl } from "./control-action.ts";
import { networkProtocol, networkStart } from "./headers.ts";

const skbeditPolicy = policy(uapi.TCA_SKBEDIT_MAX, {
  [uapi.TCA_SKBEDIT_PARMS]: unspec("parms", uapi.TC_SKBEDIT_SIZE),
  [uapi.TCA_SKBEDIT_PRIORITY]: u32("priority"),
  [uapi.TCA_SKBEDIT_QUEUE_MAPPING]: u16("queue"),
  [uapi.TCA_SKBEDIT_MARK]: u32("mark"),
  [uapi.TCA_SKBEDIT_PTYPE]: u16("packetType"),
  [uapi.TCA_SKBEDIT_MASK]: u32("mask"),
  [uapi.TCA_SKBEDIT_FLAGS]: min("flags", 8),
  [uapi.TCA_SKBEDIT_QUEUE_MAPPING_MAX]: u16("maxQueue"),
});

/** What is set; undefined stays as it is. */
interface SkbeditState {
  readonly priority: number | undefined;
  readonly queue: number | undefined;
  readonly mark: number | undefined;
  /** Bits of the mark that change; undefined: all. */
  readonly mask: number | undefined;
  readonly packetType: number | undefined;
  /** The priority is that of the packet (its DSCP). */
  readonly isInherited: boolean;
}

export const skbedit: ActionOps<SkbeditState> = {
  kind: "skbedit",
  indexOf: (options) => indexOf(attributesOf(options).parms),
  init,
  act,
  dump,
};

function attributesOf(options: Attribute | undefined) {
  const attrs = options === undefined ? {} : parseNested(options, skbeditPolicy);
  const { parms } = attrs;
  if (parms === undefined) throw invalid();
  return { ...attrs, parms };
}

function init(request: ActionRequest<SkbeditState>): ActionInit<SkbeditState> {
  const { parms, priority, queue, mark, mask, packetType, flags } = attributesOf(request.options);
  const { proto } = request;
  const isReceiveSide =
    proto !== null && (proto.block.sch.ops.isIngress ?? false) && !isEgress(proto.block.classid);
  if (queue !== undefined && isReceiveSide)
    throw notSupported('act_skbedit: "queue_mapping" option on receive side is hardware only, use skip_sw');
  if (packetType !== undefined && packetType > PACKET_OTHERHOST) throw invalid();
  const bits = flags === undefined ? 0 : getU64Number(flags.bytes, flags.start);
  if ((bits & uapi.SKBEDIT_F_TXQ_SKBHASH) !== 0)
    throw notSupported("act_skbedit: Queues are not chosen by hash by uveth");
  const isInherited = (bits & uapi.SKBEDIT_F_INHERITDSFIELD) !== 0;
  const isNothing = [priority, queue, mark, packetType, mask].every((each) => each === undefined);
  if (isNothing && !isInherited) throw invalid();
  const verdict = verdictOf(parms);
  checkControl(request, verdict);
  return { verdict, state: { priority, queue, mark, mask, packetType, isInherited } };
}

function isEgress(classid: number): boolean {
  return (classid & TC_H_MIN_MASK) !== 0 && (classid & TC_H_MIN_MASK) !== TC_H_MIN_INGRESS;
}

function act(frame: Frame, action: Action<SkbeditState>, dev: Device): number {
  const { priority, queue, mark, mask, packetType, isInherited } = action.state;
  if (priority !== undefined) frame.priority = priority;
  if (isInherited && !inherit(frame)) {
    action.drops++;
    return TC_ACT_SHOT;
  }
  if (queue !== undefined && queue < dev.txQueues) frame.queue = queue;
  if (mark !== undefined) {
    const bits = mask ?? 0xffff_ffff;
    frame.mark = ((frame.mark & ~bits) | (mark & bits)) >>> 0;
  }
  if (packetType !== undefined) frame.packetType = packetType;
  return action.verdict;
}

/** Takes the priority from the packet's DSCP; false for one too short to have it. */
function inherit(frame: Frame): boolean {
  const protocol = networkProtocol(frame);
  const at = networkStart(frame);
  const { bytes, end } = frame;
  if (protocol === ETH_P_IP) {
    if (at + IPV4_SIZE > end) return false;
    frame.priority = ipv4Tos(bytes, at) >> 2;
  } else if (protocol === ETH_P_IPV6) {
    if (at + IPV6_HEADER_SIZE > end) return false;
    frame.priority = ipv6TrafficClass(bytes, at) >> 2;
  }
  return true;
}

function dump(action: Action<SkbeditState>, writer: MessageWriter): void {
  const { priority, queue, mark, mask, packetType, isInherited } = action.state;
  dumpParms(writer, uapi.TCA_SKBEDIT_PARMS, uapi.TC_SKBEDIT_SIZE, action);
  if (priority !== undefined) writer.u32(uapi.TCA_SKBEDIT_PRIORITY, priority);
  if (queue !== undefined) writer.u16(uapi.TCA_SKBEDIT_QUEUE_MAPPING, queue);
  if (mark !== undefined) writer.u32(uapi.TCA_SKBEDIT_MARK, mark);
  if (packetType !== undefined) writer.u16(uapi.TCA_SKBEDIT_PTYPE, packetType);
  if (mask !== undefined) writer.u32(uapi.TCA_SKBEDIT_MASK, mask);
  if (!isInherited) return;
  const at = writer.attribute(uapi.TCA_SKBEDIT_FLAGS, 8);
  setU64Number(writer.bytes, at, uapi.SKBEDIT_F_INHERITDSFIELD);
}
