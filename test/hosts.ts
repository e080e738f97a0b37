// What tests of sockets are given: two hosts, each a namespace of a machine under a virtual clock.
//
//   red [v0] 10.0.0.1 ────[v1] 10.0.0.2 blue
//            fd00::1           fd00::2

import { expect } from "vitest";
import type { Connection, Listener, Machine, MachineNetns, VirtualClock } from "../src/index.ts";
import { ipNetns } from "../src/inet/slots.ts";
import { TcpSocket } from "../src/inet/tcp/socket.ts";
import { tcpTable } from "../src/inet/tcp/table.ts";
import { test as base, MS } from "./fixtures.ts";

/** Vitest's `test` with both hosts, addressed. */
export const test = base.extend<{ red: MachineNetns; blue: MachineNetns }>({
  red: async ({ machine, pair }, use) => {
    expect(pair.red.name).toBe("v0");
    const red = await hostOf(machine, "red", "v0", 1);
    await use(red);
    await red.close();
  },
  blue: async ({ machine, pair }, use) => {
    expect(pair.blue.name).toBe("v1");
    const blue = await hostOf(machine, "blue", "v1", 2);
    await use(blue);
    await blue.close();
  },
});

async function hostOf(machine: Machine, name: string, dev: string, number: number): Promise<MachineNetns> {
  const host = await machine.netns(name);
  await host.link.set("lo", { isUp: true });
  await host.addr.add(`10.0.0.${number}/24`, { dev });
  await host.addr.add(`fd00::${number}/64`, { dev, noDad: true });
  return host;
}

/** Both ends of a connection to `listener`. */
export async function connectionTo(
  from: MachineNetns,
  listener: Listener,
  host: string,
  clock: VirtualClock,
): Promise<[Connection, Connection]> {
  const connecting = from.connect({ host, port: listener.address.port });
  await clock.advance(100 * MS);
  const accepted = await listener.accept();
  if (accepted === null) throw new Error("Nobody came");
  return [await connecting, accepted];
}

/** What TCP knows of a namespace's only connection. */
export function onlySocket(machine: Machine, name: string): TcpSocket {
  const netns = machine.core.netnsNames.get(name);
  if (netns === undefined) throw new Error(`No namespace ${name}`);
  const sockets = [...tcpTable(ipNetns(netns)).endpoints()];
  const [socket] = sockets;
  if (sockets.length !== 1 || !(socket instanceof TcpSocket)) throw new Error("Not one connection");
  return socket;
}
