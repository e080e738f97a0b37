// The UDP sockets of one namespace by their ports, and which of them a datagram is for.
//
// Mirrors net/ipv4/udp.c (udp_lib_get_port, inet_rcv_saddr_equal, __udp4_lib_lookup, compute_score) and net/ipv6/udp.c.
// Omitted: programs that choose in a group of SO_REUSEPORT.

import type { Device } from "../../net/netdevice.ts";
import { IPPROTO_UDP } from "../../uapi/in.ts";
import { AF_INET6 } from "../../uapi/socket.ts";
import { isSameAddress } from "../address.ts";
import { hashEnds } from "../hash-ends.ts";
import { hearsDevice } from "../l3mdev.ts";
import type { IpNetns } from "../netns.ts";
import { ProtocolSlot } from "../protocol-slot.ts";
import type { Tunables } from "../tunables.ts";
import type { UdpSocket } from "./socket.ts";

/** What a datagram says of where it came from and where it goes; addresses lie in `bytes`, of `addressLength` each. */
export interface UdpFlow {
  bytes: Uint8Array;
  addressLength: number;
  local: number;
  localPort: number;
  remote: number;
  remotePort: number;
  /** The device it came in on; null when that has gone. */
  dev: Device | null;
}

/** What a match in each respect counts: the address of the host more than all else together. */
const localScore = 16;
const peerScore = 4;
const familyScore = 1;

/** Sockets that are bound. */
export class UdpTable extends ProtocolSlot {
  readonly protocol = IPPROTO_UDP;
  readonly #tunables: Tunables;
  readonly #byPort = new Map<number, UdpSocket[]>();
  /** Takes what no other socket does, whatever the port; null: nobody. */
  catchAll: UdpSocket | null = null;
  /** Every socket there is, bound or not. */
  readonly sockets = new Set<UdpSocket>();

  constructor(tunables: Tunables) {
    super();
    this.#tunables = tunables;
  }

  /** Whether `socket` may be bound to a port with the address it has. */
  isFree(socket: UdpSocket, port: number): boolean {
    for (const other of this.#byPort.get(port) ?? []) {
      if (other !== socket && conflicts(socket, other)) return false;
    }
    return true;
  }

  bind(socket: UdpSocket, port: number): void {
    socket.localPort = port;
    const list = this.#byPort.get(port);
    if (list === undefined) this.#byPort.set(port, [socket]);
    else list.push(socket);
  }

  unbind(socket: UdpSocket): void {
    const list = this.#byPort.get(socket.localPort);
    const place = list?.indexOf(socket) ?? -1;
    if (list === undefined || place < 0) return;
    list.splice(place, 1);
    if (list.length === 0) this.#byPort.delete(socket.localPort);
    socket.localPort = 0;
  }

  /** The socket a datagram is for: the one that fits best, the last bound among equals. */
  find(flow: UdpFlow): UdpSocket | undefined {
    const list = this.#byPort.get(flow.localPort);
    if (list === undefined) return this.catchAll ?? undefined;
    let best: UdpSocket | undefined;
    let bestScore = -1;
    for (let index = list.length - 1; index >= 0; index--) {
      const socket = list[index];
      const score = socket === undefined ? -1 : this.#scoreOf(socket, flow);
      if (score <= bestScore) continue;
      best = socket;
      bestScore = score;
    }
    if (best?.reusesPort === true && best.remote === null) best = this.#choose(list, flow, bestScore);
    return best ?? this.catchAll ?? undefined;
  }

  /** Of those who share a port one by the ends of the datagram (reuseport_select_sock). */
  #choose(list: readonly UdpSocket[], flow: UdpFlow, score: number): UdpSocket | undefined {
    let rivals = 0;
    for (const socket of list) if (this.#isRival(socket, flow, score)) rivals++;
    const { addressLength, bytes, local, localPort, remote, remotePort } = flow;
    const hash = hashEnds(bytes, local, remote, addressLength, (localPort << 16) | remotePort);
    let place = ((hash >>> 0) * rivals) / 2 ** 32;
    for (const socket of list) {
      if (!this.#isRival(socket, flow, score)) continue;
      if (place < 1) return socket;
      place--;
    }
    return undefined;
  }

  #isRival(socket: UdpSocket, flow: UdpFlow, score: number): boolean {
    return socket.reusesPort && this.#scoreOf(socket, flow) === score;
  }

  /** Calls `visit` with every socket that a datagram to many is for. */
  forEach(flow: UdpFlow, visit: (socket: UdpSocket) => void): void {
    for (const socket of this.#byPort.get(flow.localPort) ?? []) {
      if (this.#scoreOf(socket, flow) >= 0) visit(socket);
    }
  }

  /** How well a socket fits a datagram; -1: not at all. Who is bound to no device may belong to every VRF (udp_l3mdev_accept). */
  #scoreOf(socket: UdpSocket, flow: UdpFlow): number {
    const { addressLength, bytes } = flow;
    if (!takes(socket, addressLength)) return -1;
    if (!hearsDevice(socket.ifindex, flow.dev, this.#tunables.udpL3mdevAccept !== 0)) return -1;
    let score = (addressLength === 16) === (socket.family === AF_INET6) ? familyScore : 0;
    if (socket.local !== null) {
      if (!isSameAddress(socket.local, bytes, flow.local)) return -1;
      score += localScore;
    }
    if (socket.remote !== null) {
      const isPeer =
        socket.remote.length === addressLength && isSameAddress(socket.remote, bytes, flow.remote);
      if (!isPeer || socket.remotePort !== flow.remotePort) return -1;
      score += peerScore;
    }
    return socket.ifindex === 0 ? score : score + peerScore;
  }
}

/** The sockets of a namespace. */
export function udpTable(ip: IpNetns): UdpTable {
  if (ip.udp instanceof UdpTable) return ip.udp;
  const table = new UdpTable(ip.tunables);
  ip.udp = table;
  return table;
}

/** Whether two sockets cannot have the same port. */
function conflicts(one: UdpSocket, other: UdpSocket): boolean {
  if (one.reusesAddress && other.reusesAddress) return false;
  if (one.reusesPort && other.reusesPort) return false;
  if (one.ifindex !== 0 && other.ifindex !== 0 && one.ifindex !== other.ifindex) return false;
  if (!sharesFamily(one, other)) return false;
  return one.local === null || other.local === null || isSameAddress(one.local, other.local);
}

/** Whether there are addresses that both could have. */
function sharesFamily(one: UdpSocket, other: UdpSocket): boolean {
  return (takes(one, 4) && takes(other, 4)) || (takes(one, 16) && takes(other, 16));
}

/** Whether the socket is one for addresses of so many bytes. */
function takes(socket: UdpSocket, addressLength: number): boolean {
  if (socket.local !== null) return socket.local.length === addressLength;
  return addressLength === 16 ? socket.family === AF_INET6 : socket.family !== AF_INET6 || !socket.isV6Only;
}
