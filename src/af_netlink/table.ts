// All sockets of one machine: opened and bound here, and reached by multicast.
//
// Mirrors net/netlink/af_netlink.c (netlink_insert, netlink_autobind, netlink_broadcast_filtered, do_one_broadcast).

import { getNet, nsidNotAssigned, nsidOf, putNet } from "../net/namespace.ts";
import type { MachineContext, Netns, Origin } from "../net/netdevice.ts";
import { NetlinkError } from "../netlink/error.ts";
import { MessageWriter } from "../netlink/writer.ts";
import type { Protocol, Session } from "./handler.ts";
import type { SocketTable } from "./socket.ts";
import { NetlinkSocket } from "./socket.ts";

/** Where automatic port ids start going down from when the wanted one is taken, as netlink_autobind's do. */
const firstAutomaticPort = 0xffffefff;

/** What a socket is to be. */
export interface OpenSocket {
  /** NETLINK_ROUTE, NETLINK_GENERIC */
  readonly protocol: number;
  readonly netns: Netns;
  readonly session: Session;
  /** The port id to try first, the process id on Linux. */
  readonly wantedPort: number;
}

/** The sockets of a machine. */
export class NetlinkTable implements SocketTable {
  readonly machine: MachineContext;
  readonly #protocols = new Map<number, Protocol>();
  /** Sockets by protocol and group (groupKey). */
  readonly #members = new Map<number, Set<NetlinkSocket>>();
  /** What answers and events are written with, one after the other. */
  readonly #writer = new MessageWriter(2_048);
  #isWriting = false;
  readonly #sockets = new Set<NetlinkSocket>();
  #lastAutomaticPort = firstAutomaticPort;
  #openAnswers = 0;

  constructor(machine: MachineContext) {
    this.machine = machine;
  }

  /** Open sockets: zero when everybody has left. */
  get size(): number {
    return this.#sockets.size;
  }

  /** Makes a netlink protocol available (netlink_kernel_create). */
  register(number: number, protocol: Protocol): void {
    this.#protocols.set(number, protocol);
  }

  /** Opens and binds a socket: EPROTONOSUPPORT for a protocol that is not there. */
  open({ protocol: number, netns, session, wantedPort }: OpenSocket): NetlinkSocket {
    const protocol = this.#protocols.get(number);
    if (protocol === undefined) throw new NetlinkError("EPROTONOSUPPORT");
    const socket = new NetlinkSocket(this, number, protocol, netns, session);
    socket.portId = this.#isTaken(number, netns, wantedPort)
      ? this.#automaticPort(number, netns)
      : wantedPort;
    this.#sockets.add(socket);
    getNet(netns);
    return socket;
  }

  /** Gives a socket another port id (netlink_bind): EADDRINUSE when it is taken. */
  bind(socket: NetlinkSocket, portId: number): void {
    if (socket.portId === portId) return;
    if (this.#isTaken(socket.protocolNumber, socket.netns, portId)) throw new NetlinkError("EADDRINUSE");
    socket.portId = portId;
  }

  /** Closes every socket, as a machine that closes does. */
  close(): void {
    for (const socket of [...this.#sockets]) socket.close();
  }

  leave(socket: NetlinkSocket): void {
    this.#sockets.delete(socket);
    for (const group of socket.groups) this.leaveGroup(socket, group);
    putNet(socket.netns);
  }

  countAnswers(change: number): void {
    const before = this.#openAnswers;
    this.#openAnswers += change;
    if ((before === 0) !== (this.#openAnswers === 0)) this.machine.keepAwake(before === 0 ? 1 : -1);
  }

  joinGroup(socket: NetlinkSocket, group: number): void {
    const key = groupKey(socket.protocolNumber, group);
    const members = this.#members.get(key) ?? new Set();
    members.add(socket);
    this.#members.set(key, members);
  }

  leaveGroup(socket: NetlinkSocket, group: number): void {
    this.#members.get(groupKey(socket.protocolNumber, group))?.delete(socket);
  }

  compose(write: (writer: MessageWriter) => void): Uint8Array {
    // An event may bring about another one while it is being written: the id of a namespace that is given for it.
    if (this.#isWriting) return composeWith(new MessageWriter(2_048), write);
    this.#isWriting = true;
    try {
      return composeWith(this.#writer.reset(), write);
    } finally {
      this.#isWriting = false;
    }
  }

  /** Whether anybody would hear an event; it need not be written otherwise (netlink_has_listeners). */
  hasListeners(protocol: number, group: number): boolean {
    return (this.#members.get(groupKey(protocol, group))?.size ?? 0) > 0;
  }

  /**
   * Sends an event of `netns` to a group (nlmsg_notify): to the members that live there, and with its id to those of
   * other namespaces that listen to all. With `origin.isEcho` the requester gets it as an answer, and not once more.
   */
  notify(protocol: number, group: number, netns: Netns, origin: Origin | undefined, write: WriteEvent): void {
    const isEcho = origin?.isEcho === true;
    if (!isEcho && !this.hasListeners(protocol, group)) return;
    const bytes = this.compose(write);
    const excluded = isEcho ? origin.portId : 0;
    for (const socket of this.#members.get(groupKey(protocol, group)) ?? []) {
      // A socket of another namespace that happens to have the same port id is left out too, as on Linux.
      if (socket.portId === excluded) continue;
      this.#deliver(socket, netns, bytes, group);
    }
    if (isEcho) this.#find(protocol, netns, origin.portId)?.queue(bytes);
  }

  #deliver(socket: NetlinkSocket, netns: Netns, bytes: Uint8Array, group: number): void {
    if (socket.netns === netns) {
      socket.queue(bytes.slice(), group);
      return;
    }
    if (!socket.listensToAll) return;
    const nsid = nsidOf(socket.netns, netns);
    if (nsid !== nsidNotAssigned) socket.queue(bytes.slice(), group, nsid);
  }

  #find(protocol: number, netns: Netns, portId: number): NetlinkSocket | undefined {
    for (const socket of this.#sockets) {
      if (socket.portId === portId && socket.protocolNumber === protocol && socket.netns === netns)
        return socket;
    }
    return undefined;
  }

  #isTaken(protocol: number, netns: Netns, portId: number): boolean {
    return this.#find(protocol, netns, portId) !== undefined;
  }

  #automaticPort(protocol: number, netns: Netns): number {
    do {
      this.#lastAutomaticPort--;
    } while (this.#isTaken(protocol, netns, this.#lastAutomaticPort));
    return this.#lastAutomaticPort;
  }
}

/** Writes one event, its header included. */
type WriteEvent = (writer: MessageWriter) => void;

function composeWith(writer: MessageWriter, write: (writer: MessageWriter) => void): Uint8Array {
  write(writer);
  return writer.finish();
}

/** Groups are numbers below 2^16. */
function groupKey(protocol: number, group: number): number {
  return protocol * 0x1_0000 + group;
}
