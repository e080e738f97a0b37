// The two things a parity body runs on: the live kernel, and a machine of ours in this process. Each hands out the same
// few things, and everything else in a body is netlink.
//
//   kernel   a network namespace of its own per test (unshare), sockets by libc, frames by AF_PACKET
//   uveth    a machine of its own per test, under a virtual clock, its sockets opened by one session
//
// UVETH_PARITY_TARGETS=kernel, =uveth or =kernel,uveth (the default) chooses.

import type { NetlinkTransport } from "../../src/netlink/transport.ts";
import { kernelTarget } from "./targets/kernel.ts";
import { uvethTarget } from "./targets/uveth.ts";

export type TargetName = "kernel" | "uveth";

/** Something to run bodies on. */
export interface Target {
  readonly name: TargetName;
  /** Makes a machine that holds nothing but one fresh namespace. */
  start(): Promise<TargetMachine>;
}

/** A kernel, as far as a body sees it. */
export interface TargetMachine {
  /** The number of CPUs Linux calls possible, which is a veth's default number of queues. */
  readonly possibleCpus: number;
  /** Makes a namespace that holds a `lo` and nothing else. */
  newNetns(): Promise<TargetNetns>;
  /** Lets time pass: wall-clock time on the kernel, virtual time on a machine. */
  sleep(milliseconds: number): Promise<void>;
  /** Ends everything that is still open. */
  close(): Promise<void>;
}

/** A namespace. */
export interface TargetNetns {
  /** What names this namespace in IFLA_NET_NS_FD and NETNSA_FD, on every socket of this machine. */
  readonly fd: number;
  /** Opens a netlink socket in it, with the receive buffer Linux gives a socket by default (net.core.rmem_default). */
  openSocket(protocol: number): Promise<NetlinkTransport>;
  /** Opens a packet socket (AF_PACKET, SOCK_RAW) on the device `ifindex` for `protocol`, ETH_P_ALL for all. */
  openPacket(ifindex: number, protocol: number): Promise<PacketPort>;
  /** Writes a setting, `net.ipv4.…`. */
  setSysctl(name: string, value: number): Promise<void>;
  /** Opens a UDP socket of the family 4 or 6, bound to `port` of every address. */
  openGroupSocket(family: 4 | 6, port: number): Promise<GroupSocket>;
  /** Has a TCP socket listen on `port` of every address of both families. */
  listenStream(port: number, options: StreamOptions): Promise<StreamListener>;
  /** Begins a connection from `localPort`; NetlinkError with the errno of connect(2) where that does not wait. */
  connectStream(
    to: { readonly host: string; readonly port: number; readonly localPort: number },
    options: StreamOptions,
  ): Promise<StreamSocket>;
  /** Lets the namespace die: closes every reference that the machine holds on it. */
  destroy(): Promise<void>;
}

/** Whom to listen to in a group. Calls return the errno's name, "" for success. */
export interface GroupSocket {
  join(group: string, dev: LinkName, source?: string): string;
  leave(group: string, dev: LinkName, source?: string): string;
  block(group: string, dev: LinkName, source: string): string;
  unblock(group: string, dev: LinkName, source: string): string;
  filter(group: string, dev: LinkName, mode: "include" | "exclude", sources: readonly string[]): string;
  /** What has come in since it was asked last, as text. */
  received(): string[];
  close(): void;
}

/** How TCP sockets are to be: those that are accepted have it of their listener. */
export interface StreamOptions {
  readonly backlog?: number;
  readonly keepAlive?: { readonly idleS: number; readonly intervalS: number; readonly probes: number };
  readonly noDelay?: boolean;
  /** What waits to be read, in bytes as the kernel counts them. */
  readonly receiveBuffer?: number;
  /** Closing is a reset (SO_LINGER). */
  readonly resetsOnClose?: boolean;
  readonly userTimeoutMs?: number;
}

/** A listener. */
export interface StreamListener {
  /** The next connection that waits; undefined when none does. */
  accept(): StreamSocket | undefined;
  close(): void;
}

/** A connection, or one that is being made. Nothing waits; what fails is an errno's name. */
export interface StreamSocket {
  /** How many bytes were taken, or why none. */
  write(text: string): number | string;
  /** What there is, "" for nothing now, "end" at the end, or why there is none. */
  read(): string;
  /** Ends this half; "" for success (shutdown(2)). */
  end(): string;
  /** What went wrong, "" for nothing (SO_ERROR). */
  error(): string;
  close(): void;
}

/** A device, as one target or the other wants it named. */
export interface LinkName {
  readonly name: string;
  readonly ifindex: number;
}

/** A frame that a packet socket received. */
export interface ReceivedFrame {
  readonly bytes: Uint8Array;
  /** PACKET_HOST, PACKET_BROADCAST, PACKET_OUTGOING, … */
  readonly packetType: number;
}

/** A packet socket, bound to a device. */
export interface PacketPort {
  /**
   * Sends a frame from its Ethernet header on; NetlinkError with the errno that send(2) gives. A frame that the driver
   * dropped is no error here (ENOBUFS on the kernel): the counters tell.
   */
  send(frame: Uint8Array): void;
  /** The next frame that was received, those sent by this socket not among them. */
  receive(): Promise<ReceivedFrame>;
  close(): void;
}

/** The targets that the environment asks for. */
export function targets(): Target[] {
  const wanted = (process.env["UVETH_PARITY_TARGETS"] ?? "kernel,uveth").split(",");
  return [kernelTarget, uvethTarget].filter(({ name }) => wanted.includes(name));
}
