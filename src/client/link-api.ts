// `netns.link`: links by name, and a handle for each that stays the same link when it is renamed.

import { invalid } from "../netlink/error.ts";
import type { NetlinkProvider, NetnsHandle } from "../netlink/transport.ts";
import { IFF_UP } from "../uapi/if.ts";
import { NLM_F_CREATE, NLM_F_ECHO, NLM_F_EXCL } from "../uapi/netlink.ts";
import { RTM_NEWLINK } from "../uapi/rtnetlink.ts";
import { macBytes } from "./address-text.ts";
import { Captured } from "./capture.ts";
import { writeVethPeer } from "./kinds/veth.ts";
import type { Link, LinkFilter, LinkSelector } from "./link.ts";
import { changeAltnames, deleteLink, dumpLinks, getLink, parseLink, setLink } from "./link.ts";
import type { LinkRequest } from "./link-request.ts";
import { writeLink } from "./link-request.ts";
import type { NetnsSockets } from "./netns-sockets.ts";

/** What a link can be given, or given anew; what is undefined is left to the kernel, or as it is. */
export interface LinkOptions {
  /** A name, or a template with `%d`. */
  readonly name?: string | undefined;
  /** Six bytes in hexadecimal, with colons. */
  readonly address?: string | undefined;
  readonly mtu?: number | undefined;
  /** Packets in the transmit queue. */
  readonly txqlen?: number | undefined;
  readonly group?: number | undefined;
  /** The name of the namespace to live in. */
  readonly netns?: string | undefined;
  readonly isUp?: boolean | undefined;
}

/** A link to be made. */
export interface NewLinkOptions extends LinkOptions {
  /** "veth", "dummy", … */
  readonly kind: string;
  readonly ifindex?: number | undefined;
  readonly numTxQueues?: number | undefined;
  readonly numRxQueues?: number | undefined;
  /** The other end of a veth. */
  readonly peer?: (LinkOptions & { readonly ifindex?: number | undefined }) | undefined;
}

/** What of a link can be changed. */
export interface SetLinkOptions extends LinkOptions {
  /** Another text for people; empty takes it away. */
  readonly alias?: string | undefined;
  readonly carrier?: boolean | undefined;
  /** The name of the master, or null for none. */
  readonly master?: string | null | undefined;
}

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
    const handles: NetnsHandle[] = [];
    try {
      const request = await newLink(this.#netns.provider, options, handles);
      const flags = NLM_F_CREATE | NLM_F_EXCL | NLM_F_ECHO;
      const answer = await this.#netns.rtnl.request(RTM_NEWLINK, flags, (writer) =>
        writeLink(writer, request),
      );
      const message = answer.messages[0];
      if (message === undefined) throw invalid("The new link was not announced");
      return new LinkHandle(this.#netns, parseLink(message).ifindex);
    } finally {
      for (const handle of handles) handle.close();
    }
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
    return new LinkHandle(this.#netns, (await this.get(selector)).ifindex);
  }

  /** Changes a link; a refusal midway leaves earlier steps applied, as on Linux (do_setlink). */
  async set(selector: LinkSelector, options: SetLinkOptions): Promise<void> {
    await (await this.handle(selector)).set(options);
  }

  /** Deletes a link, of a veth both ends. */
  async del(selector: LinkSelector): Promise<void> {
    await deleteLink(this.#netns.rtnl, selector);
  }

  /** Adds alternative names to a link. */
  async addAltnames(selector: LinkSelector, ...altnames: string[]): Promise<void> {
    await changeAltnames(this.#netns.rtnl, "add", (await this.get(selector)).ifindex, altnames);
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

  async set(options: SetLinkOptions): Promise<void> {
    const handles: NetnsHandle[] = [];
    try {
      const { alias, carrier, master } = options;
      const request = await linkRequest(this.netns.provider, options, handles);
      const masterIndex = typeof master === "string" ? (await getLink(this.netns.rtnl, master)).ifindex : 0;
      await setLink(this.netns.rtnl, {
        ...request,
        ifindex: this.ifindex,
        ifalias: alias,
        carrier,
        master: master === undefined ? undefined : masterIndex,
      });
    } finally {
      for (const handle of handles) handle.close();
    }
  }

  async del(): Promise<void> {
    await deleteLink(this.netns.rtnl, this.ifindex);
  }

  /** Starts a capture of this link's frames; resolves when the tap is in place. */
  async capture(options: { readonly snaplen?: number | undefined } = {}): Promise<Captured> {
    return Captured.start(this.netns, { ...options, dev: (await this.get()).ifname ?? "" });
  }
}

/** The request for a new link; the namespaces it names are opened into `handles`. */
async function newLink(
  provider: NetlinkProvider,
  options: NewLinkOptions,
  handles: NetnsHandle[],
): Promise<LinkRequest> {
  const { kind, ifindex, numTxQueues, numRxQueues, peer } = options;
  const request = await linkRequest(provider, options, handles);
  const blob = peer && { ...(await linkRequest(provider, peer, handles)), ifindex: peer.ifindex };
  return {
    ...request,
    ifindex,
    numTxQueues,
    numRxQueues,
    linkinfo: { kind, data: blob && ((writer) => writeVethPeer(writer, blob)) },
  };
}

async function linkRequest(
  provider: NetlinkProvider,
  options: LinkOptions,
  handles: NetnsHandle[],
): Promise<LinkRequest> {
  const { name, address, mtu, txqlen, group, netns, isUp } = options;
  const handle = netns === undefined ? undefined : await provider.openNetns(netns);
  if (handle !== undefined) handles.push(handle);
  return {
    ifname: name,
    address: address === undefined ? undefined : macBytes(address),
    mtu,
    txqlen,
    group,
    netNsFd: handle?.fd,
    flags: isUp === true ? IFF_UP : 0,
    change: isUp === undefined ? 0 : IFF_UP,
  };
}
