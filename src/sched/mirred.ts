// mirred: sends a frame, or a copy of it, on another device, or lets that one receive it.
//
// Mirrors net/sched/act_mirred.c (v6.18). Omitted: blocks as destination.

import { getS32, getU32, setS32, setU32 } from "../bytes/endian.ts";
import { ethTypeTrans } from "../net/ethernet.ts";
import type { Device, Frame, Netns } from "../net/netdevice.ts";
import { REDIRECT_EGRESS, REDIRECT_INGRESS } from "../net/netdevice.ts";
import { netifRx } from "../net/receive.ts";
import type { Action, ActionInit, ActionOps, ActionRequest } from "../net/tc-action.ts";
import { devQueueXmit } from "../net/transmit.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid, NetlinkError } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import { policy, unspec } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { IFF_UP } from "../uapi/if.ts";
import { TC_ACT_SHOT } from "../uapi/pkt_cls.ts";
import * as uapi from "../uapi/tc_mirred.ts";
import { checkControl } from "./control-action.ts";

/** Devices that one frame may be sent on from within another's filters. */
const maxNesting = 4;

const mirredPolicy = policy(uapi.TCA_MIRRED_MAX, {
  [uapi.TCA_MIRRED_PARMS]: unspec("parms", uapi.TC_MIRRED_SIZE),
});

interface MirredState {
  readonly netns: Netns;
  readonly eaction: number;
  /** The device it leads to; null once that is gone, or in another namespace. */
  target: Device | null;
  /** How deep this action is inside itself by way of other devices. */
  nesting: number;
}

export const mirred: ActionOps<MirredState> = {
  kind: "mirred",
  indexOf: (options) => getU32(parmsOf(options).bytes, parmsOf(options).start + uapi.TC_MIRRED_INDEX),
  init,
  act,
  dump,
};

function parmsOf(options: Attribute | undefined): Attribute {
  if (options === undefined) throw invalid("act_mirred: Mirred requires attributes to be passed");
  const { parms } = parseNested(options, mirredPolicy);
  if (parms === undefined) throw invalid("act_mirred: Missing required mirred parameters");
  return parms;
}

function init(request: ActionRequest<MirredState>): ActionInit<MirredState> {
  const { netns, options, old } = request;
  const { bytes, start } = parmsOf(options);
  const eaction = getS32(bytes, start + uapi.TC_MIRRED_EACTION);
  if (eaction < uapi.TCA_EGRESS_REDIR || eaction > uapi.TCA_INGRESS_MIRROR)
    throw invalid("act_mirred: Unknown mirred option");
  const ifindex = getU32(bytes, start + uapi.TC_MIRRED_IFINDEX);
  if (old === undefined && ifindex === 0) throw invalid("act_mirred: Must specify device or block");
  const verdict = getS32(bytes, start + uapi.TC_MIRRED_ACTION);
  checkControl(request, verdict);
  // One that is changed keeps its device unless another is named.
  const target = ifindex === 0 ? (old?.state.target ?? null) : netns.devices.get(ifindex);
  if (target === undefined) throw new NetlinkError("ENODEV");
  return { verdict, state: { netns, eaction, target, nesting: 0 } };
}

function act(frame: Frame, action: Action<MirredState>, dev: Device): number {
  const { eaction } = action.state;
  const isRedirect = eaction === uapi.TCA_EGRESS_REDIR || eaction === uapi.TCA_INGRESS_REDIR;
  const failed = isRedirect ? TC_ACT_SHOT : action.verdict;
  const target = targetOf(action.state);
  if (target === null || (target.flags & IFF_UP) === 0 || action.state.nesting >= maxNesting) {
    action.overlimits++;
    return failed;
  }
  const copy = frame.pool.clone(frame);
  if (copy === null) {
    action.overlimits++;
    return failed;
  }
  // A frame that came in stands at its network header.
  const isIncoming = copy.macHeader >= 0 && copy.macHeader < copy.start;
  if (isIncoming) copy.start = copy.macHeader;
  copy.iif = dev.ifindex;
  if (isRedirect) copy.redirect = isIncoming ? REDIRECT_INGRESS : REDIRECT_EGRESS;
  copy.dev = target;
  action.state.nesting++;
  if (eaction === uapi.TCA_EGRESS_REDIR || eaction === uapi.TCA_EGRESS_MIRROR) devQueueXmit(copy);
  else {
    ethTypeTrans(copy, target);
    netifRx(copy, target);
  }
  action.state.nesting--;
  return action.verdict;
}

/** A device that is gone does not come back, whoever has its index then (mirred_device_event). */
function targetOf(state: MirredState): Device | null {
  const { netns, target } = state;
  if (target !== null && netns.devices.get(target.ifindex) !== target) state.target = null;
  return state.target;
}

function dump(action: Action<MirredState>, writer: MessageWriter): void {
  const at = writer.attribute(uapi.TCA_MIRRED_PARMS, uapi.TC_MIRRED_SIZE);
  setU32(writer.bytes, at + uapi.TC_MIRRED_INDEX, action.index);
  setS32(writer.bytes, at + uapi.TC_MIRRED_ACTION, action.verdict);
  setU32(writer.bytes, at + uapi.TC_MIRRED_REFCNT, action.references);
  setU32(writer.bytes, at + uapi.TC_MIRRED_BINDCNT, action.bindings);
  setS32(writer.bytes, at + uapi.TC_MIRRED_EACTION, action.state.eaction);
  setU32(writer.bytes, at + uapi.TC_MIRRED_IFINDEX, targetOf(action.state)?.ifindex ?? 0);
}
