// What: policy rules see what a socket sends: its protocol, its ports, its type of service.
//
//   red [v0] 10.0.0.1 ────[v1] 10.0.0.2 blue
//            fd00::1           fd00::2
//
// Source: ip-rule(8); net/ipv4/fib_rules.c (fib4_rule_match), net/ipv6/fib6_rules.c (fib6_rule_match).

import { expect } from "vitest";
import { SECOND } from "../../test/fixtures.ts";
import { test } from "../../test/hosts.ts";
import type { RuleRequest } from "../client/rule.ts";
import { addRule } from "../client/rule.ts";
import type { Machine } from "../index.ts";
import { NetlinkClient } from "../netlink/client.ts";
import { FR_ACT_PROHIBIT } from "../uapi/fib_rules.ts";
import { IPPROTO_TCP, IPPROTO_UDP } from "../uapi/in.ts";
import { NETLINK_ROUTE } from "../uapi/netlink.ts";
import { AF_INET, AF_INET6 } from "../uapi/socket.ts";

/** Forbids what a rule says in red, before anything else is looked at. */
async function forbid(machine: Machine, rule: Omit<RuleRequest, "family" | "action">): Promise<void> {
  const client = new NetlinkClient(await machine.openSocket({ protocol: NETLINK_ROUTE, netns: "red" }));
  for (const family of [AF_INET, AF_INET6])
    await addRule(client, { family, action: FR_ACT_PROHIBIT, ...rule, priority: 1 });
  client.close();
}

const port = (number: number) => ({ start: number, end: number });

test.for(["10.0.0.2", "fd00::2"])(
  "a port of UDP is forbidden towards %s",
  async (host, { machine, red, blue }) => {
    await blue.link.set("lo", { isUp: true });
    const client = red.udp({ port: 4_000 });
    client.send(new Uint8Array(4), { host, port: 53 });
    await forbid(machine, { ipProto: IPPROTO_UDP, dportRange: port(53) });
    expect(() => client.send(new Uint8Array(4), { host, port: 53 })).toThrow("EACCES");
    client.send(new Uint8Array(4), { host, port: 54 });
    client.close();
  },
);

test.for(["10.0.0.2", "fd00::2"])(
  "a port to send from is forbidden towards %s",
  async (host, { machine, red, blue }) => {
    await blue.link.set("lo", { isUp: true });
    const [one, other] = [red.udp({ port: 4_000 }), red.udp({ port: 4_001 })];
    await forbid(machine, { sportRange: port(4_000) });
    expect(() => one.send(new Uint8Array(4), { host, port: 53 })).toThrow("EACCES");
    other.send(new Uint8Array(4), { host, port: 53 });
    one.close();
    other.close();
  },
);

test.for(["10.0.0.2", "fd00::2"])(
  "a port of TCP is forbidden towards %s",
  async (host, { blue, clock, machine, red }) => {
    const listener = blue.listen({ port: 81 });
    await forbid(machine, { ipProto: IPPROTO_TCP, dportRange: port(80) });
    await expect(red.connect({ host, port: 80 })).rejects.toThrow("EACCES");
    const connecting = red.connect({ host, port: 81 });
    await clock.advance(SECOND);
    (await connecting).reset();
    listener.close();
    await clock.advance(SECOND);
  },
);
