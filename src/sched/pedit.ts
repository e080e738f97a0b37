// pedit: changes words of a frame, each under a mask, counted from one of its headers.
//
// Mirrors net/sched/act_pedit.c (v6.18: tcf_pedit_init, tcf_pedit_act, tcf_pedit_dump, pedit_skb_hdr_offset).

import { getS32, getU32, setU32 } from "../bytes/endian.ts";
import type { Frame } from "../net/netdevice.ts";
import type { Action, ActionInit, ActionOps, ActionRequest } from "../net/tc-action.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid, NetlinkError } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import { nest, policy, u16, unspec } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { IPPROTO_TCP, IPPROTO_UDP } from "../uapi/in.ts";
import * as uapi from "../uapi/tc_pedit.ts";
import { dumpParms, indexOf, verdictOf } from "./action-parms.ts";
import { checkControl } from "./control-action.ts";
import { macStart, networkStart, transportStart } from "./headers.ts";

const wordSize = 4;
const maxShift = 31;

const peditPolicy = policy(uapi.TCA_PEDIT_MAX, {
  [uapi.TCA_PEDIT_PARMS]: unspec("parms", uapi.TC_PEDIT_SEL_SIZE),
  [uapi.TCA_PEDIT_PARMS_EX]: unspec("parmsEx", uapi.TC_PEDIT_SEL_SIZE),
  [uapi.TCA_PEDIT_KEYS_EX]: nest("keysEx"),
});

const keyPolicy = policy(uapi.TCA_PEDIT_KEY_EX_CMD, {
  [uapi.TCA_PEDIT_KEY_EX_HTYPE]: u16("header"),
  [uapi.TCA_PEDIT_KEY_EX_CMD]: u16("command"),
});

/** One word. Numbers are as they stand in the frame, read as little-endian, which is what a user's `add` has made them for. */
interface Key {
  readonly mask: number;
  readonly value: number;
  readonly offset: number;
  /** A byte of the frame that is added to the offset: where it is, its bits that count, and by how much they are shifted. */
  readonly at: number;
  readonly offsetMask: number;
  readonly shift: number;
  /** TCA_PEDIT_KEY_EX_HDR_TYPE_*. */
  readonly header: number;
  readonly isAdd: boolean;
}

interface PeditState {
  readonly keys: readonly Key[];
  readonly flags: number;
  /** Keys say which header they are of. */
  readonly isExtended: boolean;
}

export const pedit: ActionOps<PeditState> = {
  kind: "pedit",
  indexOf: (options) => indexOf(attributesOf(options).parms),
  init,
  act,
  dump,
};

function attributesOf(options: Attribute | undefined) {
  if (options === undefined) throw invalid("act_pedit: Pedit requires attributes to be passed");
  const attrs = parseNested(options, peditPolicy);
  const parms = attrs.parms ?? attrs.parmsEx;
  if (parms === undefined)
    throw invalid("act_pedit: Missing required TCA_PEDIT_PARMS or TCA_PEDIT_PARMS_EX pedit attribute");
  const count = parms.bytes[parms.start + uapi.TC_PEDIT_SEL_NKEYS] ?? 0;
  if (count === 0) throw invalid("act_pedit: Pedit requires keys to be passed");
  if (parms.length < uapi.TC_PEDIT_SEL_SIZE + count * uapi.TC_PEDIT_KEY_SIZE) {
    const text = "act_pedit: Length of TCA_PEDIT_PARMS or TCA_PEDIT_PARMS_EX pedit attribute is invalid";
    throw new NetlinkError("EINVAL", text, { offset: parms.offset });
  }
  return { parms, count, keysEx: attrs.keysEx };
}

function init(request: ActionRequest<PeditState>): ActionInit<PeditState> {
  const { parms, count, keysEx } = attributesOf(request.options);
  const extended = keysEx === undefined ? undefined : readExtended(keysEx, count);
  const verdict = verdictOf(parms);
  checkControl(request, verdict);
  const keys = Array.from({ length: count }, (_, index) =>
    readKey(
      parms.bytes,
      parms.start + uapi.TC_PEDIT_SEL_SIZE + index * uapi.TC_PEDIT_KEY_SIZE,
      extended?.[index],
    ),
  );
  const flags = parms.bytes[parms.start + uapi.TC_PEDIT_SEL_FLAGS] ?? 0;
  return { verdict, state: { keys, flags, isExtended: extended !== undefined } };
}

/** Which header each key is of, and whether it adds (tcf_pedit_keys_ex_parse). */
function readExtended(keysEx: Attribute, count: number): { header: number; command: number }[] {
  const children = keysEx.children();
  if (children.length > count) throw invalid("act_pedit: Can't parse more extended keys than requested");
  const read = children.map((child) => {
    if (child.type !== uapi.TCA_PEDIT_KEY_EX)
      throw new NetlinkError("EINVAL", "act_pedit: Unknown attribute, expected extended key", {
        offset: child.offset,
      });
    const { header, command } = parseNested(child, keyPolicy);
    if (header === undefined || command === undefined)
      throw invalid("act_pedit: Extended Pedit missing required attributes");
    if (header > uapi.TCA_PEDIT_KEY_EX_HDR_TYPE_UDP || command > uapi.TCA_PEDIT_KEY_EX_CMD_ADD)
      throw invalid("act_pedit: Extended Pedit key is malformed");
    return { header, command };
  });
  if (read.length < count) throw invalid("act_pedit: Not enough extended keys to parse");
  return read;
}

function readKey(
  bytes: Uint8Array,
  start: number,
  extended: { header: number; command: number } | undefined,
): Key {
  const offset = getS32(bytes, start + uapi.TC_PEDIT_KEY_OFF);
  const offsetMask = getU32(bytes, start + uapi.TC_PEDIT_KEY_OFFMASK);
  if (offsetMask === 0 && offset % wordSize !== 0)
    throw invalid("act_pedit: Pedit offsets must be on 32bit boundaries");
  return {
    mask: getU32(bytes, start + uapi.TC_PEDIT_KEY_MASK),
    value: getU32(bytes, start + uapi.TC_PEDIT_KEY_VAL),
    offset,
    at: getS32(bytes, start + uapi.TC_PEDIT_KEY_AT),
    offsetMask,
    shift: Math.min(maxShift, getU32(bytes, start + uapi.TC_PEDIT_KEY_SHIFT)),
    header: extended?.header ?? uapi.TCA_PEDIT_KEY_EX_HDR_TYPE_NETWORK,
    isAdd: extended?.command === uapi.TCA_PEDIT_KEY_EX_CMD_ADD,
  };
}

function act(frame: Frame, action: Action<PeditState>): number {
  if (!frame.pool.writable(frame)) {
    action.overlimits++;
    return action.verdict;
  }
  for (const key of action.state.keys) {
    if (edit(frame, key)) continue;
    action.overlimits++;
    break;
  }
  return action.verdict;
}

/** Changes one word; false for one that the frame does not have. */
function edit(frame: Frame, key: Key): boolean {
  const { bytes, end } = frame;
  const mac = macStart(frame);
  const header = headerStart(frame, key.header, mac);
  if (header < 0) return false;
  let at = header + key.offset;
  if (key.offsetMask !== 0) {
    const where = header + key.at;
    if (where < mac || where >= end) return false;
    const more = ((bytes[where] ?? 0) & key.offsetMask) >> key.shift;
    if ((key.offset + more) % wordSize !== 0) return false;
    at += more;
  }
  if (at < mac || at + wordSize > end) return false;
  const word = getU32(bytes, at);
  const value = key.isAdd ? (word + key.value) & ~key.mask : key.value;
  setU32(bytes, at, ((word & key.mask) ^ value) >>> 0);
  return true;
}

function headerStart(frame: Frame, header: number, mac: number): number {
  switch (header) {
    case uapi.TCA_PEDIT_KEY_EX_HDR_TYPE_ETH:
      return mac;
    case uapi.TCA_PEDIT_KEY_EX_HDR_TYPE_TCP:
      return transportStart(frame, IPPROTO_TCP);
    case uapi.TCA_PEDIT_KEY_EX_HDR_TYPE_UDP:
      return transportStart(frame, IPPROTO_UDP);
    default:
      return networkStart(frame);
  }
}

function dump(action: Action<PeditState>, writer: MessageWriter): void {
  const { keys, flags, isExtended } = action.state;
  if (isExtended) {
    const all = writer.nest(uapi.TCA_PEDIT_KEYS_EX);
    for (const { header, isAdd } of keys) {
      const one = writer.nest(uapi.TCA_PEDIT_KEY_EX);
      writer.u16(uapi.TCA_PEDIT_KEY_EX_HTYPE, header);
      writer.u16(
        uapi.TCA_PEDIT_KEY_EX_CMD,
        isAdd ? uapi.TCA_PEDIT_KEY_EX_CMD_ADD : uapi.TCA_PEDIT_KEY_EX_CMD_SET,
      );
      writer.endNest(one);
    }
    writer.endNest(all);
  }
  const size = uapi.TC_PEDIT_SEL_SIZE + keys.length * uapi.TC_PEDIT_KEY_SIZE;
  const type = isExtended ? uapi.TCA_PEDIT_PARMS_EX : uapi.TCA_PEDIT_PARMS;
  const at = dumpParms(writer, type, size, action);
  const { bytes } = writer;
  bytes[at + uapi.TC_PEDIT_SEL_NKEYS] = keys.length;
  bytes[at + uapi.TC_PEDIT_SEL_FLAGS] = flags;
  for (const [index, key] of keys.entries()) {
    const where = at + uapi.TC_PEDIT_SEL_SIZE + index * uapi.TC_PEDIT_KEY_SIZE;
    setU32(bytes, where + uapi.TC_PEDIT_KEY_MASK, key.mask);
    setU32(bytes, where + uapi.TC_PEDIT_KEY_VAL, key.value);
    setU32(bytes, where + uapi.TC_PEDIT_KEY_OFF, key.offset >>> 0);
    setU32(bytes, where + uapi.TC_PEDIT_KEY_AT, key.at >>> 0);
    setU32(bytes, where + uapi.TC_PEDIT_KEY_OFFMASK, key.offsetMask);
    setU32(bytes, where + uapi.TC_PEDIT_KEY_SHIFT, key.shift);
  }
}
