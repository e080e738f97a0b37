// police: what is within a rate is conform, what is above it exceeds.
//
// Mirrors net/sched/act_police.c (v6.18: tcf_police_init, tcf_police_act, tcf_police_dump). Omitted: rate estimators (avrate), which
// refuse.

import { getS32, getU32, getU64Number, setS32, setU32 } from "../bytes/endian.ts";
import type { Device, Frame } from "../net/netdevice.ts";
import type { Action, ActionInit, ActionOps, ActionRequest } from "../net/tc-action.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid, NetlinkError } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import { min, policy, u32, u64, unspec } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { ETH_HLEN } from "../uapi/if_ether.ts";
import * as uapi from "../uapi/pkt_cls.ts";
import { TC_RATESPEC_CELL_LOG, TC_RATESPEC_RATE, TC_RTAB_SIZE } from "../uapi/pkt_sched.ts";
import { checkControl } from "./control-action.ts";
import { isIncoming } from "./headers.ts";
import type { Rate } from "./rate.ts";
import { isLarge, lengthToNs, nsToTicks, readRate, SECOND_NS, ticksToNs, writeRate } from "./rate.ts";

const anyLength = 0xffff_ffff;

const policePolicy = policy(uapi.TCA_POLICE_MAX, {
  [uapi.TCA_POLICE_TBF]: unspec("parms"),
  [uapi.TCA_POLICE_RATE]: unspec("rateTable"),
  [uapi.TCA_POLICE_PEAKRATE]: unspec("peakTable"),
  [uapi.TCA_POLICE_AVRATE]: u32("average"),
  [uapi.TCA_POLICE_RESULT]: u32("conform"),
  [uapi.TCA_POLICE_RATE64]: u64("rate64"),
  [uapi.TCA_POLICE_PEAKRATE64]: u64("peak64"),
  [uapi.TCA_POLICE_PKTRATE64]: min("packetRate", 8),
  [uapi.TCA_POLICE_PKTBURST64]: min("packetBurst", 8),
});

interface PoliceState {
  /** What becomes of a frame that is conform (TC_ACT_*). */
  readonly conform: number;
  /** The longest frame that is. */
  readonly mtu: number;
  readonly rate: Rate | null;
  readonly peak: Rate | null;
  readonly packetsPerSec: number;
  /** How much may come at once, as the time it takes at the rate. */
  readonly burstNs: number;
  readonly peakBurstNs: number;
  readonly packetBurstNs: number;
  /** What is left of each, and when that was. */
  tokensNs: number;
  peakTokensNs: number;
  packetTokensNs: number;
  atNs: number;
}

export const police: ActionOps<PoliceState> = {
  kind: "police",
  timesType: uapi.TCA_POLICE_TM,
  indexOf(options) {
    const { parms } = attributesOf(options);
    return getU32(parms.bytes, parms.start + uapi.TC_POLICE_INDEX);
  },
  init,
  act,
  dump,
};

function attributesOf(options: Attribute | undefined) {
  const attrs = options === undefined ? {} : parseNested(options, policePolicy);
  const { parms } = attrs;
  if (parms?.length !== uapi.TC_POLICE_SIZE) throw invalid();
  return { ...attrs, parms };
}

function init(request: ActionRequest<PoliceState>): ActionInit<PoliceState> {
  const { parms, conform = 0, average, ...attrs } = attributesOf(request.options);
  const { bytes, start } = parms;
  const verdict = getS32(bytes, start + uapi.TC_POLICE_ACTION);
  checkControl(request, verdict);
  const rate = rateOf(parms, uapi.TC_POLICE_RATE, attrs.rateTable, Number(attrs.rate64 ?? 0n));
  const peak =
    rate === null
      ? null
      : rateOf(parms, uapi.TC_POLICE_PEAKRATE, attrs.peakTable, Number(attrs.peak64 ?? 0n));
  if (average !== undefined) throw invalid();
  if ((conform & ~uapi.TC_ACT_EXT_VAL_MASK) === uapi.TC_ACT_GOTO_CHAIN)
    throw invalid("goto chain not allowed on fallback");
  const { packetRate, packetBurst } = attrs;
  if ((packetRate === undefined) !== (packetBurst === undefined))
    throw invalid("Both or neither packet-per-second burst and rate must be provided");
  if (packetRate !== undefined && rate !== null)
    throw invalid("packet-per-second and byte-per-second rate limits not allowed in same action");
  const mtu = getU32(bytes, start + uapi.TC_POLICE_MTU) || longest(parms, rate);
  const burstNs = ticksToNs(getU32(bytes, start + uapi.TC_POLICE_BURST));
  const peakBurstNs = peak === null ? 0 : lengthToNs(peak, mtu);
  const packetBurstNs =
    packetBurst === undefined ? 0 : ticksToNs(getU64Number(packetBurst.bytes, packetBurst.start));
  return {
    verdict,
    state: {
      conform: conform | 0,
      mtu,
      rate,
      peak,
      packetsPerSec: packetRate === undefined ? 0 : getU64Number(packetRate.bytes, packetRate.start),
      burstNs,
      peakBurstNs,
      packetBurstNs,
      tokensNs: burstNs,
      peakTokensNs: peakBurstNs,
      packetTokensNs: packetBurstNs,
      atNs: request.netns.machine.clock.now(),
    },
  };
}

/** A rate with its table (qdisc_get_rtab); null for none, ENOMEM for a table that is none. */
function rateOf(
  { bytes, start }: Attribute,
  at: number,
  table: Attribute | undefined,
  rate64: number,
): Rate | null {
  const spec = start + at;
  if (getU32(bytes, spec + TC_RATESPEC_RATE) === 0) return null;
  const cellLog = bytes[spec + TC_RATESPEC_CELL_LOG] ?? 0;
  if (table?.length !== TC_RTAB_SIZE || cellLog === 0 || cellLog >= 32) throw new NetlinkError("ENOMEM");
  return readRate(bytes, spec, rate64, table.copy());
}

/** The longest frame when none is said: what the table reaches to. */
function longest({ bytes, start }: Attribute, rate: Rate | null): number {
  if (rate === null) return anyLength;
  return (255 << (bytes[start + uapi.TC_POLICE_RATE + TC_RATESPEC_CELL_LOG] ?? 0)) >>> 0;
}

function act(frame: Frame, action: Action<PoliceState>, dev: Device): number {
  const { state } = action;
  const length = frame.end - frame.start;
  if ((isIncoming(frame) ? length + ETH_HLEN : length) <= state.mtu) {
    if (state.rate === null && state.packetsPerSec === 0) return state.conform;
    if (takeTokens(state, length, dev.machine.clock.now())) return countDrop(action, state.conform);
  }
  action.overlimits++;
  return countDrop(action, action.verdict);
}

function countDrop(action: Action<PoliceState>, verdict: number): number {
  if (verdict === uapi.TC_ACT_SHOT) action.drops++;
  return verdict;
}

/** Takes what the frame costs from each bucket, or nothing if one has too little. */
function takeTokens(state: PoliceState, length: number, nowNs: number): boolean {
  const { rate, peak, packetsPerSec } = state;
  const passed = nowNs - state.atNs;
  let tokens = 0;
  let peakTokens = 0;
  let packetTokens = 0;
  if (peak !== null) {
    const gained = Math.min(passed, state.burstNs) + state.peakTokensNs;
    peakTokens = Math.min(gained, state.peakBurstNs) - lengthToNs(peak, length);
  }
  if (rate !== null) tokens = Math.min(passed + state.tokensNs, state.burstNs) - lengthToNs(rate, length);
  else if (packetsPerSec > 0) {
    const gained = Math.min(passed + state.packetTokensNs, state.packetBurstNs);
    packetTokens = gained - Math.floor(SECOND_NS / packetsPerSec);
  }
  if (tokens < 0 || peakTokens < 0 || packetTokens < 0) return false;
  state.atNs = nowNs;
  state.tokensNs = tokens;
  state.peakTokensNs = peakTokens;
  state.packetTokensNs = packetTokens;
  return true;
}

function dump(action: Action<PoliceState>, writer: MessageWriter): void {
  const { state } = action;
  const { rate, peak } = state;
  if (rate !== null && isLarge(rate)) writer.u64(uapi.TCA_POLICE_RATE64, rate.bytesPerSec);
  if (peak !== null && isLarge(peak)) writer.u64(uapi.TCA_POLICE_PEAKRATE64, peak.bytesPerSec);
  if (state.packetsPerSec > 0) {
    writer.u64(uapi.TCA_POLICE_PKTRATE64, state.packetsPerSec);
    writer.u64(uapi.TCA_POLICE_PKTBURST64, nsToTicks(state.packetBurstNs));
  }
  const at = writer.attribute(uapi.TCA_POLICE_TBF, uapi.TC_POLICE_SIZE);
  const { bytes } = writer;
  setU32(bytes, at + uapi.TC_POLICE_INDEX, action.index);
  setS32(bytes, at + uapi.TC_POLICE_ACTION, action.verdict);
  setU32(bytes, at + uapi.TC_POLICE_BURST, nsToTicks(state.burstNs));
  setU32(bytes, at + uapi.TC_POLICE_MTU, state.mtu);
  if (rate !== null) writeRate(bytes, at + uapi.TC_POLICE_RATE, rate);
  if (peak !== null) writeRate(bytes, at + uapi.TC_POLICE_PEAKRATE, peak);
  setU32(bytes, at + uapi.TC_POLICE_REFCNT, action.references);
  setU32(bytes, at + uapi.TC_POLICE_BINDCNT, action.bindings);
  if (state.conform !== 0) writer.u32(uapi.TCA_POLICE_RESULT, state.conform >>> 0);
}
