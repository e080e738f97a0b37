// `type vxlan id VNI …`.
//
// Facts: iproute2 6.1, run with right and wrong words.

import { getBe16, getBe32 } from "../../bytes/endian.ts";
import type { VxlanRequest } from "../../client/kinds/vxlan.ts";
import { writeVxlan } from "../../client/kinds/vxlan.ts";
import type { Attribute } from "../../netlink/attribute.ts";
import * as link from "../../uapi/if_link.ts";
import { CommandExit, EXIT_FAILURE, EXIT_USAGE, garbage, wrongArgument } from "../exit.ts";
import type { IpContext } from "../ip/context.ts";
import { unsigned } from "../numbers.ts";
import type { Output } from "../output.ts";
import { addressText, parseAddress } from "../prefix.ts";
import type { Words } from "../words.ts";
import { matches } from "../words.ts";
import type { CommandKind } from "./kind.ts";
import { kindUsage } from "./words.ts";

const HELP = `Usage: ... vxlan id VNI
		[ { group | remote } IP_ADDRESS ]
		[ local ADDR ]
		[ ttl TTL ]
		[ tos TOS ]
		[ df DF ]
		[ flowlabel LABEL ]
		[ dev PHYS_DEV ]
		[ dstport PORT ]
		[ srcport MIN MAX ]
		[ [no]learning ]
		[ [no]proxy ]
		[ [no]rsc ]
		[ [no]l2miss ]
		[ [no]l3miss ]
		[ ageing SECONDS ]
		[ maxaddress NUMBER ]
		[ [no]udpcsum ]
		[ [no]udp6zerocsumtx ]
		[ [no]udp6zerocsumrx ]
		[ [no]remcsumtx ] [ [no]remcsumrx ]
		[ [no]external ] [ gbp ] [ gpe ]
		[ [no]vnifilter ]

Where:	VNI	:= 0-16777215
	ADDR	:= { IP_ADDRESS | any }
	TOS	:= { NUMBER | inherit }
	TTL	:= { 1..255 | auto | inherit }
	DF	:= { unset | set | inherit }
	LABEL := 0-1048575
`;

/** A device whose frames travel in UDP datagrams. */
export const vxlan: CommandKind = {
  kind: "vxlan",
  help: HELP,
  async parse(ip, words, isCreate) {
    const parse = new Parse(ip, words);
    for (let word = words.take(); word !== undefined; word = words.take()) {
      const keyword = KEYWORDS.find(([name, isExact]) =>
        isExact ? name === word : matches(word ?? "", name),
      );
      if (keyword === undefined) throw kindUsage(HELP, `vxlan: unknown command "${word}"?\n`);
      await keyword[2](parse, word);
    }
    finish(parse, isCreate);
    return (writer) => writeVxlan(writer, parse.request);
  },
  indexes: (data) => [data.child(link.IFLA_VXLAN_LINK)?.u32()],
  print,
};

/** What the words have said so far. */
class Parse {
  readonly ip: IpContext;
  readonly words: Words;
  readonly request: VxlanRequest = {};
  readonly bytes = new Map<number, number>();
  readonly flags = new Set<number>();
  readonly seen = new Set<string>();
  hasGroup = false;
  family = 0;

  constructor(ip: IpContext, words: Words) {
    this.ip = ip;
    this.words = words;
    this.request.bytes = this.bytes;
    this.request.flags = this.flags;
  }

  /** Takes the value of `key`, which may be given once. */
  once(key: string): string {
    const word = this.words.value();
    this.mark(key, key, word);
    return word;
  }

  mark(attribute: string, key: string, word: string): void {
    if (this.seen.has(attribute)) throw garbage(key, word);
    this.seen.add(attribute);
  }

  number(key: string, refusal: string, bits = 32): number {
    const word = this.once(key);
    const value = unsigned(word, bits);
    if (value === undefined) throw wrongArgument(word, refusal);
    return value;
  }

  address(key: string, wantsGroup: boolean): Uint8Array {
    const word = this.words.value();
    const { family, address: bytes } = parseAddress(word, this.family);
    this.family = family;
    const isAny = bytes.every((byte) => byte === 0);
    const isMany = bytes.length === 16 ? bytes[0] === 0xff : ((bytes[0] ?? 0) & 0xf0) === 0xe0;
    if (isAny || isMany !== wantsGroup) throw wrongArgument(word, `invalid ${key} address`);
    return bytes;
  }
}

type Keyword = readonly [
  name: string,
  isExact: boolean,
  apply: (parse: Parse, word: string) => void | Promise<void>,
];

function word(name: string, apply: Keyword[2]): Keyword {
  return [name, false, apply];
}

/** `NAME` and `noNAME`: an attribute of one byte. `off` stands before `on` where abbreviations are tried in that order. */
function toggle(name: string, type: number, isOffFirst: boolean): Keyword[] {
  const set =
    (isOn: boolean): Keyword[2] =>
    (parse, typed) => {
      parse.mark(name, isOn ? name : `no${name}`, typed);
      parse.bytes.set(type, isOn ? 1 : 0);
    };
  const pair = [word(`no${name}`, set(false)), word(name, set(true))];
  return isOffFirst ? pair : pair.reverse();
}

const KEYWORDS: readonly Keyword[] = [
  word("id", takeId),
  word("vni", takeId),
  word("group", (parse) => {
    parse.hasGroup = true;
    takeRemote(parse, "group");
  }),
  word("remote", (parse) => takeRemote(parse, "remote")),
  word("local", (parse) => {
    const bytes = parse.address("local", false);
    parse.mark("local", "local", parse.words.peek ?? "");
    parse.request.local = bytes;
  }),
  word("dev", takeDevice),
  word("ttl", takeTtl),
  word("hoplimit", takeTtl),
  word("tos", takeTos),
  word("dsfield", takeTos),
  word("df", takeDf),
  word("label", takeLabel),
  word("flowlabel", takeLabel),
  word("ageing", (parse) => {
    if (parse.words.peek === "none") parse.request.ageing = Number(parse.once("ageing") !== "none");
    else parse.request.ageing = parse.number("ageing", "ageing timer");
  }),
  word("maxaddress", (parse) => {
    if (parse.words.peek === "unlimited")
      parse.request.limit = Number(parse.once("maxaddress") !== "unlimited");
    else parse.request.limit = parse.number("maxaddress", "max addresses");
  }),
  word("port", takeRange),
  word("srcport", takeRange),
  word("dstport", (parse) => void (parse.request.port = parse.number("dstport", "dst port", 16))),
  ...toggle("learning", link.IFLA_VXLAN_LEARNING, true),
  ...toggle("proxy", link.IFLA_VXLAN_PROXY, true),
  ...toggle("rsc", link.IFLA_VXLAN_RSC, true),
  ...toggle("l2miss", link.IFLA_VXLAN_L2MISS, true),
  ...toggle("l3miss", link.IFLA_VXLAN_L3MISS, true),
  ...toggle("udpcsum", link.IFLA_VXLAN_UDP_CSUM, false),
  ...toggle("udp6zerocsumtx", link.IFLA_VXLAN_UDP_ZERO_CSUM6_TX, false),
  ...toggle("udp6zerocsumrx", link.IFLA_VXLAN_UDP_ZERO_CSUM6_RX, false),
  ...toggle("remcsumtx", link.IFLA_VXLAN_REMCSUM_TX, false),
  ...toggle("remcsumrx", link.IFLA_VXLAN_REMCSUM_RX, false),
  ...toggle("external", link.IFLA_VXLAN_COLLECT_METADATA, false),
  ["gbp", true, (parse, typed) => takeFlag(parse, "gbp", typed, link.IFLA_VXLAN_GBP)],
  ["gpe", true, (parse, typed) => takeFlag(parse, "gpe", typed, link.IFLA_VXLAN_GPE)],
  ...toggle("vnifilter", link.IFLA_VXLAN_VNIFILTER, false),
  word("help", () => {
    throw kindUsage(HELP);
  }),
];

function takeFlag(parse: Parse, key: string, typed: string, type: number): void {
  parse.mark(key, key, typed);
  parse.flags.add(type);
}

function takeId(parse: Parse): void {
  const typed = parse.once("id");
  const id = unsigned(typed);
  if (id === undefined || id >= 1 << 24) throw wrongArgument(typed, "invalid id");
  parse.request.id = id;
}

function takeRemote(parse: Parse, key: "group" | "remote"): void {
  if (parse.request.remote !== undefined) {
    const other = parse.seen.has(key);
    if (other) throw garbage(key, parse.words.value());
    throw new CommandExit(EXIT_FAILURE, "vxlan: both group and remote cannot be specified\n");
  }
  parse.seen.add(key);
  parse.request.remote = parse.address(key, key === "group");
}

async function takeDevice(parse: Parse): Promise<void> {
  const name = parse.once("dev");
  const ifindex = await parse.ip.links.find(name);
  if (ifindex === undefined) throw new CommandExit(EXIT_USAGE, `Cannot find device "${name}"\n`);
  parse.request.link = ifindex;
}

function takeTtl(parse: Parse): void {
  const typed = parse.once("ttl");
  if (typed === "inherit") {
    parse.flags.add(link.IFLA_VXLAN_TTL_INHERIT);
    return;
  }
  const ttl = typed === "auto" ? 0 : unsigned(typed);
  if (ttl === undefined) throw wrongArgument(typed, "invalid TTL");
  if (ttl > 255) throw wrongArgument(typed, "TTL must be <= 255");
  parse.bytes.set(link.IFLA_VXLAN_TTL, ttl);
}

function takeTos(parse: Parse): void {
  const typed = parse.once("tos");
  const tos = typed === "inherit" ? 1 : unsigned(typed, 8, 16);
  if (tos === undefined) throw wrongArgument(typed, "bad TOS value");
  parse.bytes.set(link.IFLA_VXLAN_TOS, tos);
}

const DFS: readonly string[] = ["unset", "set", "inherit"];

function takeDf(parse: Parse): void {
  const typed = parse.once("df");
  const df = DFS.indexOf(typed);
  if (df < 0) throw wrongArgument(typed, "DF must be 'unset', 'set' or 'inherit'");
  parse.bytes.set(link.IFLA_VXLAN_DF, df);
}

function takeLabel(parse: Parse): void {
  const typed = parse.once("flowlabel");
  const label = unsigned(typed);
  if (label === undefined || label > 0xfffff) throw wrongArgument(typed, "invalid flowlabel");
  parse.request.label = label;
}

function takeRange(parse: Parse): void {
  const low = parse.once("srcport");
  const min = unsigned(low, 16);
  if (min === undefined) throw wrongArgument(low, "min port");
  const high = parse.words.value();
  const max = unsigned(high, 16);
  if (max === undefined) throw wrongArgument(high, "max port");
  parse.request.portRange = { low: min, high: max };
}

const NO_PORT = `vxlan: destination port not specified
Will use Linux kernel default (non-standard value)
Use 'dstport 4789' to get the IANA assigned value
Use 'dstport 0' to get default and quiet this message
`;

/** What the words must say together. */
function finish({ ip, request, bytes, flags, hasGroup }: Parse, isCreate: boolean): void {
  const refuse = (text: string) => new CommandExit(EXIT_FAILURE, `vxlan: ${text}\n`);
  const isExternal = bytes.get(link.IFLA_VXLAN_COLLECT_METADATA) === 1;
  if (isExternal && request.id !== undefined) throw refuse("both 'external' and vni cannot be specified");
  if (bytes.get(link.IFLA_VXLAN_VNIFILTER) === 1 && !isExternal) {
    throw refuse("vnifilter is valid only when 'external' is set");
  }
  if (isCreate && !isExternal && request.id === undefined) throw refuse("missing virtual network identifier");
  if (hasGroup && request.link === undefined) throw refuse("'group' requires 'dev' to be specified");
  if (isCreate && request.port === undefined) {
    if (flags.has(link.IFLA_VXLAN_GPE)) request.port = 4790;
    else ip.io.stderr(NO_PORT);
  }
  if (isExternal && !bytes.has(link.IFLA_VXLAN_LEARNING)) bytes.set(link.IFLA_VXLAN_LEARNING, 0);
}

function print(out: Output, data: Attribute, ip: IpContext): void {
  const byte = (type: number): number => data.child(type)?.u8() ?? 0;
  const on = (type: number, key: string, words: string): void => {
    if (byte(type) !== 0) out.field(key, true, words);
  };
  on(link.IFLA_VXLAN_COLLECT_METADATA, "external", "external ");
  // iproute2 6.1 leaves no space behind it.
  on(link.IFLA_VXLAN_VNIFILTER, "vnifilter", "vnifilter");
  const id = data.child(link.IFLA_VXLAN_ID)?.u32();
  if (id === undefined) return;
  out.field("id", id, `id ${id} `);
  printAddress(out, data, [link.IFLA_VXLAN_GROUP, link.IFLA_VXLAN_GROUP6], "");
  printAddress(out, data, [link.IFLA_VXLAN_LOCAL, link.IFLA_VXLAN_LOCAL6], "local");
  const below = data.child(link.IFLA_VXLAN_LINK)?.u32() ?? 0;
  if (below !== 0) out.field("link", ip.links.name(below), `dev ${ip.links.name(below)} `);
  printPorts(out, data);
  if (data.child(link.IFLA_VXLAN_LEARNING) !== undefined) {
    const isOn = byte(link.IFLA_VXLAN_LEARNING) !== 0;
    out.field("learning", isOn, isOn ? "" : "nolearning ");
  }
  on(link.IFLA_VXLAN_PROXY, "proxy", "proxy ");
  on(link.IFLA_VXLAN_RSC, "rsc", "rsc ");
  on(link.IFLA_VXLAN_L2MISS, "l2miss", "l2miss ");
  on(link.IFLA_VXLAN_L3MISS, "l3miss", "l3miss ");
  printHeaderFields(out, data);
  const ageing = data.child(link.IFLA_VXLAN_AGEING)?.u32();
  if (ageing !== undefined) out.field("ageing", ageing, ageing === 0 ? "ageing none " : `ageing ${ageing} `);
  const limit = data.child(link.IFLA_VXLAN_LIMIT)?.u32() ?? 0;
  if (limit !== 0) out.field("limit", limit, `maxaddr ${limit} `);
  printSwitch(out, data, link.IFLA_VXLAN_UDP_CSUM, "udp_csum", "udpcsum");
  printSwitch(out, data, link.IFLA_VXLAN_UDP_ZERO_CSUM6_TX, "udp_zero_csum6_tx", "udp6zerocsumtx");
  printSwitch(out, data, link.IFLA_VXLAN_UDP_ZERO_CSUM6_RX, "udp_zero_csum6_rx", "udp6zerocsumrx");
  on(link.IFLA_VXLAN_REMCSUM_TX, "remcsum_tx", "remcsumtx ");
  on(link.IFLA_VXLAN_REMCSUM_RX, "remcsum_rx", "remcsumrx ");
  if (data.child(link.IFLA_VXLAN_GBP) !== undefined) out.field("gbp", true, "gbp ");
  if (data.child(link.IFLA_VXLAN_GPE) !== undefined) out.field("gpe", true, "gpe ");
}

function printSwitch(out: Output, data: Attribute, type: number, key: string, words: string): void {
  const value = data.child(type)?.u8();
  if (value !== undefined) out.field(key, value !== 0, value === 0 ? `no${words} ` : `${words} `);
}

function printAddress(
  out: Output,
  data: Attribute,
  types: readonly [four: number, six: number],
  name: string,
): void {
  const six = data.child(types[1]);
  const attribute = data.child(types[0]) ?? six;
  if (attribute === undefined) return;
  const bytes = attribute.copy();
  if (bytes.every((byte) => byte === 0)) return;
  const isMany = bytes.length === 16 ? bytes[0] === 0xff : ((bytes[0] ?? 0) & 0xf0) === 0xe0;
  const word = name === "" ? (isMany ? "group" : "remote") : name;
  const text = addressText(bytes);
  out.field(bytes.length === 16 ? `${word}6` : word, text, `${word} ${text} `);
}

function printPorts(out: Output, data: Attribute): void {
  const range = data.child(link.IFLA_VXLAN_PORT_RANGE);
  if (range !== undefined) {
    const low = getBe16(range.bytes, range.start);
    const high = getBe16(range.bytes, range.start + 2);
    if (out.isJson) {
      out.openObject("port_range");
      out.json("low", low);
      out.json("high", high);
      out.closeObject();
    } else out.text(`srcport ${low} ${high} `);
  }
  const port = data.child(link.IFLA_VXLAN_PORT);
  if (port === undefined) return;
  const number = getBe16(port.bytes, port.start);
  out.field("port", number, `dstport ${number} `);
}

/** What goes into the headers outside: type of service, TTL, DF, flow label. */
function printHeaderFields(out: Output, data: Attribute): void {
  const tos = data.child(link.IFLA_VXLAN_TOS)?.u8() ?? 0;
  const hex = `0x${tos.toString(16)}`;
  if (tos !== 0) out.field("tos", hex, tos === 1 ? "tos inherit " : `tos ${hex} `);
  if ((data.child(link.IFLA_VXLAN_TTL_INHERIT)?.u8() ?? 0) !== 0) out.text("ttl inherit ");
  else {
    const ttl = data.child(link.IFLA_VXLAN_TTL)?.u8() ?? 0;
    out.field("ttl", ttl, ttl === 0 ? "ttl auto " : `ttl ${ttl} `);
  }
  const df = data.child(link.IFLA_VXLAN_DF)?.u8();
  if (df !== undefined) out.field("df", DFS[df] ?? "", df === 0 ? "" : `df ${DFS[df]} `);
  const at = data.child(link.IFLA_VXLAN_LABEL);
  const label = at === undefined ? 0 : getBe32(at.bytes, at.start);
  const text = `0x${label.toString(16).padStart(5, "0")}`;
  if (label !== 0) out.field("label", text, `flowlabel ${text} `);
}
