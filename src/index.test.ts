// What: a machine hands out its namespaces as typed clients, makes them on demand, and lets nothing outlive `close`.
//
//   netns red [v0]──────[v1] netns blue

import { describe, expect } from "vitest";
import { MS, test } from "../test/fixtures.ts";
import { dummy } from "./drivers/dummy.ts";
import { createMachine, NetlinkError, SeededRandom, VirtualClock } from "./index.ts";
import { frameFrom } from "./net/frame.ts";
import { devQueueXmit } from "./net/transmit.ts";
import { arpFrame } from "./testkit/index.ts";
import { IFF_UP } from "./uapi/if.ts";
import { ETH_P_ARP } from "./uapi/if_ether.ts";
import { NETLINK_ROUTE } from "./uapi/netlink.ts";
import { RTNLGRP_LINK } from "./uapi/rtnetlink.ts";
import { ethernetType } from "./wire/ethernet.ts";
import { readPcapng } from "./wire/pcapng-reader.ts";

describe("netns()", () => {
  test("makes a namespace on demand, once", async ({ machine }) => {
    const [one, other] = await Promise.all([machine.netns("red"), machine.netns("red")]);
    expect(machine.netnsNames()).toEqual(["red"]);
    expect(one.name).toBe("red");
    expect((await other.link.list()).map(({ ifname }) => ifname)).toEqual(["lo"]);
    await one.close();
    await other.close();
  });

  test("opens the initial namespace without a name, which is not listed", async ({ machine }) => {
    const initial = await machine.netns();
    expect((await initial.link.list()).map(({ ifname }) => ifname)).toEqual(["lo"]);
    expect(machine.netnsNames()).toEqual([]);
    await initial.close();
  });

  test("refuses a name that no file could have", async ({ machine }) => {
    await expect(machine.netns("a/b")).rejects.toMatchObject({ code: "EINVAL" });
    await expect(machine.netns("a/b")).rejects.toBeInstanceOf(NetlinkError);
  });

  test("gives links that a peer in another namespace answers to", async ({ machine }) => {
    const red = await machine.netns("red");
    const blue = await machine.netns("blue");
    const v0 = await red.link.add({ kind: "veth", name: "v0", peer: { name: "v1", netns: "blue" } });
    await v0.up();
    await (await blue.link.handle("v1")).up();
    expect((await v0.get()).flags & IFF_UP).toBe(IFF_UP);
    await v0.del();
    await expect(blue.link.get("v1")).rejects.toMatchObject({ code: "ENODEV" });
    await red.close();
    await blue.close();
  });
});

describe("deleteNetns()", () => {
  test("takes a namespace down that only its own clients hold, and closes them", async ({ machine }) => {
    const red = await machine.netns("red");
    await red.link.add({ kind: "dummy", name: "d0" });
    await machine.deleteNetns("red");
    expect(machine.core.namespaces.size).toBe(1);
    await expect(red.link.list()).rejects.toMatchObject({ code: "ENOTCONN" });
    await expect(machine.deleteNetns("red")).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("captureToPcapng()", () => {
  test("writes every sight of a frame, with its device, direction and packet id", async ({
    machine,
    clock,
    pair,
  }) => {
    const blocks: Uint8Array[] = [];
    const stop = machine.captureToPcapng({ netns: ["red", "blue"], write: (block) => blocks.push(block) });
    await clock.advance(2 * MS);
    const frame = frameFrom(machine.core.frames, arpFrame({ senderIp: "10.0.0.1", targetIp: "10.0.0.2" }));
    if (frame === null) expect.fail("No memory for a frame");
    frame.dev = pair.red;
    devQueueXmit(frame);
    stop();
    const bytes = Uint8Array.from(blocks.flatMap((block) => [...block]));
    const file = readPcapng(bytes);
    if (file === undefined) expect.fail("Not a pcapng file");
    const { interfaces, packets } = file;
    const seen = packets.filter((packet) => ethernetType(packet.bytes, 0) === ETH_P_ARP);
    expect(interfaces.map(({ name }) => name)).toEqual(expect.arrayContaining(["v0", "v1"]));
    expect(seen.map(({ interfaceId }) => interfaces[interfaceId]?.name).slice(0, 2)).toEqual(["v0", "v1"]);
    expect(seen.every(({ timestampNs }) => timestampNs === BigInt(2 * MS))).toBe(true);
    expect(pair.red.netns.taps).toBe(null);
  });

  test("refuses a namespace that is not there", ({ machine }) => {
    expect(() => machine.captureToPcapng({ netns: ["nosuch"], write: () => {} })).toThrow(NetlinkError);
  });
});

describe("close()", () => {
  test("rejects what still waits and ends what listens", async ({ machine }) => {
    const red = await machine.netns("red");
    const uveth = await red.openUveth();
    const capture = uveth.capture({}, () => {});
    const socket = await machine.openSocket({ protocol: NETLINK_ROUTE });
    socket.setOption(1, RTNLGRP_LINK);
    let isClosed = false;
    socket.onClose = () => {
      isClosed = true;
    };
    machine.close();
    await expect(capture).rejects.toMatchObject({ code: "ENOTCONN" });
    expect(isClosed).toBe(true);
    await expect(red.link.list()).rejects.toMatchObject({ code: "ENOTCONN" });
  });

  test("comes with await using", async ({ machine }) => {
    {
      await using closing = machine;
      await closing.netns("red");
    }
    expect(machine.table.size).toBe(0);
    expect(machine.core.namespaces.size).toBe(1);
  });
});

describe("requestModule", () => {
  test("brings a kind when a request first names it", async () => {
    const clock = new VirtualClock();
    const asked: string[] = [];
    const machine = createMachine({
      clock,
      scheduler: clock,
      random: new SeededRandom(1),
      requestModule: async (alias) => {
        asked.push(alias);
        return alias === "rtnl-link-warp" ? { ...dummy, kind: "warp" } : undefined;
      },
    });
    const { link } = await machine.netns();
    await link.add({ kind: "warp", name: "w0" });
    await link.add({ kind: "warp", name: "w1" });
    await expect(link.add({ kind: "woof", name: "w2" })).rejects.toMatchObject({
      code: "EOPNOTSUPP",
      message: "Unknown device type",
    });
    expect(asked).toEqual(["rtnl-link-warp", "rtnl-link-woof"]);
    expect((await link.list()).map(({ ifname }) => ifname)).toEqual(["lo", "w0", "w1"]);
    machine.close();
  });
});
