// What: many processes share one machine over a Unix socket. Each has sockets and namespaces of its own, and whoever
// speaks nonsense, reads slowly or dies loses its own session and nobody else's.
//
//   client ──┐
//   client ──┤ daemon.sock ── DaemonServer ── Engine (a machine in virtual time)
//   raw    ──┘

import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base, describe, expect, vi } from "vitest";
import type { ReadPeerCredentials } from "../attach/node/peer-credentials.ts";
import { getU32, setS32 } from "../bytes/endian.ts";
import { addLink, dumpLinks, getLink, setLink } from "../client/link.ts";
import { UvethClient } from "../client/uveth.ts";
import { NetlinkClient } from "../netlink/client.ts";
import type { NetlinkProvider } from "../netlink/transport.ts";
import { MessageWriter } from "../netlink/writer.ts";
import { closeAndFindLeaks, createTestMachine } from "../testkit/index.ts";
import { IFF_UP } from "../uapi/if.ts";
import { NETLINK_GENERIC, NETLINK_ROUTE, NLM_F_REQUEST } from "../uapi/netlink.ts";
import { IFINFOMSG_INDEX, IFINFOMSG_SIZE, RTM_GETLINK, RTNLGRP_LINK } from "../uapi/rtnetlink.ts";
import { DaemonClient } from "./client.ts";
import { ClientConnection } from "./client-connection.ts";
import { Engine } from "./engine.ts";
import { FrameReader } from "./frame-reader.ts";
import { ownUid } from "./place.ts";
import type { Frame } from "./protocol.ts";
import * as protocol from "./protocol.ts";
import { DaemonServer } from "./server.ts";

const idleMs = 600_000;

class World {
  readonly folder = mkdtempSync(join(tmpdir(), "uveth-server-"));
  readonly socket = join(this.folder, "daemon.sock");
  readonly engine = new Engine(createTestMachine().machine);
  readonly log: string[] = [];
  /** What onIdle and onStopRequested were called for. */
  readonly reports: string[] = [];
  peer: ReturnType<ReadPeerCredentials>;
  readonly server = new DaemonServer({
    engine: this.engine,
    socket: this.socket,
    idleMs,
    uid: ownUid(),
    readPeer: () => this.peer,
    log: (text) => this.log.push(text),
    onIdle: () => this.reports.push("idle"),
    onStopRequested: () => this.reports.push("stop"),
  });
  readonly #clients: DaemonClient[] = [];
  readonly #raws: Raw[] = [];

  async client(): Promise<DaemonClient> {
    const connection = await ClientConnection.open(this.socket);
    if (connection === undefined) throw new Error("nobody listens");
    const client = new DaemonClient(connection);
    this.#clients.push(client);
    return client;
  }

  async raw(): Promise<Raw> {
    const stream = connect(this.socket);
    await once(stream, "connect");
    const raw = new Raw(stream);
    this.#raws.push(raw);
    return raw;
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    for (const raw of this.#raws) raw.stream.destroy();
    await this.server.close();
    expect(readdirSync(this.folder)).toEqual([]);
    expect(closeAndFindLeaks(this.engine.machine)).toEqual([]);
    rmSync(this.folder, { recursive: true });
  }
}

/** A peer that writes bytes as it likes. */
class Raw {
  readonly stream: Socket;
  readonly frames: Frame[] = [];
  readonly ended: Promise<unknown>;
  #onFrame = (): void => {};

  constructor(stream: Socket) {
    this.stream = stream;
    const reader = new FrameReader(protocol.LARGEST_FRAME);
    stream.on("data", (piece) => {
      reader.feed(piece);
      for (let frame = reader.next(); frame !== undefined; frame = reader.next()) this.frames.push(frame);
      this.#onFrame();
    });
    stream.on("error", () => {});
    this.ended = once(stream, "close");
  }

  /** Resolves when as many frames have come in all. */
  async count(wanted: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onFrame = () => {
        if (this.frames.length >= wanted) resolve();
      };
      this.#onFrame();
    });
  }
}

const test = base.extend<{ readonly world: World }>({
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads the pattern to learn what a fixture needs
  world: async ({}, use) => {
    const world = new World();
    await world.server.listen();
    await use(world);
    await world.close();
  },
});

/** Lets the event loop turn until the condition holds. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

async function rtnl(provider: NetlinkProvider, netns?: string): Promise<NetlinkClient> {
  return new NetlinkClient(await provider.openSocket({ protocol: NETLINK_ROUTE, netns }));
}

async function addNetns(provider: NetlinkProvider, name: string): Promise<void> {
  const client = new NetlinkClient(await provider.openSocket({ protocol: NETLINK_GENERIC }));
  const uveth = await UvethClient.open(client);
  await uveth.addNetns(name);
  client.close();
}

const hello = protocol.helloFrame({ protocol: protocol.PROTOCOL_VERSION, pid: 1, version: "0" });
const openRoute = protocol.wordsFrame(protocol.OP_OPEN, 1, [NETLINK_ROUTE, 0]);

/** A datagram that asks for the link `lo`, which is answered by one datagram. */
function linkGet(seq: number): Uint8Array {
  const writer = new MessageWriter();
  writer.begin(RTM_GETLINK, NLM_F_REQUEST, seq, 0);
  const header = writer.reserve(IFINFOMSG_SIZE);
  setS32(writer.bytes, header + IFINFOMSG_INDEX, 1);
  writer.end();
  return writer.finish();
}

describe("a client", () => {
  test("speaks netlink as if the machine were in its process", async ({ world }) => {
    const client = await rtnl(await world.client());
    await addLink(client, { ifname: "d0", linkinfo: { kind: "dummy" } });
    const links = await dumpLinks(client);
    expect(links.map(({ ifname }) => ifname)).toEqual(["lo", "d0"]);
    await expect(addLink(client, { ifname: "d0", linkinfo: { kind: "dummy" } })).rejects.toMatchObject({
      code: "EEXIST",
    });
  });

  test("has the port id of its process, as the kernel sees it", async ({ world }) => {
    world.peer = { pid: 4_711, uid: ownUid() };
    const socket = await (await world.client()).openSocket({ protocol: NETLINK_ROUTE });
    expect(socket.portId).toBe(4_711);
  });

  test("has the port id that it names itself where the kernel is not asked", async ({ world }) => {
    const socket = await (await world.client()).openSocket({ protocol: NETLINK_ROUTE });
    expect(socket.portId).toBe(process.pid);
  });

  test("opens sockets in namespaces by name, and moves links by descriptor", async ({ world }) => {
    const provider = await world.client();
    await addNetns(provider, "red");
    const here = await rtnl(provider);
    await addLink(here, { ifname: "d0", linkinfo: { kind: "dummy" } });
    const red = await provider.openNetns("red");
    await setLink(here, { ifname: "d0", netNsFd: red.fd });
    expect(await getLink(await rtnl(provider, "red"), "d0")).toMatchObject({ ifname: "d0" });
    red.close();
    await addLink(here, { ifname: "d1", linkinfo: { kind: "dummy" } });
    await expect(setLink(here, { ifname: "d1", netNsFd: red.fd })).rejects.toMatchObject({ code: "EBADF" });
  });

  test.each([
    ["a netlink protocol that is not there", { protocol: 99 }, "EPROTONOSUPPORT", "Cannot open netlink"],
    [
      "a namespace that is not there",
      { protocol: 0, netns: "no" },
      "ENOENT",
      'Cannot open network namespace "no"',
    ],
  ])("is refused %s", async (_name, request, code, text) => {
    const world = new World();
    await world.server.listen();
    const client = await world.client();
    await expect(client.openSocket(request)).rejects.toMatchObject({ code });
    await expect(client.openSocket(request)).rejects.toThrow(text);
    await world.close();
  });

  test("gets the events of its groups, with the group", async ({ world }) => {
    const listener = await rtnl(await world.client());
    listener.join(RTNLGRP_LINK);
    await dumpLinks(listener);
    const heard = new Promise((resolve) => {
      listener.onNotification = (_message, info) => resolve(info);
    });
    await addLink(await rtnl(await world.client()), { ifname: "d0", linkinfo: { kind: "dummy" } });
    expect(await heard).toEqual({ group: RTNLGRP_LINK });
  });

  test("loses the socket whose option is refused, and learns why", async ({ world }) => {
    const client = await world.client();
    const socket = await client.openSocket({ protocol: NETLINK_ROUTE });
    const closed = new Promise((resolve) => {
      socket.onClose = resolve;
    });
    new NetlinkClient(await client.openSocket({ protocol: NETLINK_ROUTE })).close();
    socket.setOption(1, 9_999);
    expect(await closed).toMatchObject({ code: "EINVAL" });
    expect(() => socket.send(linkGet(1))).toThrow("The netlink socket is closed");
    expect(await dumpLinks(await rtnl(client))).toHaveLength(1);
  });

  test("is refused a datagram larger than a frame can be", async ({ world }) => {
    const socket = await (await world.client()).openSocket({ protocol: NETLINK_ROUTE });
    expect(() => socket.send(new Uint8Array(protocol.LARGEST_DATAGRAM + 1))).toThrow(
      "Cannot send 1048577 bytes in one datagram, 1048576 are possible",
    );
  });

  test("can open and close more sockets than there are channels", { timeout: 60_000 }, async ({ world }) => {
    const client = await world.client();
    for (let round = 0; round < 140; round++) {
      const sockets = await Promise.all(
        Array.from({ length: 500 }, () => client.openSocket({ protocol: NETLINK_ROUTE })),
      );
      for (const socket of sockets) socket.close();
    }
    expect(await dumpLinks(await rtnl(client))).toHaveLength(1);
    expect(world.engine.machine.table.size).toBe(1);
  });

  test("may hold a thousand descriptors and is refused one more", async ({ world }) => {
    const client = await world.client();
    const open = (): Promise<unknown> => client.openSocket({ protocol: NETLINK_ROUTE });
    await Promise.all(Array.from({ length: 1_024 }, open));
    await expect(open()).rejects.toMatchObject({ code: "EMFILE" });
  });

  test("gets the answers to a thousand requests of one datagram", async ({ world }) => {
    const client = await rtnl(await world.client());
    const request = { type: RTM_GETLINK, flags: 0, body: (writer: MessageWriter) => writer.reserve(16) };
    const answers = client.pipeline(Array.from({ length: 1_000 }, () => request));
    const settled = await Promise.allSettled(answers);
    expect(settled.map(({ status }) => status)).toEqual(Array(1_000).fill("rejected"));
    expect(await Promise.allSettled(answers.slice(0, 1))).toMatchObject([{ reason: { code: "EINVAL" } }]);
  });

  test("takes its sockets and namespaces along when it goes", async ({ world }) => {
    const going = await world.client();
    const staying = await rtnl(await world.client());
    await addNetns(going, "red");
    await going.openNetns("red");
    await rtnl(going);
    await rtnl(going, "red");
    expect(world.engine.machine.table.size).toBe(3);
    going.close();
    await going.ended;
    expect(await dumpLinks(staying)).toHaveLength(1);
    await until(() => world.engine.machine.table.size === 1);
  });

  test("learns of the end of the daemon", async ({ world }) => {
    const client = await world.client();
    const socket = await rtnl(client);
    await world.server.close();
    await client.ended;
    await expect(dumpLinks(socket)).rejects.toThrow("The uveth daemon has ended");
    await expect(client.openSocket({ protocol: NETLINK_ROUTE })).rejects.toMatchObject({ code: "ENOTCONN" });
  });
});

describe("two hundred clients", () => {
  test("work at once", { timeout: 60_000 }, async ({ world }) => {
    const clients = await Promise.all(Array.from({ length: 200 }, () => world.client()));
    const sockets = await Promise.all(clients.map((client) => rtnl(client)));
    expect(new Set(sockets.map(({ portId }) => portId)).size).toBe(200);
    await Promise.all(
      sockets.map((socket, index) => addLink(socket, { ifname: `d${index}`, linkinfo: { kind: "dummy" } })),
    );
    const dumps = await Promise.all(sockets.map((socket) => dumpLinks(socket)));
    expect(dumps.map((links) => links.length)).toEqual(Array(200).fill(201));
    const status = await clients[0]?.status();
    expect(status).toMatchObject({ clients: 199, namespaces: 0, devices: 200 });
  });
});

describe("a peer that speaks nonsense", () => {
  const frame = (op: number, channel: number, words: readonly number[]) =>
    protocol.wordsFrame(op, channel, words);
  const cases: readonly (readonly [name: string, bytes: readonly Uint8Array[], reason: RegExp])[] = [
    ["no frame", [Buffer.from("GET / HTTP/1.1\r\n\r\n")], /A frame claims 542393671 bytes, 8 to 256/],
    ["zeros", [new Uint8Array(64)], /A frame claims 0 bytes/],
    ["another op than HELLO first", [openRoute], /does not begin with a HELLO/],
    ["another magic", [frame(1, 0, [1, 2, 3])], /does not begin with a HELLO/],
    ["a second HELLO", [hello, hello], /Op 1 is not for channel 0/],
    ["a frame that is too long", [hello, Uint8Array.of(0, 0, 0, 1)], /./],
    ["an unknown op on channel 0", [hello, frame(77, 0, [])], /Op 77 is not for channel 0/],
    ["an unknown op on a socket", [hello, openRoute, frame(77, 1, [])], /Op 77 is not for a socket/],
    ["a channel that is open already", [hello, openRoute, openRoute], /Channel 1 is open already/],
    ["an OPEN that is cut short", [hello, frame(protocol.OP_OPEN, 1, [0])], /too few/],
    ["an option without a value", [hello, openRoute, frame(protocol.OP_SETOPTION, 1, [1])], /too few/],
  ];

  test.each(cases)("loses its session: %s", async (name, bytes, reason) => {
    const world = new World();
    await world.server.listen();
    const other = await rtnl(await world.client());
    const raw = await world.raw();
    for (const piece of bytes) raw.stream.write(piece);
    if (name === "a frame that is too long") raw.stream.write(new Uint8Array(4));
    await raw.ended;
    expect(world.log.at(-1)).toMatch(reason);
    expect(await dumpLinks(other)).toHaveLength(1);
    await world.close();
  });

  test("may write to a channel it has closed: what was under way is ignored", async ({ world }) => {
    const raw = await world.raw();
    const close = protocol.newFrame(protocol.OP_CLOSE, 1, 0);
    for (const piece of [hello, openRoute, close, protocol.dataFrame(1, linkGet(1)), openRoute])
      raw.stream.write(piece);
    await raw.count(4);
    expect(raw.frames.map(({ op }) => op)).toEqual([
      protocol.OP_HELLO,
      protocol.OP_OPEN,
      protocol.OP_CLOSE,
      protocol.OP_OPEN,
    ]);
  });

  test("costs nothing when it ends in the middle of a frame", async ({ world }) => {
    const raw = await world.raw();
    raw.stream.write(Buffer.concat([hello, openRoute, protocol.dataFrame(1, linkGet(1)).subarray(0, 20)]));
    await raw.count(2);
    raw.stream.destroy();
    await until(() => world.engine.machine.table.size === 0);
    expect(world.log).toEqual([]);
  });

  test("is given up when it does not introduce itself", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const world = new World();
      await world.server.listen();
      const raw = await world.raw();
      const other = await world.client();
      vi.advanceTimersByTime(10_000);
      await raw.ended;
      expect(world.log.at(-1)).toMatch(/did not introduce itself/);
      expect(await other.status()).toMatchObject({ clients: 0 });
      await world.close();
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("a peer that writes byte by byte", () => {
  test("is understood", async ({ world }) => {
    const raw = await world.raw();
    raw.stream.setNoDelay(true);
    for (const byte of Buffer.concat([hello, openRoute, protocol.dataFrame(1, linkGet(1))])) {
      await new Promise((resolve) => raw.stream.write(Uint8Array.of(byte), resolve));
    }
    await raw.count(3);
    expect(raw.frames.map(({ op }) => op)).toEqual([protocol.OP_HELLO, protocol.OP_OPEN, protocol.OP_DATA]);
  });
});

describe("a peer that does not read", () => {
  const requests = 10_000;

  /** Sends requests without reading an answer, until the stream takes no more. */
  async function flood(world: World): Promise<Raw> {
    const raw = await world.raw();
    raw.stream.write(Buffer.concat([hello, openRoute]));
    await raw.count(2);
    raw.stream.pause();
    for (let seq = 1; seq <= requests; seq++) raw.stream.write(protocol.dataFrame(1, linkGet(seq)));
    return raw;
  }

  test("waits, and finds every answer when it reads on", async ({ world }) => {
    const raw = await flood(world);
    const other = await rtnl(await world.client());
    for (let round = 0; round < 100; round++) expect(await dumpLinks(other)).toHaveLength(1);
    raw.stream.resume();
    await raw.count(2 + requests);
    const answers = raw.frames.slice(2);
    expect(answers.every(({ op }) => op === protocol.OP_DATA)).toBe(true);
    expect(answers.map(({ payload }) => getU32(payload, 8))).toEqual(answers.map((_, index) => index + 1));
  });

  test("can go", async ({ world }) => {
    const raw = await flood(world);
    const other = await rtnl(await world.client());
    await dumpLinks(other);
    raw.stream.destroy();
    await until(() => world.engine.machine.table.size === 1);
  });

  test("loses events beyond its buffer, and is told so", { timeout: 60_000 }, async ({ world }) => {
    const slow = await world.raw();
    slow.stream.write(Buffer.concat([hello, openRoute]));
    await slow.count(2);
    slow.stream.write(protocol.wordsFrame(protocol.OP_SETOPTION, 1, [1, RTNLGRP_LINK]));
    slow.stream.write(protocol.dataFrame(1, linkGet(1)));
    await slow.count(3);
    slow.stream.pause();
    const busy = await rtnl(await world.client());
    await addLink(busy, { ifname: "d0", linkinfo: { kind: "dummy" } });
    for (let change = 0; change < 3_000; change++) {
      await setLink(busy, { ifname: "d0", flags: change % 2 === 0 ? IFF_UP : 0, change: IFF_UP });
    }
    slow.stream.resume();
    await until(() => slow.frames.some(({ op }) => op === protocol.OP_OVERRUN));
    const before = slow.frames.length;
    await setLink(busy, { ifname: "d0", mtu: 1_000 });
    await slow.count(before + 1);
    expect(world.log).toEqual([]);
  });

  test("is given up when it lets too much pile up in many sockets", { timeout: 60_000 }, async ({
    world,
  }) => {
    const slow = await world.raw();
    slow.stream.write(hello);
    const join = 1;
    for (let id = 1; id <= 200; id++) {
      slow.stream.write(protocol.wordsFrame(protocol.OP_OPEN, id, [NETLINK_ROUTE, 16 * 1024 * 1024]));
      slow.stream.write(protocol.wordsFrame(protocol.OP_SETOPTION, id, [join, RTNLGRP_LINK]));
    }
    await slow.count(201);
    slow.stream.pause();
    const busy = await rtnl(await world.client());
    await addLink(busy, { ifname: "d0", linkinfo: { kind: "dummy" } });
    while (world.log.length === 0)
      await setLink(busy, { ifname: "d0", mtu: (1_000 + Math.random() * 400) | 0 });
    expect(world.log[0]).toMatch(/it leaves \d+ bytes unread/);
    expect((await dumpLinks(busy)).map(({ ifname }) => ifname)).toEqual(["lo", "d0"]);
  });
});

describe("a peer of another version", () => {
  test("may ask for the status and for the end, and for nothing else", async ({ world }) => {
    const raw = await world.raw();
    raw.stream.write(protocol.helloFrame({ protocol: 99, pid: 1, version: "99.0.0" }));
    raw.stream.write(protocol.newFrame(protocol.OP_STATUS, 0, 0));
    raw.stream.write(protocol.newFrame(protocol.OP_STOP, 0, 0));
    await raw.count(2);
    expect(JSON.parse(raw.frames[1]?.text(0) ?? "")).toMatchObject({
      pid: process.pid,
      protocol: 1,
      clients: 0,
    });
    await until(() => world.reports.length > 0);
    expect(world.reports).toEqual(["stop"]);
    raw.stream.write(openRoute);
    await raw.ended;
    expect(world.log.at(-1)).toMatch(/Version 99 of the protocol is not spoken here/);
  });
});

describe("a peer of another user", () => {
  test("is refused, and root is not", async ({ world }) => {
    world.peer = { pid: 1, uid: ownUid() + 1 };
    const raw = await world.raw();
    await raw.ended;
    expect(raw.frames).toEqual([]);
    expect(world.log).toEqual([
      `Refused process 1 of uid ${ownUid() + 1}: this is the daemon of uid ${ownUid()}`,
    ]);
    world.peer = { pid: 1, uid: 0 };
    await (await world.client()).status();
  });
});

describe("listen()", () => {
  test("makes a socket of mode 600", ({ world }) => {
    expect((statSync(world.socket).mode & 0o777).toString(8)).toBe("600");
  });

  test("replaces nothing that is not a socket", async () => {
    const world = new World();
    writeFileSync(world.socket, "precious");
    await expect(world.server.listen()).rejects.toThrow("it is not a socket");
    rmSync(world.socket);
    await world.close();
  });
});

describe("the idle time", () => {
  /** A world in which only the test moves the timers. */
  async function withTimers(body: (world: World) => Promise<void>): Promise<void> {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const world = new World();
      await world.server.listen();
      await body(world);
      await world.close();
    } finally {
      vi.useRealTimers();
    }
  }

  async function leave(world: World, client: DaemonClient): Promise<void> {
    client.close();
    await client.ended;
    await until(() => world.engine.machine.table.size === 0);
  }

  test("runs out when nobody ever comes", () =>
    withTimers(async (world) => {
      vi.advanceTimersByTime(idleMs - 1);
      expect(world.reports).toEqual([]);
      vi.advanceTimersByTime(1);
      expect(world.reports).toEqual(["idle"]);
    }));

  test("does not run while a client is there, and starts anew when the last has gone", () =>
    withTimers(async (world) => {
      const client = await world.client();
      await client.openSocket({ protocol: NETLINK_ROUTE });
      vi.advanceTimersByTime(10 * idleMs);
      expect(world.reports).toEqual([]);
      await leave(world, client);
      await until(() => world.server.isIdle);
      vi.advanceTimersByTime(idleMs - 1);
      expect(world.reports).toEqual([]);
      vi.advanceTimersByTime(1);
      expect(world.reports).toEqual(["idle"]);
    }));

  test.each(["a namespace", "a device"])("does not run while there is %s", (object) =>
    withTimers(async (world) => {
      const client = await world.client();
      if (object === "a namespace") await addNetns(client, "red");
      else await addLink(await rtnl(client), { ifname: "d0", linkinfo: { kind: "dummy" } });
      await leave(world, client);
      vi.advanceTimersByTime(10 * idleMs);
      expect(world.reports).toEqual([]);
    }),
  );
});
