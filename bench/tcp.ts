// tcp: one stream between two namespaces of a machine in one thread, with large frames and with real segments; connections that
// are open and idle, and that are opened and closed. Bytes are copied in from a writer's buffer and out to a reader's.

import { realTime } from "../src/attach/index.ts";
import type { Machine } from "../src/index.ts";
import { createMachine } from "../src/index.ts";
import { NETIF_F_ALL_TSO, NETIF_F_GSO, updateFeatures } from "../src/net/features.ts";
import type { Connection } from "../src/sockets/connection.ts";
import type { MachineNetns } from "../src/sockets/netns.ts";
import type { BenchContext } from "./main.ts";
import { compare, seconds } from "./rounds.ts";

const defaultRounds = 7;
const roundSeconds = 0.5;
const writeBytes = 256 * 1024;
const readBytes = 256 * 1024;
const idleConnections = 10_000;
const churnSeconds = 1;
const churnPorts = 8;

export async function run({ rounds = defaultRounds, report, say }: BenchContext): Promise<void> {
  for (const [name, large] of [
    ["large frames", true],
    ["1,448-byte segments", false],
  ] as const) {
    say(`tcp/${name}`);
    const world = await World.make(large);
    const stream = await Stream.open(world);
    const uveth = () => stream.bitsPerSecond(roundSeconds);
    report(await compare({ name: `tcp/stream, ${name}`, unit: "bit/s", isMoreBetter: true, uveth }, rounds));
    stream.close();
    world.machine.close();
  }
  const world = await World.make(true);
  say("tcp/open and close");
  const churn = () => openAndClose(world, churnSeconds);
  report(
    await compare(
      { name: "tcp/open and close", unit: "connections/s", isMoreBetter: true, uveth: churn },
      rounds,
    ),
  );
  say("tcp/idle");
  report({
    name: `tcp/${idleConnections} idle`,
    unit: "bytes/connection (both ends: twice that)",
    uveth: await idleBytes(world),
    rounds: 1,
  });
  world.machine.close();
}

/** Two namespaces with a pair between them. */
class World {
  readonly machine: Machine;
  readonly red: MachineNetns;
  readonly blue: MachineNetns;

  private constructor(machine: Machine, red: MachineNetns, blue: MachineNetns) {
    this.machine = machine;
    this.red = red;
    this.blue = blue;
  }

  static async make(large: boolean): Promise<World> {
    const machine = createMachine(realTime());
    const [red, blue] = [await machine.netns("red"), await machine.netns("blue")];
    await red.link.add({ kind: "veth", name: "v0", isUp: true, peer: { name: "v1", netns: "blue" } });
    await blue.link.set("v1", { isUp: true });
    await red.addr.add("10.0.0.1/16", { dev: "v0" });
    await blue.addr.add("10.0.0.2/16", { dev: "v1" });
    if (!large) {
      for (const name of ["red", "blue"]) {
        for (const dev of machine.core.netnsNames.get(name)?.devices.values() ?? []) {
          dev.wantedFeatures &= ~(NETIF_F_ALL_TSO | NETIF_F_GSO);
          updateFeatures(dev);
        }
      }
    }
    return new World(machine, red, blue);
  }
}

/** A stream from red to blue. */
class Stream {
  readonly #from: Connection;
  readonly #to: Connection;
  #received = 0;

  private constructor(from: Connection, to: Connection) {
    this.#from = from;
    this.#to = to;
    void this.#readAll();
  }

  static async open({ blue, red }: World): Promise<Stream> {
    const listener = blue.listen({ port: 5201 });
    const [from, to] = await Promise.all([red.connect({ host: "10.0.0.2", port: 5201 }), listener.accept()]);
    listener.close();
    if (to === null) throw new Error("Nobody came");
    return new Stream(from, to);
  }

  /** Writes for so long; returns what the reader got in that time. */
  async bitsPerSecond(duration: number): Promise<number> {
    const bytes = new Uint8Array(writeBytes).fill(0x55);
    const start = seconds();
    const before = this.#received;
    let elapsed = 0;
    while (elapsed < duration) {
      await this.#from.write(bytes);
      elapsed = seconds() - start;
    }
    return ((this.#received - before) * 8) / elapsed;
  }

  async #readAll(): Promise<void> {
    const target = new Uint8Array(readBytes);
    for (let count = -1; count !== 0; this.#received += count) count = await this.#to.readInto(target);
  }

  close(): void {
    this.#from.close();
    this.#to.close();
  }
}

/** Connections a second: opened, one byte there, one back, closed. */
async function openAndClose({ blue, red }: World, duration: number): Promise<number> {
  const listeners = Array.from({ length: churnPorts }, () => blue.listen({}));
  const serving = listeners.map(async (listener) => {
    for await (const connection of listener) void serve(connection);
  });
  const start = seconds();
  let count = 0;
  while (seconds() - start < duration) {
    await Promise.all(
      listeners.map(async (listener) => {
        const connection = await red.connect({ host: "10.0.0.2", port: listener.address.port });
        await connection.write(Uint8Array.of(1));
        connection.end();
        while ((await connection.read()) !== null);
        connection.close();
        count++;
      }),
    );
  }
  const elapsed = seconds() - start;
  for (const listener of listeners) listener.close();
  await Promise.all(serving);
  return count / elapsed;
}

async function serve(connection: Connection): Promise<void> {
  for (let bytes = await connection.read(); bytes !== null; bytes = await connection.read()) {
    await connection.write(bytes);
  }
  connection.close();
}

/** Memory that an end of an open connection takes, of which so many are open at once. */
async function idleBytes({ blue, red }: World): Promise<number> {
  const listener = blue.listen({ port: 7, backlog: idleConnections });
  const open: Connection[] = [];
  const before = await memory();
  for (let count = 0; count < idleConnections; count++) {
    const [one, other] = await Promise.all([red.connect({ host: "10.0.0.2", port: 7 }), listener.accept()]);
    await one.write(Uint8Array.of(1));
    open.push(one);
    if (other !== null) {
      await other.read();
      open.push(other);
    }
  }
  const after = await memory();
  for (const connection of open) connection.reset();
  listener.close();
  return (after - before) / open.length;
}

async function memory(): Promise<number> {
  for (let count = 0; count < 4; count++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    globalThis.gc?.();
  }
  const { external, heapUsed } = process.memoryUsage();
  return heapUsed + external;
}
