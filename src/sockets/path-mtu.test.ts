// What: a datagram that was too large for a link on its way teaches its host the path's MTU, and a connected socket hears of it.
//
//   host [h0] 10.0.1.1 ────[r0] router [r1]──── MTU 1300 ────[p0] 10.0.2.2 peer
//             fd01::1                                          fd02::2
//
// Source: tried on Linux 6.18 over the same wires: the second datagram of a connected socket is refused with EMSGSIZE, once, then
// datagrams go in pieces; RFC 1191, RFC 8201; net/ipv4/udp.c (__udp4_lib_err, ipv4_sk_update_pmtu), net/ipv6/udp.c.

import { expect } from "vitest";
import { test as base, MS, SECOND } from "../../test/fixtures.ts";
import type { Machine, MachineNetns } from "../index.ts";

const test = base.extend<{ ends: { host: MachineNetns; peer: MachineNetns } }>({
  ends: async ({ machine, clock }, use) => {
    const [host, router, peer] = [
      await open(machine, "host"),
      await open(machine, "router"),
      await open(machine, "peer"),
    ];
    await join(host, "h0", router, "r0", 1, 1_500);
    await join(peer, "p0", router, "r1", 2, 1_300);
    await router.setSysctl("net.ipv4.ip_forward", 1);
    await router.setSysctl("net.ipv6.conf.all.forwarding", 1);
    await clock.advance(3 * SECOND);
    await use({ host, peer });
    for (const netns of [host, router, peer]) await netns.close();
  },
});

async function open(machine: Machine, name: string): Promise<MachineNetns> {
  const netns = await machine.netns(name);
  await netns.link.set("lo", { isUp: true });
  return netns;
}

async function join(
  end: MachineNetns,
  dev: string,
  router: MachineNetns,
  port: string,
  number: number,
  mtu: number,
): Promise<void> {
  await end.link.add({ kind: "veth", name: dev, mtu, peer: { name: port, mtu, netns: router.name } });
  await end.link.set(dev, { isUp: true });
  await router.link.set(port, { isUp: true });
  await end.addr.add(`10.0.${number}.${number}/24`, { dev });
  await end.addr.add(`fd0${number}::${number}/64`, { dev, noDad: true });
  await router.addr.add(`10.0.${number}.9/24`, { dev: port });
  await router.addr.add(`fd0${number}::9/64`, { dev: port, noDad: true });
  await end.route.add({ dst: "default", via: `10.0.${number}.9` });
  await end.route.add({ dst: "default", via: `fd0${number}::9` });
}

test.for(["10.0.2.2", "fd02::2"])("towards %s", async (address, { clock, ends: { host, peer } }) => {
  using server = peer.udp({ port: 9 });
  using loose = host.udp();
  using connected = host.udp();
  const to = { host: address, port: 9 };
  connected.connect(to);
  const large = new Uint8Array(1_400);
  connected.send(large);
  await clock.advance(100 * MS);
  expect(() => connected.send(large)).toThrow("EMSGSIZE");
  connected.send(large);
  await clock.advance(100 * MS);
  // The path is known to others, too, and of what came nothing is missing.
  loose.send(large, to);
  await clock.advance(100 * MS);
  for (const socket of [connected, loose]) {
    const datagram = await server.receive({ timeoutMs: 0 });
    expect(datagram).toMatchObject({ port: socket.address.port });
    expect(datagram?.payload.length).toBe(1_400);
  }
  await expect(server.receive({ timeoutMs: 0 })).rejects.toMatchObject({ code: "EAGAIN" });
});
