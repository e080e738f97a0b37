// Names of namespaces by the id they have in this one, for `link-netns red`. They are asked for only when a link with a
// link-netnsid is printed, and only in namespaces that have names at all.

import { getNsid } from "../../client/nsid.ts";
import type { NetlinkClient } from "../../netlink/client.ts";
import { NetlinkError } from "../../netlink/error.ts";
import type { CommandIo } from "../io.ts";

/** What is known of namespaces, by id. */
export class NetnsNames {
  readonly #io: CommandIo;
  readonly #client: () => Promise<NetlinkClient>;
  #names: Map<number, string> | undefined;

  constructor(io: CommandIo, client: () => Promise<NetlinkClient>) {
    this.#io = io;
    this.#client = client;
  }

  /** The name of the namespace with this id; undefined if it has none or `load` was not called. */
  name(nsid: number): string | undefined {
    return this.#names?.get(nsid);
  }

  /** Finds the id of a namespace by name: -1 if it has none here, undefined if there is no such namespace. */
  async find(name: string): Promise<number | undefined> {
    try {
      const handle = await this.#io.provider.openNetns(name);
      try {
        return (await getNsid(await this.#client(), { fd: handle.fd })).nsid;
      } finally {
        handle.close();
      }
    } catch (error) {
      if (error instanceof NetlinkError) return undefined;
      throw error;
    }
  }

  /** Learns the ids of all namespaces that have a name, once. */
  async load(): Promise<void> {
    if (this.#names === undefined) await this.reload();
  }

  /** Learns them anew, when ids or names have come. */
  async reload(): Promise<void> {
    this.#names = new Map();
    for (const name of await this.#io.listNetns()) {
      const nsid = await this.find(name);
      if (nsid !== undefined && nsid >= 0) this.#names.set(nsid, name);
    }
  }
}
