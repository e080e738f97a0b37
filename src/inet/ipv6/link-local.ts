// The link-local address a device gives itself: from its hardware address, from a secret, or none.
//
// Mirrors net/ipv6/addrconf.c (addrconf_addr_gen, ipv6_generate_stable_address; RFC 7217).

import { setBe32, setU32 } from "../../bytes/endian.ts";
import { linkLocalFromMac } from "../../bytes/ipv6.ts";
import { writeMac } from "../../bytes/mac.ts";
import { IFA_F_OPTIMISTIC, IFA_F_STABLE_PRIVACY } from "../../uapi/if_addr.ts";
import * as link from "../../uapi/if_link.ts";
import { DEVCONF_ADDR_GEN_MODE } from "../../uapi/ipv6.ts";
import { ipNetns } from "../slots.ts";
import { addLinkLocal } from "./address-add.ts";
import { allowsOptimistic } from "./dad.ts";
import type { In6Device } from "./device.ts";
import { addPrefixRoute } from "./prefix-route.ts";
import { sha1Block } from "./sha1.ts";

const prefixLength = 64;
const secretLength = 16;

/** Gives the device its link-local address, as its addr_gen_mode says; one with a table of its own (VRF) is no link. */
export function addOwnLinkLocal(in6Dev: In6Device): void {
  const { dev } = in6Dev;
  if (dev.l3mdevTable !== 0) return;
  const flags = allowsOptimistic(dev, in6Dev) ? IFA_F_OPTIMISTIC : 0;
  switch (in6Dev.conf.get(DEVCONF_ADDR_GEN_MODE)) {
    case link.IN6_ADDR_GEN_MODE_EUI64:
      return addLinkLocal(in6Dev, linkLocalFromMac(dev.address), flags);
    case link.IN6_ADDR_GEN_MODE_RANDOM:
      in6Dev.stableSecret ??= randomSecret(in6Dev);
      return addStable(in6Dev, flags);
    case link.IN6_ADDR_GEN_MODE_STABLE_PRIVACY:
      return addStable(in6Dev, flags);
    default:
      return;
  }
}

function randomSecret({ dev }: In6Device): Uint8Array {
  return Uint8Array.from({ length: secretLength }, () => dev.machine.random.u32() & 0xff);
}

function addStable(in6Dev: In6Device, flags: number): void {
  const secret = in6Dev.stableSecret ?? ipNetns(in6Dev.dev.netns).stableSecret6;
  const address = new Uint8Array(16);
  setBe32(address, 0, 0xfe80_0000);
  if (secret === null) return addPrefixRoute(in6Dev.dev, address, prefixLength, 0, 0);
  writeStableIdentifier(address, secret, in6Dev.dev.permanentAddress);
  addLinkLocal(in6Dev, address, flags | IFA_F_STABLE_PRIVACY);
}

/** Fills the lower half of an address in an advertised prefix from the device's secret; false when it has none. */
export function writeStableAddress(in6Dev: In6Device, address: Uint8Array): boolean {
  const secret = in6Dev.stableSecret ?? ipNetns(in6Dev.dev.netns).stableSecret6;
  if (secret === null) return false;
  writeStableIdentifier(address, secret, in6Dev.dev.permanentAddress);
  return true;
}

/** Fills the lower half of `address` from its upper half, the secret and the permanent hardware address. */
function writeStableIdentifier(address: Uint8Array, secret: Uint8Array, mac: number): void {
  const block = new Uint8Array(64);
  block.set(secret, 0);
  block.set(address.subarray(0, 8), secretLength);
  writeMac(block, secretLength + 8, mac);
  const [first = 0, second = 0] = sha1Block(block);
  // The words go in as they lie in memory, which is little endian.
  setU32(address, 8, first);
  setU32(address, 12, second);
}
