// The structures that point at one another: frames, devices, namespaces, and the contracts of those who implement
// them. Only data and what must stand beside it; the walks over them are in the files named for their steps.
//
// Mirrors include/linux/skbuff.h, include/linux/netdevice.h, include/net/net_namespace.h, include/net/rtnetlink.h.

import type { Attribute } from "../netlink/attribute.ts";
import type { Message } from "../netlink/message.ts";
import type { Parsed, Policy } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { IF_LINK_MODE_DEFAULT, IF_OPER_UNKNOWN } from "../uapi/if.ts";
import { ARPHRD_VOID } from "../uapi/if_arp.ts";
import { PACKET_HOST } from "../uapi/if_packet.ts";
import { NET_ADDR_PERM, NET_NAME_UNKNOWN } from "../uapi/netdevice.ts";
import type { Clock, Scheduler } from "./clock.ts";
import type { CounterArena, CounterSlot } from "./counters.ts";
import type { DropReason } from "./drop-reason.ts";
import type { LinkAttributes } from "./link-policy.ts";
import { NameTemplates } from "./name-template.ts";
import type { EchoListener, EchoWay, OuterEcho } from "./outer-echo.ts";
import type { Random } from "./random.ts";
import type { Timer, Timers } from "./timers.ts";

// --- Frames -----------------------------------------------------------------------------------------------------------

/** Nothing is known about the checksum inside; who cares must verify it. */
export const CHECKSUM_NONE = 0;
/** The checksum was verified, or the frame never left this machine. */
export const CHECKSUM_UNNECESSARY = 1;
/** The checksum is yet to be made: sum from `csumStart` on, result at `csumStart + csumOffset`. */
export const CHECKSUM_PARTIAL = 3;

/** A frame is one packet. */
export const GSO_NONE = 0;
/** A TCP segment over IPv4 larger than the wire takes, to be cut into `gsoSize` pieces. */
export const GSO_TCPV4 = 1;
/** A UDP datagram to be cut into datagrams of `gsoSize` bytes. */
export const GSO_UDP_L4 = 5;
/** As GSO_TCPV4, over IPv6. */
export const GSO_TCPV6 = 4;

/** A frame goes its own way; or a filter has redirected it, from what a device sent or from what it received. */
export const REDIRECT_NONE = 0;
export const REDIRECT_EGRESS = 1;
export const REDIRECT_INGRESS = 2;

/**
 * An Ethernet frame on its way (`struct sk_buff`). Its bytes are a window `[start, end)` of the machine's arena; whoever
 * takes a frame hands it on, queues it, or gives it back by `free` or `drop` (frame.ts). Offsets are absolute in `bytes`.
 */
export class Frame {
  /** The arena; shared by all frames of the machine. */
  readonly bytes: Uint8Array;
  /** The same bytes, for numbers of several. */
  readonly view: DataView;
  readonly pool: FrameAllocator;
  /** The piece of the arena this frame is a window of. */
  memory: FrameMemory;
  /** The first byte and the one behind the last. */
  start = 0;
  end = 0;
  /** The device it is sent on or was received by. */
  dev: Device | null = null;
  /** The next frame of the queue it stands in. */
  next: Frame | null = null;
  /** EtherType in host order (ETH_P_*), or below 1536 what eth_type_trans makes of it. */
  protocol = 0;
  /** PACKET_HOST, PACKET_BROADCAST, …: for whom it is, as the receiving device sees it. */
  packetType = PACKET_HOST;
  /** Outside the frame's memory while there is no link header (skb_mac_header_was_set). */
  macHeader = -1;
  networkHeader = 0;
  transportHeader = 0;
  /** The 802.1Q tag carried beside the bytes: its protocol (0: none) and its TCI. */
  vlanProtocol = 0;
  vlanTci = 0;
  /** The tunnel key it is to be sent by, above 0; or the one it came by, as -1 - key; 0 for none (skb_tunnel_info). */
  tunnel = 0;
  checksum = CHECKSUM_NONE;
  csumStart = 0;
  csumOffset = 0;
  gsoType = GSO_NONE;
  gsoSize = 0;
  gsoSegments = 0;
  mark = 0;
  priority = 0;
  /** Transmit queue of the device it was sent on. */
  queue = 0;
  /** REDIRECT_*, and the ifindex of the device it was redirected from or last received by (skb_iif); 0: none. */
  redirect = REDIRECT_NONE;
  iif = 0;
  /** What the protocol that has it keeps beside it (skb->cb); nobody else looks at it. */
  control: object | null = null;
  /** Taps and filters of the next device it enters have seen it (tc_skip_classify); taken back there. */
  isSeen = false;
  /** Bytes it counts for in a queueing discipline, and when it may leave one: set by whoever queues it (qdisc_skb_cb). */
  queueLength = 0;
  timeToSend = 0;
  /** When it was received, in nanoseconds of the machine's clock; NaN until somebody asked for a stamp. */
  timestamp = Number.NaN;
  /** The same number for every sight of this frame in captures; 0 until the first capture saw it. */
  packetId = 0;

  constructor(bytes: Uint8Array, view: DataView, pool: FrameAllocator, memory: FrameMemory) {
    this.bytes = bytes;
    this.view = view;
    this.pool = pool;
    this.memory = memory;
  }

  /** Whether somebody holds the frame; false once it is given back. */
  get isHeld(): boolean {
    return this.memory.references > 0;
  }

  /** Bytes in the frame from `start` on (skb->len). */
  get length(): number {
    return this.end - this.start;
  }
}

/** A piece of the arena and how many frames look at it. */
export interface FrameMemory {
  /** Its bounds: what is before a frame's `start` is headroom, what is behind its `end` tailroom. */
  readonly head: number;
  readonly limit: number;
  /** Which of the pool's sizes it has. */
  readonly sizeClass: number;
  references: number;
}

/** What a frame that was given back, and shared its memory, has. */
export const noMemory: FrameMemory = { head: 0, limit: 0, sizeClass: 0, references: 0 };

/** The pool frames come from and go back to (frame.ts). */
export interface FrameAllocator {
  /** Frames that somebody holds. */
  readonly inUse: number;
  /** A frame with `headroom` bytes before `start` and room for `size`, empty; null when the pool is exhausted. */
  alloc(size: number, headroom?: number): Frame | null;
  /** Gives a frame back (consume_skb). */
  free(frame: Frame): void;
  /** Another window on the same bytes, which must not be written through either until `writable` (skb_clone). */
  clone(frame: Frame): Frame | null;
  /** Makes the frame's bytes its own, copying them if they are shared; false when the pool is exhausted (skb_unclone). */
  writable(frame: Frame): boolean;
  /** As `writable`, with at least `headroom` bytes before `start` (skb_cow_head). */
  cowHead(frame: Frame, headroom: number): boolean;
}

// --- Devices ----------------------------------------------------------------------------------------------------------

/** Numbers a device takes from its kind's `setup`, and the state that changes later (`struct net_device`). */
export class Device<State = unknown> {
  name: string;
  ifindex = 0;
  netns: Netns;
  /** The machine it lives and dies in. */
  readonly machine: MachineContext;
  /** The kind's functions; null for a device no kind made, as `lo`. */
  readonly linkOps: LinkOps | null;
  ops: DeviceOps<State>;
  /** What the kind keeps with the device. */
  state: State;

  /** ARPHRD_* */
  type = ARPHRD_VOID;
  /** IFF_* as the user set them; what is reported adds the operational ones (flags.ts, devGetFlags). */
  flags = 0;
  /** IFF_PROMISC and IFF_ALLMULTI as users asked, apart from what the stack asked. */
  userFlags = 0;
  promiscuity = 0;
  allmulti = 0;
  mtu = 0;
  minMtu = 0;
  maxMtu = 0;
  hardHeaderLength = 0;
  /** Bytes that whoever makes a frame for the device leaves free before and behind it. */
  neededHeadroom = 0;
  neededTailroom = 0;
  addressLength = 0;
  /** The address's first two bytes and its last four, signed: what received frames are compared with. */
  addressHigh = 0;
  addressLow = 0;
  /** Hardware addresses of 6 bytes as 48-bit numbers. */
  broadcast = 0;
  permanentAddress = 0;
  /** NET_ADDR_*: where the address came from. */
  addressAssign = NET_ADDR_PERM;
  /** NET_NAME_*: where the name came from. */
  nameAssign = NET_NAME_UNKNOWN;
  txQueueLength = 0;
  txQueues = 1;
  rxQueues = 1;
  realTxQueues = 1;
  realRxQueues = 1;
  group = 0;
  /** NETIF_F_*: what it has, what may be switched, what the user wants, what a VLAN device on it inherits (features.ts). */
  features = 0n;
  hwFeatures = 0n;
  wantedFeatures = 0n;
  vlanFeatures = 0n;
  /** OFFLOAD_*: what `features` spares a frame on its way out; derived, never set by kinds. */
  offloads = 0;
  gsoMaxSize = 65536;
  gsoMaxSegments = 65535;
  gsoIpv4MaxSize = 65536;
  groMaxSize = 65536;
  groIpv4MaxSize = 65536;
  tsoMaxSize = 65536;
  tsoMaxSegments = 65535;
  /** IF_OPER_* (RFC 2863) and IF_LINK_MODE_*. */
  operstate = IF_OPER_UNKNOWN;
  linkMode = IF_LINK_MODE_DEFAULT;
  hasCarrier = true;
  isDormant = false;
  carrierUpCount = 0;
  carrierDownCount = 0;
  protoDown = false;
  protoDownReason = 0;
  alias = "";
  altnames: string[] | null = null;
  /** May not be moved to another namespace. */
  isNetnsImmutable = false;
  /** Takes frames without a queue when up (IFF_NO_QUEUE). */
  isQueueless = false;
  /** IPv6 leaves it alone: a port whose master has the addresses (IFF_NO_ADDRCONF). */
  hasNoAddrconf = false;
  /** The address may be changed while up (IFF_LIVE_ADDR_CHANGE). */
  isLiveAddressChange = false;
  registration: "uninitialized" | "registered" | "unregistering" | "unregistered" = "uninitialized";
  /** An rtnetlink request made it and has announced it (RTNL_LINK_INITIALIZED); before that, events stay silent. */
  isAnnounced = false;

  /** The device this one is a port of (IFLA_MASTER). */
  master: Device | null = null;
  /** Devices stacked on this one, and those below it (upper.ts); null while there are none. */
  uppers: Device[] | null = null;
  lowers: Device[] | null = null;
  /** Takes received frames before the protocols do: a bridge port, a macvlan's lower device. */
  rxHandler: RxHandler | null = null;
  /** The VLAN devices on this one, owned by their kind; null while there are none. */
  vlans: VlanSlot | null = null;
  /** What the master, or who else has the rx handler, keeps with this port (rx_handler_data). */
  port: unknown = null;
  /** The routing table that the device and its ports have for themselves, as a VRF has (l3mdev_fib_table); 0: none. */
  l3mdevTable = 0;

  /** Hardware addresses it listens to beside its own, and groups (address-list.ts); null while there are none. */
  unicast: AddressList | null = null;
  multicast: AddressList | null = null;
  /** Can pick unicast addresses to listen to (IFF_UNICAST_FLT), or is promiscuous as it cannot. */
  hasUnicastFilter = false;
  isUnicastPromiscuous = false;

  /** Who looks at every frame, in both directions; null while nobody does. */
  taps: PacketTap[] | null = null;
  /** Protocol state of inet and inet6, owned by that room. */
  ip: DeviceSlot | null = null;
  ip6: DeviceSlot | null = null;
  /** The MTU as IPv6 last heard of it, 0 while it knows nothing of the device; owned by inet. */
  mtu6 = 0;

  /** The root queueing discipline; null: frames go straight to the driver. */
  qdisc: Qdisc | null = null;
  /** The one on TC_H_INGRESS: `ingress` or `clsact`. */
  ingressQdisc: Qdisc | null = null;
  /** There has been one: what asks for it then finds a place without a discipline, not no place (dev->ingress_queue). */
  hasIngressQueue = false;
  /** Every discipline on the device but those it has by itself, by handle (qdisc_hash); null while there are none. */
  qdiscs: Qdisc[] | null = null;
  /** Filters that see frames as they come in and as they are sent, before anybody else; null while there are none. */
  ingress: FilterHook | null = null;
  egress: FilterHook | null = null;
  /** A discipline has been attached once; before that `noop` drops what is sent (dev_activate). */
  isActivated = false;

  /** Received frames that wait for their turn (`softnet_data.input_pkt_queue`, one for each device here). */
  backlogHead: Frame | null = null;
  backlogTail: Frame | null = null;
  backlogLength = 0;
  /** The next device with a backlog, and whether this one stands in that list; owned by loop.ts. */
  pollNext: Device | null = null;
  isPolled = false;

  readonly slot: CounterSlot;
  /** Counters of this engine thread: `counters[RX_PACKETS]`. */
  readonly counters: Float64Array;
  /** Drops by reason; made at the first one. */
  drops: Map<DropReason, number> | null = null;

  /** `createState` is given the device once it is whole but for its state. */
  constructor(
    name: string,
    netns: Netns,
    linkOps: LinkOps | null,
    ops: DeviceOps<State>,
    createState: (dev: Device<State>) => State,
  ) {
    this.name = name;
    this.netns = netns;
    this.machine = netns.machine;
    this.linkOps = linkOps;
    this.ops = ops;
    this.slot = this.machine.counters.take();
    this.counters = this.slot.own;
    this.state = createState(this);
  }

  /** The hardware address of 6 bytes as a 48-bit number. */
  get address(): number {
    return this.addressHigh * 0x1_0000_0000 + (this.addressLow >>> 0);
  }

  set address(address: number) {
    this.addressHigh = Math.floor(address / 0x1_0000_0000);
    this.addressLow = address | 0;
  }
}

/** Base of what a protocol keeps with a device; narrow it with `instanceof`. */
export abstract class DeviceSlot {
  abstract readonly dev: Device;
}

/** Base of what the kind of VLAN devices keeps with a device below them; narrow it with `instanceof`. */
export abstract class VlanSlot {
  /** Takes a received frame with a tag to the device of that tag, as an RxHandler does (vlan_do_receive). */
  abstract receive(frame: Frame, dev: Device): boolean;
}

/** Sees frames and must not keep them: the bytes are valid during the call only. */
export interface PacketTap {
  /** The EtherType it looks at; all of them without. */
  readonly protocol?: number;
  /** It only watches: a frame that nobody else takes is dropped all the same, and counted. */
  readonly isWatcher?: boolean;
  /** A frame passes, from `frame.macHeader` to `frame.end`; `isOutgoing` as seen from `dev`. */
  seen(frame: Frame, dev: Device, isOutgoing: boolean): void;
  /** A frame is dropped on `dev`. */
  dropped?(frame: Frame, dev: Device, reason: DropReason): void;
}

/** Hardware addresses as 48-bit numbers, with who wants them (`struct netdev_hw_addr_list`). */
export type AddressList = Map<number, { references: number; isSynced: boolean }>;

/**
 * Takes a received frame before the protocols do (rx_handler_func_t). True: taken over. False: go on, from the start as
 * a frame of another device when `frame.dev` has been changed (RX_HANDLER_ANOTHER); its packet type is right then.
 */
export type RxHandler = (frame: Frame, dev: Device) => boolean;

/** Takes over frames of one EtherType (`struct packet_type`); the frame's `start` is at its network header. */
export type PacketHandler = (frame: Frame, dev: Device) => void;

/** Handlers by EtherType (packet-handlers.ts). */
interface PacketHandlerTable {
  has(protocol: number): boolean;
  set(protocol: number, handler: PacketHandler): unknown;
  delete(protocol: number): boolean;
  find(protocol: number): PacketHandler | undefined;
}

/** What a device does (`struct net_device_ops`). Methods left out have the kernel's default. */
export interface DeviceOps<State = unknown> {
  /** Runs while the device is being registered; throws to refuse (ndo_init). */
  init?(dev: Device<State>): void;
  uninit?(dev: Device<State>): void;
  /** Brings it up; a NetlinkError leaves it down (ndo_open). */
  open?(dev: Device<State>): void;
  stop?(dev: Device<State>): void;
  /**
   * Sends one frame, whose `start` is at its MAC header (ndo_start_xmit). Takes ownership, never throws, and ends in
   * exactly one of: delivered (netifRx on another device, devQueueXmit below), queued, dropped with a reason.
   */
  startXmit(frame: Frame, dev: Device<State>): void;
  /** ndo_set_mac_address; without it addresses cannot be changed (EOPNOTSUPP). */
  setMacAddress?(dev: Device<State>, address: number): void;
  changeMtu?(dev: Device<State>, mtu: number): void;
  changeCarrier?(dev: Device<State>, hasCarrier: boolean): void;
  /** Reacts to changed flags: promiscuous mode (ndo_change_rx_flags). */
  changeRxFlags?(dev: Device<State>, changed: number): void;
  /** Reacts to changed lists of addresses and to promiscuous mode, while up (ndo_set_rx_mode). */
  setRxMode?(dev: Device<State>): void;
  changeProtoDown?(dev: Device<State>, protoDown: boolean): void;
  /** Takes out of the features that were asked for what the device cannot do now (ndo_fix_features). */
  fixFeatures?(dev: Device<State>, features: bigint): bigint;
  /** The features are about to become these (ndo_set_features). */
  setFeatures?(dev: Device<State>, features: bigint): void;
  /** Makes `port` a port of `dev` (ndo_add_slave); without it `dev` is no master (EOPNOTSUPP). */
  addSlave?(dev: Device<State>, port: Device, warn: Warn): void;
  delSlave?(dev: Device<State>, port: Device): void;
  /**
   * Writes what is behind the message header of a link of the family AF_BRIDGE, for a port of `dev` or for `dev` itself
   * (ndo_bridge_getlink); false for nothing.
   */
  fillBridgeLink?(dev: Device<State>, port: Device, writer: MessageWriter, extMask: number): boolean;
  /** Changes `target`, a port of `dev` or `dev` itself, as RTM_SETLINK of AF_BRIDGE asks (ndo_bridge_setlink). */
  setBridgeLink?(dev: Device<State>, target: Device, request: BridgeLinkRequest): void;
  /** Takes back what RTM_DELLINK of AF_BRIDGE names (ndo_bridge_dellink). */
  delBridgeLink?(dev: Device<State>, target: Device, request: BridgeLinkRequest): void;
  /** The table of hardware addresses behind the device, asked of a port's master or of the device itself. */
  readonly fdb?: FdbOps<State>;
  /** The table of multicast groups behind the device. */
  readonly mdb?: MdbOps<State>;
  /** The VLANs of the ports of the device and its own. */
  readonly vlans?: VlanOps<State>;
  /** The identifiers of tunnels that the device takes part in. */
  readonly tunnels?: TunnelOps<State>;
  /**
   * A packet came in by a port of `dev`, which has a routing table of its own; `networkHeader` is set (l3mdev_l3_rcv). The frame
   * stays the caller's.
   */
  l3Receive?(dev: Device<State>, frame: Frame): void;
  /** The ifindex of the device at the other end or below; its own by default (ndo_get_iflink). */
  getIflink?(dev: Device<State>): number;
  /** What it tells and lets change by ethtool. */
  readonly ethtool?: EthtoolOps<State>;
  /** What a file of its name shows in a folder of /proc/net. */
  readonly proc?: { readonly folder: string; text(dev: Device<State>): string };
}

/**
 * What a device tells and lets change by ethtool (`struct ethtool_ops`); all of it may throw NetlinkError. What is left out
 * is not supported (EOPNOTSUPP). Features are the device's own (features.ts).
 */
export interface EthtoolOps<State = unknown> {
  /** Its driver (get_drvinfo); by default the kind under this program's version. */
  driverInfo?(dev: Device<State>): EthtoolDriverInfo;
  /** Whether it has a link while it is up (get_link). */
  hasLink?(dev: Device<State>): boolean;
  /** Speed and the like (get_link_ksettings). */
  linkSettings?(dev: Device<State>): EthtoolLinkSettings;
  /** The names of the values that `statistics` gives, in the same order (get_sset_count, get_strings of ETH_SS_STATS). */
  statisticNames?(dev: Device<State>): readonly string[];
  statistics?(dev: Device<State>): readonly number[];
  /** Its queues (get_channels), and to have others: within the maxima, and not without one each way (set_channels). */
  channels?(dev: Device<State>): EthtoolChannels;
  setChannels?(dev: Device<State>, channels: EthtoolChannels): void;
  /** Frames are stamped when they are sent (get_ts_info: SOF_TIMESTAMPING_TX_SOFTWARE). */
  stampsSent?(dev: Device<State>): boolean;
}

/** A driver (`struct ethtool_drvinfo`). */
export interface EthtoolDriverInfo {
  readonly driver: string;
  readonly version: string;
  readonly firmware?: string;
  readonly bus?: string;
}

/** A link's settings (`struct ethtool_link_ksettings`), without link modes, which no virtual device has. */
export interface EthtoolLinkSettings {
  /** In Mb/s; SPEED_UNKNOWN. */
  readonly speed: number;
  /** DUPLEX_*, PORT_* and AUTONEG_*. */
  readonly duplex: number;
  readonly port: number;
  readonly autoneg: number;
}

/** How many queues of a sort a device has in use, and how many it could have (`struct ethtool_channels`). */
export interface EthtoolChannels {
  readonly rx: EthtoolChannelCount;
  readonly tx: EthtoolChannelCount;
  readonly other: EthtoolChannelCount;
  readonly combined: EthtoolChannelCount;
}

/** A sort of queues. */
interface EthtoolChannelCount {
  readonly max: number;
  readonly count: number;
}

/** RTM_SETLINK or RTM_DELLINK of the family AF_BRIDGE, with the attributes as they lie. */
export interface BridgeLinkRequest {
  readonly protinfo: Attribute | undefined;
  readonly afSpec: Attribute | undefined;
  /** BRIDGE_FLAGS_* */
  readonly flags: number;
  readonly warn: Warn;
}

/** A request about an entry of a forwarding table (`struct ndmsg` and what the families have in common). */
export interface FdbRequest {
  /** NUD_* and NTF_* of the header. */
  readonly state: number;
  readonly flags: number;
  /** NLM_F_* */
  readonly nlFlags: number;
  /** NDA_LLADDR as a 48-bit number. */
  readonly address: number;
  /** NDA_VLAN; 0 for none. */
  readonly vid: number;
  /** The whole message, whose attributes behind the ndmsg the kind reads by its own policy. */
  readonly message: Message;
  readonly warn: Warn;
}

/** Writes the messages of a dump: `begin` starts one, whose body follows; then `end` it and yield. */
export interface DumpWriter {
  readonly writer: MessageWriter;
  begin(): MessageWriter;
}

/**
 * A forwarding table (ndo_fdb_*). `target` is the device the request names: a port of `dev`, or `dev`. Adding and
 * deleting return true when the table has told of it itself.
 */
export interface FdbOps<State = unknown> {
  /** A dump of the table is all: the device's lists of hardware addresses are not told with it. */
  readonly isAlone?: boolean;
  add?(dev: Device<State>, target: Device, request: FdbRequest): boolean;
  del?(dev: Device<State>, target: Device, request: FdbRequest): boolean;
  /** Deletes all that match (NLM_F_BULK); the message is parsed by the kind. */
  delBulk?(dev: Device<State>, target: Device, message: Message): void;
  /** Dumps the entries behind `port`, or without one those that are the device's own. */
  dump?(dev: Device<State>, port: Device | undefined, out: DumpWriter): Generator<void, void, void>;
  /** Writes the answer to a get behind its message header; throws NetlinkError when there is no such entry. */
  get?(dev: Device<State>, request: FdbRequest, writer: MessageWriter): void;
}

/** A table of multicast groups (ndo_mdb_*); requests are parsed by the kind, from behind `struct br_port_msg`. */
export interface MdbOps<State = unknown> {
  add?(dev: Device<State>, message: Message): void;
  del?(dev: Device<State>, message: Message): void;
  delBulk?(dev: Device<State>, message: Message): void;
  dump?(dev: Device<State>, out: DumpWriter): Generator<void, void, void>;
  get?(dev: Device<State>, message: Message, reply: (write: (writer: MessageWriter) => void) => void): void;
}

/** A table of VLANs (RTM_*VLAN); `target` is a port of `dev`, or `dev`. Requests begin with `struct br_vlan_msg`. */
export interface VlanOps<State = unknown> {
  add(dev: Device<State>, target: Device, message: Message): void;
  del(dev: Device<State>, target: Device, message: Message): void;
  /** Writes the VLANs of `target` behind the message header, as BRIDGE_VLANDB_DUMPF_* ask; false for no message. */
  fill(dev: Device<State>, target: Device, writer: MessageWriter, flags: number): boolean;
}

/** A table of tunnel identifiers (RTM_*TUNNEL). Requests begin with `struct tunnel_msg`. */
export interface TunnelOps<State = unknown> {
  /** Adds or deletes what a message names. */
  change(dev: Device<State>, message: Message, isAdd: boolean): void;
  /** Writes the identifiers behind the message header, with what they have counted if asked; false for none. */
  fill(dev: Device<State>, writer: MessageWriter, hasStats: boolean): boolean;
}

/** Adds an extended-ack text to the answer of a request that goes through. */
export type Warn = (text: string) => void;

/** Who asked for a change, so that its announcement can name and, with NLM_F_ECHO, answer the request. */
export interface Origin {
  readonly portId: number;
  readonly seq: number;
  readonly isEcho: boolean;
}

/** The family header of RTM_*LINK (`struct ifinfomsg`). */
export interface Ifinfomsg {
  readonly family: number;
  readonly type: number;
  readonly index: number;
  readonly flags: number;
  readonly change: number;
}

/** What `newLink` is asked for (`struct rtnl_newlink_params`). */
export interface NewLink<State = unknown, P extends Policy = Policy> {
  /** The device made for the request, not yet registered. */
  readonly dev: Device<State>;
  /** The namespace of the sender, in which IFLA_LINK is looked up unless `linkNetns` says otherwise. */
  readonly sourceNetns: Netns;
  /** The namespace of IFLA_LINK_NETNSID. */
  readonly linkNetns: Netns | undefined;
  readonly attrs: LinkAttributes;
  /** IFLA_INFO_DATA by the kind's policy. */
  readonly data: Parsed<P> | undefined;
  /** The blob of the kind's `peerType`, decoded, when it was given; and the namespace the peer is to live in. */
  readonly peer: { readonly header: Ifinfomsg; readonly attrs: LinkAttributes } | undefined;
  readonly peerNetns: Netns;
  readonly warn: Warn;
}

/**
 * A kind of device (`struct rtnl_link_ops`): one table at the top of one file. `newLink` registers everything or
 * nothing; timers go through `machine.timers`; frames reach peers and uppers only by netifRx, lowers by devQueueXmit.
 */
export interface LinkOps<State = unknown, P extends Policy = Policy> {
  readonly kind: string;
  /** What IFLA_INFO_DATA may hold. */
  readonly policy?: P;
  /** The attribute of IFLA_INFO_DATA that describes the peer: an ifinfomsg and link attributes. */
  readonly peerType?: number;
  /** Name template when the request names none; `${kind}%d` by default. */
  readonly template?: string;
  readonly device: DeviceOps<State>;
  /** The state of a new device, which has none of its numbers yet: `setup` comes next. */
  createState(dev: Device<State>): State;
  /** Fills a new device's numbers in. */
  setup(dev: Device<State>): void;
  /** Checks a request before anything is made; throws NetlinkError. Also asked for the peer's attributes. */
  validate?(attrs: LinkAttributes, data: Parsed<P> | undefined, warn: Warn): void;
  /** Registers the device and all that belongs to it; without it the device is registered as it is. */
  newLink?(request: NewLink<State, P>): void;
  /** Changes a device's IFLA_INFO_DATA; without it EOPNOTSUPP. */
  changeLink?(dev: Device<State>, attrs: LinkAttributes, data: Parsed<P> | undefined, warn: Warn): void;
  /** Queues the device and all that goes with it (queueUnregister); it only unties, the caller unregisters. */
  delLink?(dev: Device<State>, doomed: Set<Device>): void;
  /** Whether RTM_DELLINK may name a device of this kind; true by default, false for `lo`. */
  readonly isDeletable?: boolean;
  /** Writes IFLA_INFO_DATA's content; without it the reply has none. */
  fillInfo?(dev: Device<State>, writer: MessageWriter): void;
  /** Writes IFLA_INFO_SLAVE_DATA's content for a port of a device of this kind. */
  fillSlaveInfo?(dev: Device<State>, port: Device, writer: MessageWriter): void;
  /** What IFLA_INFO_SLAVE_DATA may hold, and how it is applied. */
  readonly slavePolicy?: Policy;
  changeSlave?(dev: Device<State>, port: Device, attrs: LinkAttributes, data: object, warn: Warn): void;
  /** Writes what a device of this kind, or `target`, a port of it, has counted beyond its own statistics (fill_linkxstats). */
  fillXstats?(dev: Device<State>, target: Device, writer: MessageWriter): void;
  /** The namespace of the device at the other end, for IFLA_LINK_NETNSID. */
  linkNetns?(dev: Device<State>): Netns;
  /** Follows the events of every device of the machine, of whatever kind (register_netdevice_notifier). */
  deviceEvent?(event: DeviceEvent, dev: Device): void;
  /** Queue counts when the request names none; 1 by default. */
  defaultQueues?(machine: MachineContext): number;
}

/** An address family's part of links (`struct rtnl_af_ops`): what it says of a device in IFLA_AF_SPEC, and how it is told. */
export interface AfOps {
  /** AF_INET, AF_INET6: the type of the family's nest in IFLA_AF_SPEC. */
  readonly family: number;
  /**
   * Writes the content of the family's nest, which the caller has opened and closes (fill_link_af); false when the
   * family knows nothing of `dev`, and the nest is taken back. `extMask` is IFLA_EXT_MASK (RTEXT_FILTER_*).
   */
  fill?(dev: Device, writer: MessageWriter, extMask: number): boolean;
  /** Checks the family's nest of a request about `dev`, registered or not (validate_link_af); throws NetlinkError. */
  validate?(dev: Device, nest: Attribute): void;
  /** Applies the family's nest (set_link_af); throws NetlinkError. Without it requests are refused (EOPNOTSUPP). */
  set?(dev: Device, nest: Attribute): void;
}

// --- Traffic control --------------------------------------------------------------------------------------------------

/** What became of a frame that was handed to a discipline (NET_XMIT_*): it is queued, dropped, or a filter took it. */
export const XMIT_SUCCESS = 0;
export const XMIT_DROP = 1;
/** It was taken, and another one dropped for it (NET_XMIT_CN). */
export const XMIT_CONGESTED = 2;
export const XMIT_STOLEN = 3;

/** A queueing discipline at its place in a device's tree (`struct Qdisc`). Made and moved by qdisc.ts. */
export class Qdisc<State = unknown> {
  readonly ops: QdiscOps<State>;
  readonly dev: Device;
  /** What the kind keeps with the discipline. */
  readonly state: State;
  /** Its number in the upper 16 bits; 0 for one that the device, or a class, has by itself. */
  handle = 0;
  /** The class it hangs on, TC_H_ROOT or TC_H_INGRESS. */
  parent = 0;
  /** Not told of unless asked (TCQ_F_INVISIBLE): what a class has by itself. */
  isInvisible = false;
  /** When it holds nothing, frames may pass it by (TCQ_F_CAN_BYPASS). */
  canBypass = false;
  /** Frames and bytes it holds, those of its children included. */
  length = 0;
  backlog = 0;
  limit = 0;
  /** What went through, and what did not (struct gnet_stats_basic, gnet_stats_queue). */
  bytes = 0;
  packets = 0;
  drops = 0;
  requeues = 0;
  overlimits = 0;
  /** What the sizes of frames are taken for (TCA_STAB). */
  sizeTable: SizeTable | null = null;
  /** A frame that was taken out to be looked at and stands first now (gso_skb). */
  peeked: Frame | null = null;
  /** Someone sends what it lets go; the next run stands with the scheduler. Owned by transmit.ts. */
  isRunning = false;
  isScheduled = false;
  /** Runs the device's queue when its time has come; made when a kind first waits (qdisc_watchdog). */
  watchdog: Timer | null = null;
  /** What classifiers keep for all filters of the discipline, by kind (tcf.ts). */
  classifierStates: Map<string, object> | null = null;
  /** False once it is taken off and destroyed. */
  isAlive = true;

  constructor(ops: QdiscOps<State>, dev: Device) {
    this.ops = ops;
    this.dev = dev;
    this.state = ops.createState();
  }
}

/** How long frames are taken to be, for a link below that adds to them (`struct qdisc_size_table`). */
export interface SizeTable {
  /** struct tc_sizespec as it was given. */
  readonly spec: Uint8Array;
  lengthOf(bytes: number): number;
}

/**
 * A kind of queueing discipline (`struct Qdisc_ops`): one table at the top of one file of sched/. `options` is TCA_OPTIONS,
 * which each kind reads by a policy of its own. Timers go through `watchdogSchedule` or `machine.timers`.
 */
export interface QdiscOps<State = unknown> {
  /** Its kind: "pfifo", "netem", … */
  readonly id: string;
  /** Hangs on TC_H_INGRESS and holds filters only (TCQ_F_INGRESS). */
  readonly isIngress?: boolean;
  /** Gives each transmit queue of the device a discipline of its own, and is held by none of them (mq_attach). */
  readonly isPerQueue?: boolean;
  createState(): State;
  /** Reads the options of a new one; throws NetlinkError to refuse. */
  init?(sch: Qdisc<State>, options: Attribute | undefined, warn: Warn): void;
  /** Changes one; options that are not given stay. Without it EINVAL. */
  change?(sch: Qdisc<State>, options: Attribute, warn: Warn): void;
  /** Takes ownership of `frame`, whose `queueLength` is set: queues it, or drops it with a reason. XMIT_*. */
  enqueue(frame: Frame, sch: Qdisc<State>): number;
  /** The next frame that may go now, or null. One that waits for time sets the watchdog. */
  dequeue(sch: Qdisc<State>): Frame | null;
  /** The frame that `dequeue` would return, left in its place. */
  peek(sch: Qdisc<State>): Frame | null;
  /** Drops all that is queued, and takes timers back. The counts of what is held are the caller's. */
  reset(sch: Qdisc<State>): void;
  /** Gives back what it holds beside frames, its children among it. */
  destroy?(sch: Qdisc<State>): void;
  /** Puts itself into force on the device, once grafted; and takes that back (ingress and clsact). */
  attach?(sch: Qdisc<State>): void;
  detach?(sch: Qdisc<State>): void;
  /** The device's txqueuelen has changed. */
  changeTxQueueLength?(sch: Qdisc<State>): void;
  /** Writes TCA_OPTIONS, header included; without it the reply has none. */
  dump?(sch: Qdisc<State>, writer: MessageWriter): void;
  /** Writes the content of TCA_STATS_APP and TCA_XSTATS. */
  dumpStats?(sch: Qdisc<State>): Uint8Array | null;
  /** What a discipline with classes can do. */
  readonly classes?: QdiscClassOps<State>;
}

/** A class of a discipline, as far as all kinds have it. */
export interface QdiscClass {
  /** Its number: that of its discipline in the upper 16 bits. */
  readonly classid: number;
}

/** The classes of a discipline (`struct Qdisc_class_ops`). */
interface QdiscClassOps<State = unknown> {
  find(sch: Qdisc<State>, classid: number): QdiscClass | null;
  /** All of them, in the kernel's order. */
  walk(sch: Qdisc<State>): Iterable<QdiscClass>;
  /** The discipline of a class. */
  leaf(sch: Qdisc<State>, cl: QdiscClass): Qdisc | null;
  /** Hangs `child` (null: the one by itself) on a class and returns the one that hung there, which the caller destroys. */
  graft?(sch: Qdisc<State>, cl: QdiscClass, child: Qdisc | null): Qdisc | null;
  /** Makes a class (`cl` null) or changes one. EOPNOTSUPP without it. */
  change?(sch: Qdisc<State>, request: ClassRequest, warn: Warn): QdiscClass;
  delete?(sch: Qdisc<State>, cl: QdiscClass): void;
  /** The filters of a class, or of the discipline itself (null) (tcf_block). */
  block?(sch: Qdisc<State>, cl: QdiscClass | null): FilterBlock | null;
  /** A filter points at a class, and no longer does (bind_tcf): a class that is pointed at stays. */
  bind?(sch: Qdisc<State>, cl: QdiscClass): void;
  unbind?(sch: Qdisc<State>, cl: QdiscClass): void;
  /** The discipline of a class has become empty behind its back. */
  becameEmpty?(sch: Qdisc<State>, cl: QdiscClass): void;
  /** Writes attributes behind the header and says what is in it. */
  dump(sch: Qdisc<State>, cl: QdiscClass, writer: MessageWriter): ClassHeader;
  /** What it counts; without it classes count nothing. */
  stats?(sch: Qdisc<State>, cl: QdiscClass): ClassStats;
}

/** What is asked of a class (RTM_NEWTCLASS). */
export interface ClassRequest {
  readonly cl: QdiscClass | null;
  readonly classid: number;
  readonly parentid: number;
  readonly options: Attribute | undefined;
}

/** The numbers in the tcmsg of a class. */
export interface ClassHeader {
  readonly parent?: number;
  readonly handle?: number;
  readonly info?: number;
}

/** The counts of a class. */
export interface ClassStats {
  readonly bytes: number;
  readonly packets: number;
  readonly drops: number;
  readonly requeues: number;
  readonly overlimits: number;
  readonly length: number;
  readonly backlog: number;
  /** The content of TCA_STATS_APP. */
  readonly app?: Uint8Array;
}

/** The filters of one place (tcf.ts). */
export interface FilterBlock {
  readonly sch: Qdisc;
}

/** Filters at a device's door, in one direction (`struct mini_Qdisc`); true: the frame is gone. */
export type FilterHook = (frame: Frame, dev: Device) => boolean;

// --- Namespaces -------------------------------------------------------------------------------------------------------

/** A network namespace (`struct net`). */
export class Netns {
  readonly machine: MachineContext;
  /** Unique in the machine, never used again; what stands for the inode number of the namespace's file. */
  readonly id: number;
  /** Devices by ifindex; ascending unless somebody asked for an index (`isIndexOrdered`). */
  readonly devices = new Map<number, Device>();
  isIndexOrdered = true;
  /** Devices by name and by alternative name. */
  readonly names = new Map<string, Device>();
  /** Which numbers of name templates are taken. */
  readonly templates = new NameTemplates();
  /** The last ifindex handed out, the highest in use so far, and a count of changes to the list (dev_base_seq). */
  lastIfindex = 0;
  highestIfindex = 0;
  generation = 1;
  /** Other namespaces by the id they have here, and back (`netns_ids`). */
  readonly nsids = new Map<number, Netns>();
  readonly nsidOf = new Map<Netns, number>();
  loopback: Device | null = null;
  /** Who looks at every frame of every device here; null while nobody does. */
  taps: PacketTap[] | null = null;
  /** Devices that are sent every netlink datagram of sockets here (`struct netlink_tap`); null while there are none. */
  netlinkTaps: NetlinkTap[] | null = null;
  /** Actions of traffic control, owned by tcf.ts; null while there are none. */
  actions: NetnsSlot | null = null;
  /** What kinds of device keep with the namespace, by their names (net_generic). */
  readonly generic = new Map<string, NetnsSlot>();
  /** Protocol state of inet, owned by that room. */
  ip: NetnsSlot | null = null;
  /** The network stack that stands in for the machine's own; null while there is none (outer-stack.ts). */
  stack: OuterStack | null = null;
  isAlive = true;
  /** Who keeps it alive: its maker or its name, open descriptors and sockets (`net->ns.count`); see putNet. */
  references = 1;

  constructor(machine: MachineContext, id: number) {
    this.machine = machine;
    this.id = id;
  }
}

/** Sees a netlink datagram of `protocol` (NETLINK_*), on its way to a user or to the kernel; must not keep the bytes. */
export type NetlinkTap = (datagram: Uint8Array, protocol: number, isToUser: boolean) => void;

/**
 * A network stack outside the machine, a live kernel's, that a namespace uses in place of the machine's own: it has the
 * addresses, routes, neighbours and rules, and takes what the devices receive. Links stay the machine's.
 */
export interface OuterStack {
  /** A process there, whose folder of /proc shows what the stack has. */
  readonly pid: number;
  /** Takes over a frame that `dev` received and no other device took; its `start` is behind the MAC header. */
  receive(frame: Frame, dev: Device): void;
  /** Sends a request of rtnetlink there, one message with its header, and hands back what reads the answer. */
  request(message: Uint8Array, sender: OuterSender): OuterAnswer;
  /** Reads and sets a setting by the parts of its name behind `net`; NetlinkError with the errno of its file. */
  getSysctl(path: readonly string[]): string;
  setSysctl(path: readonly string[], value: string): void;
  /** Opens what sends echo requests from there; NetlinkError: why there is no way, or what of it the kernel refuses. */
  openEcho(way: EchoWay, listener: EchoListener): OuterEcho;
}

/** What puts outer stacks in the place of the machine's own, for programs to run there (attach/node/native). */
export interface OuterStacks {
  /** Makes `netns` native if it is not; NetlinkError with cause and cure where the system forbids it. */
  enter(netns: Netns, options: { readonly mapsRange?: boolean }): NativeProcess;
  close(): void;
}

/** The first process of a native namespace. */
export interface NativeProcess {
  readonly pid: number;
  /** Whether its users are root and a range of ids, and not the caller alone. */
  readonly mapsRange: boolean;
}

/** Who sends a request to an outer stack: the port id that answers carry, and how the socket is set. */
export interface OuterSender {
  readonly portId: number;
  readonly isStrict: boolean;
  readonly hasExtendedAck: boolean;
  readonly hasCappedAck: boolean;
}

/** The answer to one request of rtnetlink, its ACK, error or end included. */
export interface OuterAnswer {
  /** The next datagram; undefined when there is no more. */
  next(): Uint8Array | undefined;
  /** Gives the rest up. */
  close(): void;
}

/** Base of what a protocol keeps with a namespace; narrow it with `instanceof`. */
export abstract class NetnsSlot {
  abstract readonly netns: Netns;
}

// --- The machine ------------------------------------------------------------------------------------------------------

/** Events of the notifier chain (NETDEV_*), in the words of the kernel; "change-stack": see outer-stack.ts. */
export type DeviceEvent =
  | "register"
  | "unregister"
  | "going-down"
  | "up"
  | "down"
  | "change"
  | "change-mtu"
  | "change-address"
  | "change-name"
  | "change-upper"
  | "change-tx-queue-length"
  | "change-info-data"
  | "change-stack"
  | "feat-change"
  | "notify-peers"
  | "bonding-failover"
  | "resend-igmp";

/** A message about a link that is to go to RTNLGRP_LINK (rtmsg_ifinfo). */
export interface LinkMessage {
  readonly type: "new" | "del";
  readonly dev: Device;
  /** ifi_change. */
  readonly change: number;
  /** IFLA_EVENT_*; 0 for none. */
  readonly event: number;
  readonly origin: Origin | undefined;
  /** Where a moved device went: the id of the namespace and the index there. */
  readonly moved: { readonly nsid: number; readonly ifindex: number } | undefined;
}

/** What every part of a machine shares. Made by `createMachine`, handed down; there is no global. */
export interface MachineContext {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly timers: Timers;
  readonly frames: FrameAllocator;
  readonly counters: CounterArena;
  readonly loop: PollLoop;
  readonly linkWatch: LinkWatch;
  /** Kinds of device by name. */
  readonly kinds: Map<string, LinkOps>;
  /** Kinds of queueing discipline by name, the one a device has that queues (default_qdisc_ops), and the one above it for several queues. */
  readonly qdiscKinds: Map<string, QdiscOps>;
  readonly defaultQdisc: QdiscOps | null;
  readonly defaultMultiQueue: QdiscOps | null;
  /** Handlers by EtherType. */
  readonly packetHandlers: PacketHandlerTable;
  /** What Linux reports as the number of possible CPUs: the default number of queues. */
  readonly possibleCpus: number;
  /** Frames a device's backlog holds (net.core.netdev_max_backlog). */
  readonly maxBacklog: number;
  /** Everyone who follows device events, in the order they are told. */
  readonly notifiers: ((event: DeviceEvent, dev: Device) => void)[];
  /** Sends a link message to its group; set by rtnetlink. */
  announceLink: (message: LinkMessage) => void;
  /** Tells that `netns` gave `other` the id `nsid`; set by rtnetlink. */
  announceNsid: (netns: Netns, nsid: number, type: "new" | "del", origin?: Origin) => void;
  /** Sends an event to a group of NETLINK_ROUTE (rtnl_notify); `write` runs only if somebody hears it, and begins and ends it. */
  announce: (group: number, netns: Netns, write: (writer: MessageWriter) => void) => void;
  /** Tells that a namespace got a name or lost it; set by genetlink. */
  announceNetnsName: (type: "new" | "del", name: string, netns: Netns) => void;
  /** Address families that have a part in links, in the order they came in (rtnl_af_register). */
  readonly afOps: AfOps[];
  /** All living namespaces by id; the first is the initial one. */
  readonly namespaces: Map<number, Netns>;
  readonly initialNetns: Netns;
  /** Namespaces by the name `ip netns` knows them by. */
  readonly netnsNames: Map<string, Netns>;
  /** What makes namespaces native; null where nothing does. */
  outerStacks: OuterStacks | null;
  /** What joins devices to the world outside the machine; null where nothing does. */
  outside: Outside | null;
  /** Makes a namespace with its `lo`; it has no name yet and is the caller's to put. */
  newNetns(): Netns;
  /** Gives the next packet id for captures. */
  nextPacketId(): number;
  /** One more (1) or one less (-1) waits for what time will bring: a process does not end meanwhile (Clock.stayAwake). */
  keepAwake(change: 1 | -1): void;
}

/** What joins devices to the world outside the machine (attach/node/outside/). */
export interface Outside {
  /**
   * Makes a TAP in `netns` whose wire leads to `endpoint`, and resolves when it does; rejects with a NetlinkError, and nothing is left of
   * it. It lasts as long as the device.
   */
  attach(netns: Netns, tap: NewOutsideTap): Promise<void>;
}

/** A TAP whose wire leads outside. */
interface NewOutsideTap {
  readonly name: string;
  readonly endpoint: string;
  readonly mtu: number | undefined;
}

/** The list of devices that have frames to receive (loop.ts). */
export interface PollLoop {
  /** Whether no device has frames to receive. */
  readonly isIdle: boolean;
  /** Puts a device at the end of the list. */
  post(dev: Device): void;
  /** Takes a frame that `frame.dev` receives when no other frame waits anywhere; false: it belongs on the backlog. */
  takeAlone(frame: Frame): boolean;
  /** Gives back a frame that was taken alone for `dev`, which goes away. */
  forget(dev: Device): void;
  /** Opens a stretch of work: what is posted inside is received when the outermost stretch ends. */
  enter(): void;
  leave(): void;
}

/** Devices whose carrier changed (carrier.ts). */
export interface LinkWatch {
  /** Notes that `dev` has changed its carrier. */
  fire(dev: Device): void;
  /** Works the list off, or only `dev` (linkwatch_sync_dev). */
  run(dev?: Device): void;
}
