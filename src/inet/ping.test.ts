// What: two namespaces talk over a veth pair, in both families, and what goes wrong is told.
//
//   ns a [v0] 10.0.0.1/24, fd00::1/64 ──────[v1] 10.0.0.2/24, fd00::2/64 ns b
//
// Source: RFC 792, RFC 826, RFC 4443, RFC 4861; iputils ping.

import { describe, expect, test } from "vitest";
import { InetLab, S } from "../../test/fixtures/inet.ts";
import { describe as describeFrame } from "../wire/describe.ts";
import type { PingEvent } from "./ping.ts";

function pairLab() {
  const lab = new InetLab();
  const a = lab.netns();
  const b = lab.netns();
  const [v0, v1] = lab.pair(a, "v0", b, "v1");
  lab.address(v0, "10.0.0.1/24");
  lab.address(v1, "10.0.0.2/24");
  lab.address(v0, "fd00::1/64");
  lab.address(v1, "fd00::2/64");
  return { lab, a, b, v0, v1 };
}

function typesOf(events: readonly PingEvent[]): string[] {
  return events.map(({ type }) => type);
}

describe("ping", () => {
  test("is answered over IPv4 after ARP has found the neighbour", async () => {
    const { lab, a, v0 } = pairLab();
    await lab.clock.advance(3 * S);
    const frames = lab.capture(v0);
    const events = await lab.ping(a, "10.0.0.2", { count: 2 });
    expect(frames.map(({ bytes }) => describeFrame(bytes)).slice(0, 4)).toEqual([
      "ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28",
      expect.stringMatching(/^ARP, Reply 10.0.0.2 is-at .*, length 28$/),
      expect.stringMatching(/^IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id \d+, seq 1, length 64$/),
      expect.stringMatching(/^IP 10.0.0.2 > 10.0.0.1: ICMP echo reply, id \d+, seq 1, length 64$/),
    ]);
    expect(typesOf(events)).toEqual(["sent", "reply", "sent", "reply", "end"]);
    lab.close();
  });

  test("is answered over IPv6 after neighbour discovery has found the neighbour", async () => {
    const { lab, a, v0 } = pairLab();
    await lab.clock.advance(3 * S);
    const frames = lab.capture(v0);
    const events = await lab.ping(a, "fd00::2", { count: 2 });
    expect(frames.map(({ bytes }) => describeFrame(bytes)).slice(0, 4)).toEqual([
      "IP6 fd00::1 > ff02::1:ff00:2: ICMP6, neighbor solicitation, who has fd00::2, length 32",
      "IP6 fd00::2 > fd00::1: ICMP6, neighbor advertisement, tgt is fd00::2, length 32",
      expect.stringMatching(/^IP6 fd00::1 > fd00::2: ICMP6, echo request, id \d+, seq 1, length 64$/),
      expect.stringMatching(/^IP6 fd00::2 > fd00::1: ICMP6, echo reply, id \d+, seq 1, length 64$/),
    ]);
    expect(typesOf(events)).toEqual(["sent", "reply", "sent", "reply", "end"]);
    lab.close();
  });
});
