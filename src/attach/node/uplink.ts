// A way from a lab to the real network, by this process's own sockets: no rights are needed, and the real network sees nothing but
// a program that connects. Off unless asked for.
//
//   netns [uplink0] 10.0.2.15 ──── 10.0.2.2 [uplink0] a namespace that stands in for the world ··· sockets of this process
//
// TCP, UDP and echo requests of ICMP to any address, over IPv4 and IPv6; DNS at 10.0.2.3 leads to the resolver of the real machine.
// Addresses are those that slirp and QEMU use. Echo requests take sockets that not everybody may open: where this process may not,
// the sender is told that they are prohibited.

import { createSocket } from "node:dgram";
import { getServers } from "node:dns";
import type { Socket } from "node:net";
import { connect as connectOutside, isIPv6 } from "node:net";
import { pipeline } from "node:stream";
import type { Connection, Endpoint, Interceptor, MachineNetns, ReceivedDatagram, Udp } from "../../index.ts";
import { Machine } from "../../index.ts";
import { NetlinkError, notSupported } from "../../netlink/error.ts";
import { checkEchoSockets } from "./echo-socket.ts";
import type { Libc } from "./libc.ts";
import { loadLibc } from "./libc.ts";
import { NetnsSocket } from "./netns-socket.ts";
import { gateway, UplinkEchoes } from "./uplink-echoes.ts";

/** What an uplink is to be. */
export interface UplinkOptions {
  /** Name of the device in the namespace; `uplink0` by default. */
  readonly dev?: string;
  /** Where DNS leads to; the first resolver of the real machine by default. */
  readonly dns?: Endpoint;
  /** Lets the lab reach what listens on the real machine's loopback, at 10.0.2.2; no by default. */
  readonly hostLoopback?: boolean;
  /** Which real addresses may be reached; all by default. The port of an echo request is 0. */
  readonly allow?: (to: Endpoint) => boolean;
  /**
   * Whether pings go out too, by ICMP sockets of this process; by default where it may open them. `true` has `uplink` reject with
   * EACCES and the cure where it may not (net.ipv4.ping_group_range), with ENOSYS where there is no FFI.
   */
  readonly echo?: boolean;
}

const inside = { ipv4: "10.0.2.15/24", ipv6: "fd00:2::15/64" };
const dnsAddress = "10.0.2.3";
const dnsPort = 53;
/** A flow of datagrams that was silent for so long has ended, and the most there may be at a time. */
const idleMs = 60_000;
const maxFlows = 1_024;

/** An uplink; `close()` it. */
export class Uplink {
  readonly #options: UplinkOptions;
  readonly #world: MachineNetns;
  readonly #machine: Machine;
  readonly #interceptor: Interceptor;
  readonly #sockets = new Set<Socket>();
  readonly #flows = new Map<string, Flow>();
  readonly #echoes: UplinkEchoes;

  private constructor(
    options: UplinkOptions,
    world: MachineNetns,
    machine: Machine,
    echoes: Libc | NetlinkError,
  ) {
    this.#options = options;
    this.#world = world;
    this.#machine = machine;
    this.#interceptor = world.intercept();
    this.#echoes = new UplinkEchoes(echoes, (host) => this.#target({ host, port: 0 })?.host);
    this.#interceptor.echoes((echo) => this.#echoes.take(echo));
    void this.#connections();
    void this.#datagrams();
  }

  /** See `uplink`. */
  static async open(netns: MachineNetns, options: UplinkOptions): Promise<Uplink> {
    const machine = netns.provider;
    if (!(machine instanceof Machine)) throw notSupported("An uplink needs a machine in this process");
    const { dev = "uplink0" } = options;
    const echoes = await mayEcho(options.echo);
    if (echoes instanceof NetlinkError && options.echo === true) throw echoes;
    const name = `${netns.name ?? "initial"}-${dev}`;
    const world = await machine.netns(name);
    await netns.link.add({ kind: "veth", name: dev, isUp: true, peer: { name: "uplink0", netns: name } });
    await world.link.set("uplink0", { isUp: true });
    await netns.addr.add(inside.ipv4, { dev });
    await netns.addr.add(inside.ipv6, { dev, noDad: true });
    await world.addr.add(`${gateway.ipv4}/24`, { dev: "uplink0" });
    await world.addr.add(`${dnsAddress}/24`, { dev: "uplink0" });
    await world.addr.add(`${gateway.ipv6}/64`, { dev: "uplink0", noDad: true });
    await netns.route.add({ dst: "0.0.0.0/0", via: gateway.ipv4, dev });
    await netns.route.add({ dst: "::/0", via: gateway.ipv6, dev });
    // What comes back goes to the namespace, whichever network behind it asked.
    await world.route.add({ dst: "0.0.0.0/0", via: "10.0.2.15", dev: "uplink0" });
    await world.route.add({ dst: "::/0", via: "fd00:2::15", dev: "uplink0" });
    await world.setSysctl("net.ipv4.ip_forward", 1);
    await world.setSysctl("net.ipv6.conf.all.forwarding", 1);
    return new Uplink(options, world, machine, echoes);
  }

  /** Where a connection or a datagram to `to` really goes; undefined: nowhere. */
  #target(to: Endpoint): Endpoint | undefined {
    if (to.host === dnsAddress && to.port === dnsPort) return this.#options.dns ?? resolver();
    if (to.host === gateway.ipv4 || to.host === gateway.ipv6) {
      if (this.#options.hostLoopback !== true) return undefined;
      return { host: to.port === 0 && isIPv6(to.host) ? "::1" : "127.0.0.1", port: to.port };
    }
    // Nothing of the real machine's own is reached by another name.
    const isPrivate =
      /^(127\.|0\.|169\.254\.|2[2-5]\d\.|10\.0\.2\.)/.test(to.host) ||
      /^(::1$|::$|fe80:|ff|::ffff:)/i.test(to.host);
    return isPrivate || this.#options.allow?.(to) === false ? undefined : to;
  }

  async #connections(): Promise<void> {
    for await (const connection of this.#interceptor.connections) this.#carry(connection);
  }

  #carry(connection: Connection): void {
    const target = this.#target(connection.localAddress);
    if (target === undefined) return connection.reset();
    const outside = connectOutside({ ...target, allowHalfOpen: true, noDelay: true });
    this.#sockets.add(outside);
    outside.once("close", () => this.#sockets.delete(outside));
    const lab = new NetnsSocket(connection, { allowHalfOpen: true });
    const ended = (error: Error | null | undefined): void => {
      if (error === null || error === undefined) return;
      lab.resetAndDestroy();
      outside.destroy();
    };
    outside.once("error", ended);
    lab.once("error", ended);
    pipeline(outside, lab, ended);
    pipeline(lab, outside, ended);
  }

  async #datagrams(): Promise<void> {
    for await (const datagram of this.#interceptor.datagrams) this.#open(datagram);
  }

  /** The first datagram between two ends: a socket on either side from then on. */
  #open(datagram: ReceivedDatagram): void {
    const to = { host: datagram.destination, port: datagram.destinationPort };
    const from = { host: datagram.host, port: datagram.port };
    const key = `${from.host}|${from.port}|${to.host}|${to.port}`;
    const known = this.#flows.get(key);
    if (known !== undefined) return known.send(datagram.payload);
    const target = this.#target(to);
    if (target === undefined || this.#flows.size >= maxFlows) return;
    try {
      const flow = new Flow(this.#interceptor.answer(to, from), target, () => this.#flows.delete(key));
      this.#flows.set(key, flow);
      flow.send(datagram.payload);
    } catch {
      // The lab's address has gone meanwhile: the datagram is lost.
    }
  }

  /** Why pings do not go out; undefined where they do. */
  get echoError(): Error | undefined {
    return this.#echoes.refusal;
  }

  /** Takes the uplink down: what goes over it is broken off, its device is deleted. */
  async close(): Promise<void> {
    this.#interceptor.close();
    for (const flow of [...this.#flows.values()]) flow.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#echoes.close();
    const { name } = this.#world;
    await this.#world.link.del("uplink0");
    await this.#world.close();
    if (name !== undefined) await this.#machine.deleteNetns(name);
  }
}

/** The datagrams between two ends. */
class Flow {
  readonly #lab: Udp;
  readonly #outside: ReturnType<typeof createSocket>;
  readonly #target: Endpoint;
  readonly #onClosed: () => void;
  #timeout: NodeJS.Timeout;
  #isClosed = false;

  constructor(lab: Udp, target: Endpoint, onClosed: () => void) {
    this.#lab = lab;
    this.#target = target;
    this.#onClosed = onClosed;
    this.#outside = createSocket(isIPv6(target.host) ? "udp6" : "udp4");
    this.#outside.on("message", (payload) => this.#receive(payload));
    this.#outside.on("error", () => this.close());
    this.#timeout = setTimeout(() => this.close(), idleMs);
    this.#timeout.unref();
    void this.#forward();
  }

  async #forward(): Promise<void> {
    try {
      for await (const { payload } of this.#lab) this.send(payload);
    } catch {
      this.close();
    }
  }

  send(payload: Uint8Array): void {
    if (this.#isClosed) return;
    this.#timeout.refresh();
    this.#outside.send(payload, this.#target.port, this.#target.host);
  }

  #receive(payload: Uint8Array): void {
    this.#timeout.refresh();
    try {
      this.#lab.send(payload);
    } catch {
      this.close();
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timeout);
    this.#lab.close();
    this.#outside.close();
    this.#onClosed();
  }
}

/** What echo requests take, or why there are none. */
async function mayEcho(isWanted: boolean | undefined): Promise<Libc | NetlinkError> {
  if (isWanted === false) return new NetlinkError("EACCES", "This uplink is to carry no pings");
  try {
    const libc = await loadLibc();
    checkEchoSockets(libc);
    return libc;
  } catch (error) {
    if (error instanceof NetlinkError) return error;
    throw error;
  }
}

/** The real machine's first resolver. */
function resolver(): Endpoint | undefined {
  const [first] = getServers();
  if (first === undefined) return undefined;
  const match = /^\[?([^\]]+?)\]?(?::(\d+))?$/.exec(first);
  const isBare = isIPv6(first);
  return {
    host: isBare ? first : (match?.[1] ?? first),
    port: isBare ? dnsPort : Number(match?.[2] ?? dnsPort),
  };
}

/**
 * Leads from `netns` to the real network: a device with a default route, behind which everything is reached by sockets of this
 * process. Rejects with EEXIST when the device is there already.
 */
export function uplink(netns: MachineNetns, options: UplinkOptions = {}): Promise<Uplink> {
  return Uplink.open(netns, options);
}
