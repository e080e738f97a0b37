// `type bridge_slave [ state STATE ] …`: the settings of a bridge's port.
//
// Facts: iproute2 6.1, run with right and wrong words.

import type { Attribute } from "../../netlink/attribute.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import * as link from "../../uapi/if_link.ts";
import { wrongArgument } from "../exit.ts";
import type { IpContext } from "../ip/context.ts";
import { unsigned } from "../numbers.ts";
import type { Output } from "../output.ts";
import { bridgeId, hex, hundredths } from "./bridge-values.ts";
import type { CommandKind } from "./kind.ts";
import { kindUsage, notOneOf } from "./words.ts";

const HELP = `Usage: ... bridge_slave [ fdb_flush ]
			[ state STATE ]
			[ priority PRIO ]
			[ cost COST ]
			[ guard {on | off} ]
			[ hairpin {on | off} ]
			[ fastleave {on | off} ]
			[ root_block {on | off} ]
			[ learning {on | off} ]
			[ flood {on | off} ]
			[ proxy_arp {on | off} ]
			[ proxy_arp_wifi {on | off} ]
			[ mcast_router MULTICAST_ROUTER ]
			[ mcast_fast_leave {on | off} ]
			[ mcast_flood {on | off} ]
			[ bcast_flood {on | off} ]
			[ mcast_to_unicast {on | off} ]
			[ group_fwd_mask MASK ]
			[ neigh_suppress {on | off} ]
			[ vlan_tunnel {on | off} ]
			[ isolated {on | off} ]
			[ locked {on | off} ]
			[ backup_port DEVICE ] [ nobackup_port ]
`;

const STATES: readonly string[] = ["disabled", "listening", "learning", "forwarding", "blocking"];

/** Settings that are on or off. */
const FLAGS: Readonly<Record<string, number>> = {
  hairpin: link.IFLA_BRPORT_MODE,
  guard: link.IFLA_BRPORT_GUARD,
  root_block: link.IFLA_BRPORT_PROTECT,
  fastleave: link.IFLA_BRPORT_FAST_LEAVE,
  learning: link.IFLA_BRPORT_LEARNING,
  flood: link.IFLA_BRPORT_UNICAST_FLOOD,
  mcast_flood: link.IFLA_BRPORT_MCAST_FLOOD,
  bcast_flood: link.IFLA_BRPORT_BCAST_FLOOD,
  mcast_to_unicast: link.IFLA_BRPORT_MCAST_TO_UCAST,
  proxy_arp: link.IFLA_BRPORT_PROXYARP,
  proxy_arp_wifi: link.IFLA_BRPORT_PROXYARP_WIFI,
  mcast_fast_leave: link.IFLA_BRPORT_FAST_LEAVE,
  neigh_suppress: link.IFLA_BRPORT_NEIGH_SUPPRESS,
  vlan_tunnel: link.IFLA_BRPORT_VLAN_TUNNEL,
  isolated: link.IFLA_BRPORT_ISOLATED,
  locked: link.IFLA_BRPORT_LOCKED,
};

type Write = (writer: MessageWriter) => void;

/** A bridge's port. */
export const bridgeSlave: CommandKind = {
  kind: "bridge_slave",
  help: HELP,
  async parse(ip, words) {
    const writes: Write[] = [];
    for (let word = words.take(); word !== undefined; word = words.take()) {
      writes.push(await take(ip, word, () => words.value()));
    }
    return (writer) => {
      for (const write of writes) write(writer);
    };
  },
  print,
};

async function take(ip: IpContext, word: string, next: () => string): Promise<Write> {
  const flag = FLAGS[word];
  if (flag !== undefined) {
    const isOn = onOrOff(word, next());
    return (writer) => writer.u8(flag, isOn ? 1 : 0);
  }
  switch (word) {
    case "help":
      throw kindUsage(HELP);
    case "fdb_flush":
      return (writer) => writer.flag(link.IFLA_BRPORT_FLUSH);
    case "state": {
      const state = number(next(), 8, "state is invalid");
      return (writer) => writer.u8(link.IFLA_BRPORT_STATE, state);
    }
    case "priority": {
      const priority = number(next(), 16, "priority is invalid");
      return (writer) => writer.u16(link.IFLA_BRPORT_PRIORITY, priority);
    }
    case "cost": {
      const cost = number(next(), 32, "cost is invalid");
      return (writer) => writer.u32(link.IFLA_BRPORT_COST, cost);
    }
    case "mcast_router": {
      const router = number(next(), 8, "invalid mcast_router");
      return (writer) => writer.u8(link.IFLA_BRPORT_MULTICAST_ROUTER, router);
    }
    case "group_fwd_mask": {
      const mask = number(next(), 16, "mask is invalid");
      return (writer) => writer.u16(link.IFLA_BRPORT_GROUP_FWD_MASK, mask);
    }
    case "backup_port": {
      const name = next();
      const ifindex = await ip.links.find(name);
      if (ifindex === undefined) throw wrongArgument(name, "Device does not exist\n");
      return (writer) => writer.u32(link.IFLA_BRPORT_BACKUP_PORT, ifindex);
    }
    case "nobackup_port":
      return (writer) => writer.u32(link.IFLA_BRPORT_BACKUP_PORT, 0);
    default:
      throw kindUsage(HELP, `bridge_slave: unknown option "${word}"?\n`);
  }
}

function number(text: string, bits: number, reason: string): number {
  const value = unsigned(text, bits);
  if (value === undefined) throw wrongArgument(text, reason);
  return value;
}

function onOrOff(word: string, value: string): boolean {
  if (value !== "on" && value !== "off") throw notOneOf(word, '"off", "on"', value);
  return value === "on";
}

function print(out: Output, data: Attribute, ip: IpContext): void {
  const port = new PortPrinter(out, data);
  const state = data.child(link.IFLA_BRPORT_STATE)?.u8();
  if (state !== undefined) {
    const name = STATES[state];
    if (name === undefined) out.field("state_index", state, `state (${state}) `);
    else out.field("state", name, `state ${name} `);
  }
  port.number("priority", link.IFLA_BRPORT_PRIORITY);
  port.number("cost", link.IFLA_BRPORT_COST);
  for (const word of ["hairpin", "guard", "root_block", "fastleave", "learning", "flood"]) port.flag(word);
  const id = data.child(link.IFLA_BRPORT_ID)?.u16();
  if (id !== undefined) out.field("id", hex(id), `port_id ${hex(id)} `);
  const portNo = data.child(link.IFLA_BRPORT_NO)?.u16();
  if (portNo !== undefined) out.field("no", hex(portNo), `port_no ${hex(portNo)} `);
  port.number("designated_port", link.IFLA_BRPORT_DESIGNATED_PORT);
  port.number("designated_cost", link.IFLA_BRPORT_DESIGNATED_COST);
  port.id("bridge_id", "designated_bridge", link.IFLA_BRPORT_BRIDGE_ID);
  port.id("root_id", "designated_root", link.IFLA_BRPORT_ROOT_ID);
  port.timer("hold_timer", link.IFLA_BRPORT_HOLD_TIMER);
  port.timer("message_age_timer", link.IFLA_BRPORT_MESSAGE_AGE_TIMER);
  port.timer("forward_delay_timer", link.IFLA_BRPORT_FORWARD_DELAY_TIMER);
  port.number("topology_change_ack", link.IFLA_BRPORT_TOPOLOGY_CHANGE_ACK);
  port.number("config_pending", link.IFLA_BRPORT_CONFIG_PENDING);
  port.flag("proxy_arp");
  port.flag("proxy_arp_wifi");
  const router = data.child(link.IFLA_BRPORT_MULTICAST_ROUTER)?.u8();
  if (router !== undefined) out.field("multicast_router", router, `mcast_router ${router} `);
  // Said a second time, in text alone.
  const fastLeave = data.child(link.IFLA_BRPORT_FAST_LEAVE)?.u8();
  if (fastLeave !== undefined) out.text(`mcast_fast_leave ${fastLeave === 0 ? "off" : "on"} `);
  for (const word of ["mcast_flood", "bcast_flood", "mcast_to_unicast", "neigh_suppress"]) port.flag(word);
  const mask = data.child(link.IFLA_BRPORT_GROUP_FWD_MASK)?.u16();
  if (mask !== undefined) {
    out.field("group_fwd_mask", hex(mask), `group_fwd_mask ${hex(mask)} `);
    const names = groupNames(mask);
    out.field("group_fwd_mask_str", names, `group_fwd_mask_str ${names} `);
  }
  for (const word of ["vlan_tunnel", "isolated", "locked"]) port.flag(word);
  const backup = data.child(link.IFLA_BRPORT_BACKUP_PORT)?.u32();
  if (backup === undefined) return;
  const name = ip.links.name(backup);
  out.field("backup_port", name, `backup_port ${name} `);
}

/** The reserved groups of a mask by name where they have one. */
function groupNames(mask: number): string {
  if (mask === 0) return "0x0";
  const names: string[] = [];
  for (let bit = 0; bit < 16; bit++) {
    if ((mask & (1 << bit)) === 0) continue;
    names.push(bit === 0 ? "stp" : bit === 2 ? "lacp" : bit === 14 ? "lldp" : `0x${(1 << bit).toString(16)}`);
  }
  return names.join(",");
}

/** Prints attributes of a port of one form each; nothing where they are missing. */
class PortPrinter {
  readonly #out: Output;
  readonly #data: Attribute;

  constructor(out: Output, data: Attribute) {
    this.#out = out;
    this.#data = data;
  }

  number(word: string, type: number): void {
    const attribute = this.#data.child(type);
    if (attribute === undefined) return;
    const { length } = attribute;
    const value = length === 1 ? attribute.u8() : length === 2 ? attribute.u16() : attribute.u32();
    this.#out.field(word, value, `${word} ${value} `);
  }

  flag(word: string): void {
    const value = this.#data.child(FLAGS[word] ?? 0)?.u8();
    if (value !== undefined) this.#out.field(word, value !== 0, `${word} ${value === 0 ? "off" : "on"} `);
  }

  id(json: string, word: string, type: number): void {
    const id = this.#data.child(type);
    if (id !== undefined) this.#out.field(json, bridgeId(id), `${word} ${bridgeId(id)} `);
  }

  timer(word: string, type: number): void {
    const timer = this.#data.child(type);
    if (timer === undefined) return;
    const { text, number } = hundredths(timer);
    this.#out.field(word, number, `${word} ${text} `);
  }
}
