// What: a socket belongs to the VRF that it is bound to, by name or by a port: addresses, ports, connections and errors of other
// VRFs, and of none, are not its own.
//
//   north [n0] 10.0.0.1 ────[one] 10.0.0.2 ┐                    ┌ 10.0.0.2 [two]──── 10.0.0.1 [s0] south
//            fd00::1            fd00::2    VRF red   host  VRF blue   fd00::2          fd00::1
//
// This kernel has no VRF. Source: Documentation/networking/vrf.rst ("Applications"), tools/testing/selftests/net/fcnal-test.sh,
// include/net/inet_sock.h (inet_bound_dev_eq, inet_request_bound_dev_if), net/ipv4/af_inet.c (__inet_bind).

import { expect } from "vitest";
import { test as base, MS, SECOND } from "../../test/fixtures.ts";
import type { Machine, MachineNetns, VirtualClock } from "../index.ts";

interface World {
  readonly clock: VirtualClock;
  readonly host: MachineNetns;
  readonly north: MachineNetns;
  readonly south: MachineNetns;
}

const test = base.extend<{ vrfs: World }>({
  vrfs: async ({ machine, clock }, use) => {
    const host = await openNetns(machine, "host");
    const north = await openNetns(machine, "north");
    const south = await openNetns(machine, "south");
    await join(host, "red", 10, "one", north, "n0");
    await join(host, "blue", 20, "two", south, "s0");
    await use({ clock, host, north, south });
    for (const netns of [host, north, south]) await netns.close();
  },
});

async function openNetns(machine: Machine, name: string): Promise<MachineNetns> {
  const netns = await machine.netns(name);
  await netns.link.set("lo", { isUp: true });
  return netns;
}

/** Gives `host` a VRF with one port, and `peer` at its other end; every VRF has the same addresses. */
async function join(
  host: MachineNetns,
  vrf: string,
  table: number,
  port: string,
  peer: MachineNetns,
  dev: string,
): Promise<void> {
  await host.link.add({ kind: "vrf", name: vrf, vrf: { table } });
  await host.link.add({ kind: "veth", name: port, peer: { name: dev, netns: peer.name } });
  await host.link.set(port, { master: vrf });
  for (const name of [vrf, port]) await host.link.set(name, { isUp: true });
  await peer.link.set(dev, { isUp: true });
  await host.addr.add("10.0.0.2/24", { dev: port });
  await host.addr.add("fd00::2/64", { dev: port, noDad: true });
  await peer.addr.add("10.0.0.1/24", { dev });
  await peer.addr.add("fd00::1/64", { dev, noDad: true });
}

const addresses = ["10.0.0.2", "fd00::2"] as const;

test.for(addresses)("the address %s of a VRF is one of its sockets' alone", (address, { vrfs: { host } }) => {
  expect(() => host.listen({ host: address })).toThrow("EADDRNOTAVAIL");
  expect(() => host.udp({ host: address })).toThrow("EADDRNOTAVAIL");
  for (const dev of ["red", "one", "blue", "two"]) {
    host.listen({ host: address, dev }).close();
    host.udp({ host: address, dev }).close();
  }
  expect(() => host.listen({ host: "10.0.0.1", dev: "red" })).toThrow("EADDRNOTAVAIL");
});

test.for(addresses)(
  "each VRF has its own ports, and its own connections between the same ends, at %s",
  async (address, { vrfs: { clock, host, north, south } }) => {
    const listeners = ["red", "blue"].map((dev) => host.listen({ host: address, port: 80, dev }));
    expect(() => host.listen({ host: address, port: 80, dev: "red" })).toThrow("EADDRINUSE");
    const connecting = [north, south].map((peer) =>
      peer.connect({ host: address, port: 80, localPort: 5_000 }),
    );
    await clock.advance(SECOND);
    const clients = await Promise.all(connecting);
    const served = await Promise.all(listeners.map((listener) => listener.accept()));
    expect(served[0]?.remoteAddress).toEqual(served[1]?.remoteAddress);
    await served[0]?.write(Uint8Array.of(1));
    await served[1]?.write(Uint8Array.of(2));
    await clock.advance(SECOND);
    expect(await Promise.all(clients.map((client) => client.read()))).toEqual([
      Uint8Array.of(1),
      Uint8Array.of(2),
    ]);
    for (const each of [...clients, ...served]) each?.close();
    for (const listener of listeners) listener.close();
  },
);

test.for(addresses)(
  "a listener that is bound to no device hears nothing of VRFs, unless tcp_l3mdev_accept has it serve all, at %s",
  async (address, { vrfs: { clock, host, north, south } }) => {
    using listener = host.listen({ port: 80 });
    const refused = expect(north.connect({ host: address, port: 80 })).rejects.toMatchObject({
      code: "ECONNREFUSED",
    });
    await clock.advance(SECOND);
    await refused;
    await host.setSysctl("net.ipv4.tcp_l3mdev_accept", 1);
    for (const peer of [north, south]) {
      const connecting = peer.connect({ host: address, port: 80 });
      await clock.advance(SECOND);
      const [client, server] = [await connecting, await listener.accept()];
      // What is accepted belongs to the VRF that it came by.
      await server?.write(Uint8Array.of(7));
      await clock.advance(SECOND);
      expect(await client.read()).toEqual(Uint8Array.of(7));
      server?.close();
      client.close();
    }
    // One port for all of them then.
    expect(() => host.listen({ port: 80, dev: "red" })).toThrow("EADDRINUSE");
  },
);

test.for(addresses)(
  "datagrams of a VRF are for sockets of it, or for all with udp_l3mdev_accept, at %s",
  async (address, { vrfs: { clock, host, north } }) => {
    using unbound = host.udp({ port: 53 });
    using client = north.udp({ port: 5_000 });
    client.connect({ host: address, port: 53 });
    client.send(Uint8Array.of(1));
    await clock.advance(100 * MS);
    expect(() => client.send(Uint8Array.of(1))).toThrow("ECONNREFUSED");
    // Ports of UDP are the whole namespace's, VRFs or none (udp_lib_lport_inuse).
    expect(() => host.udp({ port: 53, dev: "red" })).toThrow("EADDRINUSE");
    await host.setSysctl("net.ipv4.udp_l3mdev_accept", 1);
    client.send(Uint8Array.of(2));
    await clock.advance(100 * MS);
    expect((await unbound.receive())?.payload).toEqual(Uint8Array.of(2));
    // It is no socket of the VRF, though: its answer knows no way.
    expect(() => unbound.send(Uint8Array.of(3), client.address)).toThrow("ENETUNREACH");
  },
);

test.for(addresses)(
  "who opens a connection says by which VRF, and hears by it that nobody is there, at %s",
  async (address, { vrfs: { clock, host, north } }) => {
    const peer = address.replace(/2$/, "1");
    await expect(host.connect({ host: peer, port: 80 })).rejects.toMatchObject({ code: "ENETUNREACH" });
    await expect(host.connect({ host: peer, port: 80, localHost: address })).rejects.toMatchObject({
      code: "EADDRNOTAVAIL",
    });
    using listener = north.listen({ port: 80 });
    for (const dev of ["red", "one"]) {
      const connecting = host.connect({ host: peer, port: 80, dev, localHost: address });
      await clock.advance(SECOND);
      const [client, server] = [await connecting, await listener.accept()];
      expect(client.localAddress.host).toBe(address);
      client.close();
      server?.close();
    }
    const refused = expect(host.connect({ host: peer, port: 81, dev: "red" })).rejects.toMatchObject({
      code: "ECONNREFUSED",
    });
    await clock.advance(SECOND);
    await refused;
    using asking = host.udp({ dev: "red" });
    asking.connect({ host: peer, port: 53 });
    asking.send(Uint8Array.of(1));
    await clock.advance(100 * MS);
    expect(() => asking.send(Uint8Array.of(1))).toThrow("ECONNREFUSED");
  },
);

test.for(addresses)(
  "a VRF speaks to itself by its own device, at %s",
  async (address, { vrfs: { clock, host } }) => {
    using listener = host.listen({ port: 80, dev: "red" });
    const connecting = host.connect({ host: address, port: 80, dev: "red" });
    await clock.advance(SECOND);
    const [client, server] = [await connecting, await listener.accept()];
    expect(server?.remoteAddress.host).toBe(address);
    client.close();
    server?.close();
    // The other VRF has the same address, where nobody listens.
    await expect(host.connect({ host: address, port: 80, dev: "blue" })).rejects.toThrow("ECONNREFUSED");
  },
);

test.for(addresses)("a ping has the addresses of its VRF, at %s", async (address, { vrfs }) => {
  const { clock, host } = vrfs;
  const peer = address.replace(/2$/, "1");
  await expect(host.ping(peer, { count: 1 })).rejects.toMatchObject({ code: "ENETUNREACH" });
  await expect(host.ping(peer, { count: 1, source: address })).rejects.toMatchObject({
    code: "EADDRNOTAVAIL",
  });
  for (const dev of ["red", "one"]) {
    const pinging = host.ping(peer, { count: 1, dev, source: address });
    await clock.advance(SECOND);
    expect((await pinging).received).toBe(1);
  }
});
