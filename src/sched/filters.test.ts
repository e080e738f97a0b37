// What: flower tells frames apart by their headers, actions change them, police lets a rate through, chains lead on.
//
//   red [v0 filters ⇒]──────[v1] blue
//
// Source: net/sched/cls_flower.c, act_police.c, act_vlan.c, act_skbedit.c, act_pedit.c, act_csum.c, cls_api.c (__tcf_classify). What
// tc says of them is in test/corpus/tc-chain.txt and test/corpus/golden/tc-*.txt.

import { afterEach, describe, expect, test } from "vitest";
import { QueuePair } from "../../test/fixtures/queue.ts";
import { getBe16, setBe16, setBe32, setS32, setU32 } from "../bytes/endian.ts";
import type { Frame } from "../net/netdevice.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as cls from "../uapi/pkt_cls.ts";
import * as tc from "../uapi/pkt_sched.ts";
import * as rt from "../uapi/rtnetlink.ts";
import * as gact from "../uapi/tc_gact.ts";
import { isIpv4ChecksumCorrect, updateIpv4Checksum } from "../wire/ipv4.ts";

const CREATE = 0x400;
const ETH_P_IP = 0x0800;
const ETH_P_ALL = 3;
const SECOND = 1_000_000_000;
const egress = (0xffff_0000 | tc.TC_H_MIN_EGRESS) >>> 0;

let pair: QueuePair | undefined;

afterEach(() => {
  expect(pair?.close() ?? []).toEqual([]);
  pair = undefined;
});

type Write = (writer: MessageWriter) => void;

/** A pair with clsact on v0. */
async function start(): Promise<QueuePair> {
  pair = await new QueuePair().start();
  await ask(pair, rt.RTM_NEWQDISC, tc.TC_H_CLSACT, 0, (writer) => writer.string(rt.TCA_KIND, "clsact"));
  return pair;
}

async function ask(on: QueuePair, type: number, parent: number, info: number, write: Write): Promise<void> {
  const { rtnl } = await on.machine.netns("red");
  await rtnl.request(type, CREATE, (writer) => {
    const at = writer.reserve(rt.TCMSG_SIZE);
    setS32(writer.bytes, at + rt.TCMSG_IFINDEX, on.red.ifindex);
    setU32(writer.bytes, at + rt.TCMSG_HANDLE, parent === tc.TC_H_CLSACT ? 0xffff_0000 : 0);
    setU32(writer.bytes, at + rt.TCMSG_PARENT, parent);
    setU32(writer.bytes, at + rt.TCMSG_INFO, info);
    write(writer);
  });
}

interface ActionSpec {
  readonly kind: string;
  readonly write: Write;
}

/** Adds a filter on the way out; the later, the lower its priority. */
async function add(
  on: QueuePair,
  kind: "flower" | "matchall",
  { protocol = ETH_P_ALL, priority = 1, chain = 0 }: { protocol?: number; priority?: number; chain?: number },
  keys: Write,
  actions: readonly ActionSpec[],
): Promise<void> {
  const swapped = ((protocol & 0xff) << 8) | (protocol >> 8);
  await ask(on, rt.RTM_NEWTFILTER, egress, ((priority << 16) | swapped) >>> 0, (writer) => {
    writer.string(rt.TCA_KIND, kind);
    writer.u32(rt.TCA_CHAIN, chain);
    const options = writer.nest(rt.TCA_OPTIONS);
    keys(writer);
    const list = writer.nest(kind === "flower" ? cls.TCA_FLOWER_ACT : cls.TCA_MATCHALL_ACT);
    for (const [index, action] of actions.entries()) {
      const one = writer.nest(index + 1);
      writer.string(cls.TCA_ACT_KIND, action.kind);
      const nest = writer.nest(cls.TCA_ACT_OPTIONS);
      action.write(writer);
      writer.endNest(nest);
      writer.endNest(one);
    }
    writer.endNest(list);
    writer.endNest(options);
  });
}

function control(verdict: number): ActionSpec {
  return {
    kind: "gact",
    write(writer) {
      const at = writer.attribute(gact.TCA_GACT_PARMS, gact.TC_GACT_SIZE);
      setS32(writer.bytes, at + gact.TC_GACT_ACTION, verdict);
    },
  };
}

/** Numbers in network order. */
const be16 =
  (type: number, value: number): Write =>
  (writer) =>
    setBe16(writer.bytes, writer.attribute(type, 2), value);
const be32 =
  (type: number, value: number): Write =>
  (writer) =>
    setBe32(writer.bytes, writer.attribute(type, 4), value);
const u8 =
  (type: number, value: number): Write =>
  (writer) =>
    void writer.u8(type, value);
const all =
  (...writes: Write[]): Write =>
  (writer) => {
    for (const write of writes) write(writer);
  };

interface Packet {
  readonly protocol?: number;
  readonly sport?: number;
  readonly dport?: number;
  readonly source?: number;
  readonly fragment?: number;
  readonly tcpFlags?: number;
}

/** Makes the frame an IPv4 packet from 10.0.0.1, or `source`, to 10.0.0.2. */
function packet({
  protocol = 17,
  sport = 1_000,
  dport = 53,
  source = 1,
  fragment = 0,
  tcpFlags = 0,
}: Packet) {
  return (frame: Frame): void => {
    const { bytes, start } = frame;
    frame.protocol = ETH_P_IP;
    setBe16(bytes, start + 12, ETH_P_IP);
    const ip = start + 14;
    bytes.fill(0, ip, frame.end);
    bytes[ip] = 0x45;
    setBe16(bytes, ip + 2, frame.end - ip);
    setBe16(bytes, ip + 6, fragment);
    bytes[ip + 8] = 64;
    bytes[ip + 9] = protocol;
    setBe32(bytes, ip + 12, 0x0a00_0000 | source);
    setBe32(bytes, ip + 16, 0x0a00_0002);
    updateIpv4Checksum(bytes, ip);
    setBe16(bytes, ip + 20, sport);
    setBe16(bytes, ip + 22, dport);
    bytes[ip + 32] = 0x50;
    bytes[ip + 33] = tcpFlags;
  };
}

const ipv4 = be16(cls.TCA_FLOWER_KEY_ETH_TYPE, ETH_P_IP);
const drop = control(cls.TC_ACT_SHOT);

describe("flower", () => {
  /** How many of the packets come through a filter that drops what has `keys`. */
  async function passing(keys: Write, packets: readonly Packet[]): Promise<boolean[]> {
    const on = await start();
    await add(on, "flower", { protocol: ETH_P_IP }, all(ipv4, keys), [drop]);
    return packets.map((each) => {
      const before = on.arrivals.length;
      on.send(100, packet(each));
      return on.arrivals.length > before;
    });
  }

  test("tells by protocol and port", async () => {
    const keys = all(u8(cls.TCA_FLOWER_KEY_IP_PROTO, 17), be16(cls.TCA_FLOWER_KEY_UDP_DST, 53));
    expect(await passing(keys, [{}, { dport: 54 }, { protocol: 6 }])).toEqual([false, true, true]);
  });

  test("tells by a prefix of the address", async () => {
    const keys = all(
      be32(cls.TCA_FLOWER_KEY_IPV4_SRC, 0x0a00_0010),
      be32(cls.TCA_FLOWER_KEY_IPV4_SRC_MASK, 0xffff_fff0),
    );
    expect(await passing(keys, [{ source: 0x1f }, { source: 0x20 }, { source: 0x10 }])).toEqual([
      false,
      true,
      false,
    ]);
  });

  test("tells by a range of ports, both bounds included", async () => {
    const keys = all(
      u8(cls.TCA_FLOWER_KEY_IP_PROTO, 17),
      be16(cls.TCA_FLOWER_KEY_PORT_DST_MIN, 100),
      be16(cls.TCA_FLOWER_KEY_PORT_DST_MAX, 200),
    );
    const ports = [99, 100, 150, 200, 201].map((dport) => ({ dport }));
    expect(await passing(keys, ports)).toEqual([true, false, false, false, true]);
  });

  test("tells by flags of TCP, and a fragment has no ports", async () => {
    const keys = all(
      u8(cls.TCA_FLOWER_KEY_IP_PROTO, 6),
      be16(cls.TCA_FLOWER_KEY_TCP_FLAGS, 0x02),
      be16(cls.TCA_FLOWER_KEY_TCP_FLAGS_MASK, 0x12),
    );
    const syn = { protocol: 6, tcpFlags: 0x02 };
    const packets = [syn, { ...syn, tcpFlags: 0x12 }, { ...syn, fragment: 0x2000 }];
    expect(await passing(keys, packets)).toEqual([false, true, true]);
  });

  test("tells a first fragment from a later one", async () => {
    const flags = cls.TCA_FLOWER_KEY_FLAGS_IS_FRAGMENT | cls.TCA_FLOWER_KEY_FLAGS_FRAG_IS_FIRST;
    const keys = all(
      be32(cls.TCA_FLOWER_KEY_FLAGS, cls.TCA_FLOWER_KEY_FLAGS_IS_FRAGMENT),
      be32(cls.TCA_FLOWER_KEY_FLAGS_MASK, flags),
    );
    expect(await passing(keys, [{}, { fragment: 0x2000 }, { fragment: 0x0010 }])).toEqual([
      true,
      true,
      false,
    ]);
  });

  test("tells by a tag beside the bytes, and by what is behind it", async () => {
    const on = await start();
    const keys = all(
      be16(cls.TCA_FLOWER_KEY_ETH_TYPE, 0x8100),
      (writer) => void writer.u16(cls.TCA_FLOWER_KEY_VLAN_ID, 10),
      be16(cls.TCA_FLOWER_KEY_VLAN_ETH_TYPE, ETH_P_IP),
    );
    await add(on, "flower", { protocol: 0x8100 }, keys, [drop]);
    for (const id of [10, 11, 0x700a]) {
      on.send(100, (frame) => {
        packet({})(frame);
        frame.vlanProtocol = 0x8100;
        frame.vlanTci = id;
      });
    }
    expect(on.arrivals).toHaveLength(1);
  });

  test("asks filters with other masks in the order they came, and a later priority last", async () => {
    const on = await start();
    const byPort = all(ipv4, u8(cls.TCA_FLOWER_KEY_IP_PROTO, 17), be16(cls.TCA_FLOWER_KEY_UDP_DST, 53));
    await add(on, "flower", { protocol: ETH_P_IP, priority: 2 }, all(ipv4), [drop]);
    await add(on, "flower", { protocol: ETH_P_IP, priority: 1 }, byPort, [control(cls.TC_ACT_OK)]);
    on.send(100, packet({ dport: 53 }));
    on.send(100, packet({ dport: 54 }));
    expect(on.arrivals).toHaveLength(1);
  });
});

test("a frame is led to another chain, and one that is led in circles is dropped after 16 rounds", async () => {
  const on = await start();
  const goto = (chain: number) => control(cls.TC_ACT_GOTO_CHAIN | chain);
  await add(on, "matchall", {}, () => {}, [goto(5)]);
  await add(on, "flower", { chain: 5, protocol: ETH_P_IP }, ipv4, [drop]);
  on.send();
  on.send(100, packet({}));
  expect(on.arrivals).toHaveLength(1);
  await add(on, "matchall", { chain: 5, priority: 2 }, () => {}, [goto(5)]);
  on.send();
  expect(on.arrivals).toHaveLength(1);
  expect(on.red.drops?.get("filtered")).toBe(2);
});

test("police lets a burst and then its rate through, and counts what exceeds", async () => {
  const on = await start();
  const rate = 100_000;
  await add(on, "matchall", {}, () => {}, [
    {
      kind: "police",
      write(writer) {
        const at = writer.attribute(cls.TCA_POLICE_TBF, cls.TC_POLICE_SIZE);
        const { bytes } = writer;
        setS32(bytes, at + cls.TC_POLICE_ACTION, cls.TC_ACT_SHOT);
        setU32(bytes, at + cls.TC_POLICE_BURST, Math.ceil((5_000 * SECOND) / rate / 64));
        setU32(bytes, at + cls.TC_POLICE_MTU, 2_000);
        setU32(bytes, at + cls.TC_POLICE_RATE + tc.TC_RATESPEC_RATE, rate);
        bytes[at + cls.TC_POLICE_RATE + tc.TC_RATESPEC_CELL_LOG] = 3;
        bytes[at + cls.TC_POLICE_RATE + tc.TC_RATESPEC_LINKLAYER] = 1;
        writer.binary(cls.TCA_POLICE_RATE, new Uint8Array(tc.TC_RTAB_SIZE));
      },
    },
  ]);
  for (let count = 0; count < 10; count++) on.send(1_000);
  expect(on.arrivals).toHaveLength(5);
  await on.clock.advance(SECOND / 50);
  for (let count = 0; count < 10; count++) on.send(1_000);
  expect(on.arrivals).toHaveLength(7);
  on.send(2_500);
  expect(on.red.drops?.get("filtered")).toBe(14);
});

test("vlan pushes a tag that another one gets inside, and pops both", async () => {
  const on = await start();
  const tag = (what: number, id = 0): ActionSpec => ({
    kind: "vlan",
    write(writer) {
      const at = writer.attribute(2, 24);
      setS32(writer.bytes, at + 8, cls.TC_ACT_PIPE);
      setS32(writer.bytes, at + 20, what);
      if (what === 2) writer.u16(3, id);
    },
  });
  const seen: number[][] = [];
  on.onFrame = ({ vlanProtocol, vlanTci, protocol, bytes, start }) =>
    void seen.push([vlanProtocol, vlanTci, protocol, getBe16(bytes, start)]);
  await add(on, "matchall", { priority: 1 }, () => {}, [tag(2, 10), tag(2, 20)]);
  on.send(100, packet({}));
  await add(on, "matchall", { priority: 2 }, () => {}, [tag(1)]);
  expect(seen).toEqual([[0x8100, 20, 0x8100, 10]]);
  expect(on.close()).toEqual([]);

  const back = await start();
  const plain: number[][] = [];
  back.onFrame = ({ vlanProtocol, protocol, bytes, start }) =>
    void plain.push([vlanProtocol, protocol, getBe16(bytes, start)]);
  await add(back, "matchall", {}, () => {}, [tag(2, 10), tag(2, 20), tag(1), tag(1)]);
  back.send(100, packet({}));
  expect(plain).toEqual([[0, ETH_P_IP, 0x4500]]);
});

test("pedit changes words of headers, and csum makes the checksum that they need", async () => {
  const on = await start();
  const seen: { ttl: number | undefined; isRight: boolean; dport: number }[] = [];
  on.onFrame = ({ bytes, start }) => {
    const isRight = isIpv4ChecksumCorrect(bytes, start);
    seen.push({ ttl: bytes[start + 8], isRight, dport: getBe16(bytes, start + 22) });
  };
  const key = (bytes: Uint8Array, at: number, mask: number, value: number, offset: number): void => {
    setU32(bytes, at, mask);
    setU32(bytes, at + 4, value);
    setU32(bytes, at + 8, offset);
  };
  const pedit: ActionSpec = {
    kind: "pedit",
    write(writer) {
      const at = writer.attribute(4, 24 + 48);
      setS32(writer.bytes, at + 8, cls.TC_ACT_PIPE);
      writer.bytes[at + 20] = 2;
      // The TTL, which a sum of 0xff makes one less; the destination port, as bytes in their order.
      key(writer.bytes, at + 24, 0xffff_ff00, 0x0000_00ff, 8);
      key(writer.bytes, at + 48, 0x0000_ffff, 0x901f_0000, 0);
      const keys = writer.nest(5);
      for (const [header, command] of [
        [2, 1],
        [5, 0],
      ] as const) {
        const one = writer.nest(6);
        writer.u16(1, header).u16(2, command);
        writer.endNest(one);
      }
      writer.endNest(keys);
    },
  };
  const csum: ActionSpec = {
    kind: "csum",
    write(writer) {
      const at = writer.attribute(1, 24);
      setS32(writer.bytes, at + 8, cls.TC_ACT_PIPE);
      setU32(writer.bytes, at + 20, 1);
    },
  };
  await add(on, "matchall", {}, () => {}, [pedit]);
  on.send(100, packet({ dport: 80 }));
  expect(seen).toEqual([{ ttl: 63, isRight: false, dport: 8_080 }]);
  expect(on.close()).toEqual([]);

  const both = await start();
  both.onFrame = on.onFrame;
  await add(both, "matchall", {}, () => {}, [pedit, csum]);
  both.send(100, packet({ dport: 80 }));
  expect(seen[1]).toEqual({ ttl: 63, isRight: true, dport: 8_080 });
});

test("skbedit sets the priority and bits of the mark", async () => {
  const on = await start();
  await add(on, "matchall", {}, () => {}, [
    {
      kind: "skbedit",
      write(writer) {
        const at = writer.attribute(2, 20);
        setS32(writer.bytes, at + 8, cls.TC_ACT_PIPE);
        writer.u32(3, 7).u32(5, 0xff).u32(8, 0x0f);
      },
    },
  ]);
  const seen: number[][] = [];
  on.red.taps = [{ seen: ({ priority, mark }) => void seen.push([priority, mark]) }];
  on.send(100, (frame) => {
    frame.mark = 0x7c;
  });
  on.red.taps = null;
  expect(seen).toEqual([[7, 0x7f]]);
});
