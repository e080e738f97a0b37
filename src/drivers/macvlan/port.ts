// What macvlan keeps with the device below its own: who stands on it, who has which address, and whose frames a source
// list lets in.
//
// Mirrors drivers/net/macvlan.c (struct macvlan_port, struct macvlan_dev, macvlan_hash_*, macvlan_hash_add_source).

import type { Device } from "../../net/netdevice.ts";
import { MACVLAN_MODE_VEPA } from "../../uapi/if_link.ts";

/** Multicast frames a device asks the port to queue when it says nothing (MACVLAN_DEFAULT_BC_QUEUE_LEN). */
const defaultBroadcastQueue = 1_000;

/** What a macvlan keeps. */
export class MacvlanState {
  /** The device below and what is kept with it; null before the device is made. */
  port: MacvlanPort | null = null;
  /** MACVLAN_MODE_* */
  mode = MACVLAN_MODE_VEPA;
  /** MACVLAN_FLAG_* */
  flags = 0;
  /** Source addresses whose frames it takes in the mode "source", in the order they were given. */
  readonly sources = new Set<number>();
  /** Multicast frames the port is asked to queue. */
  broadcastQueue = defaultBroadcastQueue;
  /** Listens to every group: promiscuous, or all-multicast. */
  isAllMulticast = false;
}

/** A macvlan. */
export type Macvlan = Device<MacvlanState>;

/** The device below, with the macvlans on it (`struct macvlan_port`). */
export class MacvlanPort {
  readonly lower: Device;
  /** The address of the device below as its user gave it: not by a macvlan that is passed through. */
  ownAddress: number;
  /** A macvlan that is passed through is about to change it. */
  isAddressPassed = false;
  /** All macvlans, in the order they were made; those that are up, by address; and by source address. */
  readonly macvlans: Macvlan[] = [];
  readonly byAddress = new Map<number, Macvlan>();
  readonly bySource = new Map<number, Set<Macvlan>>();
  /** Macvlans that are being made or are there. */
  count = 0;
  /** Has the one macvlan of the mode "passthru". */
  isPassthru = false;
  /** Groups with more listeners than this count as broadcast (IFLA_MACVLAN_BC_CUTOFF). */
  broadcastCutoff = 1;

  constructor(lower: Device) {
    this.lower = lower;
    this.ownAddress = lower.address;
  }

  /** The longest queue for multicast frames any macvlan asks for. */
  get broadcastQueue(): number {
    return Math.max(0, ...this.macvlans.map(({ state }) => state.broadcastQueue));
  }

  /** Whether the device below or a macvlan that is up has the address (macvlan_addr_busy). */
  isBusy(address: number): boolean {
    return this.lower.address === address || this.byAddress.has(address);
  }

  addSource(dev: Macvlan, address: number): void {
    dev.state.sources.add(address);
    const takers = this.bySource.get(address);
    if (takers === undefined) this.bySource.set(address, new Set([dev]));
    else takers.add(dev);
  }

  deleteSource(dev: Macvlan, address: number): void {
    dev.state.sources.delete(address);
    const takers = this.bySource.get(address);
    takers?.delete(dev);
    if (takers?.size === 0) this.bySource.delete(address);
  }

  flushSources(dev: Macvlan): void {
    for (const address of [...dev.state.sources]) this.deleteSource(dev, address);
  }
}

const golden = 0x61c8_8646_80b5_83ebn;
const mask64 = (1n << 64n) - 1n;

/** The place of an address in Linux's hash of 256 lists, which is the order a source list is told in (macvlan_eth_hash). */
export function hashAddress(address: number): number {
  let value = 0n;
  for (let rest = BigInt(address), byte = 0; byte < 6; byte++) {
    value = (value << 8n) | (rest & 0xffn);
    rest >>= 8n;
  }
  return Number((((value << 16n) * golden) & mask64) >> 56n);
}
