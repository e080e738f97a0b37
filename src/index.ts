// The public door of the core: make a machine, open netlink sockets on it, or use its typed API.

import type { SessionOptions } from "./af_netlink/session.ts";
import { NetlinkSession } from "./af_netlink/session.ts";
import { NetlinkTable } from "./af_netlink/table.ts";
import { UvethClient } from "./client/uveth.ts";
import type { Ethtool } from "./genetlink/ethtool.ts";
import { joinGenetlink } from "./genetlink/join.ts";
import { inet6AfOps, inetAfOps } from "./inet/af-spec.ts";
import { joinInet } from "./inet/join.ts";
import type { MachineOptions } from "./machine.ts";
import { MachineCore } from "./machine.ts";
import { Capture } from "./net/capture.ts";
import { captureToPcapng } from "./net/capture-file.ts";
import { netnsByName } from "./net/namespace.ts";
import type { Device } from "./net/netdevice.ts";
import { WireHook } from "./net/wire-hook.ts";
import { NetlinkClient } from "./netlink/client.ts";
import { NetlinkError } from "./netlink/error.ts";
import type { NetlinkProvider, NetlinkTransport, NetnsHandle, SocketRequest } from "./netlink/transport.ts";
import { joinRtnetlink } from "./rtnetlink/join.ts";
import { joinInetRequests } from "./rtnetlink/join-inet.ts";
import { joinTrafficControl } from "./rtnetlink/tc-join.ts";
import { actionCalls } from "./sched/actions.ts";
import { classifiers } from "./sched/classifiers.ts";
import { SockDiag } from "./sock_diag/protocol.ts";
import { MachineNetns } from "./sockets/netns.ts";
import { NETLINK_GENERIC, NETLINK_SOCK_DIAG } from "./uapi/netlink.ts";

export type { NetlinkSession, SessionOptions } from "./af_netlink/session.ts";
export type { AddressEntry, AddressOptions } from "./client/addr-api.ts";
export type { Captured, CaptureOptions } from "./client/capture.ts";
export type { Link } from "./client/link.ts";
export type { LinkHandle } from "./client/link-api.ts";
export type { LinkOptions, NewLinkOptions, PeerOptions } from "./client/link-options.ts";
export type { MonitorEvent, MonitorSubject } from "./client/monitor.ts";
export { netemComplaint, netemWords } from "./client/netem-check.ts";
export type { NetemOptions } from "./client/netem-options.ts";
export { NetnsClient } from "./client/netns.ts";
export type { PingOptions, PingResult } from "./client/ping.ts";
export type { LinkStats } from "./client/stats.ts";
export type { Time } from "./client/units.ts";
export { nanoseconds } from "./client/units.ts";
/** What kinds of device from elsewhere are handed (`uveth/drivers`). */
export * as drivers from "./drivers/index.ts";
export type { MachineOptions } from "./machine.ts";
export type { Clock, Scheduler } from "./net/clock.ts";
export { VirtualClock } from "./net/clock.ts";
export type { LinkOps } from "./net/netdevice.ts";
export type { Random } from "./net/random.ts";
export { SeededRandom } from "./net/random.ts";
export type { WireFunction, WirePiece, WireVerdict } from "./net/wire-hook.ts";
export { WireHook } from "./net/wire-hook.ts";
export { NetlinkError } from "./netlink/error.ts";
/** What the files of /proc/net show. */
export { procNetNames, readProcNet } from "./procfs/files.ts";
export type { ConnectOptions } from "./sockets/connect.ts";
export type { Connection, ConnectionOptions } from "./sockets/connection.ts";
export type { DhcpOffer, DhcpOptions } from "./sockets/dhcp-client.ts";
export type { DhcpLease, DhcpServer, DhcpServerOptions } from "./sockets/dhcp-server.ts";
export type { DnsServer, DnsServerOptions, DnsValue } from "./sockets/dns-server.ts";
export type { Endpoint } from "./sockets/endpoint.ts";
export type { EchoRefusal, InterceptedEcho, Interceptor } from "./sockets/intercept.ts";
export type { Listener, ListenOptions } from "./sockets/listener.ts";
export { MachineNetns } from "./sockets/netns.ts";
export type { AbortSignalLike, WaitOptions } from "./sockets/patience.ts";
export type { PrefixOptions, RouteInfoOptions, RouterOptions, RouterPreference } from "./sockets/router.ts";
export type { TapOptions } from "./sockets/tap.ts";
export { Tap } from "./sockets/tap.ts";
export type { GroupOptions, ReceivedDatagram, SourceFilterOptions, Udp, UdpOptions } from "./sockets/udp.ts";

/** What to capture into a pcapng file. */
export interface CaptureToPcapngOptions {
  /** Namespaces by name; all there are, the initial one too, by default. */
  readonly netns?: readonly string[];
  /** Bytes kept of a frame; all by default. */
  readonly snaplen?: number;
  /** Which frames, in the words of pcap-filter(7); all by default. */
  readonly filter?: string;
  /** Single devices in place of namespaces. */
  readonly devices?: readonly { readonly netns: string; readonly dev: string }[];
  /** What the file says of itself, in its section header. */
  readonly comments?: readonly string[];
  /** Asked before each frame for what has happened since the last one; it becomes that frame's comments. */
  readonly takeNotes?: () => readonly string[];
  /** Takes the file block by block, from its header on. */
  readonly write: (block: Uint8Array) => void;
}

/** A frame that was dropped. */
export interface DroppedFrame {
  /** Of the machine's clock. */
  readonly timestampNs: number;
  readonly netns: string;
  readonly dev: string;
  readonly reason: string;
  /** Its beginning; valid for as long as it is kept. */
  readonly bytes: Uint8Array;
  /** Bytes that it had. */
  readonly length: number;
  /** Others that were not told of since the one before. */
  readonly lost: number;
}

/** Bytes that are kept of a dropped frame, and that may wait to be told of. */
const dropSnaplen = 256;
const dropLimitBytes = 1 << 20;

/**
 * A Linux link layer of its own: namespaces, devices, protocols, behind netlink. Made by `createMachine`; `close()` it, or
 * let `await using` do so.
 */
export class Machine implements NetlinkProvider {
  /** The machine's parts, for drivers, attachments and the daemon; users have no need of them. */
  readonly core: MachineCore;
  readonly table: NetlinkTable;
  readonly ethtool: Ethtool;
  readonly #session: NetlinkSession;
  /** Clients that `netns` has handed out and nobody has closed, by name. */
  readonly #clients = new Map<MachineNetns, string | undefined>();

  readonly #wires = new WeakMap<object, WireHook>();

  constructor(options: MachineOptions) {
    let table: NetlinkTable | undefined;
    let ethtool: Ethtool | undefined;
    this.core = new MachineCore(options, (core) => {
      table = new NetlinkTable(core);
      // rtnetlink hears of devices before IPv4 and IPv6 do, as on Linux: its messages tell what those knew before.
      const rtnetlink = joinRtnetlink(core, table);
      joinInetRequests(rtnetlink, joinInet(core));
      joinTrafficControl(rtnetlink, classifiers, actionCalls);
      core.afOps.push(inetAfOps, inet6AfOps);
      ethtool = joinGenetlink(table);
      table.register(NETLINK_SOCK_DIAG, new SockDiag());
    });
    this.table = table ?? new NetlinkTable(this.core);
    this.ethtool = ethtool ?? joinGenetlink(this.table);
    this.#session = this.openSession({ pid: 1 });
  }

  /**
   * Opens the namespace `name`, which is made when there is none; the initial one without a name. NetlinkError EINVAL for a
   * name that no file could have.
   *
   * @example
   * ```js
   * import { createMachine, SeededRandom, VirtualClock } from "uveth";
   *
   * const clock = new VirtualClock();
   * const machine = createMachine({ clock, scheduler: clock, random: new SeededRandom(1) });
   * const [red, blue] = [await machine.netns("red"), await machine.netns("blue")];
   * await red.link.add({ kind: "veth", name: "v0", peer: { name: "v1", netns: "blue" } });
   * console.log((await blue.link.list()).map(({ ifname }) => ifname).join(" "));
   * machine.close();
   * ```
   *
   * ```text
   * lo v1
   * ```
   */
  async netns(name?: string): Promise<MachineNetns> {
    if (name !== undefined && !this.core.netnsNames.has(name)) {
      await this.#asUveth((uveth) => uveth.addNetns(name)).catch((error: unknown) => {
        // Somebody else was faster.
        if (!(error instanceof NetlinkError) || error.code !== "EEXIST") throw error;
      });
    }
    const netns = name === undefined ? this.core.initialNetns : netnsByName(this.core, name);
    const client = await MachineNetns.openIn(netns, this, name);
    this.#clients.set(client, name);
    client.onClosed = () => this.#clients.delete(client);
    return client;
  }

  /** The names of the namespaces, in the order they were given. */
  netnsNames(): string[] {
    return [...this.core.netnsNames.keys()];
  }

  /**
   * Deletes the namespace `name` and closes what `netns` opened on it; ENOENT when there is none. As on Linux it goes down
   * with its devices when no socket or descriptor of anybody else is left in it.
   */
  async deleteNetns(name: string): Promise<void> {
    for (const [client, named] of [...this.#clients]) if (named === name) await client.close();
    await this.#asUveth((uveth) => uveth.deleteNetns(name));
  }

  /**
   * Captures straight into a pcapng file until the function it returns is called, which writes what is left; ENOENT for a
   * namespace there is not, FilterError for a bad filter. For one link, or to look at frames, use `link.capture()`.
   */
  captureToPcapng({ netns, devices, ...options }: CaptureToPcapngOptions): () => void {
    const sources = devices?.map((each) => this.#device(each.netns, each.dev)) ??
      netns?.map((name) => netnsByName(this.core, name)) ?? [...this.core.namespaces.values()];
    return captureToPcapng(this.core, { ...options, sources });
  }

  /**
   * Tells of every frame that comes to its end in one of the namespaces without being delivered, until the function it returns
   * is called; ENOENT for a namespace there is not. What comes faster than it is told is counted in `lost`.
   */
  watchDrops(names: readonly string[], onDrop: (drop: DroppedFrame) => void): () => void {
    const nameOf = new Map(names.map((name) => [netnsByName(this.core, name), name]));
    const capture = new Capture(this.core, {
      snaplen: dropSnaplen,
      limitBytes: dropLimitBytes,
      onlyDrops: true,
    });
    for (const netns of nameOf.keys()) capture.add(netns);
    capture.onReadable = () => {
      for (let record = capture.read(); record !== undefined; record = capture.read()) {
        const { timestampNs, dev, ifname, bytes, length, dropReason = "", lost } = record;
        onDrop({
          timestampNs,
          netns: nameOf.get(dev.netns) ?? "",
          dev: ifname,
          reason: dropReason,
          bytes,
          length,
          lost,
        });
      }
    };
    return () => capture.close();
  }

  #device(netns: string, dev: string): Device {
    const device = netnsByName(this.core, netns).names.get(dev);
    if (device === undefined) throw new NetlinkError("ENODEV");
    return device;
  }

  /**
   * The wire that the device `dev` of the namespace `netns` sends on, for functions that see each frame and decide; ENOENT
   * and ENODEV when there is none. It is the same one as long as the device lives.
   */
  wire(netns: string, dev: string): WireHook {
    const device = this.#device(netns, dev);
    let hook = this.#wires.get(device);
    if (hook === undefined) {
      hook = new WireHook(device);
      this.#wires.set(device, hook);
    }
    return hook;
  }

  /** Opens a netlink socket; see NetlinkProvider. */
  openSocket(request: SocketRequest): Promise<NetlinkTransport> {
    return this.#session.openSocket(request);
  }

  /** Opens a namespace by its name; see NetlinkProvider. */
  openNetns(name: string): Promise<NetnsHandle> {
    return this.#session.openNetns(name);
  }

  /** Opens a session, which stands for one process: its rights, its sockets and the namespaces it holds open. */
  openSession(options: SessionOptions): NetlinkSession {
    return new NetlinkSession(this.table, { loadModule: (alias) => this.core.loadModule(alias), ...options });
  }

  /** Closes every socket, namespace, device and timer of the machine; requests that still wait are rejected (ENOTCONN). */
  close(): void {
    this.#clients.clear();
    this.#session.close();
    this.table.close();
    this.core.close();
  }

  /** `close`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  async #asUveth<Result>(use: (uveth: UvethClient) => Promise<Result>): Promise<Result> {
    const socket = await this.openSocket({ protocol: NETLINK_GENERIC });
    const uveth = await UvethClient.open(new NetlinkClient(socket));
    try {
      return await use(uveth);
    } finally {
      uveth.close();
    }
  }
}

/**
 * Makes a machine; nothing outside it is touched until something is attached.
 *
 * @example
 * ```js
 * import { createMachine } from "uveth";
 * import { realTime } from "uveth/attach";
 *
 * const machine = createMachine(realTime());
 * machine.close();
 * ```
 */
export function createMachine(options: MachineOptions): Machine {
  return new Machine(options);
}
