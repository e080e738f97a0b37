// `type vlan id VLANID …`.
//
// Facts: iproute2 6.1, run with right and wrong words.

import { getU32 } from "../../bytes/endian.ts";
import type { QosMapping, VlanRequest } from "../../client/kinds/vlan.ts";
import { writeVlan } from "../../client/kinds/vlan.ts";
import type { Attribute } from "../../netlink/attribute.ts";
import * as link from "../../uapi/if_link.ts";
import * as flag from "../../uapi/if_vlan.ts";
import { wrongArgument } from "../exit.ts";
import { onOrOff } from "../ip/link/values.ts";
import { unsigned } from "../numbers.ts";
import type { Output } from "../output.ts";
import { protocolName, protocolOf } from "../protocol.ts";
import type { Words } from "../words.ts";
import { firstMatch } from "../words.ts";
import type { CommandKind } from "./kind.ts";
import { kindUsage } from "./words.ts";

const HELP = `Usage: ... vlan id VLANID
		[ protocol VLANPROTO ]
		[ reorder_hdr { on | off } ]
		[ gvrp { on | off } ]
		[ mvrp { on | off } ]
		[ loose_binding { on | off } ]
		[ bridge_binding { on | off } ]
		[ ingress-qos-map QOS-MAP ]
		[ egress-qos-map QOS-MAP ]

VLANID := 0-4095
VLANPROTO: [ 802.1Q | 802.1ad ]
QOS-MAP := [ QOS-MAP ] QOS-MAPPING
QOS-MAPPING := FROM:TO
`;

/** The words, in the order in which abbreviations are tried. */
const WORDS = [
  "protocol",
  "id",
  "reorder_hdr",
  "gvrp",
  "mvrp",
  "loose_binding",
  "bridge_binding",
  "ingress-qos-map",
  "egress-qos-map",
  "help",
] as const;

const SWITCHES = {
  reorder_hdr: flag.VLAN_FLAG_REORDER_HDR,
  gvrp: flag.VLAN_FLAG_GVRP,
  mvrp: flag.VLAN_FLAG_MVRP,
  loose_binding: flag.VLAN_FLAG_LOOSE_BINDING,
  bridge_binding: flag.VLAN_FLAG_BRIDGE_BINDING,
} as const;

/** A device for one VLAN. */
export const vlan: CommandKind = {
  kind: "vlan",
  help: HELP,
  async parse(_ip, words) {
    const request: VlanRequest = {};
    for (let word = words.take(); word !== undefined; word = words.take()) take(request, words, word);
    return (writer) => writeVlan(writer, request);
  },
  print,
};

function take(request: VlanRequest, words: Words, word: string): void {
  const key = firstMatch(word, WORDS);
  switch (key) {
    case "protocol":
      request.protocol = required(words.value(), protocolOf, "protocol is invalid");
      return;
    case "id":
      request.id = required(words.value(), (text) => unsigned(text, 16), "id is invalid");
      return;
    case "ingress-qos-map":
      request.ingressQos = mapping(words, key);
      return;
    case "egress-qos-map":
      request.egressQos = mapping(words, key);
      return;
    case "help":
      throw kindUsage(HELP);
    case undefined:
      throw kindUsage(HELP, `vlan: unknown command "${word}"?\n`);
    default: {
      const isOn = onOrOff(key, words.value());
      request.mask = (request.mask ?? 0) | SWITCHES[key];
      request.flags = isOn ? (request.flags ?? 0) | SWITCHES[key] : (request.flags ?? 0) & ~SWITCHES[key];
    }
  }
}

function required(word: string, read: (word: string) => number | undefined, refusal: string): number {
  const value = read(word);
  if (value === undefined) throw wrongArgument(word, refusal);
  return value;
}

/** `FROM:TO` as often as a word has a colon. */
function mapping(words: Words, key: string): QosMapping[] {
  const map: QosMapping[] = [];
  words.value();
  words.back();
  for (let word = words.take(); word !== undefined; word = words.take()) {
    const colon = word.indexOf(":");
    if (colon < 0) {
      words.back();
      break;
    }
    // iproute2 has cut the word at the colon when it complains of it.
    const [from, to] = [unsigned(word.slice(0, colon)), unsigned(word.slice(colon + 1))];
    if (from === undefined || to === undefined) throw wrongArgument(word.slice(0, colon), `invalid ${key}`);
    map.push({ from, to });
  }
  return map;
}

function print(out: Output, data: Attribute): void {
  const id = data.child(link.IFLA_VLAN_ID);
  if (id === undefined) return;
  const protocol = data.child(link.IFLA_VLAN_PROTOCOL)?.u16();
  const name = protocol === undefined ? "802.1q" : protocolName(((protocol & 0xff) << 8) | (protocol >>> 8));
  out.field("protocol", name, `protocol ${name} `);
  out.field("id", id.u16(), `id ${id.u16()} `);
  const flags = data.child(link.IFLA_VLAN_FLAGS);
  if (flags !== undefined) printFlags(out, flags.u32());
  printMap(out, "ingress_qos", "ingress-qos-map", data.child(link.IFLA_VLAN_INGRESS_QOS));
  printMap(out, "egress_qos", "egress-qos-map", data.child(link.IFLA_VLAN_EGRESS_QOS));
}

const FLAG_NAMES: readonly (readonly [bit: number, name: string])[] = [
  [flag.VLAN_FLAG_REORDER_HDR, "REORDER_HDR"],
  [flag.VLAN_FLAG_GVRP, "GVRP"],
  [flag.VLAN_FLAG_MVRP, "MVRP"],
  [flag.VLAN_FLAG_LOOSE_BINDING, "LOOSE_BINDING"],
  [flag.VLAN_FLAG_BRIDGE_BINDING, "BRIDGE_BINDING"],
];

function printFlags(out: Output, flags: number): void {
  let rest = flags;
  out.openArray("flags", "<");
  for (const [bit, name] of FLAG_NAMES) {
    if ((rest & bit) === 0) continue;
    rest &= ~bit;
    out.item(name, rest === 0 ? name : `${name},`);
  }
  if (rest !== 0) out.item(rest >>> 0, (rest >>> 0).toString(16));
  out.closeArray("> ");
}

function printMap(out: Output, key: string, words: string, map: Attribute | undefined): void {
  if (map === undefined) return;
  out.openArray(key);
  out.newline();
  out.text(`      ${words} { `);
  for (const mapping of map.children()) {
    const { from, to } = readMapping(mapping);
    if (out.isJson) {
      out.openObject();
      out.json("from", from);
      out.json("to", to);
      out.closeObject();
    } else out.text(`${from}:${to} `);
  }
  out.closeArray();
  out.text("} ");
}

function readMapping({ bytes, start }: Attribute): QosMapping {
  const at = (offset: number): number => getU32(bytes, start + offset);
  return { from: at(link.IFLA_VLAN_QOS_MAPPING_FROM), to: at(link.IFLA_VLAN_QOS_MAPPING_TO) };
}
