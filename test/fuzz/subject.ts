// A machine under test: steps go in, and after each one everything that must hold is checked. Whatever does not is thrown
// as a Broken.
//
//   two namespaces, in each a strict and a liberal NETLINK_ROUTE socket and a NETLINK_GENERIC one; a listener on all groups

import type { NetlinkSocket } from "../../src/af_netlink/socket.ts";
import type { Machine, NetlinkSession, VirtualClock } from "../../src/index.ts";
import { NetlinkError } from "../../src/index.ts";
import type { LinkOps, Netns } from "../../src/net/netdevice.ts";
import type { Message } from "../../src/netlink/message.ts";
import { messages, parseAcknowledgement } from "../../src/netlink/message.ts";
import { closeAndFindLeaks, createTestMachine } from "../../src/testkit/index.ts";
import { GENL_ID_CTRL } from "../../src/uapi/genetlink.ts";
import * as nl from "../../src/uapi/netlink.ts";
import { RTNLGRP_MAX } from "../../src/uapi/rtnetlink.ts";
import { UVETH_CMD_CAPTURE, UVETH_CMD_PING } from "../../src/uapi/uveth.ts";
import type { World } from "./grammar/values.ts";
import type { Step } from "./step.ts";

/** Something that must hold did not. */
export class Broken extends Error {
  override readonly name = "Broken";
}

/** Datagrams read at once: more than any dump of such a machine has, and more than captures let wait. */
const mostDatagrams = 100_000;
/** The message types of the families ethtool and uveth: given in the order they join. */
const ethtoolType = 19;
const uvethType = 20;
/** Steps from one look at all lists to the next. */
const stepsPerLook = 64;

/** A machine, its sockets, and what its answers were. */
export class Subject {
  /** How often each answer came: "ok", or an errno's name. */
  readonly answers: Map<string, number>;
  /** What requests can name. */
  readonly world: World;
  readonly #machine: Machine;
  readonly #clock: VirtualClock;
  readonly #red: Netns;
  #session: NetlinkSession;
  #sockets: NetlinkSocket[] = [];
  #listener: NetlinkSocket | undefined;
  #steps = 0;

  constructor(seed: number, kinds: readonly LinkOps[], answers: Map<string, number>) {
    const { machine, clock } = createTestMachine({ seed, kinds });
    this.#machine = machine;
    this.#clock = clock;
    this.answers = answers;
    this.world = this.#look();
    this.#red = machine.core.newNetns();
    machine.core.netnsNames.set("red", this.#red);
    this.#session = this.#open();
  }

  /** How many sockets steps can choose from. */
  static readonly socketCount = 6;

  #look(): World {
    const { kinds, qdiscKinds } = this.#machine.core;
    const policiesOf = ({ policy, slavePolicy }: LinkOps) => ({ data: policy, slave: slavePolicy });
    return {
      kinds: [...kinds.keys()],
      policies: new Map([...kinds].map(([kind, ops]) => [kind, policiesOf(ops)])),
      qdiscs: [...qdiscKinds.keys()],
      descriptors: [1_000, 1_001],
      families: [GENL_ID_CTRL, ethtoolType, uvethType],
    };
  }

  /** Does one step; throws Broken. */
  async run(step: Step): Promise<void> {
    if (step.what === "send") await this.#send(step.socket, step.bytes);
    else if (step.what === "advance") await this.#clock.advance(step.durationNs);
    else {
      this.#session.close();
      this.#session = this.#open();
    }
    if (++this.#steps % stepsPerLook === 0) this.#checkLists();
  }

  /** Ends the machine; throws Broken when something of it is left. */
  finish(): void {
    this.#checkLists();
    const left = closeAndFindLeaks(this.#machine);
    if (left.length > 0) throw new Broken(`Leaked: ${left.join(", ")}`);
  }

  #open(): NetlinkSession {
    const { core } = this.#machine;
    const red = this.#red.isAlive ? this.#red : core.initialNetns;
    const session = this.#machine.openSession({ pid: 1_234 });
    session.openNetns(core.initialNetns);
    session.openNetns(red);
    this.#sockets = [core.initialNetns, red].flatMap((netns) => [
      session.openRaw(netns, nl.NETLINK_ROUTE),
      session.openRaw(netns, nl.NETLINK_ROUTE),
      session.openRaw(netns, nl.NETLINK_GENERIC),
    ]);
    for (const [index, socket] of this.#sockets.entries()) {
      socket.setOption(nl.NETLINK_EXT_ACK, 1);
      socket.setOption(nl.NETLINK_GET_STRICT_CHK, index % 3 === 0 ? 1 : 0);
    }
    const listener = session.openRaw(core.initialNetns, nl.NETLINK_ROUTE);
    listener.setOption(nl.NETLINK_LISTEN_ALL_NSID, 1);
    listener.setOption(nl.NETLINK_NO_ENOBUFS, 1);
    for (let group = 1; group <= RTNLGRP_MAX; group++) listener.setOption(nl.NETLINK_ADD_MEMBERSHIP, group);
    this.#listener = listener;
    return session;
  }

  async #send(index: number, bytes: Uint8Array): Promise<void> {
    const socket = this.#sockets[index % this.#sockets.length];
    if (socket === undefined) return;
    const before = this.#deviceCount();
    try {
      socket.send(bytes);
    } catch (error) {
      throw new Broken(`Escaped: ${describeError(error)}`, { cause: error });
    }
    // A request that asked for a module goes on behind some promises, and the next in its datagram behind that.
    for (let turn = 0; turn < 32; turn++) await undefined;
    const { answers, isOverrun } = drain(socket);
    if (this.#listener !== undefined) drain(this.#listener);
    if (isOverrun) return;
    const asked = [...messages(bytes)];
    const isRefused = this.#checkAnswers(asked, answers);
    const after = this.#deviceCount();
    if (isRefused && after !== before)
      throw new Broken(`Refused, but devices went from ${before} to ${after}`);
  }

  /** Every request that wants an end has one, and none has two; true when all were refused. */
  #checkAnswers(asked: readonly Message[], answers: readonly Message[]): boolean {
    const ends = new Map<number, number[]>();
    for (const message of answers) {
      if (message.type !== nl.NLMSG_ERROR && message.type !== nl.NLMSG_DONE) continue;
      const { errno } = parseAcknowledgement(message, message.type === nl.NLMSG_DONE);
      ends.set(message.seq, [...(ends.get(message.seq) ?? []), errno]);
    }
    let isRefused = asked.length > 0;
    for (const message of asked) {
      const errnos = ends.get(message.seq) ?? [];
      const same = asked.filter((each) => each.seq === message.seq);
      const wanted = same.filter((each) => wantsEnd(each) && !goesOn(each)).length;
      if (errnos.length < wanted)
        throw new Broken(`No answer to ${message.type}, ${wanted} wanted, ${errnos.length} came`);
      if (errnos.length > same.length)
        throw new Broken(`${errnos.length} answers to ${same.length} requests ${message.type}`);
      isRefused &&= errnos.length === same.length && errnos.every((errno) => errno < 0);
    }
    for (const errno of [...ends.values()].flat()) this.#count(errno);
    return isRefused;
  }

  #count(errno: number): void {
    const name = errno === 0 ? "ok" : NetlinkError.fromErrno(errno).code;
    this.answers.set(name, (this.answers.get(name) ?? 0) + 1);
  }

  #deviceCount(): number {
    let count = 0;
    for (const netns of this.#machine.core.namespaces.values()) count += netns.devices.size;
    return count;
  }

  /** Names, indexes and namespaces agree with the devices. */
  #checkLists(): void {
    for (const netns of this.#machine.core.namespaces.values()) {
      const names = new Set<string>();
      for (const [ifindex, dev] of netns.devices) {
        for (const name of [dev.name, ...(dev.altnames ?? [])]) {
          names.add(name);
          if (netns.names.get(name) !== dev) throw new Broken(`The name ${name} does not lead to its device`);
        }
        const isListed = dev.ifindex === ifindex && dev.netns === netns && dev.registration === "registered";
        if (!isListed) throw new Broken(`The device ${dev.name} is listed wrongly`);
      }
      if (names.size !== netns.names.size) {
        throw new Broken(`${netns.names.size} names are listed, devices have ${names.size}`);
      }
    }
  }
}

/** Whether a message asks for an end to its answer; without, an error comes all the same. */
const wantsEnd = ({ flags }: Message): boolean => (flags & nl.NLM_F_ACK) !== 0;

/** Whether its answer may come later: a ping, a capture. */
function goesOn({ type, bytes }: Message): boolean {
  const cmd = bytes[16];
  return type === uvethType && (cmd === UVETH_CMD_PING || cmd === UVETH_CMD_CAPTURE);
}

/** Reads a socket empty. */
function drain(socket: NetlinkSocket): { answers: Message[]; isOverrun: boolean } {
  const answers: Message[] = [];
  let isOverrun = false;
  for (let datagrams = 0; socket.isReadable; datagrams++) {
    if (datagrams > mostDatagrams) throw new Broken("An answer without end");
    try {
      const received = socket.receive();
      if (received !== undefined) answers.push(...messages(received.bytes));
    } catch (error) {
      if (!(error instanceof NetlinkError) || error.code !== "ENOBUFS") {
        throw new Broken(`Escaped while reading: ${describeError(error)}`, { cause: error });
      }
      isOverrun = true;
    }
  }
  return { answers, isOverrun };
}

function describeError(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
