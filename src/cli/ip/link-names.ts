// Names of links by index and back, asked of the kernel when they are first needed. Printing is synchronous: what a printer
// will need is loaded before it starts.
//
// The counterpart of iproute2's ll_map.

import type { Link, LinkSelector } from "../../client/link.ts";
import { dumpLinks, getLink } from "../../client/link.ts";
import type { NetlinkClient } from "../../netlink/client.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { IFF_UP } from "../../uapi/if.ts";
import { RTEXT_FILTER_SKIP_STATS, RTEXT_FILTER_VF } from "../../uapi/rtnetlink.ts";
import { noSuchDevice } from "../exit.ts";
import { unsigned } from "../numbers.ts";

const EXT_MASK = RTEXT_FILTER_VF | RTEXT_FILTER_SKIP_STATS;

/** What is known of links, by index. */
export class LinkNames {
  readonly #client: () => Promise<NetlinkClient>;
  readonly #links = new Map<number, Link>();

  constructor(client: () => Promise<NetlinkClient>) {
    this.#client = client;
  }

  /** Takes note of a link that was seen. */
  remember(link: Link): void {
    this.#links.set(link.ifindex, link);
  }

  forget(ifindex: number): void {
    this.#links.delete(ifindex);
  }

  /** The name of a link: "*" for none, "if7" for one that is not known (ll_index_to_name). */
  name(ifindex: number): string {
    return ifindex === 0 ? "*" : (this.#links.get(ifindex)?.ifname ?? `if${ifindex}`);
  }

  /** What is known of a link. */
  get(ifindex: number): Link | undefined {
    return this.#links.get(ifindex);
  }

  /** True when the link is known and down (M-DOWN of its upper or peer). */
  isDown(ifindex: number): boolean {
    const link = this.#links.get(ifindex);
    return link !== undefined && (link.flags & IFF_UP) === 0;
  }

  /** Asks for those of `ifindexes` that are not known yet. */
  async load(ifindexes: Iterable<number | undefined>): Promise<void> {
    for (const ifindex of ifindexes) {
      if (ifindex !== undefined && ifindex > 0 && !this.#links.has(ifindex)) await this.#get(ifindex);
    }
  }

  /** Asks for all links. */
  async loadAll(): Promise<void> {
    for (const link of await dumpLinks(await this.#client(), { extMask: EXT_MASK })) this.remember(link);
  }

  /**
   * Finds the index of a name, an alternative name, or "if7"; undefined if there is none (ll_name_to_index). "if7" is
   * believed unseen.
   */
  async find(name: string): Promise<number | undefined> {
    for (const link of this.#links.values()) {
      if (link.ifname === name || link.altnames?.includes(name) === true) return link.ifindex;
    }
    const link = await this.#get(name);
    if (link !== undefined) return link.ifindex;
    const index = /^if[0-9]/.test(name) ? unsigned(name.slice(2), 31, 10) : undefined;
    return index === 0 ? undefined : index;
  }

  /** As `find`, but ends the command when there is no such link (nodev). */
  async need(name: string): Promise<number> {
    const ifindex = await this.find(name);
    if (ifindex === undefined) throw noSuchDevice(name);
    return ifindex;
  }

  /** Finds the index of a VRF by its name; undefined if there is none or it is of another kind (name_is_vrf). */
  async findVrf(name: string): Promise<number | undefined> {
    const ifindex = await this.find(name);
    return ifindex !== undefined && this.#links.get(ifindex)?.linkinfo?.kind === "vrf" ? ifindex : undefined;
  }

  async #get(selector: LinkSelector): Promise<Link | undefined> {
    try {
      const link = await getLink(await this.#client(), selector, { extMask: EXT_MASK });
      this.remember(link);
      return link;
    } catch (error) {
      if (error instanceof NetlinkError) return undefined;
      throw error;
    }
  }
}
