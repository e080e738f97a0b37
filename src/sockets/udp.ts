// A UDP socket for an `await`ing user.

import { addressBytes, addressText } from "../client/address-text.ts";
import { checkTos, checkTtl } from "../inet/ip-options.ts";
import { l3mdevIfindexBy } from "../inet/l3mdev.ts";
import { ipNetns } from "../inet/slots.ts";
import { bindUdp, closeUdp, openUdp } from "../inet/udp/bind.ts";
import { connectUdp } from "../inet/udp/connect.ts";
import * as membership from "../inet/udp/membership.ts";
import { receiveDatagram } from "../inet/udp/receive.ts";
import { udpSend } from "../inet/udp/send.ts";
import type { Datagram, UdpSocket } from "../inet/udp/socket.ts";
import { udpTable } from "../inet/udp/table.ts";
import type { Device, Netns } from "../net/netdevice.ts";
import type { ErrnoName } from "../uapi/errno.ts";
import { AF_INET, AF_INET6 } from "../uapi/socket.ts";
import type { Endpoint } from "./endpoint.ts";
import { endpointOf, ifindexOf, parseEndpoint, socketError } from "./endpoint.ts";
import type { AbortSignalLike, CallOff, WaitOptions } from "./patience.ts";
import { checkWait, limitWait } from "./patience.ts";

/** How a socket is opened. */
export interface UdpOptions {
  /** The address to bind to; every address of both families by default, of IPv6 and IPv4 with `::`, of IPv4 with `0.0.0.0`. */
  readonly host?: string;
  /** The port to bind to; one that is free by default. */
  readonly port?: number;
  /** The only device to send and receive by. */
  readonly dev?: string;
  /** May send to broadcast addresses; no by default. */
  readonly broadcast?: boolean;
  /** Others may have the same address and port, if they say so too. */
  readonly reuseAddress?: boolean;
  /** As `reuseAddress`; each datagram that is for one of them is for the one that the hash of its ends chooses. */
  readonly reusePort?: boolean;
  /** IPv6 alone, where `host` is `::`. */
  readonly ipv6Only?: boolean;
  /** Hops its packets may take, 1 to 255; by default as many as the namespace lets them. */
  readonly ttl?: number;
  /** The type of service or traffic class of its packets, 0 to 255. */
  readonly tos?: number;
  /** Hops that packets to groups may take, 0 to 255; 1 by default. */
  readonly multicastTtl?: number;
  /** What is sent to a group comes to this host's own members too; yes by default. */
  readonly multicastLoop?: boolean;
  /** The device that groups are sent to by; the one that routing finds by default. */
  readonly multicastDev?: string;
  /** What its queue holds before datagrams are lost, in bytes. */
  readonly receiveBufferBytes?: number;
  /** Closes the socket when it is aborted. */
  readonly signal?: AbortSignalLike;
}

/** Which part of a group is meant. */
export interface GroupOptions {
  /** The only sender; all by default. */
  readonly source?: string;
}

/** All senders to a group but some, or only some. */
export interface SourceFilterOptions {
  readonly mode: "include" | "exclude";
  readonly sources: readonly string[];
}

/** A datagram that came in. */
export interface ReceivedDatagram extends Endpoint {
  readonly payload: Uint8Array;
  /** The address it was sent to: the socket's, a group's, a broadcast's; and the port. */
  readonly destination: string;
  readonly destinationPort: number;
  /** The device it came in on. */
  readonly ifindex: number;
  readonly ttl: number;
}

interface Reader {
  /** The datagram stays. */
  readonly isPeeking: boolean;
  readonly resolve: (datagram: ReceivedDatagram | null) => void;
  readonly reject: (reason: unknown) => void;
  callOff: CallOff;
}

/** A socket of a namespace; read it with `receive()` or `for await`, and `close()` it. */
export class Udp implements AsyncIterable<ReceivedDatagram> {
  readonly #socket: UdpSocket;
  readonly #waiting: Reader[] = [];
  #callOff: CallOff = () => {};

  /** Opens a socket; with `isCatchAll` it also takes what no other socket of the namespace does, whatever the port. */
  constructor(netns: Netns, options: UdpOptions, isCatchAll = false) {
    const { host = "::", port = 0 } = options;
    const to = parseEndpoint(netns, { host, port });
    const isFour = to.address.length === 4;
    const isV6Only = options.ipv6Only ?? (!isFour && ipNetns(netns).tunables.bindV6Only !== 0);
    const socket = openUdp(netns, { family: isFour ? AF_INET : AF_INET6, isV6Only });
    this.#socket = socket;
    try {
      socket.ifindex = options.dev === undefined ? to.ifindex : ifindexOf(netns, options.dev);
      socket.hasOwnDevice = socket.ifindex !== 0;
      socket.reusesAddress = options.reuseAddress ?? false;
      socket.reusesPort = options.reusePort ?? false;
      this.#setUp(options);
      socket.receiveLimit = options.receiveBufferBytes ?? socket.receiveLimit;
      const errno = bindUdp(socket, to.address, port);
      if (errno !== "") throw socketError(errno, "bind", { host, port });
    } catch (error) {
      closeUdp(socket);
      throw error;
    }
    if (isCatchAll) udpTable(ipNetns(netns)).catchAll = socket;
    socket.onReadable = () => this.#serve();
    const { signal } = options;
    this.#callOff = limitWait(
      netns,
      { signal },
      () => socketError("EAGAIN", "receive"),
      () => this.close(),
    );
  }

  #setUp({ broadcast, multicastDev, multicastLoop, multicastTtl, tos, ttl }: UdpOptions): void {
    if (broadcast !== undefined) this.setBroadcast(broadcast);
    if (ttl !== undefined) this.setTtl(ttl);
    if (tos !== undefined) this.setTos(tos);
    if (multicastTtl !== undefined) this.setMulticastTtl(multicastTtl);
    if (multicastLoop !== undefined) this.setMulticastLoop(multicastLoop);
    if (multicastDev !== undefined) this.setMulticastDev(multicastDev);
  }

  /** Where it listens. */
  get address(): Endpoint {
    const { family, local, localPort } = this.#socket;
    return endpointOf(local, localPort, family === AF_INET);
  }

  /** With whom it is connected; undefined when it is not. */
  get remoteAddress(): Endpoint | undefined {
    const { family, remote, remotePort } = this.#socket;
    return remote === null ? undefined : endpointOf(remote, remotePort, family === AF_INET);
  }

  /** Lets it send to broadcast addresses, or not (SO_BROADCAST). */
  setBroadcast(isOn: boolean): void {
    this.#socket.isBroadcast = isOn;
  }

  /** Hops its packets may take; -1: as many as the namespace lets them. EINVAL for 0 over IPv4 and for more than 255. */
  setTtl(ttl: number): void {
    refuse(checkTtl(this.#socket.family === AF_INET, ttl));
    this.#socket.ttl = ttl;
  }

  /** The type of service or traffic class of its packets, 0 to 255; EINVAL for others. */
  setTos(tos: number): void {
    refuse(checkTos(tos));
    this.#socket.tos = tos;
  }

  /** Hops that packets to groups may take, 0 to 255, where 0 is this host; -1: one. EINVAL for others (IP_MULTICAST_TTL). */
  setMulticastTtl(ttl: number): void {
    refuse(ttl === -1 ? "" : checkTtl(false, ttl));
    this.#socket.multicastTtl = ttl === -1 ? 1 : ttl;
  }

  /** Whether this host's own members of a group get what the socket sends to it (IP_MULTICAST_LOOP). */
  setMulticastLoop(isOn: boolean): void {
    this.#socket.multicastLoop = isOn;
  }

  /** The device that groups are sent to by; undefined: the one that routing finds (IP_MULTICAST_IF). ENODEV. */
  setMulticastDev(dev: string | undefined): void {
    const { netns } = this.#socket;
    const ifindex = dev === undefined ? 0 : ifindexOf(netns, dev);
    // Who is bound to a device sends by that, or by one that is a port of it.
    const { ifindex: bound } = this.#socket;
    if (ifindex !== 0 && bound !== 0 && bound !== ifindex && l3mdevIfindexBy(netns, ifindex) !== bound)
      refuse("EINVAL");
    this.#socket.multicastIfindex = ifindex;
  }

  /** Datagrams that were lost as nobody read them. */
  get dropped(): number {
    return this.#socket.dropped;
  }

  get isClosed(): boolean {
    return this.#socket.isClosed;
  }

  /**
   * Sends a datagram to `to`, by default to whom the socket is connected with. Throws NetlinkError: ENETUNREACH, EMSGSIZE, EACCES
   * for a broadcast without `broadcast`, ECONNREFUSED when nobody took the one before. The payload is copied.
   */
  send(payload: Uint8Array, to?: Endpoint): void {
    const where = to === undefined ? null : parseEndpoint(this.#socket.netns, to);
    const errno = udpSend(this.#socket, payload, where);
    if (errno !== "") throw socketError(errno, "send", to);
  }

  /** Has the socket send to and hear of `to` alone; without it, of anybody again. Throws what routing refuses. */
  connect(to?: Endpoint): void {
    const where = to === undefined ? null : parseEndpoint(this.#socket.netns, to);
    const errno = connectUdp(this.#socket, where);
    if (errno !== "") throw socketError(errno, "connect", to);
  }

  /**
   * Takes part in a multicast group on the device `dev`; of `source` alone, if that is said, and of what was joined so before
   * (MCAST_JOIN_GROUP, MCAST_JOIN_SOURCE_GROUP). Throws NetlinkError: EADDRINUSE, EADDRNOTAVAIL for what is joined already, EINVAL.
   */
  join(group: string, dev: string, { source }: GroupOptions = {}): void {
    const address = addressBytes(group);
    this.#change("join", group, dev, (socket, device) =>
      source === undefined
        ? membership.joinUdpGroup(socket, address, device)
        : membership.joinUdpSource(socket, address, device, addressBytes(source)),
    );
  }

  /** Undoes `join`: of `source` alone, if that is said. Throws NetlinkError: EADDRNOTAVAIL, EINVAL. */
  leave(group: string, dev: string, { source }: GroupOptions = {}): void {
    const address = addressBytes(group);
    this.#change("leave", group, dev, (socket, device) =>
      source === undefined
        ? membership.leaveUdpGroup(socket, address, device.ifindex)
        : membership.leaveUdpSource(socket, address, device, addressBytes(source)),
    );
  }

  /** Listens to a sender to a group that was joined no longer (MCAST_BLOCK_SOURCE). Throws NetlinkError: EADDRNOTAVAIL, EINVAL. */
  blockSource(group: string, dev: string, source: string): void {
    const [address, sender] = [addressBytes(group), addressBytes(source)];
    this.#change("block", group, dev, (socket, device) =>
      membership.blockUdpSource(socket, address, device, sender),
    );
  }

  /** Undoes `blockSource` (MCAST_UNBLOCK_SOURCE). */
  unblockSource(group: string, dev: string, source: string): void {
    const [address, sender] = [addressBytes(group), addressBytes(source)];
    this.#change("unblock", group, dev, (socket, device) =>
      membership.unblockUdpSource(socket, address, device, sender),
    );
  }

  /**
   * Says to whom it listens in a group that was joined (MCAST_MSFILTER); to include nobody is to leave. Throws NetlinkError: EINVAL,
   * ENOBUFS for more than 10 senders over IPv4, 64 over IPv6.
   */
  setSourceFilter(group: string, dev: string, { mode, sources }: SourceFilterOptions): void {
    const address = addressBytes(group);
    const filter = { mode, sources: sources.map(addressBytes) };
    this.#change("filter", group, dev, (socket, device) =>
      membership.setUdpSources(socket, address, device, filter),
    );
  }

  #change(
    call: string,
    group: string,
    dev: string,
    change: (socket: UdpSocket, device: Device) => ErrnoName | "",
  ): void {
    const { netns } = this.#socket;
    const device = netns.devices.get(ifindexOf(netns, dev));
    const errno = device === undefined ? "ENODEV" : change(this.#socket, device);
    if (errno !== "") throw socketError(errno, `${call} ${group}`);
  }

  /**
   * The next datagram; null once the socket is closed. Rejects when a connected socket hears of an error, and with EAGAIN or the
   * signal's reason when it is waited for no longer.
   */
  receive(options: WaitOptions = {}): Promise<ReceivedDatagram | null> {
    return this.#take(false, options);
  }

  /** As `receive`; the datagram is still there to be received (MSG_PEEK). */
  peek(options: WaitOptions = {}): Promise<ReceivedDatagram | null> {
    return this.#take(true, options);
  }

  #take(isPeeking: boolean, options: WaitOptions): Promise<ReceivedDatagram | null> {
    return new Promise((resolve, reject) => {
      checkWait(options);
      const reader: Reader = { isPeeking, resolve, reject, callOff: () => {} };
      this.#waiting.push(reader);
      this.#serve();
      if (!this.#waiting.includes(reader)) return;
      const late = (): Error => socketError("EAGAIN", "receive");
      reader.callOff = limitWait(this.#socket.netns, options, late, (reason) => {
        this.#waiting.splice(this.#waiting.indexOf(reader), 1);
        reject(reason);
      });
    });
  }

  close(): void {
    this.#callOff();
    closeUdp(this.#socket);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ReceivedDatagram, void, void> {
    try {
      for (let next = await this.receive(); next !== null; next = await this.receive()) yield next;
    } finally {
      this.close();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** Gives those who wait what there is: datagrams, an error, the end. */
  #serve(): void {
    const socket = this.#socket;
    for (let reader = this.#waiting[0]; reader !== undefined; reader = this.#waiting[0]) {
      const { error } = socket;
      const [first] = socket.queue;
      if (error === "" && first === undefined && !socket.isClosed) return;
      this.#waiting.shift();
      reader.callOff();
      if (error !== "") {
        socket.error = "";
        reader.reject(socketError(error, "receive"));
      } else {
        if (!reader.isPeeking) receiveDatagram(socket);
        reader.resolve(first === undefined ? null : shown(first, reader.isPeeking));
      }
    }
  }
}

/** A datagram as its user sees it; one that stays is copied. */
function shown(datagram: Datagram, isCopied: boolean): ReceivedDatagram {
  const { destination, destinationPort, ifindex, payload, source, sourcePort: port, ttl } = datagram;
  return {
    payload: isCopied ? payload.slice() : payload,
    host: addressText(source),
    port,
    destination: addressText(destination),
    destinationPort,
    ifindex,
    ttl,
  };
}

/** Throws why an option was refused. */
function refuse(errno: ErrnoName | ""): void {
  if (errno !== "") throw socketError(errno, "setsockopt");
}
