// `type bridge [ forward_delay N ] …`.
//
// Facts: iproute2 6.1, run with right and wrong words.

import { setBe16, setU32 } from "../../bytes/endian.ts";
import { addressText } from "../../client/address-text.ts";
import type { Attribute } from "../../netlink/attribute.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import * as querier from "../../uapi/if_bridge.ts";
import { ETH_P_8021AD, ETH_P_8021Q } from "../../uapi/if_ether.ts";
import * as link from "../../uapi/if_link.ts";
import { wrongArgument } from "../exit.ts";
import type { IpContext } from "../ip/context.ts";
import { linkAddress } from "../ll-address.ts";
import { unsigned } from "../numbers.ts";
import type { Output } from "../output.ts";
import { bridgeId, hex, hundredths } from "./bridge-values.ts";
import type { CommandKind } from "./kind.ts";
import { kindUsage } from "./words.ts";

const HELP = `Usage: ... bridge [ fdb_flush ]
		  [ forward_delay FORWARD_DELAY ]
		  [ hello_time HELLO_TIME ]
		  [ max_age MAX_AGE ]
		  [ ageing_time AGEING_TIME ]
		  [ stp_state STP_STATE ]
		  [ priority PRIORITY ]
		  [ group_fwd_mask MASK ]
		  [ group_address ADDRESS ]
		  [ no_linklocal_learn NO_LINKLOCAL_LEARN ]
		  [ vlan_filtering VLAN_FILTERING ]
		  [ vlan_protocol VLAN_PROTOCOL ]
		  [ vlan_default_pvid VLAN_DEFAULT_PVID ]
		  [ vlan_stats_enabled VLAN_STATS_ENABLED ]
		  [ vlan_stats_per_port VLAN_STATS_PER_PORT ]
		  [ mcast_snooping MULTICAST_SNOOPING ]
		  [ mcast_vlan_snooping MULTICAST_VLAN_SNOOPING ]
		  [ mcast_router MULTICAST_ROUTER ]
		  [ mcast_query_use_ifaddr MCAST_QUERY_USE_IFADDR ]
		  [ mcast_querier MULTICAST_QUERIER ]
		  [ mcast_hash_elasticity HASH_ELASTICITY ]
		  [ mcast_hash_max HASH_MAX ]
		  [ mcast_last_member_count LAST_MEMBER_COUNT ]
		  [ mcast_startup_query_count STARTUP_QUERY_COUNT ]
		  [ mcast_last_member_interval LAST_MEMBER_INTERVAL ]
		  [ mcast_membership_interval MEMBERSHIP_INTERVAL ]
		  [ mcast_querier_interval QUERIER_INTERVAL ]
		  [ mcast_query_interval QUERY_INTERVAL ]
		  [ mcast_query_response_interval QUERY_RESPONSE_INTERVAL ]
		  [ mcast_startup_query_interval STARTUP_QUERY_INTERVAL ]
		  [ mcast_stats_enabled MCAST_STATS_ENABLED ]
		  [ mcast_igmp_version IGMP_VERSION ]
		  [ mcast_mld_version MLD_VERSION ]
		  [ nf_call_iptables NF_CALL_IPTABLES ]
		  [ nf_call_ip6tables NF_CALL_IP6TABLES ]
		  [ nf_call_arptables NF_CALL_ARPTABLES ]

Where: VLAN_PROTOCOL := { 802.1Q | 802.1ad }
`;

/** A setting that is a number: its word, its attribute, its width in bits, and its member in JSON where that has another name. */
type Setting = readonly [word: string, type: number, bits: 8 | 16 | 32 | 64, json?: string];

const TREE: readonly Setting[] = [
  ["forward_delay", link.IFLA_BR_FORWARD_DELAY, 32],
  ["hello_time", link.IFLA_BR_HELLO_TIME, 32],
  ["max_age", link.IFLA_BR_MAX_AGE, 32],
  ["ageing_time", link.IFLA_BR_AGEING_TIME, 32],
  ["stp_state", link.IFLA_BR_STP_STATE, 32],
  ["priority", link.IFLA_BR_PRIORITY, 16],
  ["vlan_filtering", link.IFLA_BR_VLAN_FILTERING, 8],
];
const VLANS: readonly Setting[] = [
  ["vlan_default_pvid", link.IFLA_BR_VLAN_DEFAULT_PVID, 16],
  ["vlan_stats_enabled", link.IFLA_BR_VLAN_STATS_ENABLED, 8],
  ["vlan_stats_per_port", link.IFLA_BR_VLAN_STATS_PER_PORT, 8],
];
const ROUTERS: readonly Setting[] = [
  ["mcast_router", link.IFLA_BR_MCAST_ROUTER, 8],
  ["mcast_query_use_ifaddr", link.IFLA_BR_MCAST_QUERY_USE_IFADDR, 8],
  ["mcast_querier", link.IFLA_BR_MCAST_QUERIER, 8],
];
const MULTICAST: readonly Setting[] = [
  ["mcast_hash_elasticity", link.IFLA_BR_MCAST_HASH_ELASTICITY, 32],
  ["mcast_hash_max", link.IFLA_BR_MCAST_HASH_MAX, 32],
  ["mcast_last_member_count", link.IFLA_BR_MCAST_LAST_MEMBER_CNT, 32, "mcast_last_member_cnt"],
  ["mcast_startup_query_count", link.IFLA_BR_MCAST_STARTUP_QUERY_CNT, 32, "mcast_startup_query_cnt"],
  ["mcast_last_member_interval", link.IFLA_BR_MCAST_LAST_MEMBER_INTVL, 64, "mcast_last_member_intvl"],
  ["mcast_membership_interval", link.IFLA_BR_MCAST_MEMBERSHIP_INTVL, 64, "mcast_membership_intvl"],
  ["mcast_querier_interval", link.IFLA_BR_MCAST_QUERIER_INTVL, 64, "mcast_querier_intvl"],
  ["mcast_query_interval", link.IFLA_BR_MCAST_QUERY_INTVL, 64, "mcast_query_intvl"],
  [
    "mcast_query_response_interval",
    link.IFLA_BR_MCAST_QUERY_RESPONSE_INTVL,
    64,
    "mcast_query_response_intvl",
  ],
  ["mcast_startup_query_interval", link.IFLA_BR_MCAST_STARTUP_QUERY_INTVL, 64, "mcast_startup_query_intvl"],
  ["mcast_stats_enabled", link.IFLA_BR_MCAST_STATS_ENABLED, 8],
  ["mcast_igmp_version", link.IFLA_BR_MCAST_IGMP_VERSION, 8],
  ["mcast_mld_version", link.IFLA_BR_MCAST_MLD_VERSION, 8],
  ["nf_call_iptables", link.IFLA_BR_NF_CALL_IPTABLES, 8],
  ["nf_call_ip6tables", link.IFLA_BR_NF_CALL_IP6TABLES, 8],
  ["nf_call_arptables", link.IFLA_BR_NF_CALL_ARPTABLES, 8],
];
const SNOOPING: Setting = ["mcast_snooping", link.IFLA_BR_MCAST_SNOOPING, 8];
const SETTINGS: readonly Setting[] = [...TREE, ...VLANS, SNOOPING, ...ROUTERS, ...MULTICAST];

/** Options that are bits of IFLA_BR_MULTI_BOOLOPT. */
const OPTIONS: readonly (readonly [word: string, bit: number])[] = [
  ["no_linklocal_learn", 1],
  ["mcast_vlan_snooping", 2],
];

type Write = (writer: MessageWriter) => void;

/** What the words have said: attributes in their order, and the options, which come last. */
interface Said {
  readonly writes: Write[];
  values: number;
  mask: number;
}

/** Segments joined at the link layer. */
export const bridge: CommandKind = {
  kind: "bridge",
  help: HELP,
  async parse(_ip, words) {
    const said: Said = { writes: [], values: 0, mask: 0 };
    for (let word = words.take(); word !== undefined; word = words.take()) {
      if (word === "help") throw kindUsage(HELP);
      if (word === "fdb_flush") said.writes.push((writer) => writer.flag(link.IFLA_BR_FDB_FLUSH));
      else take(said, word, () => words.value());
    }
    return (writer) => {
      for (const write of said.writes) write(writer);
      if (said.mask === 0) return;
      const at = writer.attribute(link.IFLA_BR_MULTI_BOOLOPT, 8);
      setU32(writer.bytes, at, said.values);
      setU32(writer.bytes, at + 4, said.mask);
    };
  },
  print,
};

function take(said: Said, word: string, next: () => string): void {
  const setting = SETTINGS.find(([name]) => name === word);
  if (setting !== undefined) {
    const value = next();
    const number = unsigned(value, setting[2]);
    if (number === undefined) throw wrongArgument(value, `invalid ${word}`);
    said.writes.push((writer) => writeNumber(writer, setting, number));
    return;
  }
  const option = OPTIONS.find(([name]) => name === word);
  if (option !== undefined) {
    const value = next();
    const number = unsigned(value, 8);
    if (number === undefined) throw wrongArgument(value, `invalid ${word}`);
    said.mask |= option[1];
    said.values = number === 0 ? said.values & ~option[1] : said.values | option[1];
    return;
  }
  said.writes.push(takeOther(word, next));
}

function writeNumber(writer: MessageWriter, [, type, bits]: Setting, number: number): void {
  if (bits === 8) writer.u8(type, number);
  else if (bits === 16) writer.u16(type, number);
  else if (bits === 32) writer.u32(type, number);
  else writer.u64(type, number);
}

function takeOther(word: string, next: () => string): Write {
  switch (word) {
    case "group_fwd_mask": {
      const value = next();
      const mask = unsigned(value, 16);
      if (mask === undefined) throw wrongArgument(value, "invalid group_fwd_mask");
      return (writer) => writer.u16(link.IFLA_BR_GROUP_FWD_MASK, mask);
    }
    case "group_address": {
      const address = linkAddress(next());
      return (writer) => writer.binary(link.IFLA_BR_GROUP_ADDR, address);
    }
    case "vlan_protocol": {
      const value = next();
      const protocol = VLAN_PROTOCOLS[value.toLowerCase()];
      if (protocol === undefined) throw wrongArgument(value, "invalid vlan_protocol");
      return (writer) => setBe16(writer.bytes, writer.attribute(link.IFLA_BR_VLAN_PROTOCOL, 2), protocol);
    }
    default:
      throw kindUsage(HELP, `bridge: unknown command "${word}"?\n`);
  }
}

const VLAN_PROTOCOLS: Readonly<Record<string, number>> = { "802.1q": ETH_P_8021Q, "802.1ad": ETH_P_8021AD };

function print(out: Output, data: Attribute, ip: IpContext): void {
  for (const setting of TREE) printSetting(out, data, setting);
  const protocol = data.child(link.IFLA_BR_VLAN_PROTOCOL);
  if (protocol !== undefined) {
    const number = ((protocol.u16() & 0xff) << 8) | (protocol.u16() >>> 8);
    const name = number === ETH_P_8021AD ? "802.1ad" : number === ETH_P_8021Q ? "802.1Q" : `[${number}]`;
    out.field("vlan_protocol", name, `vlan_protocol ${name} `);
  }
  printId(out, data, link.IFLA_BR_BRIDGE_ID, "bridge_id", "bridge_id");
  printId(out, data, link.IFLA_BR_ROOT_ID, "root_id", "designated_root");
  printNumber(out, "root_port", data.child(link.IFLA_BR_ROOT_PORT)?.u16());
  printNumber(out, "root_path_cost", data.child(link.IFLA_BR_ROOT_PATH_COST)?.u32());
  printNumber(out, "topology_change", data.child(link.IFLA_BR_TOPOLOGY_CHANGE)?.u8());
  printNumber(out, "topology_change_detected", data.child(link.IFLA_BR_TOPOLOGY_CHANGE_DETECTED)?.u8());
  printTimer(out, "hello_timer", data.child(link.IFLA_BR_HELLO_TIMER));
  printTimer(out, "tcn_timer", data.child(link.IFLA_BR_TCN_TIMER));
  printTimer(out, "topology_change_timer", data.child(link.IFLA_BR_TOPOLOGY_CHANGE_TIMER));
  printTimer(out, "gc_timer", data.child(link.IFLA_BR_GC_TIMER));
  for (const setting of VLANS) printSetting(out, data, setting);
  printGroups(out, data);
  printSetting(out, data, SNOOPING);
  const options = data.child(link.IFLA_BR_MULTI_BOOLOPT);
  for (const [word, bit] of options === undefined ? [] : OPTIONS) {
    printNumber(out, word, ((options?.u32() ?? 0) & bit) === 0 ? 0 : 1);
  }
  for (const setting of ROUTERS) printSetting(out, data, setting);
  printQuerier(out, data.child(link.IFLA_BR_MCAST_QUERIER_STATE), ip);
  for (const setting of MULTICAST) printSetting(out, data, setting);
}

function printSetting(out: Output, data: Attribute, [word, type, bits, json = word]: Setting): void {
  const attribute = data.child(type);
  if (attribute === undefined) return;
  const value =
    bits === 8
      ? attribute.u8()
      : bits === 16
        ? attribute.u16()
        : bits === 32
          ? attribute.u32()
          : attribute.u64Number();
  out.field(json, value, `${word} ${value} `);
}

function printNumber(out: Output, word: string, value: number | undefined): void {
  if (value !== undefined) out.field(word, value, `${word} ${value} `);
}

function printId(out: Output, data: Attribute, type: number, json: string, word: string): void {
  const id = data.child(type);
  if (id !== undefined) out.field(json, bridgeId(id), `${word} ${bridgeId(id)} `);
}

function printTimer(out: Output, word: string, timer: Attribute | undefined): void {
  if (timer === undefined) return;
  const { text, number } = hundredths(timer);
  out.field(word, number, `${word} ${text} `);
}

function printGroups(out: Output, data: Attribute): void {
  const mask = data.child(link.IFLA_BR_GROUP_FWD_MASK)?.u16();
  if (mask !== undefined) out.field("group_fwd_mask", hex(mask), `group_fwd_mask ${hex(mask)} `);
  const group = data.child(link.IFLA_BR_GROUP_ADDR);
  if (group === undefined) return;
  const address = [...group.copy()].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
  out.field("group_addr", address, `group_address ${address} `);
}

/** Who asks for members, of each family. */
function printQuerier(out: Output, state: Attribute | undefined, ip: IpContext): void {
  if (state === undefined) return;
  const part = (family: string, addressType: number, portType: number, timerType: number): void => {
    const address = state.child(addressType);
    if (address !== undefined) {
      const text = addressText(address.copy());
      out.field(`mcast_querier_${family}_addr`, text, `mcast_querier_${family}_addr ${text} `);
    }
    const port = state.child(portType)?.u32();
    if (port !== undefined) {
      const name = ip.links.name(port);
      out.field(`mcast_querier_${family}_port`, name, `mcast_querier_${family}_port ${name} `);
    }
    const timer = state.child(timerType);
    if (timer === undefined) return;
    const { text, number } = hundredths(timer);
    const word = `mcast_querier_${family}_other_timer`;
    out.field(word, number, `${word} ${text} `);
  };
  part(
    "ipv4",
    querier.BRIDGE_QUERIER_IP_ADDRESS,
    querier.BRIDGE_QUERIER_IP_PORT,
    querier.BRIDGE_QUERIER_IP_OTHER_TIMER,
  );
  part(
    "ipv6",
    querier.BRIDGE_QUERIER_IPV6_ADDRESS,
    querier.BRIDGE_QUERIER_IPV6_PORT,
    querier.BRIDGE_QUERIER_IPV6_OTHER_TIMER,
  );
}
