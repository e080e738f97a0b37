// A link as a user of the library describes it → a link request: texts become bytes, names become indexes.

import { NetlinkError } from "../netlink/error.ts";
import { IFF_ALLMULTI, IFF_MULTICAST, IFF_NOARP, IFF_PROMISC, IFF_UP } from "../uapi/if.ts";
import * as if_link from "../uapi/if_link.ts";
import { macBytes } from "./ip-text.ts";
import { writeVethPeer } from "./kinds/veth.ts";
import type { LinkRequest } from "./link-request.ts";
import type { Device, NetnsSockets } from "./sockets.ts";

/** What can be said of a link when it is made and when it is changed. What is left out stays as it is. */
export interface LinkOptions {
  readonly name?: string | undefined;
  /** "02:00:00:00:00:01" */
  readonly address?: string | undefined;
  readonly broadcast?: string | undefined;
  readonly mtu?: number | undefined;
  readonly txqlen?: number | undefined;
  readonly group?: number | undefined;
  readonly alias?: string | undefined;
  readonly up?: boolean | undefined;
  readonly arp?: boolean | undefined;
  readonly multicast?: boolean | undefined;
  readonly allmulticast?: boolean | undefined;
  readonly promisc?: boolean | undefined;
  readonly carrier?: boolean | undefined;
  /** The master it is to be a port of; null releases it. */
  readonly master?: Device | null | undefined;
  /** The namespace it is to be in, by name. */
  readonly netns?: string | undefined;
  /** How IPv6 link-local addresses are made; "none" for not at all. */
  readonly addrGenMode?: keyof typeof ADDR_GEN_MODES | undefined;
  readonly gsoMaxSize?: number | undefined;
  readonly gsoMaxSegs?: number | undefined;
  readonly groMaxSize?: number | undefined;
}

/** What can be said only of a link that is to be made. */
export interface NewLinkOptions extends LinkOptions {
  readonly ifindex?: number | undefined;
  readonly numTxQueues?: number | undefined;
  readonly numRxQueues?: number | undefined;
}

/** A pair of Ethernet devices: what goes in at one end comes out at the other. */
export interface NewVeth extends NewLinkOptions {
  readonly kind: "veth";
  /** The other end; `up` and `master` cannot be said of it here. */
  readonly peer?: NewLinkOptions | undefined;
}

/** A device that takes every frame and drops it. */
export interface NewDummy extends NewLinkOptions {
  readonly kind: "dummy";
}

/** A link to be made. */
export type NewLink = NewVeth | NewDummy;

const ADDR_GEN_MODES = {
  eui64: if_link.IN6_ADDR_GEN_MODE_EUI64,
  none: if_link.IN6_ADDR_GEN_MODE_NONE,
  stable_secret: if_link.IN6_ADDR_GEN_MODE_STABLE_PRIVACY,
  random: if_link.IN6_ADDR_GEN_MODE_RANDOM,
} as const;

/** A kind with what it writes into IFLA_INFO_DATA. */
type WriteData = (link: NewLink, peer: LinkRequest | undefined) => LinkRequest["linkinfo"];

const KINDS: { readonly [Kind in NewLink["kind"]]: WriteData } = {
  veth: (_link, peer) => ({ kind: "veth", data: peer && ((writer) => writeVethPeer(writer, peer)) }),
  dummy: () => ({ kind: "dummy" }),
};

/** Makes the request for a new link and hands it to `use`; descriptors of namespaces stay open until that is done. */
export async function withNewLink<Result>(
  sockets: NetnsSockets,
  link: NewLink,
  use: (request: LinkRequest) => Promise<Result>,
): Promise<Result> {
  const peer = link.kind === "veth" ? link.peer : undefined;
  if (!(link.kind in KINDS))
    throw new NetlinkError("EOPNOTSUPP", `Cannot make a link of kind "${link.kind}"`);
  return withLink(sockets, link, (request) =>
    withOptionalLink(sockets, peer, (peerRequest) => {
      addNewOptions(request, link);
      if (peerRequest !== undefined && peer !== undefined) addNewOptions(peerRequest, peer);
      request.linkinfo = KINDS[link.kind](link, peerRequest);
      return use(request);
    }),
  );
}

function withOptionalLink<Result>(
  sockets: NetnsSockets,
  options: LinkOptions | undefined,
  use: (request: LinkRequest | undefined) => Promise<Result>,
): Promise<Result> {
  return options === undefined ? use(undefined) : withLink(sockets, options, use);
}

function addNewOptions(request: LinkRequest, { ifindex, numTxQueues, numRxQueues }: NewLinkOptions): void {
  request.ifindex = ifindex;
  request.numTxQueues = numTxQueues;
  request.numRxQueues = numRxQueues;
}

/** Makes the request that changes a link and hands it to `use`; a descriptor of a namespace stays open until that is done. */
export async function withLink<Result>(
  sockets: NetnsSockets,
  options: LinkOptions,
  use: (request: LinkRequest) => Promise<Result>,
): Promise<Result> {
  const request = plainRequest(options);
  if (options.master !== undefined) {
    request.master = options.master === null ? 0 : await sockets.ifindexOf(options.master);
  }
  if (options.netns === undefined) return use(request);
  return sockets.withNetnsFd(options.netns, (fd) => {
    request.netNsFd = fd;
    return use(request);
  });
}

function plainRequest(options: LinkOptions): LinkRequest {
  const { name, address, broadcast, alias, addrGenMode } = options;
  const { mtu, txqlen, group, carrier, gsoMaxSize, gsoMaxSegs, groMaxSize } = options;
  const request: LinkRequest = { mtu, txqlen, group, carrier, gsoMaxSize, gsoMaxSegs, groMaxSize };
  request.ifname = name;
  request.ifalias = alias;
  request.address = address === undefined ? undefined : macBytes(address);
  request.broadcast = broadcast === undefined ? undefined : macBytes(broadcast);
  request.addrGenMode = addrGenMode && ADDR_GEN_MODES[addrGenMode];
  setFlag(request, IFF_UP, options.up);
  setFlag(request, IFF_NOARP, options.arp === undefined ? undefined : !options.arp);
  setFlag(request, IFF_MULTICAST, options.multicast);
  setFlag(request, IFF_ALLMULTI, options.allmulticast);
  setFlag(request, IFF_PROMISC, options.promisc);
  return request;
}

function setFlag(request: LinkRequest, mask: number, isOn: boolean | undefined): void {
  if (isOn === undefined) return;
  const { flags = 0, change = 0 } = request;
  request.change = change | mask;
  request.flags = isOn ? flags | mask : flags & ~mask;
}
