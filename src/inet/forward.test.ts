// What: a router in between forwards both families, one hop less to live, and says what it cannot forward.
//
//   a [v0] 10.0.0.1 ────[v1] 10.0.0.2 r 10.0.1.1 [v2]────[v3] 10.0.1.2 b
//          fd00:1::1         fd00:1::2   fd00:2::1            fd00:2::2
//
// Source: RFC 1812 4.3, 5.2, 5.3; RFC 4443 3; RFC 791 3.2; RFC 8200 4.5; net/ipv4/ip_forward.c, net/ipv6/ip6_output.c.

import { describe, expect, test } from "vitest";
import { addressBytes, InetLab, S } from "../../test/fixtures/inet.ts";
import { devSetMtu } from "../net/change.ts";
import * as icmp from "../uapi/icmp.ts";
import * as icmp6 from "../uapi/icmpv6.ts";
import { describe as describeFrame } from "../wire/describe.ts";
import { ND_REDIRECT, ndRedirectDestination, ndTarget } from "../wire/nd.ts";
import type { PingEvent } from "./ping.ts";
import { setSysctl } from "./sysctl.ts";

async function routed() {
  const lab = new InetLab();
  const [a, r, b] = [lab.netns(), lab.netns(), lab.netns()];
  const [v0, v1] = lab.pair(a, "v0", r, "v1");
  const [v2, v3] = lab.pair(r, "v2", b, "v3");
  for (const [dev, four, six] of [
    [v0, "10.0.0.1/24", "fd00:1::1/64"],
    [v1, "10.0.0.2/24", "fd00:1::2/64"],
    [v2, "10.0.1.1/24", "fd00:2::1/64"],
    [v3, "10.0.1.2/24", "fd00:2::2/64"],
  ] as const) {
    lab.address(dev, four);
    lab.address(dev, six);
  }
  lab.router(r);
  lab.route(a, "0.0.0.0/0", "10.0.0.2");
  lab.route(b, "0.0.0.0/0", "10.0.1.1");
  lab.route(a, "::/0", "fd00:1::2");
  lab.route(b, "::/0", "fd00:2::1");
  await lab.clock.advance(3 * S);
  return { lab, a, r, b, v0, v1, v2, v3 };
}

function only(events: readonly PingEvent[], type: PingEvent["type"]): PingEvent | undefined {
  const found = events.filter((event) => event.type === type);
  expect(found).toHaveLength(1);
  return found[0];
}

describe("a router", () => {
  test.each([
    ["10.0.1.2", "10.0.1.2"],
    ["fd00:2::2", "fd00:2::2"],
  ])("carries an echo to %s and its answer back, with a hop less each", async (destination) => {
    const { lab, a } = await routed();
    const reply = only(await lab.ping(a, destination), "reply");
    expect(reply).toMatchObject({
      seq: 1,
      ttl: 63,
      size: 64,
      isDuplicate: false,
      source: addressBytes(destination),
    });
    lab.close();
  });

  test("says that the time to live ran out", async () => {
    const { lab, a } = await routed();
    expect(only(await lab.ping(a, "10.0.1.2", { ttl: 1 }), "icmp-error")).toMatchObject({
      source: addressBytes("10.0.0.2"),
      icmpType: icmp.ICMP_TIME_EXCEEDED,
      icmpCode: icmp.ICMP_EXC_TTL,
    });
    expect(only(await lab.ping(a, "fd00:2::2", { ttl: 1 }), "icmp-error")).toMatchObject({
      source: addressBytes("fd00:1::2"),
      icmpType: icmp6.ICMPV6_TIME_EXCEED,
      icmpCode: icmp6.ICMPV6_EXC_HOPLIMIT,
    });
    lab.close();
  });

  test("says that it has no route", async () => {
    const { lab, a } = await routed();
    expect(only(await lab.ping(a, "192.0.2.1"), "icmp-error")).toMatchObject({
      source: addressBytes("10.0.0.2"),
      icmpType: icmp.ICMP_DEST_UNREACH,
      icmpCode: icmp.ICMP_NET_UNREACH,
    });
    expect(only(await lab.ping(a, "2001:db8::1"), "icmp-error")).toMatchObject({
      source: addressBytes("fd00:1::2"),
      icmpType: icmp6.ICMPV6_DEST_UNREACH,
      icmpCode: icmp6.ICMPV6_NOROUTE,
    });
    lab.close();
  });

  test("says that the last hop does not answer, when three questions have gone unanswered", async () => {
    const { lab, a } = await routed();
    expect(only(await lab.ping(a, "10.0.1.99"), "icmp-error")).toMatchObject({
      source: addressBytes("10.0.0.2"),
      timeNs: expect.closeTo(3 * S + 3 * S, -7),
      icmpCode: icmp.ICMP_HOST_UNREACH,
    });
    expect(only(await lab.ping(a, "fd00:2::99"), "icmp-error")).toMatchObject({
      source: addressBytes("fd00:1::2"),
      icmpCode: icmp6.ICMPV6_ADDR_UNREACH,
    });
    lab.close();
  });

  test("does not forward for a host that is none", async () => {
    const { lab, a, r } = await routed();
    lab.router(r, false);
    expect((await lab.ping(a, "10.0.1.2")).map(({ type }) => type)).toEqual(["sent", "timeout", "end"]);
    expect((await lab.ping(a, "fd00:2::2")).map(({ type }) => type)).toEqual(["sent", "timeout", "end"]);
    lab.close();
  });

  test("cuts a packet of IPv4 for a smaller link, and the host puts it together", async () => {
    const { lab, a, v2, v3 } = await routed();
    for (const end of [v2, v3]) devSetMtu(end, 600);
    const frames = lab.capture(v3);
    const reply = only(await lab.ping(a, "10.0.1.2", { size: 1_400 }), "reply");
    expect(reply).toMatchObject({ size: 1_408 });
    const incoming = frames.filter(({ isOutgoing }) => !isOutgoing).map(({ bytes }) => describeFrame(bytes));
    expect(incoming.filter((line) => line.includes("10.0.0.1 > 10.0.1.2"))).toHaveLength(3);
    lab.close();
  });

  test("tells a sender of IPv6 how large a packet may be", async () => {
    const { lab, a, v2 } = await routed();
    devSetMtu(v2, 1_300);
    expect(only(await lab.ping(a, "fd00:2::2", { size: 1_400 }), "icmp-error")).toMatchObject({
      source: addressBytes("fd00:1::2"),
      icmpType: icmp6.ICMPV6_PKT_TOOBIG,
      info: 1_300,
    });
    lab.close();
  });

  test.each(["10.0.1.2", "fd00:2::2"])(
    "lets what is larger than any link pass in pieces to %s",
    async (destination) => {
      const { lab, a } = await routed();
      expect(only(await lab.ping(a, destination, { size: 60_000 }), "reply")).toMatchObject({ size: 60_008 });
      lab.close();
    },
  );

  test("limits the errors it sends to one host", async () => {
    const { lab, a } = await routed();
    const options = { count: 50, intervalNs: S / 100, timeoutNs: S, ttl: 1 };
    const events = await lab.ping(a, "10.0.1.2", options, 3 * S);
    // Six at once, and half a second's worth of one a second.
    expect(events.filter(({ type }) => type === "icmp-error")).toHaveLength(6);
    lab.close();
  });
});

describe("a host", () => {
  test.each(["127.0.0.1", "10.0.0.1", "::1", "fd00:1::1"])(
    "answers itself at %s over lo",
    async (destination) => {
      const { lab, a } = await routed();
      expect(only(await lab.ping(a, destination), "reply")).toMatchObject({ ttl: 64 });
      lab.close();
    },
  );

  test("has no way without a route", async () => {
    const { lab } = await routed();
    const lonely = lab.netns();
    await expect(lab.ping(lonely, "10.0.0.1")).rejects.toMatchObject({ code: "ENETUNREACH" });
    await expect(lab.ping(lonely, "fd00::1")).rejects.toMatchObject({ code: "ENETUNREACH" });
    lab.close();
  });

  test("gets answers of all hosts on the link, its own among them, to a ping of ff02::1", async () => {
    const { lab, a, v0 } = await routed();
    const events = await lab.ping(a, "ff02::1", { dev: v0, count: 2 });
    expect(events.filter(({ type }) => type === "reply")).toMatchObject([
      { seq: 1, isDuplicate: false },
      { seq: 1, isDuplicate: true },
      { seq: 2, isDuplicate: false },
    ]);
    lab.close();
  });
});

describe("a router that sends a packet back by the device it came from", () => {
  const told = (frames: readonly { readonly isOutgoing: boolean; readonly bytes: Uint8Array }[]) =>
    frames.filter(({ isOutgoing }) => !isOutgoing).map(({ bytes }) => describeFrame(bytes));

  test("tells its sender of the shorter way, ever more rarely and nine times at most", async () => {
    const { lab, a, r, v0 } = await routed();
    lab.route(r, "192.0.2.0/24", "10.0.0.9");
    const frames = lab.capture(v0);
    const redirects = () => told(frames).filter((text) => text.includes("redirect"));
    await lab.ping(a, "192.0.2.1", { count: 1 });
    expect(redirects()).toHaveLength(1);
    expect(redirects()[0]).toContain("redirect 192.0.2.1 to host 10.0.0.9");
    // The pause doubles from 40 ms on.
    await lab.ping(a, "192.0.2.1", { count: 500, intervalNs: 20_000_000 }, 12 * S);
    expect(redirects().length).toBeGreaterThan(5);
    expect(redirects().length).toBeLessThanOrEqual(9);
    lab.close();
  });

  test("tells by neighbour discovery too, and quotes the packet", async () => {
    const { lab, a, r, v0, v1 } = await routed();
    lab.route(r, "fd00:9::/64", "fe80::9", v1.ifindex);
    const frames = lab.capture(v0);
    await lab.ping(a, "fd00:9::1", { count: 1 });
    const isRedirect = (bytes: Uint8Array) => bytes[20] === 58 && bytes[54] === ND_REDIRECT;
    const redirects = frames.filter(({ bytes, isOutgoing }) => !isOutgoing && isRedirect(bytes));
    expect(redirects).toHaveLength(1);
    const bytes = redirects[0]?.bytes ?? new Uint8Array(0);
    expect(bytes[21]).toBe(255);
    expect(ndTarget(bytes, 54)).toEqual(addressBytes("fe80::9"));
    expect(ndRedirectDestination(bytes, 54)).toEqual(addressBytes("fd00:9::1"));
    // Whose hardware address is not known is told without; the echo request of 104 bytes and the option's first 8 make 14 times 8.
    expect([...bytes.subarray(94, 102)]).toEqual([4, 14, 0, 0, 0, 0, 0, 0]);
    expect(bytes.length).toBe(94 + 14 * 8);
    lab.close();
  });

  test("does not if send_redirects says so, of all and of the device", async () => {
    const { lab, a, r, v0 } = await routed();
    lab.route(r, "192.0.2.0/24", "10.0.0.9");
    for (const who of ["all", "v1"]) setSysctl(r, `net.ipv4.conf.${who}.send_redirects`, "0");
    const frames = lab.capture(v0);
    await lab.ping(a, "192.0.2.1", { count: 1 });
    expect(told(frames).filter((text) => text.includes("redirect"))).toEqual([]);
    lab.close();
  });
});
