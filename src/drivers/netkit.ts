// netkit: a pair of devices made for programs in between. Without programs, which do not exist here, each end's policy
// says whether what it sends reaches the other end or goes nowhere; in the mode "l3" the ends have no addresses.
//
// Mirrors drivers/net/netkit.c (v6.18). Omitted: BPF programs, whose verdicts would come before the policy.

import { netifCarrierOff, netifCarrierOn } from "../net/carrier.ts";
import { TX_DROPPED } from "../net/counters.ts";
import { configureLink, createLink } from "../net/create-link.ts";
import { count, countRx, countTx } from "../net/device.ts";
import {
  etherRandomAddress,
  etherSetMacAddress,
  etherSetup,
  ethTypeTrans,
  validateEtherAddress,
} from "../net/ethernet.ts";
import * as features from "../net/features.ts";
import { devChangeFlags } from "../net/flags.ts";
import { dropTx } from "../net/frame.ts";
import type { LinkAttributes } from "../net/link-policy.ts";
import type { Device, DeviceOps, Frame, LinkOps, Netns, NewLink } from "../net/netdevice.ts";
import { netifRx } from "../net/receive.ts";
import { freeDevice, queueUnregister, registerDevice, unregisterDevice } from "../net/register.ts";
import { NetlinkError, notSupported, refused } from "../netlink/error.ts";
import type { Parsed } from "../netlink/policy.ts";
import { policy, reject, u16, u32, unspec } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { IFF_NOARP, IFF_UP } from "../uapi/if.ts";
import { ETH_HLEN, ETH_MAX_MTU } from "../uapi/if_ether.ts";
import * as link from "../uapi/if_link.ts";
import { NET_NAME_ENUM, NET_NAME_USER } from "../uapi/netdevice.ts";
import { IFINFOMSG_SIZE } from "../uapi/rtnetlink.ts";

const netkitPolicy = policy(link.IFLA_NETKIT_MAX, {
  [link.IFLA_NETKIT_PEER_INFO]: unspec("peerInfo", IFINFOMSG_SIZE),
  [link.IFLA_NETKIT_PRIMARY]: reject("primary", "Primary attribute is read-only"),
  [link.IFLA_NETKIT_POLICY]: u32("policy"),
  [link.IFLA_NETKIT_PEER_POLICY]: u32("peerPolicy"),
  [link.IFLA_NETKIT_MODE]: u32("mode", { range: [0, link.NETKIT_L3] }),
  [link.IFLA_NETKIT_SCRUB]: u32("scrub", { range: [0, link.NETKIT_SCRUB_DEFAULT] }),
  [link.IFLA_NETKIT_PEER_SCRUB]: u32("peerScrub", { range: [0, link.NETKIT_SCRUB_DEFAULT] }),
  [link.IFLA_NETKIT_HEADROOM]: u16("headroom"),
  [link.IFLA_NETKIT_TAILROOM]: u16("tailroom"),
});

type NetkitData = Parsed<typeof netkitPolicy>;

const deviceOps: DeviceOps<NetkitState> = { open, stop, startXmit, setMacAddress, getIflink };

export const netkit: LinkOps<NetkitState, typeof netkitPolicy> = {
  kind: "netkit",
  policy: netkitPolicy,
  peerType: link.IFLA_NETKIT_PEER_INFO,
  template: "nk%d",
  device: deviceOps,
  createState,
  setup,
  validate,
  newLink,
  changeLink,
  delLink,
  fillInfo,
  linkNetns,
};

/** What an end keeps. */
interface NetkitState {
  /** The other end; null before the pair is tied and after it is cut. */
  peer: Device<NetkitState> | null;
  /** The end that the request named, by which the pair's settings are changed. */
  isPrimary: boolean;
  /** NETKIT_L2, NETKIT_L3 */
  mode: number;
  /** NETKIT_PASS, NETKIT_DROP: what becomes of what this end sends. */
  policy: number;
  /** NETKIT_SCRUB_*: whether marks and priorities are taken off on the way to another namespace. */
  scrub: number;
}

function createState(): NetkitState {
  return {
    peer: null,
    isPrimary: false,
    mode: link.NETKIT_L3,
    policy: link.NETKIT_PASS,
    scrub: link.NETKIT_SCRUB_DEFAULT,
  };
}

const netkitFeatures =
  features.NETIF_F_SG |
  features.NETIF_F_FRAGLIST |
  features.NETIF_F_HW_CSUM |
  features.NETIF_F_RXCSUM |
  features.NETIF_F_SCTP_CRC |
  features.NETIF_F_HIGHDMA |
  features.NETIF_F_GSO_SOFTWARE |
  features.NETIF_F_GSO_ENCAP_ALL;

function setup(dev: Device<NetkitState>): void {
  etherSetup(dev);
  dev.maxMtu = ETH_MAX_MTU;
  dev.flags |= IFF_NOARP;
  dev.isQueueless = true;
  dev.isLiveAddressChange = true;
  dev.features = netkitFeatures;
  dev.hwFeatures = netkitFeatures;
  dev.tsoMaxSize = 8 * 65_535;
}

/** Checks an end's address (netkit_validate), with the two texts of its own. */
function validate(attrs: LinkAttributes): void {
  try {
    validateEtherAddress(attrs.address);
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    const text = error.code === "EINVAL" ? "Invalid Ethernet address length" : "Invalid Ethernet address";
    throw refused(error.code, text, attrs, "address");
  }
}

/** Makes the peer, then the device, then ties the two (netkit_new_link). */
function newLink(request: NewLink<NetkitState, typeof netkitPolicy>): void {
  const { dev, attrs, data = {} } = request;
  const mode = data.mode ?? link.NETKIT_L3;
  checkPolicy(data, "policy");
  checkPolicy(data, "peerPolicy");
  if (mode !== link.NETKIT_L2 && (attrs.address ?? request.peer?.attrs.address) !== undefined) {
    throw notSupported();
  }
  const peer = newPeer(request, mode);
  dev.state.isPrimary = true;
  dev.state.mode = mode;
  dev.state.policy = data.policy ?? link.NETKIT_PASS;
  dev.state.scrub = data.scrub ?? link.NETKIT_SCRUB_DEFAULT;
  setRoom(dev, data);
  try {
    if (mode === link.NETKIT_L2 && attrs.address === undefined) etherRandomAddress(dev);
    registerDevice(dev);
  } catch (error) {
    unregisterDevice(peer);
    throw error;
  }
  netifCarrierOff(dev);
  if (mode === link.NETKIT_L2) devChangeFlags(dev, dev.flags & ~IFF_NOARP);
  dev.state.peer = peer;
  peer.state.peer = dev;
}

/** The peer, registered and announced; the flags of its header mean nothing. */
function newPeer(request: NewLink<NetkitState, typeof netkitPolicy>, mode: number): Device<NetkitState> {
  const { attrs, data = {}, peerNetns: netns } = request;
  const named = request.peer?.attrs.ifname;
  const peer = createLink({
    netns,
    ops: netkit,
    name: named ?? "nk%d",
    nameAssign: named === undefined ? NET_NAME_ENUM : NET_NAME_USER,
    attrs: request.peer?.attrs ?? attrs,
  });
  peer.state.mode = mode;
  peer.state.policy = data.peerPolicy ?? link.NETKIT_PASS;
  peer.state.scrub = data.peerScrub ?? link.NETKIT_SCRUB_DEFAULT;
  setRoom(peer, data);
  try {
    if (mode === link.NETKIT_L2 && request.peer?.attrs.address === undefined) etherRandomAddress(peer);
    if (request.peer !== undefined && request.dev.ifindex !== 0) peer.ifindex = request.peer.header.index;
    registerDevice(peer);
  } catch (error) {
    freeDevice(peer);
    throw error;
  }
  netifCarrierOff(peer);
  if (mode === link.NETKIT_L2) devChangeFlags(peer, peer.flags & ~IFF_NOARP);
  configureLink(peer, undefined, undefined);
  return peer;
}

function setRoom(dev: Device<NetkitState>, { headroom = 0, tailroom = 0 }: NetkitData): void {
  dev.neededHeadroom = headroom;
  dev.neededTailroom = tailroom;
}

function checkPolicy(data: NetkitData, name: "policy" | "peerPolicy"): void {
  const wanted = data[name];
  if (wanted === undefined || wanted === link.NETKIT_PASS || wanted === link.NETKIT_DROP) return;
  throw refused("EINVAL", "Provided default xmit policy not supported", data, name);
}

/** What is fixed once the pair is there, and what the refusal calls it. */
const fixed = [
  ["mode", "operating mode"],
  ["scrub", "scrubbing"],
  ["peerScrub", "peer scrubbing"],
  ["peerInfo", "peer info"],
  ["headroom", "headroom"],
  ["tailroom", "tailroom"],
] as const;

/** Changes the policies, by the primary end alone: EACCES for the other, and for what is fixed (netkit_change_link). */
function changeLink(dev: Device<NetkitState>, _attrs: LinkAttributes, data: NetkitData = {}): void {
  const { isPrimary, peer } = dev.state;
  if (!isPrimary) {
    throw refused("EACCES", "netkit link settings can be changed only through the primary device");
  }
  for (const [name, words] of fixed) {
    if (data[name] === undefined) continue;
    throw refused("EACCES", `netkit link ${words} cannot be changed after device creation`, data, name);
  }
  checkPolicy(data, "policy");
  dev.state.policy = data.policy ?? dev.state.policy;
  if (data.peerPolicy === undefined) return;
  if (peer === null) throw notSupported();
  checkPolicy(data, "peerPolicy");
  peer.state.policy = data.peerPolicy;
}

/** Cuts the pair; both ends go, whichever was named. */
function delLink(dev: Device<NetkitState>, doomed: Set<Device>): void {
  const { peer } = dev.state;
  dev.state.peer = null;
  queueUnregister(dev, doomed);
  if (peer === null) return;
  peer.state.peer = null;
  queueUnregister(peer, doomed);
}

function fillInfo(dev: Device<NetkitState>, writer: MessageWriter): void {
  const { isPrimary, policy: own, mode, scrub, peer } = dev.state;
  writer.u8(link.IFLA_NETKIT_PRIMARY, isPrimary ? 1 : 0);
  writer.u32(link.IFLA_NETKIT_POLICY, own);
  writer.u32(link.IFLA_NETKIT_MODE, mode);
  writer.u32(link.IFLA_NETKIT_SCRUB, scrub);
  writer.u16(link.IFLA_NETKIT_HEADROOM, dev.neededHeadroom);
  writer.u16(link.IFLA_NETKIT_TAILROOM, dev.neededTailroom);
  if (peer === null) return;
  writer.u32(link.IFLA_NETKIT_PEER_POLICY, peer.state.policy);
  writer.u32(link.IFLA_NETKIT_PEER_SCRUB, peer.state.scrub);
}

function linkNetns(dev: Device<NetkitState>): Netns {
  return dev.state.peer?.netns ?? dev.netns;
}

function getIflink(dev: Device<NetkitState>): number {
  return dev.state.peer?.ifindex ?? 0;
}

/** An end has carrier when both are up. */
function open(dev: Device<NetkitState>): void {
  const { peer } = dev.state;
  if (peer === null) throw new NetlinkError("ENOTCONN");
  if ((peer.flags & IFF_UP) === 0) return;
  netifCarrierOn(dev);
  netifCarrierOn(peer);
}

function stop(dev: Device<NetkitState>): void {
  netifCarrierOff(dev);
  if (dev.state.peer !== null) netifCarrierOff(dev.state.peer);
}

/** Does what the sender's policy says (netkit_xmit); unlike veth's, the length of a frame does not matter. */
function startXmit(frame: Frame, dev: Device<NetkitState>): void {
  const { peer, policy: own, scrub } = dev.state;
  const { length } = frame;
  if (peer === null) return dropTx(frame, dev, "no-peer");
  if ((peer.flags & IFF_UP) === 0) return dropTx(frame, dev, "peer-down");
  if (length < ETH_HLEN) return dropTx(frame, dev, "runt");
  if (own !== link.NETKIT_PASS) return dropTx(frame, dev, "blackhole");
  if (peer.netns !== dev.netns) {
    frame.timestamp = Number.NaN;
    if (scrub !== link.NETKIT_SCRUB_NONE) {
      frame.mark = 0;
      frame.priority = 0;
    }
  }
  ethTypeTrans(frame, peer);
  if (!netifRx(frame, peer)) return count(dev, TX_DROPPED, 1);
  countTx(dev, length);
  countRx(peer, length);
}

/** Ends of the mode "l3" have no address to set. */
function setMacAddress(dev: Device<NetkitState>, address: number): void {
  if (dev.state.mode !== link.NETKIT_L2) throw notSupported();
  etherSetMacAddress(dev, address);
}
