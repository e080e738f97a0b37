// Values that requests are made of, from pools so small that requests meet each other's objects.

import { setBe32 } from "../../../src/bytes/endian.ts";
import { ipv4FromText } from "../../../src/bytes/ipv4.ts";
import { ipv6FromText } from "../../../src/bytes/ipv6.ts";
import { macToBytes } from "../../../src/bytes/mac.ts";
import type { Policy } from "../../../src/netlink/policy.ts";
import type { Dice } from "../dice.ts";

/** What a machine under test offers that requests can name. */
export interface World {
  /** Kinds of device. */
  readonly kinds: readonly string[];
  /** What IFLA_INFO_DATA and IFLA_INFO_SLAVE_DATA of a kind may hold. */
  readonly policies: ReadonlyMap<
    string,
    { readonly data?: Policy | undefined; readonly slave?: Policy | undefined }
  >;
  /** Kinds of queueing discipline. */
  readonly qdiscs: readonly string[];
  /** Descriptors open on namespaces. */
  readonly descriptors: readonly number[];
  /** Message types of generic families: the controller's, ethtool's, ours. */
  readonly families: readonly number[];
}

const names = ["a", "b", "c", "v0", "v1", "lo", "veth%d", "x%d", "abcdefghijklmno"];
const oddNames = ["", ".", "..", "a/b", "a b", "%", "%d%d", "%s", "x".repeat(16), "ü", "x".repeat(200)];
const ipv4Texts = [
  "10.0.0.1",
  "10.0.0.2",
  "10.0.1.1",
  "192.0.2.1",
  "127.0.0.1",
  "224.0.0.1",
  "255.255.255.255",
  "0.0.0.0",
];
const ipv6Texts = [
  "fd00::1",
  "fd00::2",
  "fe80::1",
  "fe80::2",
  "::1",
  "::",
  "ff02::1",
  "2001:db8::1",
  "::ffff:10.0.0.1",
];

/** A device's name, mostly one that may be. */
export const deviceName = (dice: Dice): string => dice.of(dice.once(8) ? oddNames : names);

/** A namespace's name. */
export const netnsName = (dice: Dice): string =>
  dice.of(["red", "blue", "green", "a/b", ".", "", "x".repeat(300)]);

export const kind = (dice: Dice, { kinds }: World): string =>
  dice.once(12) ? dice.of(["nosuch", "", "bridge"]) : dice.of(kinds);

export const ifindex = (dice: Dice): number => (dice.once(10) ? dice.number() : dice.below(9));

export const descriptor = (dice: Dice, { descriptors }: World): number =>
  dice.once(6) ? dice.number() : dice.of(descriptors);

export function mac(dice: Dice): Uint8Array {
  if (dice.once(12)) return dice.bytes(dice.below(40));
  return macToBytes(dice.of([0x020000000001, 0x020000000002, 0x010000000001, 0, 0xffffffffffff]));
}

/** An address of `family`: AF_INET, else IPv6. */
export function address(dice: Dice, family: number): Uint8Array {
  if (dice.once(16)) return dice.bytes(dice.below(20));
  if (family !== 2) return ipv6FromText(dice.of(ipv6Texts)) ?? new Uint8Array(16);
  const bytes = new Uint8Array(4);
  setBe32(bytes, 0, ipv4FromText(dice.of(ipv4Texts)) ?? 0);
  return bytes;
}

/** An address family, mostly one that there is. */
export const family = (dice: Dice): number => (dice.once(10) ? dice.below(256) : dice.of([2, 10, 2, 10, 0]));
