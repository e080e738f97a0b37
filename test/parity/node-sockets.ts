// Sockets as Node has them, of the live kernel and of a namespace of ours, for bodies that are to see the same of both. Streams
// are a net.Socket here and a NetnsSocket there, which are used by the same words.

import dgram from "node:dgram";
import { once } from "node:events";
import type { Socket } from "node:net";
import net from "node:net";
import type { Duplex } from "node:stream";
import { setImmediate, setTimeout } from "node:timers/promises";
import { expect } from "vitest";
import { connect, NetnsSocket } from "../../src/attach/node/netns-socket.ts";
import type { Listener, Udp } from "../../src/index.ts";
import { NetlinkError } from "../../src/netlink/error.ts";
import { closeAndFindLeaks, createTestMachine } from "../../src/testkit/index.ts";

export type TestStream = Duplex & { resetAndDestroy(): unknown };

/** A server; `errno` says why there is none. */
interface TestListener {
  readonly errno: string;
  readonly host: string;
  readonly accepted: TestStream[];
  close(): void;
}

/** A UDP socket; what fails is told by its errno. */
interface TestUdp {
  readonly errno: string;
  /** Sizes of what came, and errors. */
  readonly received: number[];
  readonly errors: string[];
  send(size: number, host?: string, port?: number): Promise<string>;
  connect(host: string, port: number): Promise<string>;
  disconnect(): void;
  /** Address and port. */
  address(): string;
  setBroadcast(isOn: boolean): void;
  setTtl(ttl: number): string;
  setMulticastTtl(ttl: number): string;
  setMulticastLoop(isOn: boolean): void;
  /** The one with an address. */
  setMulticastInterface(address: string): void;
  join(group: string, address: string): string;
  leave(group: string, address: string): string;
  close(): void;
}

interface ListenAt {
  readonly host: string;
  readonly port: number;
  readonly allowHalfOpen?: boolean;
}

interface ConnectTo extends ListenAt {
  readonly localAddress?: string;
  readonly localPort?: number;
  readonly signal?: AbortSignal;
}

/** One of the two. */
export interface Side {
  listen(at: ListenAt): Promise<TestListener>;
  connect(to: ConnectTo): TestStream;
  udp(at: { readonly host: string; readonly port: number; readonly reuseAddr?: boolean }): Promise<TestUdp>;
  sleep(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Notes what a stream tells, and reads what it brings. */
export function watch(stream: TestStream, note?: (line: string) => void): string[] {
  const log: string[] = [];
  const say = note ?? ((line: string) => log.push(line));
  stream.on("connect", () => say("connect"));
  stream.on("data", (bytes: Buffer) => say(`data ${bytes.toString()}`));
  stream.on("end", () => say("end"));
  stream.on("error", (error) => say(`error ${codeOf(error)}`));
  stream.on("close", () => say("close"));
  return log;
}

function codeOf(error: unknown): string {
  if (error instanceof DOMException && error.name === "AbortError") return "ABORT_ERR";
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

function errnoOf(call: () => unknown): string {
  try {
    call();
    return "";
  } catch (error) {
    return codeOf(error);
  }
}

/** The kernel's, in the namespace of the calling thread. */
export function kernelSide(): Side {
  return {
    listen: async ({ host, port, allowHalfOpen = false }) => {
      const accepted: Socket[] = [];
      const server = net.createServer({ allowHalfOpen }, (socket) => accepted.push(socket));
      server.listen(port, host);
      const errno = await once(server, "listening").then(() => "", codeOf);
      return { errno, host, accepted, close: () => void (server.listening && server.close()) };
    },
    connect: (to) => net.connect(to),
    udp: async ({ host, port, reuseAddr = false }) => {
      const socket = dgram.createSocket({ type: host.includes(":") ? "udp6" : "udp4", reuseAddr });
      const received: number[] = [];
      const errors: string[] = [];
      socket.on("message", (message) => received.push(message.length));
      const errno = await new Promise<string>((resolve) => {
        socket.once("error", (error) => resolve(codeOf(error)));
        socket.bind(port, host, () => resolve(""));
      });
      socket.removeAllListeners("error").on("error", (error) => errors.push(codeOf(error)));
      return {
        errno,
        received,
        errors,
        send: (size, to, at) =>
          new Promise((resolve) => {
            const done = (error: Error | null): void => resolve(error === null ? "" : codeOf(error));
            if (to === undefined) socket.send(Buffer.alloc(size), done);
            else socket.send(Buffer.alloc(size), at ?? 0, to, done);
          }),
        connect: (to, at) =>
          new Promise((resolve) =>
            socket.connect(at, to, ((error?: Error) =>
              resolve(error === undefined ? "" : codeOf(error))) as () => void),
          ),
        disconnect: () => socket.disconnect(),
        address: () => `${socket.address().address} ${socket.address().port}`,
        setBroadcast: (isOn) => socket.setBroadcast(isOn),
        setTtl: (ttl) => errnoOf(() => socket.setTTL(ttl)),
        setMulticastTtl: (ttl) => errnoOf(() => socket.setMulticastTTL(ttl)),
        setMulticastLoop: (isOn) => void socket.setMulticastLoopback(isOn),
        setMulticastInterface: (address) => socket.setMulticastInterface(address),
        join: (group, address) => errnoOf(() => socket.addMembership(group, address)),
        leave: (group, address) => errnoOf(() => socket.dropMembership(group, address)),
        close: () => {
          if (errno === "") socket.close();
        },
      };
    },
    sleep: async (ms) => {
      await setTimeout(ms);
      // On a busy machine the event loop comes to this timer before it has read what came meanwhile.
      await setImmediate();
    },
    close: async () => {},
  };
}

/** Ours: a namespace of its own with the devices that a test's header draws. */
export async function uvethSide(): Promise<Side> {
  const { machine, clock } = createTestMachine();
  const netns = await machine.netns("red");
  await netns.link.add({ kind: "veth", name: "v0", peer: { name: "v1" } });
  for (const name of ["lo", "v0", "v1"]) await netns.link.set(name, { isUp: true });
  await netns.addr.add("10.0.0.1/24", { dev: "v0" });
  await netns.addr.add("fd00::1/64", { dev: "v0", noDad: true });
  await clock.advance(3e9);
  // Streams go on by ticks of Node's own.
  const sleep = async (ms: number): Promise<void> => {
    for (let step = 0; step < 5; step++) {
      await clock.advance((ms * 1e6) / 5);
      await setTimeout(0);
    }
  };
  return {
    listen: async ({ host, port, allowHalfOpen = false }) => {
      const accepted: TestStream[] = [];
      try {
        const listener = netns.listen({ host, port });
        void takeAll(listener, (socket) => accepted.push(socket), allowHalfOpen);
        return { errno: "", host, accepted, close: () => listener.close() };
      } catch (error) {
        return { errno: codeOf(error), host, accepted, close: () => {} };
      }
    },
    connect: ({ localAddress, localPort, signal, ...to }) =>
      connect(netns, {
        ...to,
        ...(localAddress !== undefined && { localHost: localAddress }),
        ...(localPort !== undefined && { localPort }),
        ...(signal !== undefined && { signal }),
      }),
    udp: async ({ host, port, reuseAddr = false }) => {
      try {
        return udpOf(netns.udp({ host, port, reuseAddress: reuseAddr }));
      } catch (error) {
        if (!(error instanceof NetlinkError)) throw error;
        const { code } = error;
        return { ...udpOf(netns.udp()), errno: code };
      }
    },
    sleep,
    close: async () => {
      await netns.close();
      await clock.advance(200e9);
      expect(closeAndFindLeaks(machine)).toEqual([]);
    },
  };
}

async function takeAll(
  listener: Listener,
  take: (socket: TestStream) => void,
  allowHalfOpen: boolean,
): Promise<void> {
  for await (const connection of listener) take(new NetnsSocket(connection, { allowHalfOpen }));
}

function udpOf(socket: Udp): TestUdp {
  const received: number[] = [];
  const errors: string[] = [];
  const read = async (): Promise<void> => {
    for (;;) {
      try {
        const datagram = await socket.receive();
        if (datagram === null) return;
        received.push(datagram.payload.length);
      } catch (error) {
        errors.push(codeOf(error));
      }
    }
  };
  void read();
  const dev = (address: string): string => (address === "10.0.0.1" ? "v0" : "lo");
  return {
    errno: "",
    received,
    errors,
    send: async (size, host, port = 0) =>
      errnoOf(() => socket.send(new Uint8Array(size), host === undefined ? undefined : { host, port })),
    connect: async (host, port) => errnoOf(() => socket.connect({ host, port })),
    disconnect: () => socket.connect(),
    address: () => `${socket.address.host} ${socket.address.port}`,
    setBroadcast: (isOn) => socket.setBroadcast(isOn),
    setTtl: (ttl) => errnoOf(() => socket.setTtl(ttl)),
    setMulticastTtl: (ttl) => errnoOf(() => socket.setMulticastTtl(ttl)),
    setMulticastLoop: (isOn) => socket.setMulticastLoop(isOn),
    setMulticastInterface: (address) => socket.setMulticastDev(dev(address)),
    join: (group, address) => errnoOf(() => socket.join(group, dev(address))),
    leave: (group, address) => errnoOf(() => socket.leave(group, dev(address))),
    close: () => socket.close(),
  };
}
