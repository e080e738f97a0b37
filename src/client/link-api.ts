// `netns.link`: links by name, and a handle for each that stays the same link when it is renamed.

import { NLM_F_CREATE, NLM_F_ECHO, NLM_F_EXCL } from "../uapi/netlink.ts";
import { RTM_NEWLINK } from "../uapi/rtnetlink.ts";
import type { CaptureOptions } from "./capture.ts";
import { Captured } from "./capture.ts";
import type { Link, LinkFilter, LinkSelector } from "./link.ts";
import {
  changeAltnames,
  deleteLink,
  deleteLinkGroup,
  dumpLinks,
  getLink,
  getLinkIndex,
  linkIndex,
  setLink,
} from "./link.ts";
import type { LinkOptions, NewLinkOptions } from "./link-options.ts";
import { withLink, withNewLink } from "./link-options.ts";
import { writeLink } from "./link-request.ts";
import { setNetem } from "./netem.ts";
import type { NetemOptions } from "./netem-options.ts";
import type { NetnsSockets } from "./netns-sockets.ts";
import type { LinkStats } from "./stats.ts";
import { dumpStats, getStats } from "./stats.ts";

/** The links of one namespace. */
export class LinkApi {
  readonly #netns: NetnsSockets;

  constructor(netns: NetnsSockets) {
    this.#netns = netns;
  }

  /**
   * Makes a link (RTM_NEWLINK): both ends of a veth, or nothing. EEXIST for a taken name, EOPNOTSUPP "Unknown device type"
   * for a kind there is not, ENOENT for a namespace there is not.
   */
  async add(options: NewLinkOptions): Promise<LinkHandle> {
    const flags = NLM_F_CREATE | NLM_F_EXCL | NLM_F_ECHO;
    const answer = await withNewLink(this.#netns, options, (request) =>
      this.#netns.rtnl.request(RTM_NEWLINK, flags, (writer) => writeLink(writer, request)),
    );
    // Linux before 6.2 does not echo.
    const message = answer.messages[0];
    return message === undefined
      ? this.handle(options.name ?? "")
      : new LinkHandle(this.#netns, linkIndex(message));
  }

  /** One link; ENODEV when it is not there. */
  get(selector: LinkSelector): Promise<Link> {
    return getLink(this.#netns.rtnl, selector);
  }

  /** The links by ifindex. */
  list(filter?: LinkFilter): Promise<Link[]> {
    return dumpLinks(this.#netns.rtnl, filter);
  }

  /** A handle of the link `selector`; ENODEV when it is not there. */
  async handle(selector: LinkSelector): Promise<LinkHandle> {
    return new LinkHandle(this.#netns, await getLinkIndex(this.#netns.rtnl, selector));
  }

  /** Changes a link; a refusal midway leaves earlier steps applied, as on Linux (do_setlink). */
  async set(selector: LinkSelector, options: LinkOptions): Promise<void> {
    await (await this.handle(selector)).set(options);
  }

  /** Deletes a link, of a veth both ends. */
  async del(selector: LinkSelector): Promise<void> {
    await deleteLink(this.#netns.rtnl, selector);
  }

  /** Deletes every link of a group, or none; EPERM for group 0, ENODEV if it is empty. */
  async delGroup(group: number): Promise<void> {
    await deleteLinkGroup(this.#netns.rtnl, group);
  }

  /** The counters of all links by ifindex, without the rest (RTM_GETSTATS). */
  stats(): Promise<Map<number, LinkStats>> {
    return dumpStats(this.#netns.rtnl);
  }

  /** Adds alternative names to a link. */
  async addAltnames(selector: LinkSelector, ...altnames: string[]): Promise<void> {
    const { rtnl } = this.#netns;
    await changeAltnames(rtnl, "add", await getLinkIndex(rtnl, selector), altnames);
  }
}

/** One link of one namespace, by its ifindex: valid until it is deleted or moved. */
export class LinkHandle {
  readonly netns: NetnsSockets;
  readonly ifindex: number;

  constructor(netns: NetnsSockets, ifindex: number) {
    this.netns = netns;
    this.ifindex = ifindex;
  }

  /** What the kernel says of it now. */
  get(): Promise<Link> {
    return getLink(this.netns.rtnl, this.ifindex);
  }

  up(): Promise<void> {
    return this.set({ isUp: true });
  }

  down(): Promise<void> {
    return this.set({ isUp: false });
  }

  async set(options: LinkOptions): Promise<void> {
    const { ifindex } = this;
    await withLink(this.netns, options, (request) => setLink(this.netns.rtnl, { ...request, ifindex }));
  }

  /** Its counters alone (RTM_GETSTATS). */
  stats(): Promise<LinkStats> {
    return getStats(this.netns.rtnl, this.ifindex);
  }

  async del(): Promise<void> {
    await deleteLink(this.netns.rtnl, this.ifindex);
  }

  /**
   * Makes what is sent on the link late, lost, doubled, damaged or slow (netem as the root discipline); all that is wanted at
   * once, null for none. EOPNOTSUPP or ENOENT where there is no netem: a fault that cannot be applied is an error.
   */
  async netem(options: NetemOptions | null): Promise<void> {
    await setNetem(this.netns.rtnl, this.ifindex, options);
  }

  /** Starts a capture of this link's frames; resolves when the tap is in place. */
  async capture(options: Omit<CaptureOptions, "dev"> = {}): Promise<Captured> {
    return Captured.start(this.netns, { ...options, dev: (await this.get()).ifname ?? "" });
  }
}
