// `netns.neigh`: the neighbours of a namespace.

import { NUD_PERMANENT } from "../uapi/neighbour.ts";
import { addressBytes, addressText, familyOf, macBytes } from "./address-text.ts";
import type { Neighbour, NeighbourRequest } from "./neigh.ts";
import {
  deleteNeighbour,
  dumpNeighbours,
  getNeighbour,
  type NEIGHBOUR_FLAGS,
  putNeighbour,
} from "./neigh.ts";
import type { DeviceName, NetnsSockets } from "./netns-sockets.ts";
import { ifindexOf } from "./netns-sockets.ts";

/** What can be said of a neighbour beside its address. */
export interface NeighbourOptions {
  readonly dev: DeviceName;
  /** "02:00:00:00:00:01" */
  readonly lladdr?: string | undefined;
  /** NUD_*; permanent by default. */
  readonly state?: number | undefined;
  /** NTF_* */
  readonly flags?: number | undefined;
}

/** A neighbour as it is listed: numbers as the kernel has them, addresses as text. */
export interface NeighbourEntry extends Pick<Neighbour, "family" | "ifindex" | "state" | "flags"> {
  readonly address: string;
  readonly lladdr: string | undefined;
}

/** The neighbours of one namespace. Refusals reject with a NetlinkError. */
export class NeighbourApi {
  readonly #netns: NetnsSockets;

  constructor(netns: NetnsSockets) {
    this.#netns = netns;
  }

  /** Puts a neighbour in; EEXIST if it is there. */
  add(address: string, options: NeighbourOptions): Promise<void> {
    return this.#put("add", address, options);
  }

  /** Puts a neighbour in, or changes it. */
  replace(address: string, options: NeighbourOptions): Promise<void> {
    return this.#put("replace", address, options);
  }

  /** Takes a neighbour out; ENOENT if it is not there. */
  async del(address: string, options: Pick<NeighbourOptions, "dev" | "flags">): Promise<void> {
    await deleteNeighbour(this.#netns.rtnl, await this.#request(address, options));
  }

  /** Gets one neighbour; ENOENT if it is not there. */
  async get(address: string, options: Pick<NeighbourOptions, "dev">): Promise<NeighbourEntry> {
    return entryOf(await getNeighbour(this.#netns.rtnl, await this.#request(address, options)));
  }

  /** Lists neighbours: all, or those of a device or family (AF_INET, AF_INET6). */
  async list(
    filter: { readonly dev?: DeviceName; readonly family?: number } = {},
  ): Promise<NeighbourEntry[]> {
    const { dev, family } = filter;
    const ifindex = dev === undefined ? undefined : await ifindexOf(this.#netns, dev);
    const neighbours = await dumpNeighbours(this.#netns.rtnl, { family, ifindex });
    return neighbours.map(entryOf);
  }

  async #put(verb: keyof typeof NEIGHBOUR_FLAGS, address: string, options: NeighbourOptions): Promise<void> {
    const request = await this.#request(address, options);
    await putNeighbour(this.#netns.rtnl, verb, {
      ...request,
      state: options.state ?? NUD_PERMANENT,
    });
  }

  async #request(text: string, { dev, lladdr, flags }: NeighbourOptions): Promise<NeighbourRequest> {
    const dst = addressBytes(text);
    return {
      family: familyOf(dst),
      ifindex: await ifindexOf(this.#netns, dev),
      dst,
      lladdr: lladdr === undefined ? undefined : macBytes(lladdr),
      flags,
    };
  }
}

/** A neighbour as it is listed. */
export function entryOf(neighbour: Neighbour): NeighbourEntry {
  const { family, ifindex, state, flags, dst, lladdr } = neighbour;
  return { family, ifindex, address: dst === undefined ? "" : addressText(dst), lladdr, state, flags };
}
