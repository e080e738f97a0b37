// A machine in this process as a target: one machine per test, under a virtual clock, and one session that opens its
// sockets, as one process would. Each test ends with a look for what the machine leaked.

import { availableParallelism } from "node:os";
import { expect } from "vitest";
import type { Machine, NetlinkSession, VirtualClock } from "../../../src/index.ts";
import { setSysctl } from "../../../src/inet/sysctl.ts";
import { destroyNetns } from "../../../src/net/namespace.ts";
import type { Netns } from "../../../src/net/netdevice.ts";
import type { NetlinkTransport } from "../../../src/netlink/transport.ts";
import { closeAndFindLeaks, createTestMachine } from "../../../src/testkit/index.ts";
import type {
  GroupSocket,
  PacketPort,
  StreamListener,
  StreamOptions,
  StreamSocket,
  Target,
  TargetMachine,
  TargetNetns,
} from "../targets.ts";
import { openUvethGroupSocket } from "./uveth-group-socket.ts";
import { openUvethPacket } from "./uveth-packet.ts";
import { connectUvethStream, listenUvethStream } from "./uveth-stream.ts";

export const uvethTarget: Target = {
  name: "uveth",
  async start(): Promise<TargetMachine> {
    const possibleCpus = availableParallelism();
    const { machine, clock } = createTestMachine({ possibleCpus });
    return new UvethMachine(machine, clock, machine.openSession({ pid: 4242 }), possibleCpus);
  },
};

class UvethMachine implements TargetMachine {
  readonly possibleCpus: number;
  readonly #machine: Machine;
  readonly #clock: VirtualClock;
  readonly #session: NetlinkSession;

  constructor(machine: Machine, clock: VirtualClock, session: NetlinkSession, possibleCpus: number) {
    this.#machine = machine;
    this.#clock = clock;
    this.#session = session;
    this.possibleCpus = possibleCpus;
  }

  async newNetns(): Promise<TargetNetns> {
    return new UvethNetns(this.#session, this.#machine.core.newNetns());
  }

  sleep(milliseconds: number): Promise<void> {
    return this.#clock.advance(milliseconds * 1_000_000);
  }

  async close(): Promise<void> {
    this.#session.close();
    expect(closeAndFindLeaks(this.#machine)).toEqual([]);
  }
}

class UvethNetns implements TargetNetns {
  readonly fd: number;
  readonly #session: NetlinkSession;
  readonly #netns: Netns;

  constructor(session: NetlinkSession, netns: Netns) {
    this.#session = session;
    this.#netns = netns;
    this.fd = session.openNetns(netns);
  }

  async openSocket(protocol: number): Promise<NetlinkTransport> {
    return this.#session.openSocketIn(this.#netns, protocol);
  }

  async openPacket(ifindex: number, protocol: number): Promise<PacketPort> {
    return openUvethPacket(this.#netns, ifindex, protocol);
  }

  async setSysctl(name: string, value: number): Promise<void> {
    setSysctl(this.#netns, name, String(value));
  }

  async openGroupSocket(family: 4 | 6, port: number): Promise<GroupSocket> {
    return openUvethGroupSocket(this.#netns, family, port);
  }

  async listenStream(port: number, options: StreamOptions): Promise<StreamListener> {
    return listenUvethStream(this.#netns, port, options);
  }

  async connectStream(
    to: { readonly host: string; readonly port: number; readonly localPort: number },
    options: StreamOptions,
  ): Promise<StreamSocket> {
    return connectUvethStream(this.#netns, to, options);
  }

  async destroy(): Promise<void> {
    destroyNetns(this.#netns);
  }
}
