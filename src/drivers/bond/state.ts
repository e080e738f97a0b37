// What a bond keeps: its options, its slaves, and which of them it sends by.
//
// Mirrors include/net/bonding.h (struct bond_params, struct slave) and include/net/bond_3ad.h (struct port, struct aggregator).
// In the mode 802.3ad each slave brings a port and an aggregator of the same number.

import type { Device } from "../../net/netdevice.ts";
import type { Timer } from "../../net/timers.ts";
import { DUPLEX_UNKNOWN, SPEED_UNKNOWN } from "../../uapi/ethtool.ts";
import { IFF_UP } from "../../uapi/if.ts";
import * as bonding from "../../uapi/if_bonding.ts";
import type { LacpSide } from "../../wire/lacp.ts";
import { CHURN_DETECTION_TICKS, CHURN_MONITOR, TX_TICKS } from "./lacp/ticks.ts";

export type Bond = Device<BondState>;

const MS = 1_000_000;

/** Whether `at` is no longer ago than so many intervals of ARP monitoring and a half (bond_time_in_interval). */
export function intervalsSince({ machine, state }: Bond, at: number, intervals: number): boolean {
  return machine.clock.now() - at <= state.params.arpInterval * MS * (intervals + 0.5);
}

/** Whether a device is a bond. */
export function isBond(dev: Device): dev is Bond {
  return dev.state instanceof BondState;
}

/** Values of the option fail_over_mac. */
export const FAIL_OVER_ACTIVE = 1;
export const FAIL_OVER_FOLLOW = 2;

/** A port of a bond. */
export class Slave {
  readonly dev: Device;
  /** The address and MTU it had before, which it gets back. */
  readonly permanentAddress: number;
  readonly originalMtu: number;
  /** Backups are silent; what one receives is for nobody but those who listen at the slave, if it is inactive. */
  isBackup = false;
  isInactive = false;
  /** BOND_LINK_*, and how many looks at the carrier are still to pass before it changes. */
  link = bonding.BOND_LINK_UP;
  delay = 0;
  failures = 0;
  /** In Mb/s, and DUPLEX_*, as ethtool told them last. */
  speed = SPEED_UNKNOWN;
  duplex = DUPLEX_UNKNOWN;
  /** Frames on this queue of the bond go by this slave; 0: none does for its queue. */
  queueId = 0;
  /** The slave of the highest is sent by first. */
  priority = 0;
  /** Its port of 802.3ad, in that mode. */
  lacp: LacpPort | null = null;
  /** The priority of that port. */
  actorPortPriority = 0xff;
  /** Bytes a second of the conversations it has, where they are balanced. */
  load = 0;
  /** When its link came up, when a target was last asked by it, and when it last heard what counts (arp-probe.ts). */
  lastLinkUp = 0;
  lastTx = 0;
  lastRx = 0;
  /** When each target of the bond was last heard on it. */
  readonly targetRx: number[] = [];
  /** The groups that it listens to for targets of IPv6 (targets.ts). */
  nsGroups: readonly number[] = [];

  constructor(dev: Device) {
    this.dev = dev;
    this.permanentAddress = dev.address;
    this.originalMtu = dev.mtu;
  }

  /** It is up and has a carrier, whatever the bond has noticed of that (bond_slave_is_up). */
  get isUp(): boolean {
    return (this.dev.flags & IFF_UP) !== 0 && this.dev.hasCarrier;
  }

  /** bond_slave_can_tx */
  get canSend(): boolean {
    return this.isUp && this.link === bonding.BOND_LINK_UP && !this.isBackup;
  }
}

/** Conversations that a bond tells apart (TLB_HASH_TABLE_SIZE). */
const CONVERSATIONS = 256;

/** Who is told which slave to send to (struct rlb_client_info). */
export interface Client {
  /** Its place among 256; one that comes later takes it. */
  readonly number: number;
  readonly ourIp: number;
  readonly ip: number;
  ourMac: number;
  /** 0 until it has answered. */
  mac: number;
  slave: Slave | null;
  needsUpdate: boolean;
  readonly vlanProtocol: number;
  readonly vlanTci: number;
}

/** What a bond that balances keeps while it is up (struct alb_bond_info); times in ticks. */
export class Balance {
  /** By number of a conversation: who sends it, bytes since the last balance, bytes a second before that. */
  readonly senders: (Slave | null)[] = new Array<Slave | null>(CONVERSATIONS).fill(null);
  readonly sentBytes = new Float64Array(CONVERSATIONS);
  readonly history = new Float64Array(CONVERSATIONS);
  /** Bytes of no conversation. */
  unbalancedBytes = 0;
  rebalanceTicks = 0;
  learnTicks = 0;
  /** Of balance-alb: at most one for each number, the newest first, and who was given one last. */
  clients: Client[] = [];
  lastAssigned: Slave | null = null;
  needsUpdate = false;
  delayTicks = 0;
  retries = 0;
  rebalancesClients = false;
  isActivePromiscuous = false;
  promiscuousTicks = 0;
}

export type ReceiveState =
  | "initialize"
  | "port-disabled"
  | "lacp-disabled"
  | "expired"
  | "defaulted"
  | "current";
export type PeriodicState = "none" | "fast" | "slow" | "tx";
export type MuxState =
  | "detached"
  | "waiting"
  | "attached"
  | "collecting-distributing"
  | "collecting"
  | "distributing";

/** Several ports that are one link (struct aggregator). */
export class Aggregator {
  readonly id: number;
  ports: LacpPort[] = [];
  isActive = false;
  /** Its port is half duplex or slow to tell: it stays alone. */
  isIndividual = false;
  actorKey = 0;
  partnerSystem = 0;
  partnerSystemPriority = 0;
  partnerKey = 0;

  constructor(id: number) {
    this.id = id;
  }

  /** Whether somebody answers at the other end (__agg_has_partner). */
  get hasPartner(): boolean {
    return this.partnerSystem !== 0;
  }

  /** Ports whose links are up (__agg_active_ports). */
  get activePorts(): number {
    return this.ports.filter(({ isEnabled }) => isEnabled).length;
  }

  /** In Mb/s (__get_agg_bandwidth). */
  get bandwidth(): number {
    return this.activePorts * Math.max(0, this.ports[0]?.slave.speed ?? 0);
  }

  /** agg_device_up */
  get isUp(): boolean {
    return this.ports.some(({ slave }) => slave.isUp);
  }

  /** It is as it was made (ad_clear_agg). */
  clear(): void {
    this.ports = [];
    this.isActive = false;
    this.isIndividual = false;
    this.actorKey = 0;
    this.partnerSystem = 0;
    this.partnerSystemPriority = 0;
    this.partnerKey = 0;
  }
}

/** A slave's port (struct port). */
export class LacpPort {
  readonly slave: Slave;
  readonly bond: Bond;
  readonly own: Aggregator;
  aggregator: Aggregator | null = null;
  /** This end, and the other as it was heard or taken for granted. */
  readonly actor: LacpSide;
  partner: LacpSide;
  /** The link is up, and of full duplex (AD_PORT_LACP_ENABLED). */
  isEnabled = true;
  isLacpEnabled = true;
  /** AD_PORT_BEGIN, _SELECTED, _READY, _READY_N, _MATCHED, _MOVED, _CHURNED */
  begins = true;
  isSelected = false;
  isReady = false;
  isReadyN = false;
  isMatched = false;
  isChurned = false;
  /** What is known here has changed: the partner is to be told. */
  needsTransmit = false;
  receive: ReceiveState = "initialize";
  currentWhile = 0;
  periodic: PeriodicState = "none";
  periodicTicks = 0;
  mux: MuxState = "detached";
  waitTicks = 0;
  txTicks = TX_TICKS;
  actorChurn = CHURN_MONITOR;
  partnerChurn = CHURN_MONITOR;
  /** How often either end was found churned. */
  actorChurns = 0;
  partnerChurns = 0;
  actorChurnTicks = CHURN_DETECTION_TICKS;
  partnerChurnTicks = CHURN_DETECTION_TICKS;

  constructor(bond: Bond, slave: Slave, actor: LacpSide, partner: LacpSide) {
    this.bond = bond;
    this.slave = slave;
    this.own = new Aggregator(actor.port);
    this.actor = actor;
    this.partner = partner;
  }
}

/** The options of a bond (bond_params); delays are kept as numbers of looks at the carrier. */
export interface BondParams {
  mode: number;
  /** How often carriers are looked at, and targets asked, in milliseconds; 0: never. */
  miimon: number;
  arpInterval: number;
  arpValidate: number;
  arpAllTargets: number;
  missedMax: number;
  upDelay: number;
  downDelay: number;
  peerNotifDelay: number;
  primary: string;
  primaryReselect: number;
  failOverMac: number;
  hashPolicy: number;
  resendIgmp: number;
  peerNotifications: number;
  allSlavesActive: number;
  minLinks: number;
  lpInterval: number;
  packetsPerSlave: number;
  lacpActive: number;
  lacpRate: number;
  adSelect: number;
  actorPriority: number;
  userPortKey: number;
  /** 0: the bond's own address. */
  actorSystem: number;
  tlbDynamic: number;
  coupledControl: number;
  broadcastNeigh: number;
}

/** The state of the kind. */
export class BondState {
  readonly params: BondParams = {
    mode: bonding.BOND_MODE_ROUNDROBIN,
    miimon: 0,
    arpInterval: 0,
    arpValidate: 0,
    arpAllTargets: 0,
    missedMax: 2,
    upDelay: 0,
    downDelay: 0,
    peerNotifDelay: 0,
    primary: "",
    primaryReselect: 0,
    failOverMac: 0,
    hashPolicy: 0,
    resendIgmp: 1,
    peerNotifications: 1,
    allSlavesActive: 0,
    minLinks: 0,
    lpInterval: 1,
    packetsPerSlave: 1,
    lacpActive: 1,
    lacpRate: 0,
    adSelect: 0,
    actorPriority: 0xffff,
    userPortKey: 0,
    actorSystem: 0,
    tlbDynamic: 1,
    coupledControl: 1,
    broadcastNeigh: 0,
  };
  readonly slaves: Slave[] = [];
  active: Slave | null = null;
  /** Those a frame may go by where a hash chooses (bond_update_slave_arr). */
  senders: readonly Slave[] = [];
  /** The primary was set anew: it is taken whatever the rule of reselection (force_primary). */
  forcesPrimary = false;
  roundRobin = 0;
  /** Notifications of the peers that are still to be sent (send_peer_notif), and of IGMP memberships (igmp_retrans). */
  peerNotifications = 0;
  igmpReports = 0;
  igmpTimer: Timer | null = null;
  /** It is up, or about to be: the carriers are watched. */
  isOpen = false;
  monitor: Timer | null = null;
  /** The targets of ARP monitoring, of both families, its clock, and the slave that is tried while none is sent by (current_arp_slave). */
  arpTargets: readonly number[] = [];
  nsTargets: readonly Uint8Array[] = [];
  arpTimer: Timer | null = null;
  asking: Slave | null = null;
  /** The clock of 802.3ad, ticks until its first choice of an aggregator, and the number of the last port. */
  lacpTimer: Timer | null = null;
  selectTicks = 0;
  lastPortId = 0;
  /** Of a bond that balances loads: its clock, and what it keeps while it is up. */
  balanceTimer: Timer | null = null;
  balance: Balance | null = null;

  /** Of a bond with one slave that is more than the others (bond_uses_primary). */
  get hasActive(): boolean {
    return this.isActiveBackup || this.isBalanced;
  }

  get isActiveBackup(): boolean {
    return this.params.mode === bonding.BOND_MODE_ACTIVEBACKUP;
  }

  /** Of a bond that balances loads (bond_is_lb). */
  get isBalanced(): boolean {
    return this.params.mode === bonding.BOND_MODE_TLB || this.isAlb;
  }

  get isAlb(): boolean {
    return this.params.mode === bonding.BOND_MODE_ALB;
  }

  get isLacp(): boolean {
    return this.params.mode === bonding.BOND_MODE_8023AD;
  }

  slaveOf(dev: Device): Slave | undefined {
    return this.slaves.find((slave) => slave.dev === dev);
  }
}
