// What: the generic netlink family `ethtool` tells of a veth and of `lo` what the kernel tells, refuses what it refuses in its
// words, and tells of changes.
//
// A message is: nlmsghdr 16, genlmsghdr 4, then the header attribute that names the device, from offset 20 on.
//
// Kernel reference: net/ethtool/{netlink,bitset,features,channels,linkmodes,linkinfo,linkstate,strset,tsinfo}.c,
// drivers/net/veth.c (veth_ethtool_ops).

import { toHex } from "../../src/bytes/hex.ts";
import { NetlinkError } from "../../src/netlink/error.ts";
import type { Message } from "../../src/netlink/message.ts";
import { NLMSG_HDRLEN, parseAcknowledgement, messages as readMessages } from "../../src/netlink/message.ts";
import type { MessageWriter } from "../../src/netlink/writer.ts";
import * as ethtool from "../../src/uapi/ethtool_netlink.ts";
import * as genl from "../../src/uapi/genetlink.ts";
import * as nl from "../../src/uapi/netlink.ts";
import type { ParityContext, TestNetns } from "./context.ts";
import { expect, parity } from "./harness.ts";
import { makeMessage, RawSocket } from "./raw.ts";

const ACKED = nl.NLM_F_REQUEST | nl.NLM_F_ACK;
const HEADER = 1;
const WANTED = ethtool.ETHTOOL_A_FEATURES_WANTED;
/** Where the attributes behind the header of `v0` begin: 20, and 12 of the header. */
const BODY = 32;
/** Bits of features. */
const SG = 0n;
const HW_CSUM = 3n;
const GRO = 14n;
const VLAN_CHALLENGED = 10n;

/** The family `ethtool` in a namespace. */
class Family {
  readonly socket: RawSocket;
  readonly id: number;
  readonly monitor: number;

  constructor(socket: RawSocket, id: number, monitor: number) {
    this.socket = socket;
    this.id = id;
    this.monitor = monitor;
  }

  static async open(ctx: ParityContext, where: TestNetns = ctx): Promise<Family> {
    const transport = await where.netns.openSocket(nl.NETLINK_GENERIC);
    transport.setOption(nl.NETLINK_EXT_ACK, 1);
    const socket = new RawSocket(transport, (milliseconds) => ctx.sleep(milliseconds));
    const [family] = await socket.ask(
      makeMessage(genl.GENL_ID_CTRL, nl.NLM_F_REQUEST, 1, (writer) => {
        writer.bytes[writer.reserve(genl.GENLMSGHDR_SIZE)] = genl.CTRL_CMD_GETFAMILY;
        writer.string(genl.CTRL_ATTR_FAMILY_NAME, "ethtool");
      }),
    );
    const groups = family?.attribute(genl.CTRL_ATTR_MCAST_GROUPS, genl.GENLMSGHDR_SIZE);
    const id = family?.attribute(genl.CTRL_ATTR_FAMILY_ID, genl.GENLMSGHDR_SIZE)?.u16() ?? 0;
    const monitor = groups?.child(1)?.child(genl.CTRL_ATTR_MCAST_GRP_ID)?.u32() ?? 0;
    return new Family(socket, id, monitor);
  }

  /** Asks about `dev` by name, compactly unless told otherwise. */
  ask(cmd: number, dev: string, options: Options = {}): Promise<Message[]> {
    const { attributes, flags = ethtool.ETHTOOL_FLAG_COMPACT_BITSETS, nlFlags = ACKED } = options;
    return this.socket.ask(
      makeMessage(this.id, nlFlags, 7, (writer) => {
        writer.bytes.set([cmd, 1], writer.reserve(genl.GENLMSGHDR_SIZE));
        const header = writer.nestFlagged(HEADER);
        writer.string(ethtool.ETHTOOL_A_HEADER_DEV_NAME, dev);
        if (flags !== 0) writer.u32(ethtool.ETHTOOL_A_HEADER_FLAGS, flags);
        writer.endNest(header);
        attributes?.(writer);
      }),
    );
  }

  /** The answer's attributes behind the header, in hexadecimal. */
  async tell(cmd: number, dev: string, options?: Options): Promise<string> {
    const [message] = await this.ask(cmd, dev, options);
    return bodyOf(message);
  }

  /** What it refuses with, flags left out so that offsets are those of the plainest header. */
  async refuse(cmd: number, dev: string, attributes?: (writer: MessageWriter) => unknown) {
    const [message, ...more] = await this.ask(cmd, dev, { flags: 0, ...(attributes && { attributes }) });
    if (message === undefined) expect.fail("The answer holds no message");
    expect([message.type, more]).toEqual([nl.NLMSG_ERROR, []]);
    const { errno, message: text, offset } = parseAcknowledgement(message);
    return { code: errno === 0 ? "OK" : NetlinkError.fromErrno(errno).code, text, offset };
  }
}

interface Options {
  readonly attributes?: (writer: MessageWriter) => unknown;
  readonly flags?: number;
  readonly nlFlags?: number;
}

function bodyOf(message: Message | undefined): string {
  const header = message?.attribute(HEADER, genl.GENLMSGHDR_SIZE);
  if (message === undefined || header === undefined) expect.fail("The answer tells of no device");
  return toHex(message.bytes, header.offset + ((header.end - header.offset + 3) & ~3));
}

const hex = (text: string): string => text.replaceAll(/#.*$|\s/gm, "");
const refused = (code: string, text = "", offset?: number) => ({ code, text, offset });

/** A bit set that names its bits by number: those of `on` set, those of `off` cleared. */
function bits(on: readonly bigint[], off: readonly bigint[] = []) {
  return (writer: MessageWriter) => {
    const set = writer.nestFlagged(WANTED);
    const list = writer.nestFlagged(ethtool.ETHTOOL_A_BITSET_BITS);
    for (const index of [...on, ...off]) {
      const bit = writer.nestFlagged(ethtool.ETHTOOL_A_BITSET_BITS_BIT);
      writer.u32(ethtool.ETHTOOL_A_BITSET_BIT_INDEX, Number(index));
      if (on.includes(index)) writer.flag(ethtool.ETHTOOL_A_BITSET_BIT_VALUE);
      writer.endNest(bit);
    }
    writer.endNest(list).endNest(set);
  };
}

async function pair(ctx: ParityContext): Promise<Family> {
  await ctx.addVeth("v0", "v1");
  return Family.open(ctx);
}

const get = { features: 11, linkinfo: 2, linkmodes: 4, linkstate: 6, channels: 17, tsinfo: 25 } as const;

// --- Features ---------------------------------------------------------------------------------------------------------

parity("a new veth has the features of software, and GRO is not among them", async (ctx) => {
  const family = await pair(ctx);
  expect(await family.tell(get.features, "v0")).toBe(
    hex(`
      2400 0280  0800 0200 40000000  0c00 0400 e949dd4f2e63000a  0c00 0500 ffffffffffffffff   # may be switched
      1c00 0380  0400 0100  0800 0200 40000000  0c00 0400 e909dd4f2e610000                    # wanted
      1c00 0480  0400 0100  0800 0200 40000000  0c00 0400 e909dd4f2e610000                    # active
      1c00 0580  0400 0100  0800 0200 40000000  0c00 0400 0004000000000000                    # never changes
    `),
  );
});

parity("lo has features of its own", async (ctx) => {
  const family = await Family.open(ctx);
  expect(await family.tell(get.features, "lo")).toBe(
    hex(`
      2400 0280  0800 0200 40000000  0c00 0400 00481d400e00000a  0c00 0500 ffffffffffffffff
      1c00 0380  0400 0100  0800 0200 40000000  0c00 0400 00481d400e000000
      1c00 0480  0400 0100  0800 0200 40000000  0c00 0400 694c1d402e050000
      1c00 0580  0400 0100  0800 0200 40000000  0c00 0400 0004000000000000
    `),
  );
});

parity("switching a feature answers with what is not as wanted, and what has changed", async (ctx) => {
  const family = await pair(ctx);
  const set = async (attributes: (writer: MessageWriter) => unknown) => family.tell(12, "v0", { attributes });
  const answer = (unmet: string, unmetMask: string, changed: string, changedMask: string) =>
    hex(`2400 0380 0800 0200 40000000 0c00 0400 ${unmet} 0c00 0500 ${unmetMask}
         2400 0480 0800 0200 40000000 0c00 0400 ${changed} 0c00 0500 ${changedMask}`);
  const none = "0000000000000000";
  expect(await set(bits([GRO]))).toBe(answer(none, none, "0040000000000000", "0040000000000000"));
  // What stands on checksums goes with them.
  expect(await set(bits([], [HW_CSUM]))).toBe(answer(none, none, none, "08001d0002000000"));
  expect(await set(bits([], [SG]))).toBe(answer(none, none, none, "0108000000000000"));
  // 42 is loopback, which a veth has not.
  expect(await set(bits([42n]))).toBe(answer("0000000000040000", "0000000000040000", none, none));
});

parity("a bit set that makes no sense is refused where it stands", async (ctx) => {
  const family = await pair(ctx);
  const refusal = (inside: (writer: MessageWriter) => unknown) =>
    family.refuse(12, "v0", (writer) => {
      const set = writer.nestFlagged(WANTED);
      inside(writer);
      writer.endNest(set);
    });
  const bit = (inside: (writer: MessageWriter) => unknown) => (writer: MessageWriter) => {
    const list = writer.nestFlagged(ethtool.ETHTOOL_A_BITSET_BITS);
    const one = writer.nestFlagged(ethtool.ETHTOOL_A_BITSET_BITS_BIT);
    inside(writer);
    writer.endNest(one).endNest(list);
  };
  const { ETHTOOL_A_BITSET_SIZE: SIZE, ETHTOOL_A_BITSET_VALUE: VALUE, ETHTOOL_A_BITSET_MASK: MASK } = ethtool;
  const [four, eight] = [new Uint8Array(4), new Uint8Array(8)];
  expect(await refusal(() => {})).toEqual(refused("EINVAL", "missing size in compact bitset", BODY));
  expect(await refusal((writer) => writer.u32(SIZE, 64))).toEqual(
    refused("EINVAL", "missing value in compact bitset", BODY),
  );
  expect(await refusal((writer) => writer.u32(SIZE, 64).binary(VALUE, eight))).toEqual(
    refused("EINVAL", "missing mask in compact nonlist bitset", BODY),
  );
  expect(await refusal((writer) => writer.u32(SIZE, 64).binary(VALUE, four).binary(MASK, eight))).toEqual(
    refused("EINVAL", "bitset value length does not match size", BODY + 12),
  );
  const far = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0);
  expect(await refusal((writer) => writer.u32(SIZE, 96).binary(VALUE, far).binary(MASK, far))).toEqual(
    refused("EINVAL", "cannot modify bits past kernel bitset size", BODY + 28),
  );
  expect(await refusal(bit(() => {}))).toEqual(
    refused("EINVAL", "neither bit index nor name specified", BODY + 8),
  );
  expect(await refusal(bit((writer) => writer.u32(1, 99)))).toEqual(
    refused("EOPNOTSUPP", "bit index too high", BODY + 12),
  );
  expect(await refusal(bit((writer) => writer.string(2, "foo")))).toEqual(
    refused("EOPNOTSUPP", "bit name not found", BODY + 12),
  );
  expect(await refusal(bit((writer) => writer.u32(1, 3).string(2, "rx-gro")))).toEqual(
    refused("EINVAL", "bit index and name mismatch", BODY + 8),
  );
  expect(await family.refuse(12, "v0", bits([], [VLAN_CHALLENGED]))).toEqual(
    refused("EINVAL", "attempt to change non-ethtool features"),
  );
  expect(await family.refuse(12, "v0")).toEqual(refused("EINVAL"));
});

// --- Link, queues, stamps ---------------------------------------------------------------------------------------------

parity("a veth runs at ten gigabits over twisted pair, and has a link when both ends are up", async (ctx) => {
  const family = await pair(ctx);
  expect(await family.tell(get.linkinfo, "v0")).toBe(
    hex("0500020000000000 0500030000000000 0500040000000000 0500050000000000 0500060000000000"),
  );
  expect(await family.tell(get.linkmodes, "v0")).toBe(
    hex(`05000200 00000000
         3400 0380 0800 0200 79000000
           1400 0400 00000000000000000000000000000000 1400 0500 00000000000000000000000000000000
         08000500 10270000  05000600 01000000  05000a00 00000000`),
  );
  expect(await family.tell(get.linkstate, "v0")).toBe("0500020000000000");
  await ctx.up("v0", "v1");
  expect(await family.tell(get.linkstate, "v0")).toBe("0500020001000000");
  expect(await family.refuse(get.linkmodes, "lo")).toEqual(
    refused("EOPNOTSUPP", "failed to retrieve link settings"),
  );
});

parity("queues can be had up to the device's number, and never none", async (ctx) => {
  await ctx.newLink({ name: "v0", numTxQueues: 3, numRxQueues: 2, vethPeer: { name: "v1" } });
  const family = await Family.open(ctx);
  expect(await family.tell(get.channels, "v0")).toBe(
    hex("08000200 02000000 08000600 02000000 08000300 03000000 08000700 03000000"),
  );
  const set = (type: number, count: number) => family.refuse(18, "v0", (writer) => writer.u32(type, count));
  const { ETHTOOL_A_CHANNELS_RX_COUNT: RX, ETHTOOL_A_CHANNELS_TX_COUNT: TX } = ethtool;
  const tooMany = refused("EINVAL", "requested channel count exceeds maximum", BODY);
  const none = "requested channel counts would result in no RX or TX channel being configured";
  expect(await set(RX, 3)).toEqual(tooMany);
  expect(await set(TX, 4)).toEqual(tooMany);
  expect(await set(ethtool.ETHTOOL_A_CHANNELS_COMBINED_COUNT, 1)).toEqual(tooMany);
  expect(await set(RX, 0)).toEqual(refused("EINVAL", none, BODY));
  expect(await set(ethtool.ETHTOOL_A_CHANNELS_RX_MAX, 1)).toEqual(
    refused("EINVAL", "Unsupported attribute", BODY),
  );
  expect(await set(TX, 1)).toEqual(refused("OK"));
  expect(await family.tell(get.channels, "v0")).toBe(
    hex("08000200 02000000 08000600 02000000 08000300 03000000 08000700 01000000"),
  );
  expect(await family.refuse(get.channels, "lo")).toEqual(refused("EOPNOTSUPP"));
});

parity("other queues take the carrier of a device that is up away and give it to both ends", async (ctx) => {
  await ctx.newLink({ name: "v0", numRxQueues: 2, vethPeer: { name: "v1" } });
  const family = await Family.open(ctx);
  await ctx.up("v0");
  await family.ask(18, "v0", {
    attributes: (writer) => writer.u32(ethtool.ETHTOOL_A_CHANNELS_RX_COUNT, 1),
  });
  // Carrier it has now, though the other end is down.
  expect(await ctx.link("v0")).toMatchObject({ carrier: 1, carrierUpCount: 1 });
  expect(await ctx.link("v1")).toMatchObject({ carrierUpCount: 1 });
});

parity("frames are stamped in software, both ways", async (ctx) => {
  const family = await pair(ctx);
  const both = hex("1400 0280 0400 0100 0800 0200 13000000 0800 0400 1a000000").replace(/^1400/, "1800");
  expect(await family.tell(get.tsinfo, "v0")).toBe(both);
  expect(await family.tell(get.tsinfo, "lo")).toBe(both);
});

parity("the strings of a veth are those of its statistics, and queues have theirs", async (ctx) => {
  const family = await pair(ctx);
  const [message] = await family.ask(1, "v0", { flags: 0 });
  const sets =
    message?.attribute(ethtool.ETHTOOL_A_STRSET_STRINGSETS, genl.GENLMSGHDR_SIZE)?.children() ?? [];
  expect(sets.map((set) => set.child(ethtool.ETHTOOL_A_STRINGSET_ID)?.u32())).toEqual([1]);
  const strings = sets[0]?.child(ethtool.ETHTOOL_A_STRINGSET_STRINGS)?.children() ?? [];
  expect(strings.map((string) => string.child(ethtool.ETHTOOL_A_STRING_VALUE)?.text())).toEqual([
    "peer_ifindex",
    "rx_queue_0_xdp_packets",
    "rx_queue_0_xdp_bytes",
    "rx_queue_0_drops",
    "rx_queue_0_xdp_redirect",
    "rx_queue_0_xdp_drops",
    "rx_queue_0_xdp_tx",
    "rx_queue_0_xdp_tx_errors",
    "tx_queue_0_xdp_xmit",
    "tx_queue_0_xdp_xmit_errors",
  ]);
});

// --- Headers, dumps, refusals -----------------------------------------------------------------------------------------

parity("a request names its device, and names it right", async (ctx) => {
  const family = await pair(ctx);
  const ask = async (inside?: (writer: MessageWriter) => unknown) => {
    const [message] = await family.socket.ask(
      makeMessage(family.id, ACKED, 7, (writer) => {
        writer.bytes.set([get.linkstate, 1], writer.reserve(genl.GENLMSGHDR_SIZE));
        if (inside === undefined) return;
        const header = writer.nestFlagged(HEADER);
        inside(writer);
        writer.endNest(header);
      }),
    );
    if (message === undefined) expect.fail("The answer holds no message");
    const { errno, message: text, offset } = parseAcknowledgement(message);
    return refused(NetlinkError.fromErrno(errno).code, text, offset);
  };
  expect(await ask()).toEqual(refused("EINVAL"));
  expect(await ask(() => {})).toEqual(refused("EINVAL", "neither ifindex nor name specified", 20));
  expect(await ask((writer) => writer.string(2, "nothing"))).toEqual(
    refused("ENODEV", "no device matches name", 24),
  );
  expect(await ask((writer) => writer.u32(1, 99))).toEqual(
    refused("ENODEV", "no device matches ifindex", 24),
  );
  expect(await ask((writer) => writer.u32(1, 1).string(2, "v0"))).toEqual(
    refused("ENODEV", "ifindex and name do not match", 20),
  );
  expect(await ask((writer) => writer.string(2, "v0").u32(3, 8))).toEqual(
    refused("EINVAL", "reserved bit set", 32),
  );
});

parity("a dump tells of every device that has what is asked for", async (ctx) => {
  const family = await pair(ctx);
  const dump = async (cmd: number) => {
    const all = await family.socket.ask(
      makeMessage(family.id, nl.NLM_F_REQUEST | nl.NLM_F_DUMP, 7, (writer) => {
        writer.bytes.set([cmd, 1], writer.reserve(genl.GENLMSGHDR_SIZE));
      }),
    );
    expect(all.at(-1)?.type).toBe(nl.NLMSG_DONE);
    return all
      .slice(0, -1)
      .map((message) => message.attribute(HEADER, genl.GENLMSGHDR_SIZE)?.child(2)?.text());
  };
  expect(await dump(get.linkstate)).toEqual(["lo", "v1", "v0"]);
  expect(await dump(get.linkmodes)).toEqual(["v1", "v0"]);
  expect(await dump(get.channels)).toEqual(["v1", "v0"]);
  // Rings: nobody has any.
  expect(await dump(15)).toEqual([]);
});

parity("what no virtual device has is not supported", async (ctx) => {
  const family = await pair(ctx);
  const plain = [7, 9, 13, 15, 19, 21, 23, 26, 29, 3, 5, 8, 10, 16, 20, 22, 24, 30];
  for (const cmd of plain)
    expect([cmd, await family.refuse(cmd, "v0")]).toEqual([cmd, refused("EOPNOTSUPP")]);
  expect(await family.refuse(28, "v0")).toEqual(
    refused("EOPNOTSUPP", "device does not report tunnel offload info"),
  );
  expect(await family.refuse(16, "v0", (writer) => writer.u32(2, 1))).toEqual(
    refused("EINVAL", "Unsupported attribute", BODY),
  );
});

// --- Events -----------------------------------------------------------------------------------------------------------

parity(
  "whoever listens hears of switched features and of other queues, in the device's namespace",
  async (ctx) => {
    await ctx.newLink({ name: "v0", numRxQueues: 2, vethPeer: { name: "v1" } });
    const family = await Family.open(ctx);
    const listener = await Family.open(ctx);
    const elsewhere = await Family.open(ctx, await ctx.otherNetns());
    for (const each of [listener, elsewhere]) {
      each.socket.transport.setOption(nl.NETLINK_ADD_MEMBERSHIP, each.monitor);
    }
    await family.ask(12, "v0", { attributes: bits([GRO]) });
    await family.ask(12, "v0", { attributes: bits([GRO]) });
    await family.ask(18, "v0", {
      attributes: (writer) => writer.u32(ethtool.ETHTOOL_A_CHANNELS_RX_COUNT, 1),
    });
    const heard = (await listener.socket.rest()).flatMap((datagram) => [...readMessages(datagram)]);
    expect(heard.map((message) => message.bytes[NLMSG_HDRLEN])).toEqual([
      ethtool.ETHTOOL_MSG_FEATURES_NTF,
      ethtool.ETHTOOL_MSG_CHANNELS_NTF,
    ]);
    expect(await elsewhere.socket.rest()).toEqual([]);
  },
);
