// What: a lab makes hosts that reach one another, breaks its wires as told and mends them, and repeats a run from its seed.
//
//   h1 ── r ── h2        mesh of three, …
//
// Source: the shapes, names and faults that Mininet, Jepsen and turmoil have.

import { expect, test } from "vitest";
import { leaks } from "../testkit/index.ts";
import type { LabOptions } from "./index.ts";
import { createLab, type Lab, LabError, mesh, single, torus } from "./index.ts";

/** A virtual lab that is closed at the end, and must have left nothing. */
async function inLab(body: (lab: Lab) => Promise<void>, options: LabOptions = {}): Promise<void> {
  const lab = createLab({ seed: 1, time: "virtual", ...options });
  try {
    await body(lab);
  } finally {
    await lab.close();
  }
  expect(leaks(lab.machine).filter((line) => /frames|timers/.test(line))).toEqual([]);
}

test("hosts that are linked have addresses, stable hardware addresses and names", () =>
  inLab(async (lab) => {
    const [h1, h2] = [lab.host("h1"), lab.host("h2")];
    const link = lab.link(h1, h2);
    await lab.start();
    expect([h1.ip, h2.ip, h1.ip6, h2.ip6]).toEqual([
      "10.0.0.1",
      "10.0.0.2",
      "fd00:0:0:1::1",
      "fd00:0:0:1::2",
    ]);
    expect(link.name).toBe("h1-h2");
    expect((await h1.netns.link.get("eth0")).address).toBeDefined();
    const again = createLab({ seed: 2, time: "virtual" });
    expect(again.link(again.host("h1"), again.host("h2")).a.mac).toBe(link.a.mac);
    await again.close();
    expect((await h1.ping("h2")).received).toBe(1);
    expect((await h1.ping(h2.ip6)).received).toBe(1);
  }));

test("routers carry between segments, over several hops", () =>
  inLab(async (lab) => {
    const [h1, h2, h3] = lab.hosts("h1", "h2", "h3");
    const [r1, r2] = [lab.router("r1"), lab.router("r2")];
    lab.link("h1", r1);
    lab.link(r1, r2);
    lab.link(r2, "h2");
    lab.link("h3", r1);
    expect(await lab.pingAll()).toEqual({ sent: 20, received: 20, lost: [] });
    expect((await h1!.ping(h2!.ip6)).received).toBe(1);
    expect([h1!.ip, h2!.ip, h3!.ip]).toEqual(["10.0.0.1", "10.0.2.2", "10.0.3.1"]);
  }));

test("netem delays, merges what comes later, and takes it back", () =>
  inLab(async (lab) => {
    const [h1, h2] = lab.hosts("h1", "h2");
    const link = lab.link(h1!, h2!, { delay: "10ms" });
    await h1!.ping("h2");
    const rtt = async () => (await h1!.ping("h2")).rttNs[0];
    expect(await rtt()).toBe(20_000_000);
    const more = await link.netem({ delay: "30ms", direction: "to" });
    expect(await rtt()).toBe(40_000_000);
    await link.netem({ rate: "8kbit", direction: h1! });
    // 98 bytes at a kilobyte a second, and the delay of before.
    expect(await rtt()).toBe(98_000_000 + 40_000_000);
    await more.heal();
    expect(await rtt()).toBe(20_000_000);
    await link.netem({ delay: null });
    expect(await rtt()).toBe(0);
  }));

test("a fault that cannot be is refused and changes neither end", () =>
  inLab(async (lab) => {
    const [h1, h2] = lab.hosts("h1", "h2");
    const link = lab.link(h1!, h2!, { delay: "10ms" });
    await h1!.ping("h2");
    await link.netem({ reorder: "5%", direction: "to" });
    const faults = link.ends.map((end) => end.faults);
    const misspelt: object = { latency: "50ms" };
    await expect(link.netem(misspelt)).rejects.toThrow(
      'Cannot break the link "h1-h2": There is no "latency"',
    );
    // Only one of the ends would be left with a reordering that has no delay.
    await expect(link.netem({ delay: null })).rejects.toThrow('"reorder" does nothing without "delay"');
    expect(link.ends.map((end) => end.faults)).toEqual(faults);
    await link.netem({ delay: null, reorder: null });
    expect((await h1!.ping("h2")).rttNs).toEqual([0]);
  }));

test("a wire that is down carries nothing, and what is up again does, in both families and by its routes", () =>
  inLab(async (lab) => {
    const [h1, h2, h3] = lab.hosts("h1", "h2", "h3");
    lab.link(h3!, lab.router("r"));
    const routed = lab.link("r", h2!);
    const link = lab.link(h1!, h2!);
    await (await routed.down()).heal();
    for (const target of [h3!.ip, h3!.ip6])
      expect((await h2!.ping(target, { timeoutMs: 2_000 })).received).toBe(1);
    const cut = await link.down();
    await expect(h1!.ping("h2", { timeoutMs: 100 })).rejects.toMatchObject({ code: "ENETUNREACH" });
    await cut.heal();
    expect((await h1!.ping("h2", { timeoutMs: 2_000 })).received).toBe(1);
  }));

test("a function on the wire sees headers, drops, delays and rewrites", () =>
  inLab(async (lab) => {
    const [h1, h2] = lab.hosts("h1", "h2");
    const link = lab.link(h1!, h2!);
    await h1!.ping("h2");
    const seen: string[] = [];
    const stop = link.on("frame", (frame) => {
      if (frame.icmp === undefined) return "pass";
      seen.push(`${frame.from} → ${frame.to}: ${frame.ip?.source} ${frame.icmp.type}`);
      if (seen.length <= 2) return { delayMs: 7 };
      return "drop";
    });
    expect((await h1!.ping("h2")).rttNs).toEqual([14_000_000]);
    expect((await h1!.ping("h2", { timeoutMs: 50 })).received).toBe(0);
    stop();
    expect(seen).toEqual(["h1 → h2: 10.0.0.1 8", "h2 → h1: 10.0.0.2 0", "h1 → h2: 10.0.0.1 8"]);
    let rewritten = 0;
    const undo = link.on("frame", (frame) => {
      if (frame.icmp?.type !== 8) return undefined;
      rewritten++;
      const bytes = frame.copy();
      // A wrong byte in the payload, and a checksum that no longer fits: the receiver notices.
      bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 0xff;
      return bytes;
    });
    expect((await h1!.ping("h2", { timeoutMs: 50 })).received).toBe(0);
    undo();
    expect([rewritten, (await h1!.ping("h2")).received]).toEqual([1, 1]);
  }));

test("a partition keeps groups apart until its scope ends, and one way when asked", () =>
  inLab(async (lab) => {
    const { hosts } = mesh(lab, 3);
    const [h1, h2, h3] = hosts;
    await lab.pingAll();
    {
      await using _ = await lab.partition([h1!], [h2!, h3!]);
      expect(await lab.pingAll({ timeoutMs: 50 })).toMatchObject({
        lost: ["h1 → h2", "h1 → h3", "h2 → h1", "h3 → h1"],
      });
    }
    expect((await lab.pingAll()).lost).toEqual([]);
    const deaf = await lab.partition([h1!], [h2!], { oneWay: true });
    const heard: string[] = [];
    const socket = h2!.udp({ port: 9 });
    void (async () => {
      for await (const { payload } of socket) heard.push(new TextDecoder().decode(payload));
    })();
    const [from, back] = [h1!.udp(), h1!.udp({ port: 10 })];
    from.send(new TextEncoder().encode("lost"), { host: h2!.ip, port: 9 });
    socket.send(new TextEncoder().encode("back"), { host: h1!.ip, port: 10 });
    const answer = await lab.until(back.receive());
    expect(new TextDecoder().decode(answer?.payload)).toBe("back");
    await deaf.heal();
    from.send(new TextEncoder().encode("heard"), { host: h2!.ip, port: 9 });
    await lab.advance("1s");
    expect(heard).toEqual(["heard"]);
    for (const each of [socket, from, back]) each.close();
  }));

test("a partition of one group, or with a node on both sides, is refused and cuts nothing", () =>
  inLab(async (lab) => {
    mesh(lab, 3);
    await expect(lab.partition(["h1"])).rejects.toThrow("two groups or more");
    await expect(lab.partition(["h1"], [])).rejects.toThrow("two groups or more");
    await expect(lab.partition(["h1", "h2"], ["h2", "h3"])).rejects.toThrow('"h2" cannot be on two sides');
    await expect(lab.partition(["h1"], ["h9"])).rejects.toThrow('There is no node "h9"');
    expect((await lab.pingAll()).lost).toEqual([]);
  }));

test("partitions that lie in one another end in any order, each when its own scope does", () =>
  inLab(async (lab) => {
    mesh(lab, 3);
    const apart = await lab.partition(["h1"], ["h2", "h3"]);
    const alone = await lab.isolate("h1");
    const lost = ["h1 → h2", "h1 → h3", "h2 → h1", "h3 → h1"];
    await apart.heal();
    await apart.heal();
    expect((await lab.pingAll({ timeoutMs: 50 })).lost).toEqual(lost);
    const pair = await lab.partition(["h2"], ["h3"]);
    await alone.heal();
    // Time for ARP to ask again.
    expect((await lab.pingAll({ timeoutMs: 2_000 })).lost).toEqual(["h2 → h3", "h3 → h2"]);
    await pair.heal();
    expect((await lab.pingAll()).lost).toEqual([]);
  }));

test("what is held comes in order when it is released", () =>
  inLab(async (lab) => {
    const [h1, h2] = lab.hosts("h1", "h2");
    lab.link(h1!, h2!);
    await h1!.ping("h2");
    const held = await lab.hold([h1!], [h2!]);
    const socket = h2!.udp({ port: 9 });
    const sender = h1!.udp();
    for (const number of [1, 2, 3]) sender.send(Uint8Array.of(number), { host: h2!.ip, port: 9 });
    const received: number[] = [];
    void (async () => {
      for await (const { payload } of socket) received.push(payload[0] ?? 0);
    })();
    await lab.advance("1s");
    expect(received).toEqual([]);
    await held.heal();
    await lab.advance("1ms");
    expect(received).toEqual([1, 2, 3]);
    socket.close();
    sender.close();
  }));

test("the same seed captures the same bytes, another seed others", async () => {
  const runs: string[] = [];
  for (const seed of [5, 5, 6]) {
    const blocks: Uint8Array[] = [];
    await inLab(
      async (lab) => {
        const [h1, h2] = lab.hosts("h1", "h2");
        lab.link(h1!, h2!, { delay: "5ms", jitter: "2ms", loss: "20%" });
        await lab.start();
        const stop = lab.machine.captureToPcapng({ write: (block) => blocks.push(block.slice()) });
        await h1!.ping("h2", { count: 20, intervalMs: 10, timeoutMs: 100 });
        stop();
      },
      { seed },
    );
    runs.push(Buffer.concat(blocks).toString("base64"));
  }
  expect(runs[1]).toBe(runs[0]);
  expect(runs[2]).not.toBe(runs[0]);
});

test("adding a link leaves the chances of the others as they were", async () => {
  const losses: number[] = [];
  for (const isMore of [false, true]) {
    await inLab(async (lab) => {
      const [h1, h2] = lab.hosts("h1", "h2");
      if (isMore) lab.link(lab.host("h0"), lab.host("h9"), { loss: "50%" });
      lab.link(h1!, h2!, { loss: "50%" });
      await lab.start();
      const { received } = await h1!.ping("h2", { count: 50, intervalMs: 10, timeoutMs: 50 });
      losses.push(received);
    });
  }
  expect(losses[1]).toBe(losses[0]);
});

test("says what cannot be", () =>
  inLab(async (lab) => {
    lab.host("h1");
    expect(() => lab.host("h1")).toThrow(LabError);
    expect(() => lab.link("h1", "h2")).toThrow('There is no node "h2"');
    expect(() => lab.link("h1", "h1")).toThrow('Cannot link "h1" to itself');
    await expect(lab.get("h1").spawn(["true"])).rejects.toThrow("virtual");
    lab.link("h1", lab.host("h2"));
    await lab.start();
    await expect(lab.links[0]!.netem({ delay: "soon" })).rejects.toThrow('Cannot read the time "soon"');
  }));

test("a torus has loops, and the spanning tree opens them", () =>
  inLab(async (lab) => {
    torus(lab, 3, 3);
    const { received, sent } = await lab.pingAll();
    expect([received, sent]).toEqual([72, 72]);
  }));

test("chosen addresses are what routes lead by, and planned ones join their segment", () =>
  inLab(async (lab) => {
    const [h1, h2, h3] = lab.hosts("h1", "h2", "h3");
    lab.switch("s");
    lab.router("r");
    lab.link("h1", "s", { addresses: [["192.0.2.7/24", "2001:db8::7/64"], []] });
    lab.link("h3", "s");
    lab.link("r", "s");
    lab.link("r", "h2", { addresses: [["198.51.100.1/24"], ["198.51.100.2/24"]] });
    await lab.start();
    expect([h1!.ip, h3!.ip, h3!.ip6]).toEqual(["192.0.2.7", "192.0.2.8", "2001:db8::8"]);
    expect((await lab.pingAll()).lost).toEqual([]);
    expect((await h1!.ping(h3!.ip6)).received).toBe(1);
    expect(h2!.ip).toBe("198.51.100.2");
  }));

test("what is taken away leaves the rest as it was, and comes back as it was", () =>
  inLab(async (lab) => {
    const hosts = lab.hosts("h1", "h2", "h3");
    const [r1, r2] = [lab.router("r1"), lab.router("r2")];
    const first = lab.link("h1", r1);
    lab.link(r1, "h2");
    const short = lab.link(r1, r2, { delay: "5ms" });
    lab.link(r2, "h3");
    expect((await lab.pingAll()).lost).toEqual([]);
    await first.netem({ delay: "3ms" });
    const before = hosts.map(({ addresses }) => addresses);
    const [undoFirst, undoShort] = [await lab.removeLink(first), await lab.removeLink(short)];
    expect(lab.links.map(({ name }) => name)).toEqual(["r1-h2", "r2-h3"]);
    await expect(hosts[0]!.netns.link.get("eth0")).rejects.toMatchObject({ code: "ENODEV" });
    expect((await hosts[1]!.netns.route.list({ table: 254 })).length).toBeGreaterThan(0);
    await expect(hosts[1]!.ping("h3", { timeoutMs: 50 })).rejects.toMatchObject({ code: "ENETUNREACH" });
    await undoShort();
    await undoFirst();
    expect(hosts.map(({ addresses }) => addresses)).toEqual(before);
    expect((await hosts[0]!.ping("h3", { count: 2 })).rttNs[1]).toBe(16_000_000);
    expect((await lab.pingAll()).lost).toEqual([]);
    await lab.removeNode(r2);
    expect(lab.machine.netnsNames()).toEqual(["h1", "h2", "h3", "r1"]);
    await expect(hosts[0]!.ping("h2")).resolves.toMatchObject({ received: 1 });
    lab.link("h3", r1, { name: "again" });
    expect((await lab.pingAll()).lost).toEqual([]);
    expect(hosts[2]!.ends.map(({ ifname }) => ifname)).toEqual(["eth0"]);
  }));

test("hosts know more neighbours than the 1,024 that Linux lets a system have", async () => {
  const lab = createLab({ seed: 1, time: "virtual" });
  single(lab, 34);
  // 34 hosts ask 33 others: 1,122 entries.
  expect(await lab.pingAll()).toEqual({ sent: 1_122, received: 1_122, lost: [] });
  await lab.close();
});
