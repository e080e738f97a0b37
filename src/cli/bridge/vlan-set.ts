// `bridge vlan set` and `bridge vlan global set`: options of VLANs of a port, and of VLANs of all of a bridge.
//
// Facts: bridge(8), and the errors of iproute2 6.1.

import { setS32, setU16 } from "../../bytes/endian.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import * as vdb from "../../uapi/if_bridge.ts";
import { RTM_NEWVLAN } from "../../uapi/rtnetlink.ts";
import { AF_BRIDGE } from "../../uapi/socket.ts";
import type { IpContext } from "../ip/context.ts";
import { unsigned } from "../numbers.ts";
import type { Words } from "../words.ts";
import { matches } from "../words.ts";
import { VLAN_USAGE } from "./help.ts";
import { STATES } from "./link.ts";
import { change, failure } from "./request.ts";
import { leadingNumber, splitRange } from "./vlan-range.ts";

type Write = (writer: MessageWriter) => void;

/** VLANs from one identifier to another; `last` is absent for one VLAN. */
interface VlanRange {
  readonly first: number;
  readonly last: number | undefined;
}

/** Runs `bridge vlan set`. */
export function setOptions(ip: IpContext, words: Words): Promise<number> {
  return setOf(ip, words, option, (writer, { first, last }, writes) => {
    const entry = writer.nestFlagged(vdb.BRIDGE_VLANDB_ENTRY);
    const at = writer.attribute(vdb.BRIDGE_VLANDB_ENTRY_INFO, vdb.BRIDGE_VLAN_INFO_SIZE);
    setU16(writer.bytes, at + vdb.BRIDGE_VLAN_INFO_FLAGS, vdb.BRIDGE_VLAN_INFO_ONLY_OPTS);
    setU16(writer.bytes, at + vdb.BRIDGE_VLAN_INFO_VID, first);
    if (last !== undefined) writer.u16(vdb.BRIDGE_VLANDB_ENTRY_RANGE, last);
    for (const write of writes) write(writer);
    writer.endNest(entry);
  });
}

/** Runs `bridge vlan global set`. */
export function setGlobalOptions(ip: IpContext, words: Words): Promise<number> {
  return setOf(ip, words, globalOption, (writer, { first, last }, writes) => {
    const entry = writer.nestFlagged(vdb.BRIDGE_VLANDB_GLOBAL_OPTIONS);
    writer.u16(vdb.BRIDGE_VLANDB_GOPTS_ID, first);
    if (last !== undefined) writer.u16(vdb.BRIDGE_VLANDB_GOPTS_RANGE, last);
    for (const write of writes) write(writer);
    writer.endNest(entry);
  });
}

async function setOf(
  ip: IpContext,
  words: Words,
  read: (word: string, words: Words) => Write | undefined,
  fill: (writer: MessageWriter, range: VlanRange, writes: readonly Write[]) => void,
): Promise<number> {
  let ifindex: number | undefined;
  let range: VlanRange | undefined;
  const writes: Write[] = [];
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === "dev") {
      const name = words.value();
      ifindex = await ip.links.find(name);
      if (ifindex === undefined) throw failure(`Cannot find network device "${name}"\n`);
    } else if (word === "vid") range = rangeOf(words.value());
    else {
      const write = read(word, words);
      if (write !== undefined) writes.push(write);
      else if (matches(word, "help")) throw failure(VLAN_USAGE);
    }
  }
  if (ifindex === undefined || range === undefined)
    throw failure("Device and VLAN ID are required arguments.\n");
  const client = await ip.rtnl();
  return change(
    ip,
    client.request(RTM_NEWVLAN, 0, (writer) => {
      const at = writer.reserve(vdb.BR_VLAN_MSG_SIZE);
      writer.bytes[at + vdb.BR_VLAN_MSG_FAMILY] = AF_BRIDGE;
      setS32(writer.bytes, at + vdb.BR_VLAN_MSG_IFINDEX, ifindex ?? 0);
      fill(writer, range ?? { first: 0, last: undefined }, writes);
    }),
  );
}

function rangeOf(word: string): VlanRange {
  const [from, to] = splitRange(word);
  const first = leadingNumber(from);
  if (to === undefined) {
    if (first >= 4_096) throw failure(`Invalid VLAN ID "${first}"\n`);
    return { first, last: undefined };
  }
  const last = leadingNumber(to);
  if (first >= last || last >= 4_096) throw failure(`Invalid VLAN range "${first}-${last}"\n`);
  return { first, last };
}

function option(word: string, words: Words): Write | undefined {
  if (word === "state") {
    const typed = words.value();
    const known = STATES.indexOf(typed);
    const state = known < 0 ? unsigned(typed, 8) : known;
    if (state === undefined) throw failure("Error: invalid STP state\n");
    return (writer) => writer.u8(vdb.BRIDGE_VLANDB_ENTRY_STATE, state);
  }
  if (word !== "mcast_router") return undefined;
  const router = number(words, word, 8);
  return (writer) => writer.u8(vdb.BRIDGE_VLANDB_ENTRY_MCAST_ROUTER, router);
}

/** Options of all of a bridge: their words, their attributes and how wide those are. */
export const GLOBAL_OPTIONS: readonly (readonly [word: string, type: number, bits: 8 | 32 | 64])[] = [
  ["mcast_snooping", vdb.BRIDGE_VLANDB_GOPTS_MCAST_SNOOPING, 8],
  ["mcast_querier", vdb.BRIDGE_VLANDB_GOPTS_MCAST_QUERIER, 8],
  ["mcast_igmp_version", vdb.BRIDGE_VLANDB_GOPTS_MCAST_IGMP_VERSION, 8],
  ["mcast_mld_version", vdb.BRIDGE_VLANDB_GOPTS_MCAST_MLD_VERSION, 8],
  ["mcast_last_member_count", vdb.BRIDGE_VLANDB_GOPTS_MCAST_LAST_MEMBER_CNT, 32],
  ["mcast_last_member_interval", vdb.BRIDGE_VLANDB_GOPTS_MCAST_LAST_MEMBER_INTVL, 64],
  ["mcast_startup_query_count", vdb.BRIDGE_VLANDB_GOPTS_MCAST_STARTUP_QUERY_CNT, 32],
  ["mcast_startup_query_interval", vdb.BRIDGE_VLANDB_GOPTS_MCAST_STARTUP_QUERY_INTVL, 64],
  ["mcast_membership_interval", vdb.BRIDGE_VLANDB_GOPTS_MCAST_MEMBERSHIP_INTVL, 64],
  ["mcast_querier_interval", vdb.BRIDGE_VLANDB_GOPTS_MCAST_QUERIER_INTVL, 64],
  ["mcast_query_interval", vdb.BRIDGE_VLANDB_GOPTS_MCAST_QUERY_INTVL, 64],
  ["mcast_query_response_interval", vdb.BRIDGE_VLANDB_GOPTS_MCAST_QUERY_RESPONSE_INTVL, 64],
];

function globalOption(word: string, words: Words): Write | undefined {
  const known = GLOBAL_OPTIONS.find(([name]) => name === word);
  if (known === undefined) return undefined;
  const [name, type, bits] = known;
  if (bits === 64) {
    const typed = words.value();
    if (!/^(0x[\da-f]+|\d+)$/i.test(typed)) throw wrong(typed, name);
    const value = BigInt(typed);
    return (writer) => writer.u64(type, value);
  }
  const value = number(words, name, bits);
  return (writer) => (bits === 8 ? writer.u8(type, value) : writer.u32(type, value));
}

function number(words: Words, name: string, bits: 8 | 32): number {
  const typed = words.value();
  const value = unsigned(typed, bits);
  if (value === undefined) throw wrong(typed, name);
  return value;
}

function wrong(typed: string, name: string): Error {
  return failure(`Error: argument "${typed}" is wrong: invalid ${name}\n`);
}
