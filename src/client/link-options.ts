// A link as a user of the library describes it → a link request: texts become bytes, names become indexes.

import { IFF_ALLMULTI, IFF_MULTICAST, IFF_NOARP, IFF_PROMISC, IFF_UP } from "../uapi/if.ts";
import * as uapi from "../uapi/if_link.ts";
import { macBytes } from "./address-text.ts";
import type { BondOptions } from "./kinds/bond.ts";
import { writeBond } from "./kinds/bond.ts";
import type { BridgeOptions } from "./kinds/bridge.ts";
import { writeBridge } from "./kinds/bridge.ts";
import type { MacvlanOptions } from "./kinds/macvlan.ts";
import { macvlanRequest, writeMacvlan } from "./kinds/macvlan.ts";
import type { NetkitOptions } from "./kinds/netkit.ts";
import { netkitRequest, writeNetkit } from "./kinds/netkit.ts";
import { writeVethPeer } from "./kinds/veth.ts";
import type { VlanOptions } from "./kinds/vlan.ts";
import { vlanRequest, writeVlan } from "./kinds/vlan.ts";
import type { VrfOptions } from "./kinds/vrf.ts";
import { writeVrf } from "./kinds/vrf.ts";
import type { VxlanOptions } from "./kinds/vxlan.ts";
import { vxlanRequest, writeVxlan } from "./kinds/vxlan.ts";
import type { LinkInfoRequest, LinkRequest } from "./link-request.ts";
import type { DeviceName, NetnsSockets } from "./netns-sockets.ts";
import { ifindexOf } from "./netns-sockets.ts";

/** What can be said of a link when it is made and when it is changed. What is left out is left to the kernel, or as it is. */
interface CommonOptions {
  /** A name, or a template with `%d`. */
  readonly name?: string | undefined;
  /** Six bytes in hexadecimal, with colons. */
  readonly address?: string | undefined;
  readonly broadcast?: string | undefined;
  readonly mtu?: number | undefined;
  /** Packets in the transmit queue. */
  readonly txqlen?: number | undefined;
  readonly group?: number | undefined;
  readonly isUp?: boolean | undefined;
  readonly arp?: boolean | undefined;
  readonly multicast?: boolean | undefined;
  readonly allmulticast?: boolean | undefined;
  readonly promisc?: boolean | undefined;
  /** The master it is to be a port of; null releases it. */
  readonly master?: DeviceName | null | undefined;
  readonly gsoMaxSize?: number | undefined;
  readonly gsoMaxSegs?: number | undefined;
  readonly groMaxSize?: number | undefined;
}

/** What can be changed of a link. */
export interface LinkOptions extends CommonOptions {
  /** The namespace it is to move to, by name. */
  readonly netns?: string | undefined;
  /** Another text for people; empty takes it away. */
  readonly alias?: string | undefined;
  readonly carrier?: boolean | undefined;
  /** How IPv6 link-local addresses are made; "none" for not at all. */
  readonly addrGenMode?: keyof typeof ADDR_GEN_MODES | undefined;
}

/** A link to be made, in the namespace it is asked of. */
export interface NewLinkOptions extends CommonOptions {
  /** "veth", "dummy", … */
  readonly kind: string;
  readonly ifindex?: number | undefined;
  readonly numTxQueues?: number | undefined;
  readonly numRxQueues?: number | undefined;
  /** The device below, for kinds that stand on one. */
  readonly link?: DeviceName | undefined;
  /** The other end of a veth or netkit. */
  readonly peer?: PeerOptions | undefined;
  /** What is particular to the kind of that name. */
  readonly bond?: BondOptions | undefined;
  readonly bridge?: BridgeOptions | undefined;
  readonly macvlan?: MacvlanOptions | undefined;
  readonly netkit?: NetkitOptions | undefined;
  readonly vlan?: VlanOptions | undefined;
  readonly vrf?: VrfOptions | undefined;
  readonly vxlan?: VxlanOptions | undefined;
}

/** The other end of a pair. It can be in another namespace, but be neither up nor a port before the pair exists. */
export interface PeerOptions extends Omit<CommonOptions, "isUp" | "master"> {
  readonly netns?: string | undefined;
  readonly ifindex?: number | undefined;
}

const ADDR_GEN_MODES = {
  eui64: uapi.IN6_ADDR_GEN_MODE_EUI64,
  none: uapi.IN6_ADDR_GEN_MODE_NONE,
  stable_secret: uapi.IN6_ADDR_GEN_MODE_STABLE_PRIVACY,
  random: uapi.IN6_ADDR_GEN_MODE_RANDOM,
} as const;

/** Makes the request for a new link and hands it to `use`; descriptors of namespaces stay open until that is done. */
export function withNewLink<Result>(
  netns: NetnsSockets,
  options: NewLinkOptions,
  use: (request: LinkRequest) => Promise<Result>,
): Promise<Result> {
  const { kind, ifindex, numTxQueues, numRxQueues, peer } = options;
  return withLink(netns, options, async (own) => {
    const link = options.link === undefined ? undefined : await ifindexOf(netns, options.link);
    const request = { ...own, ifindex, link, numTxQueues, numRxQueues };
    if (peer === undefined)
      return use({ ...request, linkinfo: { kind, data: kindData(options, link, undefined) } });
    return withLink(netns, peer, (other) => {
      const blob = { ...other, ifindex: peer.ifindex };
      return use({ ...request, linkinfo: { kind, data: kindData(options, link, blob) } });
    });
  });
}

/** What the options say of the kind; undefined when they say nothing. */
function kindData(
  options: NewLinkOptions,
  below: number | undefined,
  peer: LinkRequest | undefined,
): LinkInfoRequest["data"] {
  const { kind, bond, bridge, macvlan, netkit, vlan, vrf, vxlan } = options;
  if (kind === "netkit") return (writer) => writeNetkit(writer, netkitRequest(netkit ?? {}, peer));
  if (peer !== undefined) return (writer) => writeVethPeer(writer, peer);
  if (bond !== undefined) return (writer) => writeBond(writer, bond);
  if (bridge !== undefined) return (writer) => writeBridge(writer, bridge);
  if (macvlan !== undefined) return (writer) => writeMacvlan(writer, macvlanRequest(macvlan));
  if (vlan !== undefined) return (writer) => writeVlan(writer, vlanRequest(vlan));
  if (vrf !== undefined) return (writer) => writeVrf(writer, vrf);
  if (vxlan !== undefined) return (writer) => writeVxlan(writer, vxlanRequest(vxlan, below));
  return undefined;
}

/** Makes the request that changes a link and hands it to `use`; a descriptor of a namespace stays open until that is done. */
export async function withLink<Result>(
  netns: NetnsSockets,
  options: LinkOptions,
  use: (request: LinkRequest) => Promise<Result>,
): Promise<Result> {
  const request = plainRequest(options);
  if (options.master === null) request.master = 0;
  else if (options.master !== undefined) request.master = await ifindexOf(netns, options.master);
  if (options.netns === undefined) return use(request);
  const handle = await netns.provider.openNetns(options.netns);
  try {
    return await use({ ...request, netNsFd: handle.fd });
  } finally {
    handle.close();
  }
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
  setFlag(request, IFF_UP, options.isUp);
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
