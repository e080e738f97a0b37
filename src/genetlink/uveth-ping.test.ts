// What: a ping over netlink tells each request and what came of it, and ends when the last is answered or given up.
//
//   netns red [v0] 10.0.0.1 ──────[v1] 10.0.0.2 netns blue
//
// Reference: iputils ping (what it counts as sent, received, duplicate, lost); net/ipv4/ping.c for what cannot start.

import { describe, expect } from "vitest";
import { MS, openUveth, SECOND, test } from "../../test/fixtures.ts";
import type { PingRequest, UvethMessage } from "../client/uveth.ts";
import type { Machine } from "../index.ts";
import { ICMP_DEST_UNREACH, ICMP_HOST_UNREACH } from "../uapi/icmp.ts";
import * as uveth from "../uapi/uveth.ts";

const ADDRESS_1 = Uint8Array.of(10, 0, 0, 1);
const ADDRESS_2 = Uint8Array.of(10, 0, 0, 2);
const NOBODY = Uint8Array.of(10, 0, 0, 99);

/** Gives the ends of the fixture's pair their addresses; errors about a host's own packets reach it over its lo. */
async function addressed(machine: Machine): Promise<void> {
  for (const [name, dev, address] of [
    ["red", "v0", "10.0.0.1/24"],
    ["blue", "v1", "10.0.0.2/24"],
  ] as const) {
    await using netns = await machine.netns(name);
    await netns.link.set("lo", { isUp: true });
    await netns.addr.add(address, { dev });
  }
}

/** A ping from red that is running, and what it has told so far. */
async function start(machine: Machine, request: PingRequest) {
  const client = await openUveth(machine, "red");
  const events: UvethMessage[] = [];
  const end = client.ping(request, (event) => events.push(event));
  return { client, events, end };
}

const kinds = (events: readonly UvethMessage[]): (number | undefined)[] =>
  events.map(({ pingEvent }) => pingEvent);

describe("a ping", () => {
  test("tells request and answer in turn, with the round trip's time", async ({
    machine,
    clock,
    pair: _,
  }) => {
    await addressed(machine);
    const { client, events, end } = await start(machine, {
      destination: ADDRESS_2,
      count: 2,
      intervalNs: 10 * MS,
    });
    await clock.advance(SECOND);
    await end;
    expect(events).toMatchObject([
      { pingEvent: uveth.UVETH_PING_SENT, pingSeq: 1 },
      { pingEvent: uveth.UVETH_PING_REPLY, pingSeq: 1, source: ADDRESS_2, ttl: 64, size: 64 },
      { pingEvent: uveth.UVETH_PING_SENT, pingSeq: 2 },
      { pingEvent: uveth.UVETH_PING_REPLY, pingSeq: 2 },
    ]);
    const [, first, second] = events.map(({ timeNs }) => timeNs ?? 0);
    expect((second ?? 0) - (first ?? 0)).toBeLessThanOrEqual(10 * MS);
    client.close();
  });

  test("gives up on what is not answered in time", async ({ machine, clock, pair: _ }) => {
    await addressed(machine);
    const { client, events, end } = await start(machine, {
      destination: NOBODY,
      count: 1,
      timeoutNs: 100 * MS,
    });
    await clock.advance(100 * MS);
    await end;
    expect(kinds(events)).toEqual([uveth.UVETH_PING_SENT, uveth.UVETH_PING_TIMEOUT]);
    client.close();
  });

  test("tells an ICMP error: nobody has the address", async ({ machine, clock, pair: _ }) => {
    await addressed(machine);
    const { client, events, end } = await start(machine, { destination: NOBODY, count: 1 });
    await clock.advance(5 * SECOND);
    await end;
    expect(events[1]).toMatchObject({
      pingEvent: uveth.UVETH_PING_ICMP_ERROR,
      source: ADDRESS_1,
      icmpType: ICMP_DEST_UNREACH,
      icmpCode: ICMP_HOST_UNREACH,
    });
    client.close();
  });

  test("sends at most once a millisecond, whatever is asked for", async ({ machine, clock, pair: _ }) => {
    await addressed(machine);
    const { client, events, end } = await start(machine, { destination: ADDRESS_2, intervalNs: 0 });
    await clock.advance(10 * MS);
    const sent = events.filter(({ pingEvent }) => pingEvent === uveth.UVETH_PING_SENT);
    expect(sent.length).toBeGreaterThan(8);
    expect(sent.length).toBeLessThan(13);
    client.close();
    await expect(end).rejects.toMatchObject({ code: "ENOTCONN" });
  });

  test("without end ends with its socket", async ({ machine, clock, pair }) => {
    await addressed(machine);
    const { client, events, end } = await start(machine, { destination: ADDRESS_2, intervalNs: 10 * MS });
    await clock.advance(100 * MS);
    client.close();
    await expect(end).rejects.toMatchObject({ code: "ENOTCONN" });
    const before = pair.red.netns.machine.timers.size;
    const told = events.length;
    await clock.advance(100 * MS);
    expect(events).toHaveLength(told);
    expect(pair.red.netns.machine.timers.size).toBeLessThanOrEqual(before);
  });

  test("ends with its namespace", async ({ machine, uveth: family, clock, pair: _ }) => {
    await addressed(machine);
    const client = await openUveth(machine);
    const inside = await start(machine, { destination: ADDRESS_2, intervalNs: 10 * MS });
    await clock.advance(20 * MS);
    inside.client.close();
    await expect(inside.end).rejects.toMatchObject({ code: "ENOTCONN" });
    await family.deleteNetns("red");
    expect(machine.core.netnsNames.has("red")).toBe(false);
    client.close();
  });
});

describe("a ping that cannot start", () => {
  const refusals: [what: string, request: PingRequest, code: string][] = [
    ["no way there", { destination: Uint8Array.of(192, 0, 2, 1) }, "ENETUNREACH"],
    ["an address of five bytes", { destination: new Uint8Array(5) }, "EINVAL"],
    ["another's source", { destination: ADDRESS_2, source: NOBODY }, "EADDRNOTAVAIL"],
    ["a source of the other family", { destination: ADDRESS_2, source: new Uint8Array(16) }, "EINVAL"],
    ["a device that is not there", { destination: ADDRESS_2, ifname: "v9" }, "ENODEV"],
    ["more than a packet holds", { destination: ADDRESS_2, size: 65_508 }, "EINVAL"],
    ["a time to live of 0", { destination: ADDRESS_2, ttl: 0 }, "ERANGE"],
  ];

  test.for(refusals)("%s", async ([, request, code], { machine, pair: _ }) => {
    await addressed(machine);
    const { client, end } = await start(machine, request);
    await expect(end).rejects.toMatchObject({ code });
    client.close();
  });
});
