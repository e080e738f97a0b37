// What: a neighbour's entry goes through its states, as packets, answers and time have it.
//
//   a [v0] 10.0.0.1, fd00::1 ────[v1] 10.0.0.2, fd00::2 b
//
// Source: RFC 826, RFC 1122 2.3.2, RFC 4861 7.2 and 7.3; net/core/neighbour.c.

import { describe, expect, test } from "vitest";
import { addressBytes, InetLab, ipv4, S } from "../../test/fixtures/inet.ts";
import { devSetMacAddress } from "../net/change.ts";
import type { Device } from "../net/netdevice.ts";
import * as nud from "../uapi/neighbour.ts";
import { describe as describeFrame } from "../wire/describe.ts";
import { findNeighbour } from "./ipv4/neighbour.ts";
import { findNeighbour6 } from "./ipv6/neighbour.ts";
import { setSysctl } from "./sysctl.ts";

async function pair() {
  const lab = new InetLab();
  const [a, b] = [lab.netns(), lab.netns()];
  const [v0, v1] = lab.pair(a, "v0", b, "v1");
  lab.address(v0, "10.0.0.1/24");
  lab.address(v1, "10.0.0.2/24");
  lab.address(v0, "fd00::1/64");
  lab.address(v1, "fd00::2/64");
  await lab.clock.advance(5 * S);
  return { lab, a, b, v0, v1 };
}

const families = [
  {
    name: "ARP",
    target: "10.0.0.2",
    missing: "10.0.0.99",
    find: (dev: Device, text: string) => findNeighbour(dev, ipv4(text)),
  },
  {
    name: "neighbour discovery",
    target: "fd00::2",
    missing: "fd00::99",
    find: (dev: Device, text: string) => findNeighbour6(dev, addressBytes(text), 0),
  },
] as const;

describe.each(families)("$name", ({ find, missing, target }) => {
  test("resolves a neighbour, which is reachable then, and stale when nobody wants it any more", async () => {
    const { lab, a, v0, v1 } = await pair();
    await lab.ping(a, target, {}, S);
    expect(find(v0, target)).toMatchObject({ state: nud.NUD_REACHABLE, lladdr: v1.address });
    await lab.clock.advance(60 * S);
    expect(find(v0, target)?.state).toBe(nud.NUD_STALE);
    lab.close();
  });

  test("asks a stale neighbour again five seconds after a packet to it", async () => {
    const { lab, a, v0 } = await pair();
    await lab.ping(a, target, {}, 60 * S);
    expect(find(v0, target)?.state).toBe(nud.NUD_STALE);
    await lab.ping(a, target, {}, S);
    expect(find(v0, target)?.state).toBe(nud.NUD_DELAY);
    await lab.clock.advance(5 * S);
    expect(find(v0, target)?.state).toBe(nud.NUD_REACHABLE);
    lab.close();
  });

  test("gives up on a stale neighbour that does not answer three questions to it alone", async () => {
    const { lab, a, b, v0 } = await pair();
    await lab.ping(a, target, {}, 60 * S);
    setSysctl(b, "net.ipv4.conf.v1.arp_ignore", "8");
    setSysctl(b, "net.ipv6.conf.v1.disable_ipv6", "1");
    const frames = lab.capture(v0);
    await lab.ping(a, target, {}, 5.5 * S);
    expect(find(v0, target)?.state).toBe(nud.NUD_PROBE);
    await lab.clock.advance(3 * S);
    expect(find(v0, target)?.state).toBe(nud.NUD_FAILED);
    const asked = frames.filter(
      ({ bytes, isOutgoing }) => isOutgoing && /who.has/.test(describeFrame(bytes)),
    );
    expect(asked).toHaveLength(3);
    expect(asked.filter(({ bytes }) => ((bytes[0] ?? 0) & 1) !== 0)).toHaveLength(0);
    lab.close();
  });

  test("asks three times in three seconds for one that is not there, and fails", async () => {
    const { lab, a, v0 } = await pair();
    const frames = lab.capture(v0);
    const events = await lab.ping(a, missing, {}, 10 * S);
    const asked = frames.filter(
      ({ bytes, isOutgoing }) => isOutgoing && /who.has/.test(describeFrame(bytes)),
    );
    expect(asked).toHaveLength(3);
    expect(find(v0, missing)?.state).toBe(nud.NUD_FAILED);
    expect(events.map(({ type }) => type)).toEqual(["sent", "icmp-error", "end"]);
    lab.close();
  });

  test("keeps packets for a neighbour that is being asked for, and sends them in order", async () => {
    const { lab, a } = await pair();
    const events = await lab.ping(a, target, { count: 5, intervalNs: 0 });
    const replies = events.flatMap((event) => (event.type === "reply" ? [event.seq] : []));
    expect(replies).toEqual([1, 2, 3, 4, 5]);
    lab.close();
  });

  test("forgets everything when the device's own address changes", async () => {
    const { lab, a, v0 } = await pair();
    await lab.ping(a, target, {}, S);
    devSetMacAddress(v0, 0x0200_0000_0042);
    expect(find(v0, target)).toBeUndefined();
    lab.close();
  });

  test("learns of one that asks, as stale", async () => {
    const { lab, a, v1 } = await pair();
    await lab.ping(a, target, {}, S / 10);
    const source = target === "10.0.0.2" ? "10.0.0.1" : "fd00::1";
    expect(find(v1, source)?.state).not.toBe(nud.NUD_REACHABLE);
    lab.close();
  });
});
