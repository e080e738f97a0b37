// What a sequence makes now and then, so that requests meet something: a pair across the two namespaces, up and with
// addresses of both families, and a dummy.
//
//   initial [lo] [a] 10.0.0.1/24, fd00::1/64 ──────[b] 10.0.0.2/24, fd00::2/64 [lo] red        [c] in both

import { setU32 } from "../../src/bytes/endian.ts";
import { ipv6FromText } from "../../src/bytes/ipv6.ts";
import * as ia from "../../src/uapi/if_addr.ts";
import * as il from "../../src/uapi/if_link.ts";
import * as nl from "../../src/uapi/netlink.ts";
import * as rt from "../../src/uapi/rtnetlink.ts";
import { VETH_INFO_PEER } from "../../src/uapi/veth.ts";
import type { Attribute, RequestTree } from "./attribute.ts";
import { bare, leaf, nest, requestBytes, text, u32 } from "./attribute.ts";
import type { Step } from "./step.ts";

const ACKED = nl.NLM_F_REQUEST | nl.NLM_F_ACK;
const CREATE = ACKED | nl.NLM_F_CREATE | nl.NLM_F_EXCL;

/** The strict NETLINK_ROUTE sockets of the two namespaces (subject.ts). */
const INITIAL = 0;
const RED = 3;

/** The steps; `red` is a descriptor open on the other namespace. */
export function preamble(red: number): Step[] {
  const peer = nest(VETH_INFO_PEER, [text(il.IFLA_IFNAME, "b"), u32(il.IFLA_NET_NS_FD, red)], ifinfomsg(0));
  const veth = nest(il.IFLA_LINKINFO, [bare(il.IFLA_INFO_KIND, "veth"), nest(il.IFLA_INFO_DATA, [peer])]);
  const dummy = nest(il.IFLA_LINKINFO, [bare(il.IFLA_INFO_KIND, "dummy")]);
  const requests: [socket: number, request: RequestTree][] = [
    [INITIAL, link(rt.RTM_NEWLINK, CREATE, "a", [veth])],
    [INITIAL, link(rt.RTM_NEWLINK, CREATE, "c", [dummy])],
    [RED, link(rt.RTM_NEWLINK, CREATE, "c", [dummy])],
    ...["lo", "a"].map((name): [number, RequestTree] => [INITIAL, up(name)]),
    ...["lo", "b"].map((name): [number, RequestTree] => [RED, up(name)]),
    [INITIAL, address(2, 24, 10, 0, 0, 1)],
    [RED, address(2, 24, 10, 0, 0, 2)],
    [INITIAL, address(2, 64, ...(ipv6FromText("fd00::1") ?? []))],
    [RED, address(2, 64, ...(ipv6FromText("fd00::2") ?? []))],
  ];
  return requests.map(([socket, request], index) => ({
    what: "send",
    socket,
    bytes: requestBytes(request, index + 1),
  }));
}

function ifinfomsg(flags: number): Uint8Array {
  const header = new Uint8Array(rt.IFINFOMSG_SIZE);
  setU32(header, rt.IFINFOMSG_FLAGS, flags);
  setU32(header, rt.IFINFOMSG_CHANGE, flags);
  return header;
}

function link(
  type: number,
  flags: number,
  name: string,
  more: Attribute[],
  header = ifinfomsg(0),
): RequestTree {
  return { name: "link", type, flags, header, attributes: [text(il.IFLA_IFNAME, name), ...more] };
}

const up = (name: string): RequestTree => link(rt.RTM_SETLINK, ACKED, name, [], ifinfomsg(1));

/** RTM_NEWADDR of the bytes on the device with index `ifindex`. */
function address(ifindex: number, prefixlen: number, ...bytes: number[]): RequestTree {
  const header = new Uint8Array(ia.IFADDRMSG_SIZE);
  header.set([bytes.length === 4 ? 2 : 10, prefixlen]);
  setU32(header, ia.IFADDRMSG_INDEX, ifindex);
  const value = Uint8Array.from(bytes);
  const attributes = [leaf(ia.IFA_LOCAL, value), leaf(ia.IFA_ADDRESS, value)];
  return { name: "RTM_NEWADDR", type: rt.RTM_NEWADDR, flags: CREATE, header, attributes };
}
