// What a VXLAN device keeps, and what all of them share in a namespace: their list, and the sockets they receive by.
//
// Mirrors include/net/vxlan.h (struct vxlan_config, struct vxlan_dev, struct vxlan_sock).

import type { UdpSocket } from "../../inet/udp/socket.ts";
import type { Device, Netns } from "../../net/netdevice.ts";
import { NetnsSlot } from "../../net/netdevice.ts";
import type { Timer } from "../../net/timers.ts";
import type { Remote } from "./fdb-table.ts";
import { FdbTable } from "./fdb-table.ts";

/** VXLAN_F_*: settings that are on or off. */
export const VXLAN_F_LEARN = 0x01;
export const VXLAN_F_PROXY = 0x02;
export const VXLAN_F_RSC = 0x04;
export const VXLAN_F_L2MISS = 0x08;
export const VXLAN_F_L3MISS = 0x10;
export const VXLAN_F_IPV6 = 0x20;
export const VXLAN_F_UDP_ZERO_CSUM_TX = 0x40;
export const VXLAN_F_UDP_ZERO_CSUM6_TX = 0x80;
export const VXLAN_F_UDP_ZERO_CSUM6_RX = 0x100;
export const VXLAN_F_REMCSUM_TX = 0x200;
export const VXLAN_F_REMCSUM_RX = 0x400;
export const VXLAN_F_GBP = 0x800;
export const VXLAN_F_REMCSUM_NOPARTIAL = 0x1000;
export const VXLAN_F_COLLECT_METADATA = 0x2000;
export const VXLAN_F_GPE = 0x4000;
export const VXLAN_F_IPV6_LINKLOCAL = 0x8000;
export const VXLAN_F_TTL_INHERIT = 0x10000;
export const VXLAN_F_VNIFILTER = 0x20000;
export const VXLAN_F_LOCALBYPASS = 0x40000;
/** What two devices of one identifier and port may differ in (VXLAN_F_RCV_FLAGS). */
export const receiveFlags =
  VXLAN_F_GBP |
  VXLAN_F_GPE |
  VXLAN_F_UDP_ZERO_CSUM6_RX |
  VXLAN_F_REMCSUM_RX |
  VXLAN_F_REMCSUM_NOPARTIAL |
  VXLAN_F_COLLECT_METADATA |
  VXLAN_F_VNIFILTER;

/** What a device is told to be (`struct vxlan_config`). Addresses are of 4 or 16 bytes, null for any. */
export interface VxlanConfig {
  readonly vni: number;
  readonly remote: Uint8Array | null;
  readonly local: Uint8Array | null;
  /** The device below; 0: the one that routing finds. */
  readonly ifindex: number;
  readonly flags: number;
  readonly ttl: number;
  /** 1: that of the packet inside. */
  readonly tos: number;
  readonly df: number;
  readonly label: number;
  readonly labelPolicy: number;
  readonly ageingS: number;
  /** Most entries of the forwarding table; 0: no bound. */
  readonly limit: number;
  readonly port: number;
  readonly portLow: number;
  readonly portHigh: number;
  /** The bits of a header that must be 0, as its two words. */
  readonly reservedBits: readonly [high: number, low: number];
}

/** What an identifier counts (`struct vxlan_vni_stats`). */
interface VniStats {
  rxBytes: number;
  rxPackets: number;
  rxDrops: number;
  rxErrors: number;
  txBytes: number;
  txPackets: number;
  txDrops: number;
  txErrors: number;
}

/** An identifier of a device with vnifilter (`struct vxlan_vni_node`). */
export interface VniNode {
  readonly vni: number;
  /** Where its frames go that no entry is for; null: where the device's do. */
  remote: Uint8Array | null;
  readonly stats: VniStats;
}

/** What a device keeps. */
export class VxlanState {
  config: VxlanConfig = {
    vni: 0,
    remote: null,
    local: null,
    ifindex: 0,
    flags: 0,
    ttl: 0,
    tos: 0,
    df: 0,
    label: 0,
    labelPolicy: 0,
    ageingS: 0,
    limit: 0,
    port: 0,
    portLow: 0,
    portHigh: 0,
    reservedBits: [0, 0],
  };
  /** Where its sockets are: the namespace it was made in, wherever it moves. */
  netns: Netns | null = null;
  lower: Device | null = null;
  readonly fdb = new FdbTable();
  /** Identifiers that a device with vnifilter takes part in. */
  readonly vnis = new Map<number, VniNode>();
  /** Where the frame goes that is being sent by a nexthop object. */
  readonly chosen: Remote = { address: new Uint8Array(4), port: 0, vni: 0, ifindex: 0 };
  /** What it receives and sends by while it is up; one for each family. */
  sockets: VxlanSocket[] = [];
  ageingTimer: Timer | null = null;
}

/** A VXLAN device. */
export type Vxlan = Device<VxlanState>;

/** A UDP socket that devices of the same port and settings share (`struct vxlan_sock`). */
export class VxlanSocket {
  readonly udp: UdpSocket;
  readonly family: number;
  readonly port: number;
  /** VXLAN_F_* of `receiveFlags`. */
  readonly flags: number;
  /** Devices that are up, by identifier; several of one only when they are bound to devices below. */
  readonly devices = new Map<number, Vxlan[]>();
  users = 0;

  constructor(udp: UdpSocket, family: number, port: number, flags: number) {
    this.udp = udp;
    this.family = family;
    this.port = port;
    this.flags = flags;
  }
}

/** What a namespace has of VXLAN (`struct vxlan_net`). */
export class VxlanNetns extends NetnsSlot {
  readonly netns: Netns;
  readonly devices: Vxlan[] = [];
  readonly sockets: VxlanSocket[] = [];

  constructor(netns: Netns) {
    super();
    this.netns = netns;
  }
}

/** What `netns` has of VXLAN. */
export function vxlanNetns(netns: Netns): VxlanNetns {
  const known = netns.generic.get("vxlan");
  if (known instanceof VxlanNetns) return known;
  const made = new VxlanNetns(netns);
  netns.generic.set("vxlan", made);
  return made;
}

/** The socket of a port and settings, in the VRF `vrf` (0: in none) (vxlan_find_sock). */
export function findSocket(
  { sockets }: VxlanNetns,
  family: number,
  port: number,
  flags: number,
  vrf: number,
): VxlanSocket | undefined {
  return sockets.find(
    (each) =>
      each.family === family && each.port === port && each.flags === flags && each.udp.ifindex === vrf,
  );
}

/** The identifier an entry of the forwarding table is under, for frames of `vni`. */
export function tableVni({ state: { config } }: Vxlan, vni: number): number {
  return (config.flags & VXLAN_F_COLLECT_METADATA) !== 0 ? vni : 0;
}

/** Whether an address is a group's. */
export function isGroup(address: Uint8Array): boolean {
  return address.length === 16 ? address[0] === 0xff : ((address[0] ?? 0) & 0xf0) === 0xe0;
}

/** Whether another device that is up is in a group by the socket, by its own remote or by that of an identifier (vxlan_group_used). */
export function isGroupUsed(socket: VxlanSocket, dev: Vxlan, address: Uint8Array): boolean {
  const { ifindex } = dev.state.config;
  const isThere = (remote: Uint8Array | null): boolean => `${remote}` === `${address}`;
  return [...socket.devices.values()].flat().some(({ state }) => {
    if (state === dev.state || state.config.ifindex !== ifindex) return false;
    return isThere(state.config.remote) || [...state.vnis.values()].some(({ remote }) => isThere(remote));
  });
}

/** Bytes that a frame grows by: the headers of IP, UDP and VXLAN, and its own (vxlan_headroom). */
export function headroomOf(flags: number): number {
  const ip = (flags & VXLAN_F_IPV6) !== 0 ? 40 : 20;
  return ip + 8 + 8 + ((flags & VXLAN_F_GPE) !== 0 ? 0 : 14);
}

/** The device of an identifier, for what came in by `ifindex` (vxlan_vs_find_vni): in external mode one device has them all. */
export function findDevice(socket: VxlanSocket, vni: number, ifindex: number): Vxlan | undefined {
  const isOfAll =
    (socket.flags & (VXLAN_F_COLLECT_METADATA | VXLAN_F_VNIFILTER)) === VXLAN_F_COLLECT_METADATA;
  const devices = socket.devices.get(isOfAll ? 0 : vni);
  if (devices === undefined) return undefined;
  return devices.find(
    ({ state: { config } }) => (config.flags & VXLAN_F_IPV6_LINKLOCAL) === 0 || config.ifindex === ifindex,
  );
}
