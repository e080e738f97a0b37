// vlan: takes the outer tag off a frame, puts one on, or changes it.
//
// Mirrors net/sched/act_vlan.c (v6.18) and net/core/skbuff.c (skb_vlan_pop, skb_vlan_push). Omitted: pop_eth and push_eth, which refuse.

import { getU32, setBe16, setU32 } from "../bytes/endian.ts";
import type { Frame } from "../net/netdevice.ts";
import type { Action, ActionInit, ActionOps, ActionRequest } from "../net/tc-action.ts";
import { pushTag } from "../net/transmit.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid, NetlinkError, notSupported } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import { be16, policy, u8, u16, unspec } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { ETH_HLEN, ETH_P_8021AD, ETH_P_8021Q } from "../uapi/if_ether.ts";
import { TC_ACT_SHOT } from "../uapi/pkt_cls.ts";
import * as uapi from "../uapi/tc_vlan.ts";
import {
  isVlanType,
  popVlanTag,
  VLAN_TAG_SIZE,
  VLAN_VID_MASK,
  vlanInnerType,
  vlanTci,
} from "../wire/vlan.ts";
import { dumpParms, indexOf, verdictOf } from "./action-parms.ts";
import { checkControl } from "./control-action.ts";
import { isIncoming } from "./headers.ts";

const priorityShift = 13;
const priorityMask = 0xe000;

const vlanPolicy = policy(uapi.TCA_VLAN_MAX, {
  [uapi.TCA_VLAN_PARMS]: unspec("parms", uapi.TC_VLAN_SIZE),
  [uapi.TCA_VLAN_PUSH_VLAN_ID]: u16("id"),
  [uapi.TCA_VLAN_PUSH_VLAN_PROTOCOL]: be16("protocol"),
  [uapi.TCA_VLAN_PUSH_VLAN_PRIORITY]: u8("priority"),
});

interface VlanState {
  /** TCA_VLAN_ACT_*. */
  readonly what: number;
  readonly id: number;
  readonly protocol: number;
  /** Undefined: a changed tag keeps its own. */
  readonly priority: number | undefined;
}

export const vlan: ActionOps<VlanState> = {
  kind: "vlan",
  indexOf: (options) => indexOf(attributesOf(options).parms),
  init,
  act,
  dump,
};

function attributesOf(options: Attribute | undefined) {
  const attrs = options === undefined ? {} : parseNested(options, vlanPolicy);
  const { parms } = attrs;
  if (parms === undefined) throw invalid();
  return { ...attrs, parms };
}

function init(request: ActionRequest<VlanState>): ActionInit<VlanState> {
  const { parms, id, protocol = ETH_P_8021Q, priority } = attributesOf(request.options);
  const what = getU32(parms.bytes, parms.start + uapi.TC_VLAN_V_ACTION);
  const verdict = verdictOf(parms);
  if (what === uapi.TCA_VLAN_ACT_PUSH || what === uapi.TCA_VLAN_ACT_MODIFY) {
    if (id === undefined) throw invalid();
    if (id >= VLAN_VID_MASK) throw new NetlinkError("ERANGE");
    if (protocol !== ETH_P_8021Q && protocol !== ETH_P_8021AD) throw new NetlinkError("EPROTONOSUPPORT");
  } else if (what === uapi.TCA_VLAN_ACT_POP_ETH || what === uapi.TCA_VLAN_ACT_PUSH_ETH)
    throw notSupported("Ethernet headers are not pushed or popped by uveth");
  else if (what !== uapi.TCA_VLAN_ACT_POP) throw invalid();
  checkControl(request, verdict);
  return { verdict, state: { what, id: id ?? 0, protocol, priority } };
}

function act(frame: Frame, action: Action<VlanState>): number {
  const isIn = isIncoming(frame);
  if (isIn) frame.start = frame.macHeader;
  const isDone = change(frame, action.state);
  frame.macHeader = frame.start;
  if (isIn) {
    frame.start += ETH_HLEN;
    frame.networkHeader = frame.start;
  }
  if (isDone) return action.verdict;
  action.drops++;
  return TC_ACT_SHOT;
}

/** Works on a frame that stands at its MAC header; false when there is no memory. */
function change(frame: Frame, { what, id, protocol, priority }: VlanState): boolean {
  switch (what) {
    case uapi.TCA_VLAN_ACT_POP:
      return pop(frame);
    case uapi.TCA_VLAN_ACT_PUSH:
      if (frame.vlanProtocol !== 0 && !pushTag(frame)) return false;
      frame.vlanProtocol = protocol;
      frame.vlanTci = ((priority ?? 0) << priorityShift) | id;
      return true;
    default: {
      if (frame.vlanProtocol === 0 && isVlanType(frame.protocol) && !untag(frame)) return false;
      if (frame.vlanProtocol === 0) return true;
      const kept = frame.vlanTci & ~VLAN_VID_MASK;
      const rest = priority === undefined ? kept : (kept & ~priorityMask) | (priority << priorityShift);
      frame.vlanProtocol = protocol;
      frame.vlanTci = (rest | id) & 0xffff;
      return true;
    }
  }
}

/** Takes the outer tag off; the next one stands beside the bytes then. */
function pop(frame: Frame): boolean {
  if (frame.vlanProtocol === 0 && isVlanType(frame.protocol) && !untag(frame)) return false;
  frame.vlanProtocol = 0;
  return !isVlanType(frame.protocol) || untag(frame);
}

/** Moves the outermost tag of the bytes beside them (__skb_vlan_pop). */
function untag(frame: Frame): boolean {
  if (frame.length < ETH_HLEN + VLAN_TAG_SIZE || !frame.pool.writable(frame)) return false;
  const { bytes, start } = frame;
  const tag = start + ETH_HLEN;
  frame.vlanProtocol = frame.protocol;
  frame.vlanTci = vlanTci(bytes, tag);
  frame.protocol = vlanInnerType(bytes, tag);
  popVlanTag(bytes, start);
  frame.start += VLAN_TAG_SIZE;
  return true;
}

function dump(action: Action<VlanState>, writer: MessageWriter): void {
  const { what, id, protocol, priority } = action.state;
  const at = dumpParms(writer, uapi.TCA_VLAN_PARMS, uapi.TC_VLAN_SIZE, action);
  setU32(writer.bytes, at + uapi.TC_VLAN_V_ACTION, what);
  if (what === uapi.TCA_VLAN_ACT_POP) return;
  writer.u16(uapi.TCA_VLAN_PUSH_VLAN_ID, id);
  setBe16(writer.bytes, writer.attribute(uapi.TCA_VLAN_PUSH_VLAN_PROTOCOL, 2), protocol);
  if (priority !== undefined) writer.u8(uapi.TCA_VLAN_PUSH_VLAN_PRIORITY, priority);
}
