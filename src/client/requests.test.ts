// What: typed requests become the attributes that iproute2 sends, and the kernel's messages become typed values.
//
// Source: sendmsg of iproute2 6.1.0, seen with strace; <linux/rtnetlink.h>, <linux/if_link.h>. Order among attributes means
// nothing to the kernel, so attributes are compared as a set.

import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../bytes/hex.ts";
import { Message } from "../netlink/message.ts";
import { MessageWriter } from "../netlink/writer.ts";
import { IFF_BROADCAST, IFF_MULTICAST, IFF_UP } from "../uapi/if.ts";
import { NUD_PERMANENT } from "../uapi/neighbour.ts";
import * as rt from "../uapi/rtnetlink.ts";
import { AF_INET } from "../uapi/socket.ts";
import { parseAddress, writeAddress } from "./addr.ts";
import { addressBytes, macBytes } from "./address-text.ts";
import { writeVethPeer } from "./kinds/veth.ts";
import { parseLink } from "./link.ts";
import { writeLink } from "./link-request.ts";
import { parseNeighbour, writeNeighbour } from "./neigh.ts";
import { parseRoute, writeRoute } from "./route.ts";

/** What `write` writes behind the message header: the family's header, and the attributes in the order of their bytes. */
function written(
  headerSize: number,
  write: (writer: MessageWriter) => void,
): { header: string; attributes: string[] } {
  const message = build(0, write);
  const attributes = message
    .attributes(headerSize)
    .map(({ bytes, offset, end }) => toHex(bytes, offset, end));
  return { header: toHex(message.bytes, 16, 16 + headerSize), attributes: attributes.sort() };
}

function build(type: number, write: (writer: MessageWriter) => void): Message {
  const writer = new MessageWriter().begin(type, 0, 1, 0);
  write(writer);
  return new Message(writer.end().finish());
}

/** Hexadecimal text with comments as one string of digits. */
const hex = (text: string): string => toHex(fromHex(text));

describe("writeLink()", () => {
  test("asks for a veth pair as `ip link add v0 mtu 1400 up type veth peer name v1 address …` does", () => {
    const peer = { ifname: "v1", address: macBytes("02:00:00:00:00:01") };
    const request = written(rt.IFINFOMSG_SIZE, (writer) =>
      writeLink(writer, {
        ifname: "v0",
        mtu: 1400,
        flags: IFF_UP,
        change: IFF_UP,
        linkinfo: { kind: "veth", data: (inner) => writeVethPeer(inner, peer) },
      }),
    );
    expect(request.header).toBe(hex("00 00 0000 00000000 01000000 01000000"));
    expect(request.attributes).toEqual(
      [
        hex("0800 0400 78050000 // IFLA_MTU 1400"),
        hex("0700 0300 763000 // IFLA_IFNAME v0"),
        hex(`3800 1200 // IFLA_LINKINFO
             0800 0100 76657468 // IFLA_INFO_KIND veth, without a NUL
             2c00 0200 // IFLA_INFO_DATA
             2800 0100 // VETH_INFO_PEER
             00000000000000000000000000000000 // ifinfomsg
             0700 0300 763100 00 // IFLA_IFNAME v1
             0a00 0100 020000000001 0000 // IFLA_ADDRESS`),
      ].sort(),
    );
  });

  test("leaves out what is undefined", () => {
    expect(written(rt.IFINFOMSG_SIZE, (writer) => writeLink(writer, { ifindex: 7 }))).toEqual({
      header: hex("00 00 0000 07000000 00000000 00000000"),
      attributes: [],
    });
  });

  test("nests the address generation mode in IFLA_AF_SPEC, AF_INET6", () => {
    const { attributes } = written(rt.IFINFOMSG_SIZE, (writer) => writeLink(writer, { addrGenMode: 1 }));
    expect(attributes).toEqual([hex("1000 1a00 0c00 0a00 0500 0800 01 000000")]);
  });
});

describe("parseLink()", () => {
  test("reads header, names, numbers, addresses, kind and alternative names", () => {
    const message = new Message(
      fromHex(`00000000 1000 0000 00000000 00000000 // RTM_NEWLINK
               00 00 0100 03000000 02100000 00000000 // AF_UNSPEC, ARPHRD_ETHER, 3, BROADCAST|MULTICAST
               0700 0300 763000 00 // IFLA_IFNAME
               0800 0d00 e8030000 // IFLA_TXQLEN 1000
               0500 1000 02 000000 // IFLA_OPERSTATE down
               0800 0400 dc050000 // IFLA_MTU 1500
               0a00 0100 020000000010 0000 // IFLA_ADDRESS
               0800 2500 ffffffff // IFLA_LINK_NETNSID -1
               0800 0500 02000000 // IFLA_LINK
               1000 1200 0900 0100 7665746800 000000 // IFLA_LINKINFO, IFLA_INFO_KIND veth
               1000 3480 0900 3500 616c743000 000000 // IFLA_PROP_LIST, IFLA_ALT_IFNAME alt0
               0500 ff00 01 000000 // of a later kernel`),
    );
    expect(parseLink(message)).toMatchObject({
      family: 0,
      type: 1,
      ifindex: 3,
      flags: IFF_BROADCAST | IFF_MULTICAST,
      ifname: "v0",
      txqlen: 1000,
      operstate: 2,
      mtu: 1500,
      address: "02:00:00:00:00:10",
      linkNetnsid: -1,
      link: 2,
      linkinfo: { kind: "veth" },
      altnames: ["alt0"],
    });
  });
});

describe("writeAddress()", () => {
  test("asks for an address as `ip addr add 10.0.0.1/24 brd + dev v0` does", () => {
    const local = addressBytes("10.0.0.1");
    const broadcast = addressBytes("10.0.0.255");
    const request = { family: AF_INET, ifindex: 3, prefixlen: 24, local, address: local, broadcast };
    expect(written(8, (writer) => writeAddress(writer, request))).toEqual({
      header: hex("02 18 00 00 03000000"),
      attributes: [
        hex("0800 0100 0a000001 // IFA_ADDRESS"),
        hex("0800 0200 0a000001 // IFA_LOCAL"),
        hex("0800 0400 0a0000ff // IFA_BROADCAST"),
      ],
    });
  });

  test("writes flags beyond eight bits whole into IFA_FLAGS, and lifetimes together", () => {
    const request = { family: AF_INET, ifindex: 1, prefixlen: 8, flags: 0x202, validSeconds: 60 };
    expect(written(8, (writer) => writeAddress(writer, request))).toEqual({
      header: hex("02 08 02 00 01000000"),
      attributes: [hex("0800 0800 02020000"), hex("1400 0600 ffffffff 3c000000 00000000 00000000")],
    });
  });

  test("is read back by parseAddress()", () => {
    const request = {
      family: AF_INET,
      ifindex: 3,
      prefixlen: 24,
      flags: 0x280,
      label: "v0:x",
      rtPriority: 9,
    };
    const message = build(rt.RTM_NEWADDR, (writer) => writeAddress(writer, request));
    expect(parseAddress(message)).toMatchObject(request);
  });
});

describe("writeRoute()", () => {
  const hops = [
    { gateway: addressBytes("10.0.0.2"), weight: 2 },
    { gateway: addressBytes("10.0.0.3"), weight: 1 },
  ];
  const request = {
    family: AF_INET,
    dst: addressBytes("10.9.0.0"),
    dstLen: 16,
    table: rt.RT_TABLE_MAIN,
    protocol: rt.RTPROT_BOOT,
    scope: rt.RT_SCOPE_UNIVERSE,
    type: rt.RTN_UNICAST,
    priority: 5,
    multipath: hops,
  };

  test("asks for a route as `ip route add 10.9.0.0/16 metric 5 nexthop via … weight 2 nexthop via …` does", () => {
    expect(written(rt.RTMSG_SIZE, (writer) => writeRoute(writer, request))).toEqual({
      header: hex("02 10 00 00 fe 03 00 01 00000000"),
      attributes: [
        hex("0800 0100 0a090000 // RTA_DST"),
        hex("0800 0600 05000000 // RTA_PRIORITY"),
        hex(`2400 0900 // RTA_MULTIPATH
             1000 00 01 00000000 0800 0500 0a000002 // two shares
             1000 00 00 00000000 0800 0500 0a000003 // one`),
      ],
    });
  });

  test("is read back by parseRoute()", () => {
    const message = build(rt.RTM_NEWROUTE, (writer) =>
      writeRoute(writer, { ...request, metrics: { mtu: 1400 } }),
    );
    expect(parseRoute(message)).toMatchObject({ ...request, metrics: { mtu: 1400 } });
  });

  test("writes a table beyond eight bits into RTA_TABLE, and no destination for the default", () => {
    const { header, attributes } = written(rt.RTMSG_SIZE, (writer) =>
      writeRoute(writer, { family: AF_INET, dst: new Uint8Array(), dstLen: 0, table: 1000 }),
    );
    expect(header).toBe(hex("02 00 00 00 00 00 00 00 00000000"));
    expect(attributes).toEqual([hex("0800 0f00 e8030000")]);
  });

  test("writes ports in network order", () => {
    const { attributes } = written(rt.RTMSG_SIZE, (writer) =>
      writeRoute(writer, { family: AF_INET, dport: 80 }),
    );
    expect(attributes).toEqual([hex("0600 1d00 0050")]);
  });
});

describe("writeNeighbour()", () => {
  const request = {
    family: AF_INET,
    ifindex: 3,
    state: NUD_PERMANENT,
    dst: addressBytes("10.0.0.9"),
    lladdr: macBytes("02:00:00:00:00:09"),
  };

  test("asks for a neighbour as `ip neigh add 10.0.0.9 lladdr … dev v0` does", () => {
    expect(written(12, (writer) => writeNeighbour(writer, request))).toEqual({
      header: hex("02 00 0000 03000000 8000 00 00"),
      attributes: [hex("0800 0100 0a000009 // NDA_DST"), hex("0a00 0200 020000000009 // NDA_LLADDR")],
    });
  });

  test("is read back by parseNeighbour()", () => {
    const message = build(rt.RTM_NEWNEIGH, (writer) => writeNeighbour(writer, request));
    expect(parseNeighbour(message)).toMatchObject({ ...request, lladdr: "02:00:00:00:00:09" });
  });
});
