// The words of a link, in the order in which iproute2 tries them. Most must be typed whole; those that may be abbreviated are
// marked so, and earlier ones win: `a` is address, `t` txqueuelen, `n` nomaster.

import {
  IFF_ALLMULTI,
  IFF_DYNAMIC,
  IFF_MULTICAST,
  IFF_NOARP,
  IFF_NOTRAILERS,
  IFF_PROMISC,
  IFF_UP,
} from "../../../uapi/if.ts";
import { XDP_FLAGS_DRV_MODE, XDP_FLAGS_HW_MODE, XDP_FLAGS_SKB_MODE } from "../../../uapi/if_link.ts";
import { duplicate, usage, wrongArgument } from "../../exit.ts";
import { linkAddress } from "../../ll-address.ts";
import { unsigned } from "../../numbers.ts";
import { LINK_USAGE } from "../help.ts";
import { validName } from "./ifname.ts";
import type { LinkParse } from "./link-parse.ts";
import { ADDR_GEN_MODES, LINK_MODES, OPERSTATES } from "./names.ts";
import { alias, group, index, integer, offOrOn, oneOf, onOrOff, size } from "./values.ts";
import { virtualFunction } from "./vf.ts";
import { takeXdp } from "./xdp.ts";

/** A keyword and what it does with the words behind it. */
export interface LinkKeyword {
  readonly name: string;
  /** True when it must be typed whole. */
  readonly isExact: boolean;
  apply(parse: LinkParse): void | Promise<void>;
}

type Apply = LinkKeyword["apply"];

const exact = (name: string, apply: Apply): LinkKeyword => ({ name, isExact: true, apply });
const abbreviable = (name: string, apply: Apply): LinkKeyword => ({ name, isExact: false, apply });

/** IFLA_GSO_MAX_SEGS is a u16 in the kernel. */
const GSO_MAX_SEGS = 65535;

/** All of them; what fits none is a device. */
export const LINK_KEYWORDS: readonly LinkKeyword[] = [
  exact("up", (parse) => parse.flags(IFF_UP, true)),
  exact("down", (parse) => parse.flags(IFF_UP, false)),
  exact("name", (parse) => void (parse.name = validName(parse.once("name"), "name"))),
  exact("index", (parse) => void (parse.request.ifindex = index(parse.once("index")))),
  abbreviable("link", (parse) => void (parse.link = parse.words.value())),
  abbreviable("address", (parse) => void (parse.request.address = linkAddress(parse.words.value()))),
  abbreviable("broadcast", broadcast),
  exact("brd", broadcast),
  abbreviable("txqueuelen", txqlen),
  exact("qlen", txqlen),
  abbreviable("txqlen", txqlen),
  exact("mtu", (parse) => void (parse.request.mtu = integer(parse.once("mtu"), "mtu"))),
  exact("xdpgeneric", (parse) => takeXdp(parse, XDP_FLAGS_SKB_MODE)),
  exact("xdpdrv", (parse) => takeXdp(parse, XDP_FLAGS_DRV_MODE)),
  exact("xdpoffload", (parse) => takeXdp(parse, XDP_FLAGS_HW_MODE)),
  exact("xdp", (parse) => takeXdp(parse, 0)),
  exact("netns", netns),
  exact("multicast", flag("multicast", IFF_MULTICAST)),
  exact("allmulticast", flag("allmulticast", IFF_ALLMULTI)),
  exact("promisc", flag("promisc", IFF_PROMISC)),
  exact("trailers", flag("trailers", IFF_NOTRAILERS, true)),
  exact("arp", flag("arp", IFF_NOARP, true)),
  exact("carrier", (parse) => void (parse.request.carrier = offOrOn("carrier", parse.words.value()))),
  exact("vf", virtualFunction),
  abbreviable("master", master),
  exact("vrf", vrf),
  abbreviable("nomaster", (parse) => void (parse.request.master = 0)),
  abbreviable("dynamic", flag("dynamic", IFF_DYNAMIC)),
  abbreviable("type", type),
  abbreviable("alias", (parse) => void (parse.request.ifalias = alias(parse.words.value()))),
  exact("group", (parse) => void (parse.request.group = group(parse.once("group")))),
  exact(
    "mode",
    (parse) => void (parse.request.linkmode = oneOf(LINK_MODES, parse.words.value(), "Invalid link mode")),
  ),
  exact(
    "state",
    (parse) => void (parse.request.operstate = oneOf(OPERSTATES, parse.words.value(), "Invalid operstate")),
  ),
  abbreviable("numtxqueues", (parse) => {
    parse.request.numTxQueues = integer(parse.once("numtxqueues"), "numtxqueues");
  }),
  abbreviable("numrxqueues", (parse) => {
    parse.request.numRxQueues = integer(parse.once("numrxqueues"), "numrxqueues");
  }),
  abbreviable("addrgenmode", (parse) => {
    parse.request.addrGenMode = oneOf(ADDR_GEN_MODES, parse.words.value(), "Invalid address generation mode");
  }),
  abbreviable("link-netns", linkNetns),
  abbreviable("link-netnsid", (parse) => {
    parse.request.linkNetnsid = integer(parse.once("link-netns/link-netnsid"), "link-netnsid");
  }),
  exact("protodown", (parse) => void (parse.request.protoDown = offOrOn("protodown", parse.words.value()))),
  exact("protodown_reason", protoDownReason),
  exact(
    "gso_max_size",
    (parse) => void (parse.request.gsoMaxSize = size(parse.words.value(), "gso_max_size")),
  ),
  exact("gso_max_segs", (parse) => {
    parse.request.gsoMaxSegs = size(parse.words.value(), "gso_max_segs", GSO_MAX_SEGS);
  }),
  exact(
    "gro_max_size",
    (parse) => void (parse.request.groMaxSize = size(parse.words.value(), "gro_max_size")),
  ),
  exact("parentdev", (parse) => void (parse.request.parentDevName = parse.words.value())),
  abbreviable("help", () => {
    throw usage(LINK_USAGE);
  }),
];

function broadcast(parse: LinkParse): void {
  parse.request.broadcast = linkAddress(parse.words.value());
}

function txqlen(parse: LinkParse): void {
  parse.request.txqlen = integer(parse.once("txqueuelen"), "txqueuelen");
}

function flag(key: string, mask: number, isInverted = false): Apply {
  return (parse) => parse.flags(mask, onOrOff(key, parse.words.value()) !== isInverted);
}

async function netns(parse: LinkParse): Promise<void> {
  const word = parse.once("netns");
  const handle = await parse.ip.openNetns(word);
  if (handle !== undefined) parse.request.netNsFd = handle.fd;
  else parse.request.netNsPid = integer(word, "netns");
}

async function linkNetns(parse: LinkParse): Promise<void> {
  const word = parse.once("link-netns/link-netnsid");
  const nsid = await parse.ip.netnsNames.find(word);
  if (nsid === undefined || nsid < 0) throw wrongArgument(word, 'Invalid "link-netns" value\n');
  parse.request.linkNetnsid = nsid;
}

async function master(parse: LinkParse): Promise<void> {
  const word = parse.words.value();
  const ifindex = await parse.ip.links.find(word);
  if (ifindex === undefined) throw wrongArgument(word, "Device does not exist\n");
  parse.request.master = ifindex;
}

async function vrf(parse: LinkParse): Promise<void> {
  const word = parse.words.value();
  const ifindex = await parse.ip.links.findVrf(word);
  if (ifindex === undefined) throw wrongArgument(word, "Not a valid VRF name\n");
  parse.request.master = ifindex;
}

function type(parse: LinkParse): void {
  const word = parse.words.value();
  if (parse.isPeer) throw duplicate("type", word);
  parse.kind = word;
}

/** `protodown_reason NUMBER on|off`: one bit of 32. */
function protoDownReason(parse: LinkParse): void {
  const word = parse.words.value();
  const bit = unsigned(word);
  if (bit === undefined || bit > 31) throw wrongArgument(word, "invalid protodown reason\n");
  const isOn = onOrOff("protodown_reason", parse.words.value());
  const { mask, value } = parse.request.protoDownReason ?? { mask: 0, value: 0 };
  parse.request.protoDownReason = { mask: mask | (1 << bit), value: isOn ? value | (1 << bit) : value };
}
