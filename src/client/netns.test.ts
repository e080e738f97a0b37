// What: the typed API of a namespace drives a machine: links with their peers elsewhere, handles, alternative names, events.
//
//   netns red [v0]──────[v1] netns blue

import { describe, expect } from "vitest";
import { test as base } from "../../test/fixtures.ts";
import { IFF_UP } from "../uapi/if.ts";
import { NetnsClient } from "./netns.ts";

const test = base.extend<{ red: NetnsClient; blue: NetnsClient }>({
  red: async ({ machine, uveth }, use) => {
    await uveth.addNetns("red");
    const red = await NetnsClient.open(machine, "red");
    await use(red);
    await red.close();
  },
  blue: async ({ machine, uveth }, use) => {
    await uveth.addNetns("blue");
    const blue = await NetnsClient.open(machine, "blue");
    await use(blue);
    await blue.close();
  },
});

describe("link.add()", () => {
  test("makes a pair across namespaces and returns a handle on the near end", async ({ red, blue }) => {
    const v0 = await red.link.add({
      kind: "veth",
      name: "v0",
      address: "02:00:00:00:00:01",
      mtu: 1400,
      peer: { name: "v1", netns: "blue", mtu: 1300 },
    });
    expect(await v0.get()).toMatchObject({
      ifname: "v0",
      address: "02:00:00:00:00:01",
      mtu: 1400,
      linkNetnsid: 0,
    });
    expect(await blue.link.get("v1")).toMatchObject({ ifname: "v1", mtu: 1300, link: v0.ifindex });
  });

  test("finds out the name that the kernel chose", async ({ red, blue: _ }) => {
    const link = await red.link.add({ kind: "dummy", name: "d%d" });
    expect((await link.get()).ifname).toBe("d0");
  });

  test("rejects with the kernel's errno and text", async ({ red }) => {
    await red.link.add({ kind: "dummy", name: "d0" });
    await expect(red.link.add({ kind: "dummy", name: "d0" })).rejects.toMatchObject({
      code: "EEXIST",
      message: "",
    });
    await expect(red.link.add({ kind: "nonsense", name: "d1" })).rejects.toMatchObject({
      code: "EOPNOTSUPP",
      message: "Unknown device type",
    });
    await expect(red.link.add({ kind: "veth", peer: { netns: "nowhere" } })).rejects.toMatchObject({
      code: "ENOENT",
    });
    await expect(red.link.add({ kind: "dummy", address: "nonsense" })).rejects.toMatchObject({
      code: "EINVAL",
    });
  });
});

describe("LinkHandle", () => {
  test("up(), down(), set() and del() act on the link, whatever it is called", async ({ red }) => {
    const link = await red.link.add({ kind: "dummy", name: "d0" });
    await link.set({ name: "other", alias: "text", mtu: 1000, promisc: true });
    await link.up();
    expect(await red.link.get("other")).toMatchObject({ ifalias: "text", mtu: 1000, promiscuity: 1 });
    expect((await link.get()).flags & IFF_UP).toBe(IFF_UP);
    await link.down();
    expect((await link.get()).flags & IFF_UP).toBe(0);
    expect(await link.stats()).toMatchObject({ txPackets: 0, rxDropped: 0 });
    await link.del();
    await expect(link.get()).rejects.toMatchObject({ code: "ENODEV" });
  });
});

describe("link.list()", () => {
  test("lists by ifindex, and what the kernel filters", async ({ red }) => {
    await red.link.add({ kind: "dummy", name: "d0" });
    await red.link.add({ kind: "veth", name: "v0", peer: { name: "v1" } });
    expect((await red.link.list()).map(({ ifname }) => ifname)).toEqual(["lo", "d0", "v1", "v0"]);
    expect((await red.link.list({ kind: "dummy" })).map(({ ifname }) => ifname)).toEqual(["d0"]);
  });
});

describe("link.delGroup()", () => {
  test("deletes the links of a group and no others", async ({ red }) => {
    await red.link.add({ kind: "dummy", name: "d0", group: 7 });
    await red.link.add({ kind: "dummy", name: "d1", group: 7 });
    await red.link.add({ kind: "dummy", name: "d2" });
    await red.link.delGroup(7);
    expect((await red.link.list()).map(({ ifname }) => ifname)).toEqual(["lo", "d2"]);
    await expect(red.link.delGroup(7)).rejects.toMatchObject({ code: "ENODEV" });
    await expect(red.link.delGroup(0)).rejects.toMatchObject({ code: "EPERM" });
  });
});

describe("link.stats()", () => {
  test("has a row of counters for each link", async ({ red }) => {
    const link = await red.link.add({ kind: "dummy", name: "d0" });
    expect((await red.link.stats()).get(link.ifindex)).toMatchObject({ txPackets: 0, txBytes: 0 });
  });
});

describe("link.addAltnames()", () => {
  test("gives names under which the link is found", async ({ red }) => {
    const { ifindex } = await red.link.add({ kind: "dummy", name: "d0" });
    await red.link.addAltnames("d0", "a-name-longer-than-an-interface-may-have", "b");
    expect(await red.link.get("a-name-longer-than-an-interface-may-have")).toMatchObject({ ifindex });
    expect(await red.link.get("b")).toMatchObject({
      altnames: ["a-name-longer-than-an-interface-may-have", "b"],
    });
  });
});

describe("monitor()", () => {
  test("yields what came, changed and went, in order, until the reader leaves", async ({ red }) => {
    const events = await red.monitor(["link"]);
    const link = await red.link.add({ kind: "dummy", name: "d0" });
    await link.set({ mtu: 1000 });
    await link.del();
    const seen: string[] = [];
    for await (const event of events) {
      if (event.subject !== "link") continue;
      seen.push(`${event.action} ${event.link.ifname} ${event.link.mtu}`);
      if (event.action === "del") break;
    }
    expect(seen).toEqual(["new d0 1500", "new d0 1000", "del d0 1000"]);
  });
});

describe("close()", () => {
  test("ends what is asked later", async ({ machine, uveth }) => {
    await uveth.addNetns("green");
    const green = await NetnsClient.open(machine, "green");
    await green.close();
    await expect(green.link.list()).rejects.toMatchObject({ code: "ENOTCONN" });
  });

  test("opening a namespace that is not there rejects with ENOENT", async ({ machine }) => {
    await expect(NetnsClient.open(machine, "nowhere")).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("list()", () => {
  test("may be asked for several times at once, though a socket has one dump at a time", async ({ red }) => {
    await red.link.add({ kind: "dummy", name: "d0", isUp: true });
    for (let number = 1; number <= 200; number++) await red.addr.add(`10.0.${number}.1/24`, { dev: "d0" });
    const [links, routes, others, addresses] = await Promise.all([
      red.link.list(),
      red.route.list(),
      red.route.list(),
      red.addr.list(),
    ]);
    expect([links.length, others.length]).toEqual([2, routes.length]);
    expect(routes.filter(({ dst }) => dst?.startsWith("10.0."))).toHaveLength(200);
    expect(addresses.length).toBeGreaterThanOrEqual(200);
  });
});
