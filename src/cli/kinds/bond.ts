// `type bond mode BONDMODE …`, and what a bond says of its slaves.
//
// Facts: iproute2 6.1, run with right and wrong words.

import { macToText, readMac } from "../../bytes/mac.ts";
import type { Attribute } from "../../netlink/attribute.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import * as link from "../../uapi/if_link.ts";
import { AF_INET, AF_INET6 } from "../../uapi/socket.ts";
import { CommandExit, EXIT_FAILURE, wrongArgument } from "../exit.ts";
import type { IpContext } from "../ip/context.ts";
import { linkAddress } from "../ll-address.ts";
import { signed, unsigned } from "../numbers.ts";
import type { Output } from "../output.ts";
import { addressText, parseAddress } from "../prefix.ts";
import type { Words } from "../words.ts";
import { firstMatch } from "../words.ts";
import type { CommandKind } from "./kind.ts";
import { kindUsage } from "./words.ts";

const HELP = `Usage: ... bond [ mode BONDMODE ] [ active_slave SLAVE_DEV ]
                [ clear_active_slave ] [ miimon MIIMON ]
                [ updelay UPDELAY ] [ downdelay DOWNDELAY ]
                [ peer_notify_delay DELAY ]
                [ use_carrier USE_CARRIER ]
                [ arp_interval ARP_INTERVAL ]
                [ arp_validate ARP_VALIDATE ]
                [ arp_all_targets ARP_ALL_TARGETS ]
                [ arp_ip_target [ ARP_IP_TARGET, ... ] ]
                [ ns_ip6_target [ NS_IP6_TARGET, ... ] ]
                [ primary SLAVE_DEV ]
                [ primary_reselect PRIMARY_RESELECT ]
                [ fail_over_mac FAIL_OVER_MAC ]
                [ xmit_hash_policy XMIT_HASH_POLICY ]
                [ resend_igmp RESEND_IGMP ]
                [ num_grat_arp|num_unsol_na NUM_GRAT_ARP|NUM_UNSOL_NA ]
                [ all_slaves_active ALL_SLAVES_ACTIVE ]
                [ min_links MIN_LINKS ]
                [ lp_interval LP_INTERVAL ]
                [ packets_per_slave PACKETS_PER_SLAVE ]
                [ tlb_dynamic_lb TLB_DYNAMIC_LB ]
                [ lacp_rate LACP_RATE ]
                [ lacp_active LACP_ACTIVE]
                [ ad_select AD_SELECT ]
                [ ad_user_port_key PORTKEY ]
                [ ad_actor_sys_prio SYSPRIO ]
                [ ad_actor_system LLADDR ]
                [ arp_missed_max MISSED_MAX ]

BONDMODE := balance-rr|active-backup|balance-xor|broadcast|802.3ad|balance-tlb|balance-alb
ARP_VALIDATE := none|active|backup|all|filter|filter_active|filter_backup
ARP_ALL_TARGETS := any|all
PRIMARY_RESELECT := always|better|failure
FAIL_OVER_MAC := none|active|follow
XMIT_HASH_POLICY := layer2|layer2+3|layer3+4|encap2+3|encap3+4|vlan+srcmac
LACP_ACTIVE := off|on
LACP_RATE := slow|fast
AD_SELECT := stable|bandwidth|count
`;
const SLAVE_HELP = "Usage: ... bond_slave [ queue_id ID ] [ prio PRIORITY ]\n";

const MODES = [
  "balance-rr",
  "active-backup",
  "balance-xor",
  "broadcast",
  "802.3ad",
  "balance-tlb",
  "balance-alb",
];
const VALIDATIONS = ["none", "active", "backup", "all", "filter", "filter_active", "filter_backup"];
const TARGETS = ["any", "all"];
const RESELECTIONS = ["always", "better", "failure"];
const FAIL_OVERS = ["none", "active", "follow"];
const POLICIES = ["layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4", "vlan+srcmac"];
const RATES = ["slow", "fast"];
const SWITCH = ["off", "on"];
const SELECTIONS = ["stable", "bandwidth", "count"];

/** BOND_MAX_ARP_TARGETS and BOND_MAX_NS_TARGETS */
const MAX_TARGETS = 16;

/** A word whose value is a number of so many bits, one of a list, or a device. */
type Word = readonly [type: number, bits: 8 | 16 | 32, values?: readonly string[] | "device"];

/** The words, in the order in which abbreviations are tried. */
const WORDS: Readonly<Record<string, Word | null>> = {
  mode: [link.IFLA_BOND_MODE, 8, MODES],
  active_slave: [link.IFLA_BOND_ACTIVE_SLAVE, 32, "device"],
  clear_active_slave: null,
  miimon: [link.IFLA_BOND_MIIMON, 32],
  updelay: [link.IFLA_BOND_UPDELAY, 32],
  downdelay: [link.IFLA_BOND_DOWNDELAY, 32],
  peer_notify_delay: [link.IFLA_BOND_PEER_NOTIF_DELAY, 32],
  use_carrier: [link.IFLA_BOND_USE_CARRIER, 8],
  arp_interval: [link.IFLA_BOND_ARP_INTERVAL, 32],
  arp_ip_target: null,
  ns_ip6_target: null,
  arp_validate: [link.IFLA_BOND_ARP_VALIDATE, 32, VALIDATIONS],
  arp_all_targets: [link.IFLA_BOND_ARP_ALL_TARGETS, 32, TARGETS],
  primary: [link.IFLA_BOND_PRIMARY, 32, "device"],
  primary_reselect: [link.IFLA_BOND_PRIMARY_RESELECT, 8, RESELECTIONS],
  fail_over_mac: [link.IFLA_BOND_FAIL_OVER_MAC, 8, FAIL_OVERS],
  xmit_hash_policy: [link.IFLA_BOND_XMIT_HASH_POLICY, 8, POLICIES],
  resend_igmp: [link.IFLA_BOND_RESEND_IGMP, 32],
  num_grat_arp: [link.IFLA_BOND_NUM_PEER_NOTIF, 8],
  num_unsol_na: [link.IFLA_BOND_NUM_PEER_NOTIF, 8],
  all_slaves_active: [link.IFLA_BOND_ALL_SLAVES_ACTIVE, 8],
  min_links: [link.IFLA_BOND_MIN_LINKS, 32],
  lp_interval: [link.IFLA_BOND_LP_INTERVAL, 32],
  packets_per_slave: [link.IFLA_BOND_PACKETS_PER_SLAVE, 32],
  lacp_rate: [link.IFLA_BOND_AD_LACP_RATE, 8, RATES],
  lacp_active: [link.IFLA_BOND_AD_LACP_ACTIVE, 8, SWITCH],
  ad_select: [link.IFLA_BOND_AD_SELECT, 8, SELECTIONS],
  ad_user_port_key: [link.IFLA_BOND_AD_USER_PORT_KEY, 16],
  ad_actor_system: null,
  ad_actor_sys_prio: [link.IFLA_BOND_AD_ACTOR_SYS_PRIO, 16],
  tlb_dynamic_lb: [link.IFLA_BOND_TLB_DYNAMIC_LB, 8],
  arp_missed_max: [link.IFLA_BOND_MISSED_MAX, 8],
  help: null,
};

/** Several devices as one. */
export const bond: CommandKind = {
  kind: "bond",
  help: HELP,
  async parse(ip, words) {
    const writes: ((writer: MessageWriter) => void)[] = [];
    for (let word = words.take(); word !== undefined; word = words.take()) {
      writes.push(await take(ip, words, word));
    }
    return (writer) => {
      for (const write of writes) write(writer);
    };
  },
  indexes: (data) => [
    data.child(link.IFLA_BOND_ACTIVE_SLAVE)?.u32(),
    data.child(link.IFLA_BOND_PRIMARY)?.u32(),
  ],
  print,
};

async function take(ip: IpContext, words: Words, word: string): Promise<(writer: MessageWriter) => void> {
  const key = firstMatch(word, Object.keys(WORDS));
  if (key === "clear_active_slave") return (writer) => writer.u32(link.IFLA_BOND_ACTIVE_SLAVE, 0);
  if (key === "arp_ip_target") return targets(words, link.IFLA_BOND_ARP_IP_TARGET, AF_INET);
  if (key === "ns_ip6_target") return targets(words, link.IFLA_BOND_NS_IP6_TARGET, AF_INET6);
  if (key === "ad_actor_system") {
    const system = linkAddress(words.value());
    return (writer) => writer.binary(link.IFLA_BOND_AD_ACTOR_SYSTEM, system);
  }
  const known = key === undefined ? undefined : WORDS[key];
  if (key === undefined || known === undefined || known === null) {
    throw kindUsage(HELP, key === "help" ? "" : `bond: unknown command "${word}"?\n`);
  }
  const [type, bits, values] = known;
  const text = words.value();
  const value = values === "device" ? await device(ip, text) : number(key, text, bits, values);
  return (writer) => {
    if (bits === 8) writer.u8(type, value);
    else if (bits === 16) writer.u16(type, value);
    else writer.u32(type, value);
  };
}

/** Addresses with commas between them, and none at the end of the words; each is told under its number. */
function targets(words: Words, type: number, family: number): (writer: MessageWriter) => void {
  const texts = (words.take() ?? "").split(",").filter((text) => text !== "");
  const addresses = texts.slice(0, MAX_TARGETS).map((text) => parseAddress(text, family).address);
  return (writer) => {
    const nest = writer.nest(type);
    for (const [index, address] of addresses.entries()) writer.binary(index, address);
    writer.endNest(nest);
  };
}

async function device(ip: IpContext, name: string): Promise<number> {
  const ifindex = await ip.links.find(name);
  if (ifindex === undefined) throw new CommandExit(EXIT_FAILURE, `Cannot find device "${name}"\n`);
  return ifindex;
}

/** A number, or a word of a list or its place. */
function number(key: string, text: string, bits: 8 | 16 | 32, values?: readonly string[]): number {
  const read = unsigned(text, values === undefined ? bits : 8);
  if (values === undefined) {
    if (read !== undefined) return read;
  } else {
    if (read !== undefined && read < values.length) return read;
    const place = values.indexOf(text);
    if (place >= 0) return place;
  }
  throw wrongArgument(text, `invalid ${key}`);
}

function print(out: Output, data: Attribute, ip: IpContext): void {
  const number = (type: number, key: string, word = key): void => {
    const value = read(data.child(type));
    if (value !== undefined) out.field(key, value, `${word} ${value} `);
  };
  const name = (type: number, names: readonly string[], key: string, word = key): void => {
    const value = read(data.child(type));
    if (value === undefined) return;
    const text = names[value] ?? `${value}`;
    out.field(key, text, `${word} ${text} `);
  };
  const slave = (type: number, key: string): void => {
    const index = read(data.child(type)) ?? 0;
    if (index !== 0) out.field(key, ip.links.name(index), `${key} ${ip.links.name(index)} `);
  };
  name(link.IFLA_BOND_MODE, MODES, "mode");
  slave(link.IFLA_BOND_ACTIVE_SLAVE, "active_slave");
  number(link.IFLA_BOND_MIIMON, "miimon");
  number(link.IFLA_BOND_UPDELAY, "updelay");
  number(link.IFLA_BOND_DOWNDELAY, "downdelay");
  number(link.IFLA_BOND_PEER_NOTIF_DELAY, "peer_notify_delay");
  number(link.IFLA_BOND_USE_CARRIER, "use_carrier");
  number(link.IFLA_BOND_ARP_INTERVAL, "arp_interval");
  number(link.IFLA_BOND_MISSED_MAX, "arp_missed_max");
  printTargets(out, "arp_ip_target", data.child(link.IFLA_BOND_ARP_IP_TARGET));
  printTargets(out, "ns_ip6_target", data.child(link.IFLA_BOND_NS_IP6_TARGET));
  if (out.isJson && read(data.child(link.IFLA_BOND_ARP_VALIDATE)) === 0) out.json("arp_validate", null);
  else name(link.IFLA_BOND_ARP_VALIDATE, VALIDATIONS, "arp_validate");
  name(link.IFLA_BOND_ARP_ALL_TARGETS, TARGETS, "arp_all_targets");
  slave(link.IFLA_BOND_PRIMARY, "primary");
  name(link.IFLA_BOND_PRIMARY_RESELECT, RESELECTIONS, "primary_reselect");
  name(link.IFLA_BOND_FAIL_OVER_MAC, FAIL_OVERS, "fail_over_mac");
  name(link.IFLA_BOND_XMIT_HASH_POLICY, POLICIES, "xmit_hash_policy");
  number(link.IFLA_BOND_RESEND_IGMP, "resend_igmp");
  number(link.IFLA_BOND_NUM_PEER_NOTIF, "num_peer_notif", "num_grat_arp");
  number(link.IFLA_BOND_ALL_SLAVES_ACTIVE, "all_slaves_active");
  number(link.IFLA_BOND_MIN_LINKS, "min_links");
  number(link.IFLA_BOND_LP_INTERVAL, "lp_interval");
  number(link.IFLA_BOND_PACKETS_PER_SLAVE, "packets_per_slave");
  name(link.IFLA_BOND_AD_LACP_ACTIVE, SWITCH, "ad_lacp_active", "lacp_active");
  name(link.IFLA_BOND_AD_LACP_RATE, RATES, "ad_lacp_rate", "lacp_rate");
  name(link.IFLA_BOND_AD_SELECT, SELECTIONS, "ad_select");
  printAggregation(out, data.child(link.IFLA_BOND_AD_INFO));
  number(link.IFLA_BOND_AD_ACTOR_SYS_PRIO, "ad_actor_sys_prio");
  number(link.IFLA_BOND_AD_USER_PORT_KEY, "ad_user_port_key");
  const system = data.child(link.IFLA_BOND_AD_ACTOR_SYSTEM);
  if (system !== undefined) word(out, "ad_actor_system", macToText(readMac(system.bytes, system.start)));
  number(link.IFLA_BOND_TLB_DYNAMIC_LB, "tlb_dynamic_lb");
}

/** Addresses that are asked for, with commas between them. */
function printTargets(out: Output, key: string, nest: Attribute | undefined): void {
  const addresses = nest?.children().map((each) => addressText(each.copy())) ?? [];
  if (addresses.length === 0) return;
  if (!out.isJson) return out.text(`${key} ${addresses.join(",")} `);
  out.openArray(key);
  for (const address of addresses) out.item(address, "");
  out.closeArray();
}

/** The aggregator in use. */
function printAggregation(out: Output, info: Attribute | undefined): void {
  if (info === undefined) return;
  out.openObject("ad_info");
  const number = (type: number, key: string): void => {
    const value = read(info.child(type));
    if (value !== undefined) out.field(key, value, `ad_${key} ${value} `);
  };
  number(link.IFLA_BOND_AD_INFO_AGGREGATOR, "aggregator");
  number(link.IFLA_BOND_AD_INFO_NUM_PORTS, "num_ports");
  number(link.IFLA_BOND_AD_INFO_ACTOR_KEY, "actor_key");
  number(link.IFLA_BOND_AD_INFO_PARTNER_KEY, "partner_key");
  const partner = info.child(link.IFLA_BOND_AD_INFO_PARTNER_MAC);
  if (partner !== undefined) {
    const text = macToText(readMac(partner.bytes, partner.start));
    out.field("partner_mac", text, `ad_partner_mac ${text} `);
  }
  out.closeObject();
}

function read(attribute: Attribute | undefined): number | undefined {
  if (attribute === undefined) return undefined;
  return attribute.length === 1 ? attribute.u8() : attribute.length === 2 ? attribute.u16() : attribute.u32();
}

/** The bits of a port's state, and what they are called. */
const PORT_STATES = [
  "active",
  "short_timeout",
  "aggregating",
  "in_sync",
  "collecting",
  "distributing",
  "defaulted",
  "expired",
];
const LINK_STATES = ["UP", "GOING_DOWN", "DOWN", "GOING_BACK"];

/** A slave of one. */
export const bondSlave: CommandKind = {
  kind: "bond_slave",
  help: SLAVE_HELP,
  async parse(_ip, words) {
    const writes: ((writer: MessageWriter) => void)[] = [];
    for (let word = words.take(); word !== undefined; word = words.take()) {
      writes.push(takeSlave(words, word));
    }
    return (writer) => {
      for (const write of writes) write(writer);
    };
  },
  print(out, data) {
    const state = data.child(link.IFLA_BOND_SLAVE_STATE)?.u8();
    const status = data.child(link.IFLA_BOND_SLAVE_MII_STATUS)?.u8();
    if (state !== undefined) word(out, "state", state === 0 ? "ACTIVE" : "BACKUP");
    if (status !== undefined) word(out, "mii_status", LINK_STATES[status] ?? `${status}`);
    word(out, "link_failure_count", data.child(link.IFLA_BOND_SLAVE_LINK_FAILURE_COUNT)?.u32());
    const address = data.child(link.IFLA_BOND_SLAVE_PERM_HWADDR);
    if (address !== undefined) word(out, "perm_hwaddr", macToText(readMac(address.bytes, address.start)));
    word(out, "queue_id", data.child(link.IFLA_BOND_SLAVE_QUEUE_ID)?.u16());
    word(out, "prio", data.child(link.IFLA_BOND_SLAVE_PRIO)?.s32());
    word(out, "ad_aggregator_id", data.child(link.IFLA_BOND_SLAVE_AD_AGGREGATOR_ID)?.u16());
    const actor = data.child(link.IFLA_BOND_SLAVE_AD_ACTOR_OPER_PORT_STATE)?.u8();
    const partner = data.child(link.IFLA_BOND_SLAVE_AD_PARTNER_OPER_PORT_STATE)?.u16();
    portState(out, "ad_actor_oper_port_state", actor);
    portState(out, "ad_partner_oper_port_state", partner);
  },
};

function takeSlave(words: Words, name: string): (writer: MessageWriter) => void {
  if (firstMatch(name, ["queue_id"]) !== undefined) {
    const text = words.value();
    const queueId = unsigned(text, 16);
    if (queueId === undefined) throw wrongArgument(text, "queue_id is invalid");
    return (writer) => writer.u16(link.IFLA_BOND_SLAVE_QUEUE_ID, queueId);
  }
  if (name === "prio") {
    const text = words.value();
    const priority = signed(text);
    if (priority === undefined) throw wrongArgument(text, "prio is invalid");
    return (writer) => writer.s32(link.IFLA_BOND_SLAVE_PRIO, priority);
  }
  throw kindUsage(SLAVE_HELP, name === "help" ? "" : `bond_slave: unknown option "${name}"?\n`);
}

/** The state of a port as a number and in words. */
function portState(out: Output, key: string, state: number | undefined): void {
  if (state === undefined) return;
  word(out, key, state);
  const names = PORT_STATES.filter((_, bit) => (state & (1 << bit)) !== 0);
  if (!out.isJson) return out.text(`${key}_str <${names.join(",")}> `);
  out.openArray(`${key}_str`);
  for (const name of names) out.item(name, "");
  out.closeArray();
}

function word(out: Output, key: string, value: string | number | undefined): void {
  if (value !== undefined) out.field(key, value, `${key} ${value} `);
}
