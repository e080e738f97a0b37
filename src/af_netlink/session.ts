// A process, as netlink sees one: rights, descriptors open on namespaces, and the sockets it opens. It is what the
// machine's own API, the daemon's clients and tests hold; closing it closes everything it opened.

import { getNet, netnsByName, putNet } from "../net/namespace.ts";
import type { Netns } from "../net/netdevice.ts";
import { NetlinkError } from "../netlink/error.ts";
import type {
  DatagramInfo,
  NetlinkProvider,
  NetlinkTransport,
  NetnsHandle,
  SocketRequest,
} from "../netlink/transport.ts";
import type { Session } from "./handler.ts";
import type { LoadModule } from "./receive.ts";
import { Receiver } from "./receive.ts";
import type { NetlinkSocket } from "./socket.ts";
import type { NetlinkTable } from "./table.ts";

/** What a session may do and what it knows of others. */
export interface SessionOptions {
  /** The port id its sockets try first. */
  readonly pid: number;
  /** CAP_NET_ADMIN everywhere, or where it says; true by default. */
  readonly isAdmin?: boolean | ((netns: Netns) => boolean);
  readonly loadModule?: LoadModule;
  /** The namespace of another process; none by default. */
  readonly netnsByPid?: (pid: number) => Netns | undefined;
  /** The namespace of a descriptor that the session has not opened itself; none by default. */
  readonly netnsByFd?: (fd: number) => Netns | undefined;
}

/** Descriptors start here, so that a number meant for something else is not one by accident. */
const firstDescriptor = 1_000;

/** One process. */
export class NetlinkSession implements Session, NetlinkProvider {
  readonly #table: NetlinkTable;
  readonly #options: SessionOptions;
  readonly #descriptors = new Map<number, Netns>();
  readonly #sockets = new Set<NetlinkSocket>();
  #nextDescriptor = firstDescriptor;
  /** The namespace it has entered; undefined for the initial one. */
  #entered: Netns | undefined;

  constructor(table: NetlinkTable, options: SessionOptions) {
    this.#table = table;
    this.#options = options;
  }

  isAdmin(netns: Netns): boolean {
    const { isAdmin = true } = this.#options;
    return typeof isAdmin === "boolean" ? isAdmin : isAdmin(netns);
  }

  netnsByFd(fd: number): Netns | undefined {
    return this.#descriptors.get(fd) ?? this.#options.netnsByFd?.(fd);
  }

  netnsByPid(pid: number): Netns | undefined {
    return this.#options.netnsByPid?.(pid);
  }

  /** The namespace it lives in: where its sockets open unless they are asked for elsewhere. */
  get netns(): Netns {
    return this.#entered ?? this.#table.machine.initialNetns;
  }

  enterNetns(netns: Netns): void {
    const left = this.#entered;
    this.#entered = getNet(netns);
    if (left !== undefined) putNet(left);
  }

  openNetns(netns: Netns): number;
  openNetns(name: string): Promise<NetnsHandle>;
  openNetns(which: Netns | string): number | Promise<NetnsHandle> {
    if (typeof which === "string") return this.#openByName(which);
    const fd = this.#nextDescriptor++;
    this.#descriptors.set(fd, getNet(which));
    return fd;
  }

  closeNetns(fd: number): boolean {
    const netns = this.#descriptors.get(fd);
    if (netns === undefined) return false;
    this.#descriptors.delete(fd);
    putNet(netns);
    return true;
  }

  async #openByName(name: string): Promise<NetnsHandle> {
    const fd = this.openNetns(netnsByName(this.#table.machine, name));
    return {
      fd,
      close: () => {
        this.closeNetns(fd);
      },
    };
  }

  /** Opens a netlink socket in the namespace `request.netns`, by default the one the session lives in. */
  async openSocket({ protocol, netns: name }: SocketRequest): Promise<NetlinkTransport> {
    const netns = name === undefined ? this.netns : netnsByName(this.#table.machine, name);
    return this.openSocketIn(netns, protocol);
  }

  /** Opens a netlink socket in `netns` whose datagrams are handed over as they come. */
  openSocketIn(netns: Netns, protocol: number): NetlinkTransport {
    return new SocketTransport(this.openRaw(netns, protocol));
  }

  /** Opens a netlink socket in `netns` that its user reads at a pace of its own (`isReadable`, `receive`, `onReadable`). */
  openRaw(netns: Netns, protocol: number): NetlinkSocket {
    const socket = this.#table.open({ protocol, netns, session: this, wantedPort: this.#options.pid });
    const receiver = new Receiver(socket, this.#options.loadModule ?? (async () => false));
    socket.send = (datagram) => receiver.receive(datagram);
    socket.onClosed = () => this.#sockets.delete(socket);
    this.#sockets.add(socket);
    return socket;
  }

  /** Closes all sockets and descriptors. */
  close(): void {
    for (const socket of [...this.#sockets]) socket.close();
    this.#sockets.clear();
    for (const fd of [...this.#descriptors.keys()]) this.closeNetns(fd);
    if (this.#entered !== undefined) putNet(this.#entered);
    this.#entered = undefined;
  }
}

/** A socket as its user in this process holds it: what is received is handed over in a microtask of its own. */
class SocketTransport implements NetlinkTransport {
  onDatagram: (datagram: Uint8Array, info: DatagramInfo) => void = () => {};
  onOverrun: () => void = () => {};
  onClose: (reason?: Error) => void = () => {};
  readonly #socket: NetlinkSocket;
  #isPumping = false;

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
    socket.onReadable = () => this.#pumpSoon();
    const { onClosed } = socket;
    socket.onClosed = () => {
      onClosed();
      this.onClose();
    };
  }

  get portId(): number {
    return this.#socket.portId;
  }

  send(datagram: Uint8Array): void {
    if (this.#socket.isClosed) throw new NetlinkError("ENOTCONN", "The netlink socket is closed");
    this.#socket.send(datagram);
  }

  setOption(option: number, value: number): void {
    this.#socket.setOption(option, value);
  }

  close(): void {
    this.#socket.close();
  }

  #pumpSoon(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    void Promise.resolve().then(() => this.#pump());
  }

  #pump(): void {
    try {
      while (this.#socket.isReadable) this.#receiveOne();
    } finally {
      this.#isPumping = false;
    }
  }

  #receiveOne(): void {
    try {
      const received = this.#socket.receive();
      if (received === undefined) return;
      const { bytes, group, nsid } = received;
      this.onDatagram(bytes, nsid === undefined ? { group } : { group, nsid });
    } catch (error) {
      if (!(error instanceof NetlinkError) || error.code !== "ENOBUFS") throw error;
      this.onOverrun();
    }
  }
}
