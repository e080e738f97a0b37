// Which node has which address: hosts that reach one another without a router are one segment, each segment has a prefix of its
// own, and routers know the way between them.
//
//   h1─┐
//      sw──r──h3        two segments: 10.0.0.0/24 with h1, h2, r and 10.0.1.0/24 with r, h3
//   h2─┘

import type { NodeKind } from "./node-kind.ts";
import { isBridging } from "./node-kind.ts";

/** A node as far as addresses go. */
interface PlannedNode {
  readonly name: string;
  readonly kind: NodeKind;
}

/** One end of a link. */
export interface PlannedEnd {
  readonly node: PlannedNode;
  readonly ifname: string;
}

/** Addresses of one end, with prefix lengths; of a family that it has been given none of, none. */
export interface EndAddresses {
  readonly end: PlannedEnd;
  readonly ip: string | undefined;
  readonly ip6: string | undefined;
  readonly segment: number;
}

const v4Base = 10 * 2 ** 24;
const minBits = 8;
/** Addresses of a prefix that nobody has: its own and the broadcast. */
const reserved = 2;

/** Gives out prefixes and addresses; what it has given stays as it is. */
export class AddressPlan {
  #nextNetwork = v4Base;
  #segments = 0;
  readonly ends: EndAddresses[] = [];

  /**
   * Plans addresses for the ends of `links` that have none, and returns those. Ends whose segment has a prefix already join it;
   * `given` says which addresses the user has chosen for an end.
   */
  add(
    links: readonly (readonly [PlannedEnd, PlannedEnd])[],
    given: (end: PlannedEnd) => readonly string[] | undefined,
  ): EndAddresses[] {
    const added: EndAddresses[] = [];
    for (const ends of segmentsOf(links)) {
      const missing = ends.filter((end) => this.of(end) === undefined);
      if (missing.length === 0) continue;
      const segment = ends.map((end) => this.of(end)?.segment).find((each) => each !== undefined);
      const own = segment ?? this.#segments++;
      for (const end of missing) {
        const chosen = given(end);
        if (chosen === undefined) continue;
        const [ip, ip6] = [
          chosen.find((each) => !each.includes(":")),
          chosen.find((each) => each.includes(":")),
        ];
        this.ends.push({ end, ip, ip6, segment: own });
      }
      added.push(
        ...this.#number(
          missing.filter((end) => given(end) === undefined),
          ends.length,
          own,
        ),
      );
    }
    this.ends.push(...added);
    return added;
  }

  /** Gives `ends` the next numbers of their segment. */
  #number(ends: readonly PlannedEnd[], members: number, segment: number): EndAddresses[] {
    if (ends.length === 0) return [];
    const known = this.ends.filter((each) => each.segment === segment);
    const ips = known.flatMap(({ ip }) => (ip === undefined ? [] : [ip]));
    const base = ips[0] === undefined ? this.#newNetwork(members) : networkOf(ips[0]);
    const taken = ips.map((ip) => v4Number(bare(ip)) - base.network);
    const first6 = known.find(({ ip6 }) => ip6 !== undefined)?.ip6;
    const prefix6 = first6 === undefined ? `fd00:0:0:${(segment + 1).toString(16)}` : head6(first6);
    const next = 1 + Math.max(0, ...taken);
    return ends.map((end, index) => ({
      end,
      ip: `${v4Text(base.network + next + index)}/${base.length}`,
      ip6: `${prefix6}::${(next + index).toString(16)}/64`,
      segment,
    }));
  }

  /** Forgets ends; what it returns may be taken back. Their addresses are not given to others as long as the segment lives. */
  remove(ends: readonly PlannedEnd[]): EndAddresses[] {
    const removed = this.ends.filter(({ end }) => ends.includes(end));
    for (const each of removed) this.ends.splice(this.ends.indexOf(each), 1);
    return removed;
  }

  /** Takes back what has been removed. */
  restore(removed: readonly EndAddresses[]): void {
    this.ends.push(...removed);
  }

  /** The addresses of an end. */
  of(end: PlannedEnd): EndAddresses | undefined {
    return this.ends.find((each) => each.end === end);
  }

  #newNetwork(members: number): { readonly network: number; readonly length: number } {
    let bits = minBits;
    while (2 ** bits < members + reserved + 1) bits++;
    const size = 2 ** bits;
    const network = Math.ceil(this.#nextNetwork / size) * size;
    this.#nextNetwork = network + size;
    return { network, length: 32 - bits };
  }
}

/** The network part of an IPv6 address as a lab writes them. */
function head6(address: string): string {
  return address.split("::")[0] ?? "";
}

function networkOf(ip: string): { readonly network: number; readonly length: number } {
  const [address = "", length = "24"] = ip.split("/");
  const size = 2 ** (32 - Number(length));
  return { network: Math.floor(v4Number(address) / size) * size, length: Number(length) };
}

function v4Number(text: string): number {
  return text.split(".").reduce((number, part) => number * 256 + Number(part), 0);
}

function v4Text(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}

/** The prefix an address is in, as text. */
export function prefixOf(address: string): string {
  if (address.includes(":")) return `${address.split("::")[0] ?? ""}::/64`;
  const [text = "", length = "24"] = address.split("/");
  const size = 2 ** (32 - Number(length));
  return `${v4Text(Math.floor(v4Number(text) / size) * size)}/${length}`;
}

/** Ends that reach one another through switches alone; the ends of switches themselves are left out. */
function segmentsOf(links: readonly (readonly [PlannedEnd, PlannedEnd])[]): PlannedEnd[][] {
  const leader = new Map<PlannedNode | PlannedEnd, PlannedNode | PlannedEnd>();
  const find = (one: PlannedNode | PlannedEnd): PlannedNode | PlannedEnd => {
    let at = one;
    for (let up = leader.get(at); up !== undefined && up !== at; up = leader.get(at)) at = up;
    return at;
  };
  // A switch is one place, every other end a place of its own.
  const placeOf = (end: PlannedEnd) => (isBridging(end.node.kind) ? end.node : end);
  for (const [a, b] of links) leader.set(find(placeOf(a)), find(placeOf(b)));
  const segments = new Map<PlannedNode | PlannedEnd, PlannedEnd[]>();
  for (const end of links.flat()) {
    if (isBridging(end.node.kind)) continue;
    const place = find(end);
    const ends = segments.get(place) ?? [];
    ends.push(end);
    segments.set(place, ends);
  }
  return [...segments.values()];
}

/** A way for a node: to a prefix, by the next router's address. */
export interface PlannedRoute {
  readonly node: PlannedNode;
  readonly dst: string;
  readonly via: string;
}

/** The shortest ways of every node to every segment that it is not in: for hosts one to everywhere, by the nearest router. */
export function planRoutes(ends: readonly EndAddresses[]): PlannedRoute[] {
  const byNode = groupBy(ends, ({ end }) => end.node);
  const bySegment = groupBy(ends, ({ segment }) => segment);
  const routes: PlannedRoute[] = [];
  for (const [node, own] of byNode) {
    const ways = waysFrom(own, byNode, bySegment);
    if (node.kind === "host") {
      const first = ways.values().next().value;
      if (first === undefined) continue;
      routes.push(...routeBy(node, "0.0.0.0/0", first.ip), ...routeBy(node, "::/0", first.ip6));
      continue;
    }
    for (const [segment, way] of ways) {
      for (const dst of prefixesOf(bySegment.get(segment) ?? []))
        routes.push(...routeBy(node, dst, dst.includes(":") ? way.ip6 : way.ip));
    }
  }
  return routes;
}

function routeBy(node: PlannedNode, dst: string, via: string | undefined): PlannedRoute[] {
  return via === undefined ? [] : [{ node, dst, via: bare(via) }];
}

/** The prefixes of a segment, each once. */
function prefixesOf(ends: readonly EndAddresses[]): Set<string> {
  return new Set(
    ends.flatMap(({ ip, ip6 }) => [ip, ip6].flatMap((each) => (each === undefined ? [] : prefixOf(each)))),
  );
}

/** The address without its prefix length. */
export function bare(address: string): string {
  return address.split("/")[0] ?? address;
}

/** The first router on the shortest way to each segment that is not among `own`, nearest first. */
function waysFrom(
  own: readonly EndAddresses[],
  byNode: ReadonlyMap<PlannedNode, EndAddresses[]>,
  bySegment: ReadonlyMap<number, EndAddresses[]>,
): Map<number, EndAddresses> {
  const seen = new Set(own.map(({ segment }) => segment));
  const ways = new Map<number, EndAddresses>();
  const queue: { segment: number; first: EndAddresses | undefined }[] = own.map(({ segment }) => ({
    segment,
    first: undefined,
  }));
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (const router of bySegment.get(next.segment) ?? []) {
      if (router.end.node.kind !== "router" || own.includes(router)) continue;
      for (const { segment } of byNode.get(router.end.node) ?? []) {
        if (seen.has(segment)) continue;
        seen.add(segment);
        const first = next.first ?? router;
        ways.set(segment, first);
        queue.push({ segment, first });
      }
    }
  }
  return ways;
}

function groupBy<Key, Item>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item)) ?? [];
    group.push(item);
    groups.set(keyOf(item), group);
  }
  return groups;
}
