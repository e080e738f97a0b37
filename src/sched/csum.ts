// csum: makes the checksums of a packet anew, behind pedit say.
//
// Mirrors net/sched/act_csum.c (v6.18). Omitted: SCTP's, which is refused; UDP-Lite's.

import { checksum, pseudoHeader4, pseudoHeader6 } from "../bytes/checksum.ts";
import { getU32, setBe16, setU32 } from "../bytes/endian.ts";
import type { Frame } from "../net/netdevice.ts";
import { CHECKSUM_NONE, GSO_NONE } from "../net/netdevice.ts";
import type { Action, ActionInit, ActionOps, ActionRequest } from "../net/tc-action.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid, notSupported } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import { policy, unspec } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { ETH_P_IP, ETH_P_IPV6 } from "../uapi/if_ether.ts";
import { IPPROTO_ICMP, IPPROTO_IGMP, IPPROTO_TCP, IPPROTO_UDP } from "../uapi/in.ts";
import { IPPROTO_ICMPV6 } from "../uapi/in6.ts";
import { TC_ACT_SHOT } from "../uapi/pkt_cls.ts";
import * as uapi from "../uapi/tc_csum.ts";
import {
  ipv4Destination,
  ipv4Source,
  ipv4TotalLength,
  isIpv4Header,
  updateIpv4Checksum,
} from "../wire/ipv4.ts";
import { IPV6_HEADER_SIZE, IPV6_SOURCE, ipv6PayloadLength, isIpv6Header } from "../wire/ipv6.ts";
import { dumpParms, indexOf, verdictOf } from "./action-parms.ts";
import { checkControl } from "./control-action.ts";
import { networkProtocol, networkStart, transportStart } from "./headers.ts";

const csumPolicy = policy(uapi.TCA_CSUM_MAX, {
  [uapi.TCA_CSUM_PARMS]: unspec("parms", uapi.TC_CSUM_SIZE),
});

/** Protocols whose checksum is made: above which type (0: both), the flag, where it stands, the least a header has, and whether the addresses are summed. */
const PROTOCOLS: readonly (readonly [
  protocol: number,
  type: number,
  flag: number,
  at: number,
  size: number,
  hasPseudoHeader: boolean,
])[] = [
  [IPPROTO_ICMP, ETH_P_IP, uapi.TCA_CSUM_UPDATE_FLAG_ICMP, 2, 8, false],
  [IPPROTO_ICMPV6, ETH_P_IPV6, uapi.TCA_CSUM_UPDATE_FLAG_ICMP, 2, 4, true],
  [IPPROTO_IGMP, ETH_P_IP, uapi.TCA_CSUM_UPDATE_FLAG_IGMP, 2, 8, false],
  [IPPROTO_TCP, 0, uapi.TCA_CSUM_UPDATE_FLAG_TCP, 16, 20, true],
  [IPPROTO_UDP, 0, uapi.TCA_CSUM_UPDATE_FLAG_UDP, 6, 8, true],
];

interface CsumState {
  /** TCA_CSUM_UPDATE_FLAG_*. */
  readonly flags: number;
}

export const csum: ActionOps<CsumState> = {
  kind: "csum",
  timesType: uapi.TCA_CSUM_TM,
  indexOf: (options) => indexOf(parmsOf(options)),
  init,
  act,
  dump,
};

function parmsOf(options: Attribute | undefined): Attribute {
  const parms = options === undefined ? undefined : parseNested(options, csumPolicy).parms;
  if (parms === undefined) throw invalid();
  return parms;
}

function init(request: ActionRequest<CsumState>): ActionInit<CsumState> {
  const parms = parmsOf(request.options);
  const verdict = verdictOf(parms);
  checkControl(request, verdict);
  const flags = getU32(parms.bytes, parms.start + uapi.TC_CSUM_UPDATE_FLAGS);
  if ((flags & uapi.TCA_CSUM_UPDATE_FLAG_SCTP) !== 0)
    throw notSupported("Checksums of SCTP are not made by uveth");
  return { verdict, state: { flags } };
}

function act(frame: Frame, action: Action<CsumState>): number {
  if (update(frame, action.state.flags)) return action.verdict;
  action.drops++;
  return TC_ACT_SHOT;
}

/** False for a packet that is cut off, or without memory. */
function update(frame: Frame, flags: number): boolean {
  const type = networkProtocol(frame);
  if (type !== ETH_P_IP && type !== ETH_P_IPV6) return true;
  if (!frame.pool.writable(frame)) return false;
  const at = networkStart(frame);
  const { bytes, end } = frame;
  const isIpv4 = type === ETH_P_IP;
  if (isIpv4 ? !isIpv4Header(bytes, at, end) : !isIpv6Header(bytes, at, end)) return false;
  const behind = isIpv4
    ? at + ipv4TotalLength(bytes, at)
    : at + IPV6_HEADER_SIZE + ipv6PayloadLength(bytes, at);
  for (const entry of PROTOCOLS) {
    const [protocol, ofType, flag, field, size, hasPseudoHeader] = entry;
    if ((flags & flag) === 0 || (ofType !== 0 && ofType !== type)) continue;
    const header = transportStart(frame, protocol);
    if (header < 0) continue;
    // Large frames have their checksums made when they are cut.
    if (frame.gsoType !== GSO_NONE) break;
    if (header + size > behind || behind > end) return false;
    // A datagram that has none keeps having none.
    if (protocol === IPPROTO_UDP && bytes[header + field] === 0 && bytes[header + field + 1] === 0) break;
    const pseudo = hasPseudoHeader ? pseudoOf(bytes, at, isIpv4, protocol, behind - header) : 0;
    setBe16(bytes, header + field, 0);
    const sum = checksum(bytes, header, behind, pseudo);
    setBe16(bytes, header + field, protocol === IPPROTO_UDP ? sum || 0xffff : sum);
    frame.checksum = CHECKSUM_NONE;
    break;
  }
  if (isIpv4 && (flags & uapi.TCA_CSUM_UPDATE_FLAG_IPV4HDR) !== 0) updateIpv4Checksum(bytes, at);
  return true;
}

function pseudoOf(bytes: Uint8Array, at: number, isIpv4: boolean, protocol: number, length: number): number {
  if (isIpv4) return pseudoHeader4(ipv4Source(bytes, at), ipv4Destination(bytes, at), protocol, length);
  return pseudoHeader6(bytes, at + IPV6_SOURCE, protocol, length);
}

function dump(action: Action<CsumState>, writer: MessageWriter): void {
  const at = dumpParms(writer, uapi.TCA_CSUM_PARMS, uapi.TC_CSUM_SIZE, action);
  setU32(writer.bytes, at + uapi.TC_CSUM_UPDATE_FLAGS, action.state.flags);
}
