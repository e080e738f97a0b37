// The tree of prefixes behind a table: a binary tree whose nodes are the prefixes that have routes and those at which two of
// them part.
//
// Mirrors net/ipv6/ip6_fib.c (fib6_add_1, fib6_node_lookup_1, fib6_repair_tree).

import { IPV6_SIZE, ipv6SamePrefix } from "../../bytes/ipv6.ts";
import type { Fib6Table } from "./fib.ts";
import { Fib6Node } from "./fib.ts";

/** The bit of an address at `index`, 0 being the first. */
function bitAt(bytes: Uint8Array, offset: number, index: number): number {
  return ((bytes[offset + (index >>> 3)] ?? 0) >>> (7 - (index & 7))) & 1;
}

function childOf(node: Fib6Node, bit: number): Fib6Node | null {
  return bit === 0 ? node.left : node.right;
}

function setChild(node: Fib6Node, bit: number, child: Fib6Node | null): void {
  if (bit === 0) node.left = child;
  else node.right = child;
  if (child !== null) child.parent = node;
}

/** The node of the longest prefix that `bytes[offset]` is in; shorter ones are its parents. */
export function deepestNode(table: Fib6Table, bytes: Uint8Array, offset: number): Fib6Node {
  let node = table.root;
  for (;;) {
    if (node.prefixLength >= 128) return node;
    const child = childOf(node, bitAt(bytes, offset, node.prefixLength));
    if (child === null || !ipv6SamePrefix(child.prefix, bytes, child.prefixLength, 0, offset)) return node;
    node = child;
  }
}

/** The node of exactly this prefix; undefined when the tree has none. */
export function findNode(table: Fib6Table, prefix: Uint8Array, prefixLength: number): Fib6Node | undefined {
  let node: Fib6Node | null = deepestNode(table, prefix, 0);
  while (node !== null && node.prefixLength > prefixLength) node = node.parent;
  return node?.prefixLength === prefixLength ? node : undefined;
}

/** The node of exactly this prefix, made if need be. */
export function nodeFor(table: Fib6Table, prefix: Uint8Array, prefixLength: number): Fib6Node {
  let node = table.root;
  while (node.prefixLength < prefixLength) {
    const bit = bitAt(prefix, 0, node.prefixLength);
    const child = childOf(node, bit);
    if (child === null) {
      const made = new Fib6Node(prefix, prefixLength, node);
      setChild(node, bit, made);
      return made;
    }
    const common = commonLength(child.prefix, prefix, Math.min(child.prefixLength, prefixLength));
    if (common === child.prefixLength) {
      node = child;
      continue;
    }
    // The child goes on below a node for what both share, which is this prefix itself or a fork.
    const fork = new Fib6Node(shorten(prefix, common), common, node);
    setChild(node, bit, fork);
    setChild(fork, bitAt(child.prefix, 0, common), child);
    node = fork;
  }
  return node;
}

/** How many leading bits two prefixes share, at most `limit`. */
function commonLength(one: Uint8Array, other: Uint8Array, limit: number): number {
  let length = 0;
  while (length < limit && bitAt(one, 0, length) === bitAt(other, 0, length)) length++;
  return length;
}

function shorten(prefix: Uint8Array, prefixLength: number): Uint8Array {
  const short = new Uint8Array(IPV6_SIZE);
  for (let index = 0; index < prefixLength; index++) {
    if (bitAt(prefix, 0, index) === 1)
      short[index >>> 3] = (short[index >>> 3] ?? 0) | (0x80 >>> (index & 7));
  }
  return short;
}

/** Takes out a node that has no routes any more, and forks that join nothing. */
export function pruneNode(node: Fib6Node): void {
  let current = node;
  for (;;) {
    const { parent } = current;
    if (parent === null || current.routes.length > 0 || (current.left !== null && current.right !== null))
      return;
    const bit = bitAt(current.prefix, 0, parent.prefixLength);
    setChild(parent, bit, current.left ?? current.right);
    current.parent = null;
    current = parent;
  }
}

/** The order of a dump between two prefixes: what is inside another comes first, else by the first bit that differs. */
export function compareInTree(
  one: { readonly prefix: Uint8Array; readonly prefixLength: number },
  other: { readonly prefix: Uint8Array; readonly prefixLength: number },
): number {
  const common = commonLength(one.prefix, other.prefix, Math.min(one.prefixLength, other.prefixLength));
  if (common === one.prefixLength || common === other.prefixLength)
    return other.prefixLength - one.prefixLength;
  return bitAt(one.prefix, 0, common) - bitAt(other.prefix, 0, common);
}
