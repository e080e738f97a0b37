// The TCP connections of one namespace by their two ends, its listeners by their ports, and what all of them share.
//
// Mirrors net/ipv4/inet_hashtables.c (__inet_lookup_established, __inet_lookup_listener, __inet_hash_connect) and
// include/net/netns/ipv4.h (struct inet_timewait_death_row).

import { getBe32 } from "../../bytes/endian.ts";
import type { Random } from "../../net/random.ts";
import { IPPROTO_TCP } from "../../uapi/in.ts";
import { AF_INET6 } from "../../uapi/socket.ts";
import { isSameAddress } from "../address.ts";
import type { IpNetns } from "../netns.ts";
import { ProtocolSlot } from "../protocol-slot.ts";
import type { EndpointPair, TcpEndpoint } from "./endpoint.ts";
import { hash4, hash6 } from "./endpoint.ts";
import { FlightPool } from "./flight-record.ts";
import type { TcpListener } from "./listener.ts";
import { Progress } from "./progress.ts";
import { halfSipHash } from "./siphash.ts";

const firstBuckets = 64;

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
  /** Challenges answered in the second that began at `challengeNs` (RFC 5961 7). */
  challenges = 0;
  challengeNs = 0;
  /** Keys of sequence numbers, of timestamps and of SYN cookies. */
  readonly #keys: Int32Array;
  readonly #words4 = new Int32Array(4);
  readonly #words6 = new Int32Array(10);

  constructor(random: Random) {
    super();
    this.#keys = Int32Array.from({ length: 6 }, () => random.u32());
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

  /** The connection over IPv4 of these ends, given as signed numbers. */
  find4(local: number, remote: number, ports: number): TcpEndpoint | null {
    const hash = hash4(local, remote, ports);
    let each = this.#buckets[hash & (this.#buckets.length - 1)] ?? null;
    while (each !== null) {
      if (each.ports === ports && each.remote4 === remote && each.local4 === local && each.isFour)
        return each;
      each = each.hashNext;
    }
    return null;
  }

  /** The connection over IPv6 whose addresses are at these offsets. */
  find6(bytes: Uint8Array, local: number, remote: number, ports: number): TcpEndpoint | null {
    const hash = hash6(bytes, local, bytes, remote, ports);
    let each = this.#buckets[hash & (this.#buckets.length - 1)] ?? null;
    while (each !== null) {
      const isIt =
        each.ports === ports &&
        !each.isFour &&
        isSameAddress(each.remote, bytes, remote) &&
        isSameAddress(each.local, bytes, local);
      if (isIt) return each;
      each = each.hashNext;
    }
    return null;
  }

  /** The connection of these ends. */
  find({ local, localPort, remote, remotePort }: EndpointPair): TcpEndpoint | null {
    const ports = (localPort << 16) | remotePort;
    if (local.length === 4) return this.find4(getBe32(local, 0) | 0, getBe32(remote, 0) | 0, ports);
    const bytes = new Uint8Array(32);
    bytes.set(local);
    bytes.set(remote, 16);
    return this.find6(bytes, 0, 16, ports);
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
      if (conflicts(listener, other)) return false;
    }
    return true;
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

  /** The listener for a port of the address at `bytes[local]`, of `length` bytes; one of that address before one of every. */
  findListener(
    bytes: Uint8Array,
    local: number,
    length: number,
    port: number,
    ifindex: number,
  ): TcpListener | null {
    let any: TcpListener | null = null;
    for (const listener of this.#listeners.get(port) ?? []) {
      if (listener.ifindex !== 0 && listener.ifindex !== ifindex) continue;
      if (!takes(listener, length)) continue;
      if (listener.local === null) any ??= listener;
      else if (isSameAddress(listener.local, bytes, local)) return listener;
    }
    return any ?? this.catchAll;
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
  const table = new TcpTable(ip.inet.machine.random);
  ip.tcp = table;
  return table;
}

/** Whether the listener is one for addresses of so many bytes. */
function takes(listener: TcpListener, length: number): boolean {
  if (listener.local !== null) return listener.local.length === length;
  return length === 16 ? listener.family === AF_INET6 : listener.family !== AF_INET6 || !listener.isV6Only;
}

function conflicts(one: TcpListener, other: TcpListener): boolean {
  if (one.ifindex !== 0 && other.ifindex !== 0 && one.ifindex !== other.ifindex) return false;
  const shares = (takes(one, 4) && takes(other, 4)) || (takes(one, 16) && takes(other, 16));
  if (!shares) return false;
  return one.local === null || other.local === null || isSameAddress(one.local, other.local);
}
