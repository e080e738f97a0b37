// What a bridge and its ports keep. Only data; the walks over it are in the files named for their steps.
//
// Mirrors net/bridge/br_private.h (struct net_bridge, struct net_bridge_port). Times that are configured are in ticks
// (net/jiffies.ts), as there.

import { linkSpeed } from "../../net/ethtool.ts";
import { HZ, JIFFY_NS } from "../../net/jiffies.ts";
import type { Device } from "../../net/netdevice.ts";
import type { Timer } from "../../net/timers.ts";
import {
  SPEED_10,
  SPEED_100,
  SPEED_1000,
  SPEED_2500,
  SPEED_5000,
  SPEED_10000,
  SPEED_UNKNOWN,
} from "../../uapi/ethtool.ts";
import { ETH_P_8021Q } from "../../uapi/if_ether.ts";
import { FdbTable } from "./fdb-table.ts";
import type { MulticastContext, PortMulticast } from "./multicast-state.ts";
import { BridgeMulticast } from "./multicast-state.ts";
import { VlanGroup } from "./vlan-group.ts";

// --- Numbers -----------------------------------------------------------------------------------------------------------

/** States of a port (BR_STATE_*). */
export const BR_STATE_DISABLED = 0;
export const BR_STATE_LISTENING = 1;
export const BR_STATE_LEARNING = 2;
export const BR_STATE_FORWARDING = 3;
export const BR_STATE_BLOCKING = 4;

/** Who runs spanning tree: nobody, the bridge, a program. */
export const BR_NO_STP = 0;
export const BR_KERNEL_STP = 1;

/** Flags of a port (BR_*); the numbers are our own. */
export const BR_HAIRPIN_MODE = 1 << 0;
export const BR_BPDU_GUARD = 1 << 1;
export const BR_ROOT_BLOCK = 1 << 2;
export const BR_MULTICAST_FAST_LEAVE = 1 << 3;
export const BR_ADMIN_COST = 1 << 4;
export const BR_LEARNING = 1 << 5;
export const BR_FLOOD = 1 << 6;
export const BR_PROXYARP = 1 << 7;
export const BR_PROXYARP_WIFI = 1 << 8;
export const BR_MCAST_FLOOD = 1 << 9;
export const BR_MULTICAST_TO_UNICAST = 1 << 10;
export const BR_VLAN_TUNNEL = 1 << 11;
export const BR_BCAST_FLOOD = 1 << 12;
export const BR_NEIGH_SUPPRESS = 1 << 13;
export const BR_ISOLATED = 1 << 14;
export const BR_PORT_LOCKED = 1 << 15;
export const BR_PORT_MAB = 1 << 16;
export const BR_NEIGH_VLAN_SUPPRESS = 1 << 17;

/** Options of a bridge that are on or off (BR_BOOLOPT_*). */
export const BR_BOOLOPT_NO_LL_LEARN = 1 << 0;
export const BR_BOOLOPT_MCAST_VLAN_SNOOPING = 1 << 1;
export const BR_BOOLOPT_MST_ENABLE = 1 << 2;
export const BR_BOOLOPT_MDB_OFFLOAD_FAIL_NOTIFICATION = 1 << 3;
export const BR_BOOLOPT_FDB_LOCAL_VLAN_0 = 1 << 4;
/** All there are. */
export const BR_BOOLOPT_MASK = 0x1f;

/** The largest number of ports (BR_MAX_PORTS). */
export const BR_MAX_PORTS = 1 << 10;
/** Bits of a port's number within its id; the rest is the priority (BR_PORT_BITS). */
const portBits = 10;
/** Half of the priorities a port may have. */
const defaultPortPriority = 0x8000 >>> portBits;

// --- Identifiers --------------------------------------------------------------------------------------------------------

/** A bridge in spanning tree: priority first, then address; the lesser is the better (struct bridge_id). */
export interface BridgeId {
  readonly priority: number;
  readonly address: number;
}

/** Below 0 when `one` is better than `other` (memcmp). */
export function compareIds(one: BridgeId, other: BridgeId): number {
  return one.priority - other.priority || one.address - other.address;
}

/** A port's id in spanning tree (br_make_port_id). */
export function makePortId(priority: number, portNo: number): number {
  return ((priority << portBits) | (portNo & (BR_MAX_PORTS - 1))) & 0xffff;
}

// --- The bridge -----------------------------------------------------------------------------------------------------------

/** Timers of a bridge, made with it (br_stp_timer_init); what they do is stp-timer.ts's. */
export interface BridgeTimers {
  readonly hello: Timer;
  readonly tcn: Timer;
  readonly topologyChange: Timer;
  /** Ages the forwarding table (gc_work). */
  readonly gc: Timer;
}

/** A bridge (struct net_bridge). */
export class Bridge {
  readonly dev: Device<Bridge>;
  readonly parts: BridgeParts;
  readonly timers: BridgeTimers;
  /** Newest first, as frames are flooded. */
  ports: BridgePort[] = [];
  readonly fdb = new FdbTable<BridgePort>();
  /** Entries that were learned, and how many there may be; 0: no limit. */
  fdbLearned = 0;
  fdbMaxLearned = 0;

  bridgeId: BridgeId = { priority: 0x8000, address: 0 };
  designatedRoot: BridgeId = { priority: 0x8000, address: 0 };
  rootPathCost = 0;
  /** Number of the root port; 0: the bridge is the root. */
  rootPort = 0;
  maxAge = 20 * HZ;
  helloTime = 2 * HZ;
  forwardDelay = 15 * HZ;
  bridgeMaxAge = 20 * HZ;
  bridgeHelloTime = 2 * HZ;
  bridgeForwardDelay = 15 * HZ;
  bridgeAgeingTime = 300 * HZ;
  /** As `bridgeAgeingTime`, but during a topology change twice the forward delay. */
  ageingTime = 300 * HZ;
  /** BR_NO_STP or BR_KERNEL_STP. */
  stpEnabled = BR_NO_STP;
  topologyChange = false;
  topologyChangeDetected = false;

  /** Bit n: frames to 01:80:c2:00:00:0n are forwarded; as configured, and as the group address demands. */
  groupFwdMask = 0;
  groupFwdMaskRequired = 0;
  groupAddress = 0x0180c2000000;
  isGroupAddressSet = false;
  /** BR_BOOLOPT_* */
  options = 0;
  /** Some port suppresses neighbours (BROPT_NEIGH_SUPPRESS_ENABLED). */
  suppressesNeighbours = false;
  isMtuSetByUser = false;
  readonly multicast: BridgeMulticast<BridgePort>;
  readonly vlans = new VlanGroup(true);
  /** Frames are told apart by VLAN (BROPT_VLAN_ENABLED). */
  isVlanFiltering = false;
  /** ETH_P_8021Q or ETH_P_8021AD. */
  vlanProtocol = ETH_P_8021Q;
  /** The VLAN new ports and the bridge itself are put in; 0: none. */
  defaultPvid = 1;
  hasVlanStats = false;
  hasVlanStatsPerPort = false;
  nfCallIptables = false;
  nfCallIp6tables = false;
  nfCallArptables = false;

  constructor(dev: Device<Bridge>, parts: BridgeParts) {
    this.dev = dev;
    this.parts = parts;
    this.timers = parts.makeTimers(this);
    this.multicast = new BridgeMulticast(parts.makeContext(this, 0), parts.makeContext(this, 0));
  }
}

/** What a bridge is made of, by the files that know how. */
export interface BridgeParts {
  makeTimers(br: Bridge): BridgeTimers;
  /** For a VLAN, or with 0 for the bridge. */
  makeContext(br: Bridge, vid: number): MulticastContext;
}

/** How long an unheard entry is kept, in nanoseconds; shorter after a topology change (hold_time). */
export function holdTimeNs(br: Bridge): number {
  return (br.topologyChange ? br.forwardDelay : br.ageingTime) * JIFFY_NS;
}

/** Timers of a port. */
export interface PortTimers {
  readonly messageAge: Timer;
  readonly forwardDelay: Timer;
  readonly hold: Timer;
}

/** Makes the parts of a port that act by themselves. */
export interface PortParts {
  makeTimers(port: BridgePort): PortTimers;
  /** For a VLAN of the port, or with 0 for the port. */
  makeMulticast(port: BridgePort, vid: number): PortMulticast;
}

/** A port of a bridge (struct net_bridge_port). */
export class BridgePort {
  readonly br: Bridge;
  readonly dev: Device;
  readonly parts: PortParts;
  readonly timers: PortTimers;
  readonly portNo: number;
  readonly multicast: PortMulticast;
  readonly vlans = new VlanGroup(false);
  /** BR_* */
  flags = BR_LEARNING | BR_FLOOD | BR_MCAST_FLOOD | BR_BCAST_FLOOD;
  /** BR_STATE_* */
  state = BR_STATE_DISABLED;
  priority = defaultPortPriority;
  pathCost: number;
  portId: number;
  designatedPort: number;
  designatedRoot: BridgeId;
  designatedBridge: BridgeId;
  designatedCost = 0;
  topologyChangeAck = false;
  configPending = false;
  groupFwdMask = 0;
  /** Takes over what is for this port while it has no carrier. */
  backupPort: BridgePort | null = null;
  /** Ports that this one takes over for. */
  backupRedirects = 0;
  backupNexthop = 0;
  isPromiscuous = false;
  /** Spanning tree messages and changes (BRIDGE_XSTATS_STP). */
  readonly stpStats = { transitionBlk: 0, transitionFwd: 0, rxBpdu: 0, txBpdu: 0, rxTcn: 0, txTcn: 0 };

  constructor(br: Bridge, dev: Device, portNo: number, parts: PortParts) {
    this.br = br;
    this.dev = dev;
    this.parts = parts;
    this.portNo = portNo;
    this.pathCost = portCost(dev);
    this.portId = makePortId(this.priority, portNo);
    this.designatedPort = this.portId;
    this.designatedRoot = br.designatedRoot;
    this.designatedBridge = br.bridgeId;
    this.timers = parts.makeTimers(this);
    this.multicast = parts.makeMulticast(this, 0);
  }
}

/** What a link costs in spanning tree: by its speed in Mbit/s, else by what its name says it is (port_cost). */
export function portCost(dev: Device): number {
  const cost = costOfSpeed(linkSpeed(dev));
  if (cost !== undefined) return cost;
  if (dev.name.startsWith("lec")) return 7;
  return dev.name.startsWith("plip") ? 2_500 : 100;
}

/** Speeds of Ethernet have costs of their own, as has what is faster than they are. */
function costOfSpeed(speed: number): number | undefined {
  switch (speed) {
    case SPEED_UNKNOWN:
    case SPEED_10:
      return 100;
    case SPEED_100:
      return 19;
    case SPEED_1000:
      return 5;
    case SPEED_2500:
      return 4;
    case SPEED_5000:
      return 3;
    case SPEED_10000:
      return 2;
    default:
      return speed > SPEED_10000 ? 1 : undefined;
  }
}

/** The port that `dev` is; null when it is none of a bridge (br_port_get_rtnl). */
export function portOf(dev: Device): BridgePort | null {
  return dev.port instanceof BridgePort ? dev.port : null;
}
