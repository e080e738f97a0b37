// The TCP connections of one namespace by their two ends, its listeners by their ports, and what all of them share.
//
// Mirrors net/ipv4/inet_hashtables.c (__inet_lookup_established, __inet_lookup_listener, __inet_hash_connect) and
// include/net/netns/ipv4.h (struct inet_timewait_death_row).

import { getBe32 } from "../../bytes/endian.ts";
import type { Device, Netns } from "../../net/netdevice.ts";
import type { Random } from "../../net/random.ts";
import { IPPROTO_TCP } from "../../uapi/in.ts";
import { AF_INET6 } from "../../uapi/socket.ts";
import { isSameAddress } from "../address.ts";
import { hash4, hash6 } from "../hash-ends.ts";
import { hearsDevice, l3mdevIfindexBy } from "../l3mdev.ts";
import type { IpNetns } from "../netns.ts";
import { ProtocolSlot } from "../protocol-slot.ts";
import type { Tunables } from "../tunables.ts";
import type { EndpointPair, TcpEndpoint } from "./endpoint.ts";
import { FlightPool } from "./flight-record.ts";
import type { TcpListener } from "./listener.ts";
import { Progress } from "./progress.ts";
import { halfSipHash } from "./siphash.ts";

const firstBuckets = 64;
/** What a match in each respect counts: the address more than all else together (compute_score). */
const addressScore = 4;
const deviceScore = 2;
const familyScore = 1;

/** Everything TCP keeps with a namespace. */
export class TcpTable extends ProtocolSlot {
  readonly protocol = IPPROTO_TCP;
  readonly flights = new FlightPool();
  /** What the acknowledgement at hand has brought. */
  readonly progress = new Progress();
  #buckets: (TcpEndpoint | null)[] = new Array<TcpEndpoint | null>(firstBuckets).fill(null);
  #size = 0;
  /** Takes connections that no other listener does, to any port; null: nobody. */
  catchAll: TcpListener | null = null;
  readonly #listeners = new Map<number, TcpListener[]>();
  /** Connections in TIME-WAIT. */
  timeWaits = 0;
  /** Connections that nobody holds, and the most there may be (net.ipv4.tcp_max_orphans). */
  orphans = 0;
  orphanLimit = 4_096;
  /** Challenges that may still be sent in the second `challengeS` of the clock (RFC 5961 7). */
  challenges = 0;
  challengeS = -1;
  /** Keys of sequence numbers, of timestamps and of SYN cookies. */
  readonly #keys: Int32Array;
  readonly #tunables: Tunables;
  readonly #words4 = new Int32Array(4);
  readonly #words6 = new Int32Array(10);

  constructor(random: Random, tunables: Tunables) {
    super();
    this.#tunables = tunables;
    this.#keys = Int32Array.from({ length: 6 }, () => random.u32());
  }

  /** Sockets that are bound to no device belong to every VRF (net.ipv4.tcp_l3mdev_accept). */
  get acceptsVrfs(): boolean {
    return this.#tunables.tcpL3mdevAccept !== 0;
  }

  /** How many connections there are, in any state. */
  get size(): number {
    return this.#size;
  }

  add(endpoint: TcpEndpoint): void {
    if (this.#size >= this.#buckets.length) this.#grow();
    const place = endpoint.hash & (this.#buckets.length - 1);
    endpoint.hashNext = this.#buckets[place] ?? null;
    this.#buckets[place] = endpoint;
    endpoint.isHashed = true;
    this.#size++;
  }

  remove(endpoint: TcpEndpoint): void {
    if (!endpoint.isHashed) return;
    const place = endpoint.hash & (this.#buckets.length - 1);
    let previous: TcpEndpoint | null = null;
    for (let each = this.#buckets[place] ?? null; each !== null; each = each.hashNext) {
      if (each === endpoint) {
        if (previous === null) this.#buckets[place] = each.hashNext;
        else previous.hashNext = each.hashNext;
        break;
      }
      previous = each;
    }
    endpoint.hashNext = null;
    endpoint.isHashed = false;
    this.#size--;
  }

  /** The connection over IPv4 of these ends, given as signed numbers, that hears of what came in on `dev` (null: on none). */
  find4(local: number, remote: number, ports: number, dev: Device | null): TcpEndpoint | null {
    const hash = hash4(local, remote, ports);
    let each = this.#buckets[hash & (this.#buckets.length - 1)] ?? null;
    while (each !== null) {
      const isIt = each.ports === ports && each.remote4 === remote && each.local4 === local && each.isFour;
      if (isIt && hearsDevice(each.ifindex, dev, this.acceptsVrfs)) return each;
      each = each.hashNext;
    }
    return null;
  }

  /** The connection over IPv6 whose addresses are at these offsets, as find4 finds it. */
  find6(
    bytes: Uint8Array,
    local: number,
    remote: number,
    ports: number,
    dev: Device | null,
  ): TcpEndpoint | null {
    const hash = hash6(bytes, local, bytes, remote, ports);
    let each = this.#buckets[hash & (this.#buckets.length - 1)] ?? null;
    while (each !== null) {
      const isIt =
        each.ports === ports &&
        !each.isFour &&
        isSameAddress(each.remote, bytes, remote) &&
        isSameAddress(each.local, bytes, local);
      if (isIt && hearsDevice(each.ifindex, dev, this.acceptsVrfs)) return each;
      each = each.hashNext;
    }
    return null;
  }

  /** The connection of these ends that one bound to the device `ifindex`, 0 for none, would take the segments of. */
  find({ local, localPort, netns, remote, remotePort }: EndpointPair, ifindex: number): TcpEndpoint | null {
    const dev = netns.devices.get(ifindex) ?? null;
    const ports = (localPort << 16) | remotePort;
    if (local.length === 4) return this.find4(getBe32(local, 0) | 0, getBe32(remote, 0) | 0, ports, dev);
    const bytes = new Uint8Array(32);
    bytes.set(local);
    bytes.set(remote, 16);
    return this.find6(bytes, 0, 16, ports, dev);
  }

  /** Every connection, in no order; the table must not change meanwhile. */
  *endpoints(): Generator<TcpEndpoint, void, void> {
    for (const first of this.#buckets) {
      for (let each = first; each !== null; each = each.hashNext) yield each;
    }
  }

  #grow(): void {
    const old = this.#buckets;
    this.#buckets = new Array<TcpEndpoint | null>(old.length * 2).fill(null);
    for (const first of old) {
      for (let each = first; each !== null; ) {
        const next: TcpEndpoint | null = each.hashNext;
        const place = each.hash & (this.#buckets.length - 1);
        each.hashNext = this.#buckets[place] ?? null;
        this.#buckets[place] = each;
        each = next;
      }
    }
  }

  /** Whether a listener may have an address and a port. */
  mayListen(listener: TcpListener): boolean {
    for (const other of this.#listeners.get(listener.localPort) ?? []) {
      if (this.#domainOf(listener) === this.#domainOf(other) && conflicts(listener, other)) return false;
    }
    return true;
  }

  /** Whether a listener's address and port overlap with those that a connection is to be bound to (inet_csk_bind_conflict). */
  isListening(
    netns: Netns,
    length: number,
    local: Uint8Array | undefined,
    port: number,
    ifindex: number,
  ): boolean {
    const domain = this.#domainOf({ netns, ifindex });
    for (const listener of this.#listeners.get(port) ?? []) {
      if (!takes(listener, length) || this.#domainOf(listener) !== domain) continue;
      if (listener.ifindex !== 0 && ifindex !== 0 && listener.ifindex !== ifindex) continue;
      if (listener.local === null || local === undefined || isSameAddress(listener.local, local)) return true;
    }
    return false;
  }

  /** Ports of a VRF are its own, unless all are everybody's (inet_sk_bound_l3mdev). */
  #domainOf({ ifindex, netns }: { readonly ifindex: number; readonly netns: Netns }): number {
    return this.acceptsVrfs ? 0 : l3mdevIfindexBy(netns, ifindex);
  }

  hasListener(port: number): boolean {
    return this.#listeners.has(port);
  }

  addListener(listener: TcpListener): void {
    const list = this.#listeners.get(listener.localPort);
    if (list === undefined) this.#listeners.set(listener.localPort, [listener]);
    else list.push(listener);
  }

  removeListener(listener: TcpListener): void {
    if (this.catchAll === listener) this.catchAll = null;
    const list = this.#listeners.get(listener.localPort);
    const place = list?.indexOf(listener) ?? -1;
    if (list === undefined || place < 0) return;
    list.splice(place, 1);
    if (list.length === 0) this.#listeners.delete(listener.localPort);
  }

  /** Every listener. */
  listeners(): TcpListener[] {
    const all = [...this.#listeners.values()].flat();
    return this.catchAll === null ? all : [...all, this.catchAll];
  }

  /** The listener for a port of the address at `bytes[local]`, of `length` bytes, that fits best what came in on `dev`; `hash` is one of the ends. */
  findListener(
    bytes: Uint8Array,
    local: number,
    length: number,
    port: number,
    dev: Device,
    hash: number,
  ): TcpListener | null {
    const list = this.#listeners.get(port);
    if (list === undefined) return this.catchAll;
    let best: TcpListener | null = null;
    let bestScore = -1;
    let rivals = 0;
    for (const listener of list) {
      const score = this.#scoreOf(listener, bytes, local, length, dev);
      if (score === bestScore) rivals++;
      if (score <= bestScore) continue;
      best = listener;
      bestScore = score;
      rivals = 1;
    }
    if (best === null) return this.catchAll;
    if (rivals === 1) return best;
    // Those who share a port are told apart by the ends of what comes (reuseport_select_sock).
    let place = ((hash >>> 0) * rivals) / 2 ** 32;
    for (const listener of list) {
      if (this.#scoreOf(listener, bytes, local, length, dev) !== bestScore) continue;
      if (place < 1) return listener;
      place--;
    }
    return best;
  }

  /** How well a listener fits; -1: not at all (compute_score). */
  #scoreOf(listener: TcpListener, bytes: Uint8Array, local: number, length: number, dev: Device): number {
    if (!takes(listener, length) || !hearsDevice(listener.ifindex, dev, this.acceptsVrfs)) return -1;
    if (listener.local !== null && !isSameAddress(listener.local, bytes, local)) return -1;
    return (
      (listener.local === null ? 0 : addressScore) +
      (listener.ifindex === 0 ? 0 : deviceScore) +
      (listener.family === AF_INET6 ? 0 : familyScore)
    );
  }

  /** A hash of both ends under the key number `key`: 0 sequence numbers, 1 timestamps, 2 cookies (secure_tcp_seq). */
  secret(endpoint: EndpointPair, key: number, salt = 0): number {
    const { local, localPort, remote, remotePort } = endpoint;
    const words = local.length === 4 ? this.#words4 : this.#words6;
    const each = local.length >> 2;
    for (let index = 0; index < each; index++) {
      words[index] = getBe32(local, 4 * index);
      words[each + index] = getBe32(remote, 4 * index);
    }
    words[2 * each] = (localPort << 16) | remotePort;
    words[2 * each + 1] = salt;
    return halfSipHash(this.#keys[2 * key] ?? 0, this.#keys[2 * key + 1] ?? 0, words);
  }
}

/** The connections of a namespace. */
export function tcpTable(ip: IpNetns): TcpTable {
  if (ip.tcp instanceof TcpTable) return ip.tcp;
  const table = new TcpTable(ip.inet.machine.random, ip.tunables);
  ip.tcp = table;
  return table;
}

/** Whether the listener is one for addresses of so many bytes. */
function takes(listener: TcpListener, length: number): boolean {
  if (listener.local !== null) return listener.local.length === length;
  return length === 16 ? listener.family === AF_INET6 : listener.family !== AF_INET6 || !listener.isV6Only;
}

function conflicts(one: TcpListener, other: TcpListener): boolean {
  if (one.reusesPort && other.reusesPort) return false;
  if (one.ifindex !== 0 && other.ifindex !== 0 && one.ifindex !== other.ifindex) return false;
  const shares = (takes(one, 4) && takes(other, 4)) || (takes(one, 16) && takes(other, 16));
  if (!shares) return false;
  return one.local === null || other.local === null || isSameAddress(one.local, other.local);
}
