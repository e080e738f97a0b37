// What: the wires that lead outside: frames in a stream, a frame for each datagram, a port of a switch; what they refuse, what they
// do when the other side goes and comes again, and that they leave nothing behind.
//
// Facts: QEMU's stream framing (four bytes of length, the highest first; more than 69632 ends the connection) and VDE's protocol
// (version 3). The other side is written here from these facts; a vde_switch takes part where there is one.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import type { Server, Socket } from "node:net";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { describe, expect } from "vitest";
import type { Red } from "../../../../test/tap.ts";
import { test as base, countersOf, isArpReply, openRed, requestFor2 } from "../../../../test/tap.ts";
import { createMachine } from "../../../index.ts";
import { realTime } from "../../index.ts";
import { attachEndpoint } from "../index.ts";
import { StreamWire } from "./stream-wire.ts";

/** Two ports that no other test of this system is likely to use. */
const firstPort = 30_000 + 2 * (process.pid % 1_000);

/** A folder for sockets in which nothing is left, and namespaces of machines in real time, closed before that is looked at. */
const test = base.extend<{ at: (name: string) => string; open: () => Promise<Red> }>({
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads the pattern to learn what a fixture needs
  at: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), "uveth-outside-"));
    await use((name) => join(folder, name));
    await expect.poll(() => readdirSync(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
  },
  open: async ({ at: _ }, use) => {
    const machines: { close(): void }[] = [];
    await use(() => {
      const machine = createMachine(realTime());
      machines.push(machine);
      return openRed({ machine });
    });
    for (const machine of machines) machine.close();
  },
});

/** Gives a second machine another address than the first. */
async function becomeThird({ red }: Red): Promise<void> {
  await red.addr.del("10.0.0.2/24", { dev: "tap0" });
  await red.addr.add("10.0.0.3/24", { dev: "tap0" });
  await red.link.set("tap0", { address: "02:00:00:00:00:03" });
}

/** A frame behind its length. */
function framed(frame: Uint8Array): Buffer {
  const bytes = Buffer.alloc(4 + frame.length);
  bytes.writeUInt32BE(frame.length);
  bytes.set(frame, 4);
  return bytes;
}

/** The other side of a stream: what it has received, as frames. */
class Peer {
  readonly socket: Socket;
  #bytes = Buffer.alloc(0);
  readonly frames: Uint8Array[] = [];
  isClosed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("close", () => {
      this.isClosed = true;
    });
    socket.on("data", (bytes: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      while (this.#bytes.length >= 4 && this.#bytes.length >= 4 + this.#bytes.readUInt32BE()) {
        const end = 4 + this.#bytes.readUInt32BE();
        this.frames.push(this.#bytes.subarray(4, end));
        this.#bytes = this.#bytes.subarray(end);
      }
    });
  }

  static async connect(path: string): Promise<Peer> {
    const socket = connect(path);
    await once(socket, "connect");
    return new Peer(socket);
  }

  get replies(): number {
    return this.frames.filter(isArpReply).length;
  }

  async answers(count: number): Promise<void> {
    await expect.poll(() => this.replies).toBe(count);
  }
}

describe("a stream that listens", () => {
  test("carries frames both ways, whole, split or together", async ({ at, open }) => {
    const { tap } = await open();
    await attachEndpoint(tap, `listen:${at("vm")}`);
    const peer = await Peer.connect(at("vm"));
    const frame = framed(requestFor2);
    peer.socket.write(frame);
    await peer.answers(1);
    peer.socket.write(Buffer.concat([frame, frame, frame.subarray(0, 9)]));
    peer.socket.write(frame.subarray(9));
    await peer.answers(4);
  });

  test.for([
    ["byte by byte", [1, 2, 3, 4, 5, 6, 7, 8, 9, 20, 45]],
    ["in the middle of its length", [1, 3]],
    ["behind its length", [4]],
    ["before its last byte", [45]],
    ["in one piece with half of the next", []],
  ] as const)("puts a frame together that comes %s", async ([, cuts], { open }) => {
    const { red, tap } = await open();
    const stream = new Duplex({ read() {}, write: (_bytes, _encoding, done) => done() });
    new StreamWire(tap, stream);
    const frame = framed(requestFor2);
    const two = Buffer.concat([frame, frame]);
    const before = (await countersOf(red)).rxPackets;
    // What is pushed comes in the same pieces, which a socket does not promise.
    const ends = cuts.length === 0 ? [70, two.length] : [...cuts, frame.length, two.length];
    let from = 0;
    for (const to of ends) {
      stream.push(two.subarray(from, to));
      from = to;
    }
    await expect.poll(async () => (await countersOf(red)).rxPackets).toBe(before + 2);
    expect((await countersOf(red)).rxFrameErrors).toBe(0);
  });

  test("lets through what is too short or as long as can be, and counts it", async ({ at, open }) => {
    const { red, tap } = await open();
    await attachEndpoint(tap, `listen:${at("vm")}`);
    const peer = await Peer.connect(at("vm"));
    const before = (await countersOf(red)).rxFrameErrors;
    for (const length of [0, 13, 69_632]) peer.socket.write(framed(new Uint8Array(length)));
    peer.socket.write(framed(requestFor2));
    await peer.answers(1);
    expect((await countersOf(red)).rxFrameErrors).toBe(before + 3);
  });

  test.for([69_633, 0xffff_ffff])(
    "ends a connection that promises %i bytes, and takes the next",
    async (length, { at, open }) => {
      const { tap } = await open();
      await attachEndpoint(tap, `listen:${at("vm")}`);
      const peer = await Peer.connect(at("vm"));
      const header = Buffer.alloc(4);
      header.writeUInt32BE(length);
      // Once in a piece of its own, once behind a frame.
      peer.socket.write(header.subarray(0, 2));
      peer.socket.write(header.subarray(2));
      await expect.poll(() => peer.isClosed).toBe(true);
      const next = await Peer.connect(at("vm"));
      next.socket.write(framed(requestFor2));
      await next.answers(1);
      next.socket.write(Buffer.concat([framed(requestFor2), header]));
      await expect.poll(() => next.isClosed).toBe(true);
    },
  );

  test("gives carrier while somebody is there, and turns a second one away", async ({ at, open }) => {
    const { red, tap } = await open();
    await attachEndpoint(tap, `listen:${at("vm")}`);
    const hasCarrier = async (): Promise<boolean> => (await red.link.get("tap0")).carrier === 1;
    expect(await hasCarrier()).toBe(false);
    const peer = await Peer.connect(at("vm"));
    await expect.poll(hasCarrier).toBe(true);
    const second = await Peer.connect(at("vm"));
    await expect.poll(() => second.isClosed).toBe(true);
    peer.socket.write(framed(requestFor2).subarray(0, 30));
    peer.socket.destroy();
    await expect.poll(hasCarrier).toBe(false);
    // What began in the middle of a frame is forgotten with the connection.
    const third = await Peer.connect(at("vm"));
    third.socket.write(framed(requestFor2));
    await third.answers(1);
  });

  test("takes over a path that a program left behind, and no other", async ({ at, open }) => {
    const path = at("vm");
    const script = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
    spawnSync(process.execPath, ["-e", script]);
    expect(existsSync(path)).toBe(true);
    const { tap } = await open();
    await attachEndpoint(tap, `listen:${path}`);
    const other = await open();
    await expect(attachEndpoint(other.tap, `listen:${path}`)).rejects.toMatchObject({ code: "EADDRINUSE" });
    writeFileSync(at("file"), "");
    await expect(attachEndpoint(other.tap, `listen:${at("file")}`)).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
    rmSync(at("file"));
    await expect(attachEndpoint(other.tap, `listen:${at("no/such/folder")}`)).rejects.toMatchObject({
      code: "ENOENT",
      message: `Cannot listen on ${at("no/such/folder")}: No such file or directory`,
    });
  });
});

describe("a stream that connects", () => {
  test("carries frames, and connects again when it was lost", async ({ at, open }) => {
    const { red, tap } = await open();
    const peers: Peer[] = [];
    const serve = async (): Promise<Server> => {
      const server = createServer((socket) => peers.push(new Peer(socket))).listen(at("switch"));
      await once(server, "listening");
      return server;
    };
    const first = await serve();
    await attachEndpoint(tap, `connect:${at("switch")}`);
    await expect.poll(() => peers.length).toBe(1);
    peers[0]?.socket.write(framed(requestFor2));
    await peers[0]?.answers(1);
    first.close();
    peers[0]?.socket.destroy();
    const second = await serve();
    await expect.poll(() => peers.length).toBe(2);
    peers[1]?.socket.write(framed(requestFor2));
    await peers[1]?.answers(1);
    await red.link.del("tap0");
    await expect.poll(() => peers[1]?.isClosed).toBe(true);
    second.close();
  });

  test("is refused when nobody is there at first", async ({ at, open }) => {
    const { red, tap } = await open();
    await expect(attachEndpoint(tap, `connect:${at("none")}`)).rejects.toMatchObject({
      code: "ENOENT",
      message: `Cannot connect to ${at("none")}: No such file or directory`,
    });
    await expect(attachEndpoint(tap, "connect:127.0.0.1:1")).rejects.toMatchObject({
      code: "ECONNREFUSED",
      message: "Cannot connect to 127.0.0.1:1: Connection refused",
    });
    // The TAP is the caller's, and stays.
    expect((await red.link.get("tap0")).carrier).toBe(0);
  });
});

describe("datagrams", () => {
  test.for(["udp", "dgram"])("%s carries pings between two machines", async (type, { at, open }) => {
    const ends = type === "udp" ? [String(firstPort), String(firstPort + 1)] : [at("one"), at("other")];
    const [one, other] = [await open(), await open()];
    await attachEndpoint(one.tap, `${type}:${ends[0]},${ends[1]}`);
    await attachEndpoint(other.tap, `${type}:${ends[1]},${ends[0]}`);
    await becomeThird(other);
    expect((await one.red.ping("10.0.0.3", { count: 3, intervalMs: 10 })).received).toBe(3);
  });

  test.for(["udp", "dgram"])("%s is no way out any more once it is closed", async (type, { at, open }) => {
    const ends = type === "udp" ? [String(firstPort + 2), String(firstPort + 3)] : [at("one"), at("other")];
    const { red, tap } = await open();
    const attached = await attachEndpoint(tap, `${type}:${ends[0]},${ends[1]}`);
    expect((await red.link.get("tap0")).carrier).toBe(1);
    attached.close();
    expect((await red.link.get("tap0")).carrier).toBe(0);
    tap.setCarrier(true);
    const { txDropped } = await countersOf(red);
    tap.deliver(requestFor2);
    await expect.poll(async () => (await countersOf(red)).txDropped).toBeGreaterThan(txDropped);
  });

  test("takes over a Unix socket that a program left behind, and no other", async ({ at, open }) => {
    const [one, other] = [await open(), await open()];
    await attachEndpoint(one.tap, `dgram:${at("one")},${at("other")}`);
    await expect(attachEndpoint(other.tap, `dgram:${at("one")},${at("two")}`)).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
    writeFileSync(at("file"), "kept");
    await expect(attachEndpoint(other.tap, `dgram:${at("file")},${at("two")}`)).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
    expect(existsSync(at("file"))).toBe(true);
    rmSync(at("file"));
  });
});

const hasVde = spawnSync("sh", ["-c", "command -v vde_switch"]).status === 0;

describe.skipIf(!hasVde)("a vde_switch (Debian's package vde2; skipped without)", () => {
  test("joins two machines, and takes them again after its restart", async ({ at, open }) => {
    const start = async () => {
      const child = spawn("vde_switch", ["-s", at("vde")], { stdio: ["pipe", "ignore", "ignore"] });
      await expect.poll(() => existsSync(at("vde/ctl"))).toBe(true);
      return child;
    };
    const stop = async (child: Awaited<ReturnType<typeof start>>) => {
      child.kill();
      await once(child, "exit");
      rmSync(at("vde"), { recursive: true, force: true });
    };
    const first = await start();
    const [one, other] = [await open(), await open()];
    await attachEndpoint(one.tap, `vde:${at("vde")}`);
    await attachEndpoint(other.tap, `vde:${at("vde")}[7]`);
    await becomeThird(other);
    const received = async (): Promise<number> =>
      (await one.red.ping("10.0.0.3", { count: 1, timeoutMs: 300 })).received;
    expect(await received()).toBe(1);
    await stop(first);
    const second = await start();
    await expect.poll(received, { timeout: 20_000 }).toBe(1);
    await stop(second);
  });
});

test("what is no switch is told apart from one", async ({ at, open }) => {
  const { tap } = await open();
  await expect(attachEndpoint(tap, `vde:${at("none")}`)).rejects.toMatchObject({ code: "ENOENT" });
});

test.for([
  ["", '"" is no endpoint: it begins with listen:, connect:, dgram:, udp: or vde:'],
  ["tcp:1", '"tcp:1" is no endpoint: it begins with listen:, connect:, dgram:, udp: or vde:'],
  ["listen:", '"" is neither a path nor [HOST:]PORT with a port from 1 to 65535'],
  ["listen:65536", '"65536" is neither a path nor [HOST:]PORT with a port from 1 to 65535'],
  ["connect:host", '"host" is neither a path nor [HOST:]PORT with a port from 1 to 65535'],
  ["udp:1", '"udp:1" needs two addresses with a comma between'],
  ["dgram:/a,/b,/c", '"dgram:/a,/b,/c" needs two addresses with a comma between'],
  ["vde:", "A path is missing"],
] as const)("the endpoint %j is refused", async ([endpoint, message], { open }) => {
  const { tap } = await open();
  await expect(attachEndpoint(tap, endpoint)).rejects.toMatchObject({ code: "EINVAL", message });
});

test("a path that no socket can have is refused", async ({ open }) => {
  const { tap } = await open();
  await expect(attachEndpoint(tap, `listen:/${"x".repeat(107)}`)).rejects.toMatchObject({
    code: "ENAMETOOLONG",
  });
});
