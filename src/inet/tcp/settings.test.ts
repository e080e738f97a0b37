// What: TCP's settings of a namespace do what they say: how long is tried, what is offered, who is let in when too many knock, and
// whether marks count instead of losses.
//
//   red [v0] 10.0.0.1 ────[v1] 10.0.0.2 blue
//
// Source: Documentation/networking/ip-sysctl.rst; RFC 4987 3.6, RFC 3168 6.1, RFC 6191; tried against Linux 6.18 over a TAP
// (test/interop).

import { describe, expect } from "vitest";
import { MS, SECOND } from "../../../test/fixtures.ts";
import { connectionTo, onlySocket, test } from "../../../test/hosts.ts";
import { setBe16 } from "../../bytes/endian.ts";
import { setNetem } from "../../client/netem.ts";
import type { Machine, MachineNetns } from "../../index.ts";
import { NETIF_F_ALL_TSO, NETIF_F_GSO, updateFeatures } from "../../net/features.ts";
import { frameFrom } from "../../net/frame.ts";
import type { Device } from "../../net/netdevice.ts";
import { CHECKSUM_UNNECESSARY } from "../../net/netdevice.ts";
import { devQueueXmit } from "../../net/transmit.ts";
import { ipNetns } from "../slots.ts";
import { setSysctl } from "../sysctl.ts";
import { INFINITE } from "./socket.ts";
import { CA_CWR, CA_OPEN } from "./state.ts";
import { tcpTable } from "./table.ts";

function set(machine: Machine, host: string, settings: Readonly<Record<string, number>>): void {
  const netns = machine.core.netnsNames.get(host);
  if (netns === undefined) throw new Error(`No namespace ${host}`);
  for (const [name, value] of Object.entries(settings)) setSysctl(netns, `net.${name}`, `${value}`);
}

function tableOf(machine: Machine, host: string) {
  const netns = machine.core.netnsNames.get(host);
  if (netns === undefined) throw new Error(`No namespace ${host}`);
  return tcpTable(ipNetns(netns));
}

/** Seconds until the machine says that a connection is not to be had, to a listener whose queue is full. */
async function secondsToGiveUp(
  red: MachineNetns,
  blue: MachineNetns,
  clock: { now(): number; advance(ns: number): Promise<void> },
): Promise<number> {
  const listener = blue.listen({ port: 80, backlog: 0 });
  const first = red.connect({ host: "10.0.0.2", port: 80 });
  await clock.advance(SECOND);
  const began = clock.now();
  let ended = 0;
  const failing = red.connect({ host: "10.0.0.2", port: 80 }).catch((error: { code?: string }) => {
    ended = clock.now();
    return error.code;
  });
  await clock.advance(200 * SECOND);
  expect(await failing).toBe("ETIMEDOUT");
  (await first).reset();
  listener.close();
  return (ended - began) / SECOND;
}

describe("a connection that nobody answers", () => {
  test("is tried for 131 seconds", async ({ blue, clock, red }) => {
    // 1, 1, 1, 1, 1, then 2, 4, … 64.
    expect(await secondsToGiveUp(red, blue, clock)).toBeCloseTo(131, 3);
  });

  test("is tried as often as is set", async ({ blue, clock, machine, red }) => {
    set(machine, "red", { "ipv4.tcp_syn_retries": 2, "ipv4.tcp_syn_linear_timeouts": 1 });
    // 1, 1, then 2, 4.
    expect(await secondsToGiveUp(red, blue, clock)).toBeCloseTo(8, 3);
  });

  test("is given up after as long as the retries would take, once it stands", async ({
    blue,
    clock,
    machine,
    red,
  }) => {
    set(machine, "red", { "ipv4.tcp_retries2": 3 });
    using listener = blue.listen({ port: 80 });
    const [client, server] = await connectionTo(red, listener, "10.0.0.2", clock);
    await blue.link.set("v1", { isUp: false });
    await client.write(new Uint8Array(1));
    const began = clock.now();
    void client.closed.then(() => expect(clock.now() - began).toBeLessThan(10 * SECOND));
    // 200 ms four times doubled: at the first time-out after 3 s.
    await clock.advance(2 * SECOND);
    expect(tableOf(machine, "red").size).toBe(1);
    await clock.advance(8 * SECOND);
    expect(tableOf(machine, "red").size).toBe(0);
    client.close();
    server.reset();
  });
});

describe("a silent peer", () => {
  test("is asked when and as often as is set", async ({ blue, clock, machine, red }) => {
    set(machine, "red", {
      "ipv4.tcp_keepalive_time": 10,
      "ipv4.tcp_keepalive_intvl": 2,
      "ipv4.tcp_keepalive_probes": 3,
    });
    using listener = blue.listen({ port: 80 });
    const [client, server] = await connectionTo(red, listener, "10.0.0.2", clock);
    client.setKeepAlive(true);
    await clock.advance(9 * SECOND);
    await blue.link.set("v1", { isUp: false });
    const outcome = expect(client.read()).rejects.toMatchObject({ code: "ETIMEDOUT" });
    await clock.advance(6 * SECOND);
    expect(tableOf(machine, "red").size).toBe(1);
    await clock.advance(2 * SECOND);
    expect(tableOf(machine, "red").size).toBe(0);
    await outcome;
    client.close();
    server.reset();
  });

  test("that does not close is waited for as long as is set", async ({ blue, clock, machine, red }) => {
    set(machine, "red", { "ipv4.tcp_fin_timeout": 5 });
    using listener = blue.listen({ port: 80 });
    const [client, server] = await connectionTo(red, listener, "10.0.0.2", clock);
    client.close();
    await clock.advance(4 * SECOND);
    expect(tableOf(machine, "red").size).toBe(1);
    await clock.advance(2 * SECOND);
    expect(tableOf(machine, "red").size).toBe(0);
    server.reset();
  });
});

describe("a handshake", () => {
  test.for([
    [{}, { isSackOk: true, isTimestampOk: true, isWindowScaleOk: true, isEcnOk: false }],
    [{ "ipv4.tcp_sack": 0 }, { isSackOk: false, isTimestampOk: true, isWindowScaleOk: true }],
    [{ "ipv4.tcp_timestamps": 0 }, { isSackOk: true, isTimestampOk: false, isWindowScaleOk: true }],
    [{ "ipv4.tcp_window_scaling": 0 }, { isWindowScaleOk: false, sndScale: 0, rcvScale: 0 }],
    [{ "ipv4.tcp_ecn": 1 }, { isEcnOk: true }],
  ] as const)("offers what is set: %j", async ([settings, agreed], { blue, clock, machine, red }) => {
    using listener = blue.listen({ port: 80 });
    set(machine, "red", settings);
    const [client, server] = await connectionTo(red, listener, "10.0.0.2", clock);
    for (const host of ["red", "blue"]) expect(onlySocket(machine, host)).toMatchObject(agreed);
    client.reset();
    server.reset();
  });

  test("agrees on what the listener's side is set to", async ({ blue, clock, machine, red }) => {
    using listener = blue.listen({ port: 80 });
    set(machine, "red", { "ipv4.tcp_ecn": 1 });
    set(machine, "blue", { "ipv4.tcp_ecn": 0, "ipv4.tcp_sack": 0, "ipv4.tcp_timestamps": 0 });
    const [client, server] = await connectionTo(red, listener, "10.0.0.2", clock);
    const agreed = { isSackOk: false, isTimestampOk: false, isWindowScaleOk: true, isEcnOk: false };
    for (const host of ["red", "blue"]) expect(onlySocket(machine, host)).toMatchObject(agreed);
    client.reset();
    server.reset();
  });

  test("over ports in TIME-WAIT is had at once if that is set, over loopback in any case", async ({
    blue,
    clock,
    machine,
    red,
  }) => {
    const twice = async (host: string, from: MachineNetns, to: MachineNetns) => {
      using listener = to.listen({ port: 80 });
      for (let time = 0; time < 2; time++) {
        const connecting = from.connect({ host, port: 80, localPort: 4_000 });
        connecting.catch(() => {});
        await clock.advance(100 * MS);
        const [client, server] = [await connecting, await listener.accept()];
        client.close();
        await clock.advance(10 * MS);
        server?.close();
        await clock.advance(1_500 * MS);
      }
    };
    await expect(twice("10.0.0.2", red, blue)).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
    await twice("127.0.0.1", red, red);
    await clock.advance(61 * SECOND);
    set(machine, "red", { "ipv4.tcp_tw_reuse": 1 });
    await twice("10.0.0.2", red, blue);
    await clock.advance(61 * SECOND);
  });
});

/** Sends SYNs from many ports of a host that does not answer; `sample` is one of another host's. */
function floodSyns(dev: Device, sample: Uint8Array, count: number): void {
  for (let port = 1; port <= count; port++) {
    const bytes = sample.slice();
    bytes.set([10, 0, 0, 77], 26);
    setBe16(bytes, 34, port);
    const frame = frameFrom(dev.machine.frames, bytes);
    if (frame === null) throw new Error("No memory");
    // Nobody looks at the sum of IP's header on a pair, nor at TCP's of what is verified.
    frame.dev = dev;
    frame.protocol = 0x800;
    frame.checksum = CHECKSUM_UNNECESSARY;
    repairHeader(frame.bytes, frame.start + 14);
    devQueueXmit(frame);
  }
}

function repairHeader(bytes: Uint8Array, at: number): void {
  setBe16(bytes, at + 10, 0);
  let sum = 0;
  for (let offset = 0; offset < 20; offset += 2) {
    sum += ((bytes[at + offset] ?? 0) << 8) | (bytes[at + offset + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  setBe16(bytes, at + 10, ~sum & 0xffff);
}

describe("a listener that is flooded by SYNs", () => {
  test.for([
    [0, "ETIMEDOUT"],
    [1, "connected"],
    [2, "connected"],
  ] as const)(
    "with tcp_syncookies %d: %s",
    async ([cookies, outcome], { blue, clock, machine, pair, red }) => {
      set(machine, "blue", { "ipv4.tcp_syncookies": cookies });
      set(machine, "red", { "ipv4.tcp_syn_retries": 1, "ipv4.tcp_syn_linear_timeouts": 0 });
      using listener = blue.listen({ port: 80, backlog: 8 });
      let sample = new Uint8Array(0);
      pair.red.taps = [
        {
          seen: (frame) => void (sample.length === 0 && (sample = frame.bytes.slice(frame.start, frame.end))),
        },
      ];
      const [first, accepted] = await connectionTo(red, listener, "10.0.0.2", clock);
      pair.red.taps = [];
      first.reset();
      accepted.reset();
      await clock.advance(SECOND);
      // The first frame of all asked for the neighbour.
      const syn = await sampleOfSyn(red, pair.red, clock);
      expect(sample.length).toBeGreaterThan(0);
      floodSyns(pair.red, syn, 100);
      await clock.advance(MS);
      // A queue holds one more than its backlog (inet_csk_reqsk_queue_is_full).
      expect(tableOf(machine, "blue").size).toBe(cookies === 2 ? 0 : 9);
      let result = "";
      const connecting = red.connect({ host: "10.0.0.2", port: 80 }).then(
        (connection) => {
          result = "connected";
          return connection;
        },
        (error: { code?: string }) => {
          result = `${error.code}`;
          return null;
        },
      );
      await clock.advance(4 * SECOND);
      const client = await connecting;
      expect(result).toBe(outcome);
      if (client === null) return;
      const server = await listener.accept();
      // Nothing was lost of what a SYN says.
      expect(tableOf(machine, "blue").size).toBeGreaterThan(0);
      await client.write(new Uint8Array(100_000));
      let count = 0;
      while (count < 100_000) {
        await clock.advance(100 * MS);
        count += (await server?.read())?.length ?? 100_000;
      }
      expect(onlySocket(machine, "red")).toMatchObject({
        isSackOk: true,
        isWindowScaleOk: true,
        sndScale: 7,
      });
      client.reset();
      server?.reset();
      await clock.advance(70 * SECOND);
    },
  );

  test("is asked for no more than somaxconn has", async ({ blue, clock, machine, red }) => {
    set(machine, "blue", { "core.somaxconn": 1 });
    const listener = blue.listen({ port: 80, backlog: 100 });
    const connecting = Array.from({ length: 3 }, () => red.connect({ host: "10.0.0.2", port: 80 }));
    const outcome = Promise.allSettled(connecting);
    await clock.advance(200 * SECOND);
    const results = await outcome;
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "fulfilled", "rejected"]);
    for (const result of results) if (result.status === "fulfilled") result.value.reset();
    listener.close();
  });
});

/** A SYN as red sends it: one to a port where nobody listens. */
async function sampleOfSyn(
  red: MachineNetns,
  dev: Device,
  clock: { advance(ns: number): Promise<void> },
): Promise<Uint8Array> {
  let sample = new Uint8Array(0);
  dev.taps = [
    {
      seen: (frame, _dev, isOutgoing) => {
        if (isOutgoing && sample.length === 0) sample = frame.bytes.slice(frame.start, frame.end);
      },
    },
  ];
  const refused = red.connect({ host: "10.0.0.2", port: 81 }).catch(() => {});
  await clock.advance(100 * MS);
  await refused;
  dev.taps = [];
  setBe16(sample, 36, 80);
  return sample;
}

describe("marks", () => {
  test("cut the window, and nothing is sent again", async ({ blue, clock, machine, pair, red }) => {
    set(machine, "red", { "ipv4.tcp_ecn": 1 });
    for (const dev of [pair.red, pair.blue]) {
      dev.wantedFeatures &= ~(NETIF_F_ALL_TSO | NETIF_F_GSO);
      updateFeatures(dev);
    }
    using listener = blue.listen({ port: 80 });
    const [client, server] = await connectionTo(red, listener, "10.0.0.2", clock);
    const wire = { delay: "5ms", rate: "100mbit", limit: 10_000, loss: "2%", ecn: true, seed: 1 };
    await setNetem(red.rtnl, pair.red.ifindex, wire);
    let count = 0;
    const reading = (async () => {
      for (let part = await server.read(); part !== null; part = await server.read()) count += part.length;
    })();
    const writing = client.write(new Uint8Array(1_000_000));
    await clock.advance(5 * SECOND);
    await writing;
    const sender = onlySocket(machine, "red");
    expect(count).toBe(1_000_000);
    expect(sender.totalRetransmits).toBe(0);
    expect(sender.ssthresh).toBeLessThan(INFINITE);
    expect([CA_OPEN, CA_CWR]).toContain(sender.caState);
    expect(onlySocket(machine, "blue").isEcnSeen).toBe(true);
    client.reset();
    server.reset();
    await reading;
  });
});
