// veth: a pair of Ethernet devices joined back to back. What one end sends the other receives, in another namespace if
// that is where it lives; both ends live and die together.
//
// Mirrors drivers/net/veth.c (v6.18). Omitted: XDP and the NAPI path that comes with it and with GRO (frames cross
// whole, with their checksum and GSO state, so nothing is to be aggregated). Its ethtool side is in veth-ethtool.ts.

import { netifCarrierOff, netifCarrierOn } from "../net/carrier.ts";
import { TX_DROPPED } from "../net/counters.ts";
import { configureLink, createLink } from "../net/create-link.ts";
import { count, countRx, countTx } from "../net/device.ts";
import { etherRandomAddress, etherSetMacAddress, etherSetup, validateEtherAddress } from "../net/ethernet.ts";
import * as features from "../net/features.ts";
import { forwardFrame } from "../net/forward.ts";
import { dropTx } from "../net/frame.ts";
import type { LinkAttributes } from "../net/link-policy.ts";
import type { Device, DeviceOps, Frame, LinkOps, MachineContext, Netns, NewLink } from "../net/netdevice.ts";
import { netifRx } from "../net/receive.ts";
import { freeDevice, queueUnregister, registerDevice, unregisterDevice } from "../net/register.ts";
import { NetlinkError } from "../netlink/error.ts";
import { policy, unspec } from "../netlink/policy.ts";
import { IFF_UP } from "../uapi/if.ts";
import { ETH_HLEN, ETH_MAX_MTU, ETH_MIN_MTU } from "../uapi/if_ether.ts";
import { NET_NAME_ENUM, NET_NAME_USER } from "../uapi/netdevice.ts";
import { IFINFOMSG_SIZE } from "../uapi/rtnetlink.ts";
import { VETH_INFO_MAX, VETH_INFO_PEER } from "../uapi/veth.ts";
import { vethEthtool } from "./veth-ethtool.ts";

/** What IFLA_INFO_DATA of a veth holds: the peer's ifinfomsg with link attributes behind it. */
const vethPolicy = policy(VETH_INFO_MAX, { [VETH_INFO_PEER]: unspec("peer", IFINFOMSG_SIZE) });

/** Frames cross as they are, so a pair is spared everything (VETH_FEATURES). */
const vethFeatures =
  features.NETIF_F_SG |
  features.NETIF_F_FRAGLIST |
  features.NETIF_F_HW_CSUM |
  features.NETIF_F_RXCSUM |
  features.NETIF_F_SCTP_CRC |
  features.NETIF_F_HIGHDMA |
  features.NETIF_F_GSO_SOFTWARE |
  features.NETIF_F_GSO_ENCAP_ALL |
  features.NETIF_F_HW_VLAN_CTAG_TX |
  features.NETIF_F_HW_VLAN_CTAG_RX |
  features.NETIF_F_HW_VLAN_STAG_TX |
  features.NETIF_F_HW_VLAN_STAG_RX;

const deviceOps: DeviceOps<VethState> = {
  open,
  stop,
  startXmit,
  setMacAddress: etherSetMacAddress,
  getIflink,
  ethtool: vethEthtool,
};

export const veth: LinkOps<VethState, typeof vethPolicy> = {
  kind: "veth",
  policy: vethPolicy,
  peerType: VETH_INFO_PEER,
  device: deviceOps,
  createState,
  setup,
  validate,
  newLink,
  delLink,
  linkNetns,
  defaultQueues,
};

/** What an end keeps; the two ends share nothing but the pointers to each other. */
interface VethState {
  /** The other end; null before the pair is tied and after it is cut. */
  peer: Device<VethState> | null;
}

function createState(): VethState {
  return { peer: null };
}

/** Queues a pair has when the request names none: one for each possible CPU (veth_get_num_queues). */
function defaultQueues({ possibleCpus }: MachineContext): number {
  return Math.min(possibleCpus, 4_096);
}

function setup(dev: Device<VethState>): void {
  etherSetup(dev);
  dev.maxMtu = ETH_MAX_MTU;
  dev.isQueueless = true;
  dev.isLiveAddressChange = true;
  dev.features = vethFeatures;
  dev.hwFeatures = vethFeatures;
  dev.vlanFeatures =
    vethFeatures &
    ~(
      features.NETIF_F_HW_VLAN_CTAG_TX |
      features.NETIF_F_HW_VLAN_STAG_TX |
      features.NETIF_F_HW_VLAN_CTAG_RX |
      features.NETIF_F_HW_VLAN_STAG_RX
    );
  dev.tsoMaxSize = 8 * 65_535;
}

/** Checks an end's attributes (veth_validate); the peer's are checked alike. */
function validate(attrs: LinkAttributes): void {
  validateEtherAddress(attrs.address);
  if (attrs.mtu !== undefined && (attrs.mtu < ETH_MIN_MTU || attrs.mtu > ETH_MAX_MTU)) {
    throw new NetlinkError("EINVAL");
  }
}

/**
 * Makes and registers the peer, then registers the device, then ties the two (veth_newlink). The peer comes first and
 * so has the lower ifindex; it is announced before it has a peer of its own.
 */
function newLink(request: NewLink<VethState, typeof vethPolicy>): void {
  const { dev } = request;
  const peer = newPeer(request);
  try {
    if (request.attrs.address === undefined) etherRandomAddress(dev);
    registerDevice(dev);
    disableGro(dev);
  } catch (error) {
    unregisterDevice(peer);
    throw error;
  }
  netifCarrierOff(dev);
  useQueues(dev, request.attrs);
  dev.state.peer = peer;
  peer.state.peer = dev;
}

/** The peer, registered and announced. Without a blob it takes the request's numbers, but neither its name nor its address. */
function newPeer(request: NewLink<VethState, typeof vethPolicy>): Device<VethState> {
  const { attrs, peerNetns: netns } = request;
  const header = request.peer?.header;
  const peerAttrs = request.peer?.attrs ?? attrs;
  const named = request.peer?.attrs.ifname;
  const peer = createLink({
    netns,
    ops: veth,
    name: named ?? "veth%d",
    nameAssign: named === undefined ? NET_NAME_ENUM : NET_NAME_USER,
    attrs: peerAttrs,
  });
  try {
    // The peer's index counts only when the request names one for the device too.
    if (header !== undefined && request.dev.ifindex !== 0) peer.ifindex = header.index;
    if (request.peer?.attrs.address === undefined) etherRandomAddress(peer);
    registerDevice(peer);
    disableGro(peer);
  } catch (error) {
    freeDevice(peer);
    throw error;
  }
  netifCarrierOff(peer);
  try {
    // Nobody asked for the peer by itself: its announcement is no answer to the request.
    configureLink(peer, header, undefined);
  } catch (error) {
    unregisterDevice(peer);
    throw error;
  }
  useQueues(peer, attrs);
  return peer;
}

/** A pair starts without GRO, which would bring its receive queues to life (veth_disable_gro). */
function disableGro(dev: Device<VethState>): void {
  dev.features &= ~features.NETIF_F_GRO;
  dev.wantedFeatures &= ~features.NETIF_F_GRO;
}

/** One queue in use each way unless the request names how many (veth_init_queues). */
function useQueues(dev: Device<VethState>, attrs: LinkAttributes): void {
  if (attrs.numTxQueues === undefined) dev.realTxQueues = 1;
  if (attrs.numRxQueues === undefined) dev.realRxQueues = 1;
}

/** Cuts the pair; both ends go, whichever was named (veth_dellink). */
function delLink(dev: Device<VethState>, doomed: Set<Device>): void {
  const { peer } = dev.state;
  dev.state.peer = null;
  queueUnregister(dev, doomed);
  if (peer === null) return;
  peer.state.peer = null;
  queueUnregister(peer, doomed);
}

function linkNetns(dev: Device<VethState>): Netns {
  return dev.state.peer?.netns ?? dev.netns;
}

function getIflink(dev: Device<VethState>): number {
  return dev.state.peer?.ifindex ?? 0;
}

/** An end has carrier when both are up (veth_open). */
function open(dev: Device<VethState>): void {
  const { peer } = dev.state;
  if (peer === null) throw new NetlinkError("ENOTCONN");
  if ((peer.flags & IFF_UP) === 0) return;
  netifCarrierOn(dev);
  netifCarrierOn(peer);
}

function stop(dev: Device<VethState>): void {
  netifCarrierOff(dev);
  if (dev.state.peer !== null) netifCarrierOff(dev.state.peer);
}

/** Hands the frame to the peer's backlog (veth_xmit); what is refused counts on the sender, and on the receiver too. */
function startXmit(frame: Frame, dev: Device<VethState>): void {
  const { peer } = dev.state;
  const length = frame.end - frame.start;
  if (peer === null || length < ETH_HLEN) return dropTx(frame, dev, peer === null ? "no-peer" : "runt");
  const reason = forwardFrame(frame, dev, peer);
  if (reason !== null) return dropTx(frame, dev, reason);
  if (!netifRx(frame, peer)) return count(dev, TX_DROPPED, 1);
  countTx(dev, length);
  countRx(peer, length);
}
