// `netns.addr`: the addresses of a namespace.

import { IFA_F_MCAUTOJOIN, IFA_F_NODAD, IFA_F_NOPREFIXROUTE } from "../uapi/if_addr.ts";
import { RT_SCOPE_HOST, RT_SCOPE_UNIVERSE } from "../uapi/rtnetlink.ts";
import type { AddressRequest, InterfaceAddress } from "./addr.ts";
import { addAddress, deleteAddress, dumpAddresses, replaceAddress } from "./addr.ts";
import { addressBytes, addressText, familyOf, prefixBytes } from "./address-text.ts";
import type { DeviceName, NetnsSockets } from "./netns-sockets.ts";
import { ifindexOf } from "./netns-sockets.ts";

/** What can be said of an address beside the address itself. */
export interface AddressOptions {
  readonly dev: DeviceName;
  /** The other end's address of a point-to-point link. */
  readonly peer?: string | undefined;
  /** IPv4 only. */
  readonly broadcast?: string | undefined;
  /** IPv4 only; the device's name by default. */
  readonly label?: string | undefined;
  /** RT_SCOPE_*; 127.0.0.0/8 is of scope host by default. */
  readonly scope?: number | undefined;
  /** The metric of the prefix's route. */
  readonly metric?: number | undefined;
  /** Seconds; forever by default. */
  readonly validSeconds?: number | undefined;
  readonly preferredSeconds?: number | undefined;
  /** IPv6: usable at once, without duplicate address detection. */
  readonly noDad?: boolean | undefined;
  /** No route to the prefix is made. */
  readonly noPrefixRoute?: boolean | undefined;
  /** Joins the multicast group that the address is. */
  readonly autojoin?: boolean | undefined;
}

/** An address as it is listed: numbers as the kernel has them, addresses as text. */
export interface AddressEntry
  extends Pick<InterfaceAddress, "family" | "prefixlen" | "ifindex" | "scope" | "flags"> {
  readonly address: string;
  readonly peer: string | undefined;
  readonly broadcast: string | undefined;
  readonly label: string | undefined;
  readonly metric: number | undefined;
  /** Seconds; LIFETIME_FOREVER (client/addr.ts) for no end. */
  readonly validSeconds: number | undefined;
  readonly preferredSeconds: number | undefined;
}

/** The addresses of one namespace. Refusals reject with a NetlinkError. */
export class AddressApi {
  readonly #netns: NetnsSockets;

  constructor(netns: NetnsSockets) {
    this.#netns = netns;
  }

  /** Gives a device an address with its prefix, "10.0.0.1/24"; EEXIST if it has it. */
  async add(address: string, options: AddressOptions): Promise<void> {
    await addAddress(this.#netns.rtnl, await this.#request(address, options));
  }

  /** Changes lifetimes and flags of an address, or adds it. */
  async replace(address: string, options: AddressOptions): Promise<void> {
    await replaceAddress(this.#netns.rtnl, await this.#request(address, options), true);
  }

  /** Takes an address away; EADDRNOTAVAIL if the device does not have it. */
  async del(address: string, options: Pick<AddressOptions, "dev" | "peer" | "label">): Promise<void> {
    await deleteAddress(this.#netns.rtnl, await this.#request(address, options));
  }

  /** Lists addresses: all, or those of a device or family (AF_INET, AF_INET6). */
  async list(filter: { readonly dev?: DeviceName; readonly family?: number } = {}): Promise<AddressEntry[]> {
    const { dev, family = 0 } = filter;
    const ifindex = dev === undefined ? undefined : await ifindexOf(this.#netns, dev);
    const addresses = await dumpAddresses(this.#netns.rtnl, { family, ifindex });
    // A kernel without strict checking lists all.
    return addresses.filter((entry) => ifindex === undefined || entry.ifindex === ifindex).map(entryOf);
  }

  async #request(text: string, options: AddressOptions): Promise<AddressRequest> {
    const local = prefixBytes(text);
    const peer = options.peer === undefined ? local : prefixBytes(options.peer);
    return {
      family: familyOf(local.address),
      ifindex: await ifindexOf(this.#netns, options.dev),
      prefixlen: peer.prefixlen,
      scope: options.scope ?? defaultScope(local.address),
      flags: flagsOf(options),
      local: local.address,
      address: peer.address,
      broadcast: options.broadcast === undefined ? undefined : addressBytes(options.broadcast),
      label: options.label,
      rtPriority: options.metric,
      validSeconds: options.validSeconds,
      preferredSeconds: options.preferredSeconds,
    };
  }
}

function defaultScope(address: Uint8Array): number {
  return address.length === 4 && address[0] === 127 ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
}

function flagsOf(options: AddressOptions): number {
  return (
    (options.noDad === true ? IFA_F_NODAD : 0) |
    (options.noPrefixRoute === true ? IFA_F_NOPREFIXROUTE : 0) |
    (options.autojoin === true ? IFA_F_MCAUTOJOIN : 0)
  );
}

/** An address as it is listed. */
export function entryOf(entry: InterfaceAddress): AddressEntry {
  const { family, prefixlen, ifindex, scope, flags, label, local, broadcast, cacheinfo } = entry;
  const address = addressText(local ?? entry.address ?? new Uint8Array(4));
  const peer = entry.address === undefined ? address : addressText(entry.address);
  return {
    family,
    ifindex,
    address,
    prefixlen,
    peer: peer === address ? undefined : peer,
    broadcast: broadcast && addressText(broadcast),
    scope,
    flags,
    label,
    metric: entry.rtPriority,
    validSeconds: cacheinfo?.validSeconds,
    preferredSeconds: cacheinfo?.preferredSeconds,
  };
}
