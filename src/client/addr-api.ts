// `netns.addr`: addresses of devices, written as people write them.

import { IFA_F_NODAD, IFA_F_NOPREFIXROUTE } from "../uapi/if_addr.ts";
import { AF_INET, AF_INET6 } from "../uapi/socket.ts";
import type { AddressRequest, InterfaceAddress } from "./addr.ts";
import { addAddress, deleteAddress, dumpAddresses } from "./addr.ts";
import { addressBytes, prefixBytes } from "./address-text.ts";
import { getLink } from "./link.ts";
import type { LinkHandle } from "./link-api.ts";
import type { NetnsSockets } from "./netns-sockets.ts";

/** A device, by name or handle. */
export type DeviceName = string | LinkHandle;

/** Which device, and how. */
export interface AddressOptions {
  readonly dev: DeviceName;
  /** The other end's address of a point-to-point link. */
  readonly peer?: string | undefined;
  readonly broadcast?: string | undefined;
  readonly label?: string | undefined;
  /** IPv6: usable at once, without duplicate address detection. */
  readonly noDad?: boolean | undefined;
  /** No route to the prefix is made. */
  readonly noPrefixRoute?: boolean | undefined;
  readonly validSeconds?: number | undefined;
  readonly preferredSeconds?: number | undefined;
}

/** The addresses of one namespace. */
export class AddressApi {
  readonly #netns: NetnsSockets;

  constructor(netns: NetnsSockets) {
    this.#netns = netns;
  }

  /** Adds `prefix` ("10.0.0.1/24", "fd00::1/64") to a device; EEXIST when it has it. */
  async add(prefix: string, options: AddressOptions): Promise<void> {
    await addAddress(this.#netns.rtnl, await this.#request(prefix, options));
  }

  /** Takes an address away; EADDRNOTAVAIL when the device does not have it. */
  async del(prefix: string, options: AddressOptions): Promise<void> {
    await deleteAddress(this.#netns.rtnl, await this.#request(prefix, options));
  }

  /** The addresses of the namespace, or of one device. */
  async list({ dev }: { readonly dev?: DeviceName } = {}): Promise<InterfaceAddress[]> {
    const ifindex = dev === undefined ? undefined : await ifindexOf(this.#netns, dev);
    return dumpAddresses(this.#netns.rtnl, { ifindex });
  }

  async #request(prefix: string, options: AddressOptions): Promise<AddressRequest> {
    const { address: local, prefixlen } = prefixBytes(prefix);
    const noDad = options.noDad === true ? IFA_F_NODAD : 0;
    const noPrefixRoute = options.noPrefixRoute === true ? IFA_F_NOPREFIXROUTE : 0;
    return {
      family: local.length === 4 ? AF_INET : AF_INET6,
      ifindex: await ifindexOf(this.#netns, options.dev),
      prefixlen,
      flags: noDad | noPrefixRoute,
      local,
      address: options.peer === undefined ? local : addressBytes(options.peer),
      broadcast: options.broadcast === undefined ? undefined : addressBytes(options.broadcast),
      label: options.label,
      validSeconds: options.validSeconds,
      preferredSeconds: options.preferredSeconds,
    };
  }
}

/** The ifindex of a device; ENODEV when there is none of that name. */
export async function ifindexOf(netns: NetnsSockets, dev: DeviceName): Promise<number> {
  return typeof dev === "string" ? (await getLink(netns.rtnl, dev)).ifindex : dev.ifindex;
}
