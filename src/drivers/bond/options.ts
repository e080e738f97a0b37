// The options of a bond: in which modes each may be set, when, to what, and what it does.
//
// Mirrors drivers/net/bonding/bond_netlink.c (bond_changelink, bond_slave_changelink) and bond_options.c (bond_opts,
// __bond_opt_set, bond_opt_error_interpret) with their order, errno and texts. Not supported, with an error that says so:
// the modes balance-tlb and balance-alb, and targets of IPv6 (ns_ip6_target).

import { getBe32 } from "../../bytes/endian.ts";
import {
  equalsIpv6,
  IPV6_SIZE,
  isIpv6Loopback,
  isIpv6Multicast,
  isIpv6Unspecified,
} from "../../bytes/ipv6.ts";
import { isMulticast, readMac } from "../../bytes/mac.ts";
import type { LinkAttributes } from "../../net/link-policy.ts";
import type { Device } from "../../net/netdevice.ts";
import { invalid, NetlinkError, refused } from "../../netlink/error.ts";
import { IFF_UP } from "../../uapi/if.ts";
import * as bonding from "../../uapi/if_bonding.ts";
import { watchTargets } from "./arp-monitor.ts";
import { setInactive } from "./flags.ts";
import { updatePorts } from "./lacp/lacp.ts";
import { setLacpCarrier } from "./lacp/select.ts";
import { watch } from "./miimon.ts";
import type { BondData, SlaveData } from "./policy.ts";
import { changeActive, primaryOf, selectActive } from "./select.ts";
import type { Bond, BondParams, Slave } from "./state.ts";
import { listenForTargets } from "./targets.ts";

const MAX_INT = 0x7fff_ffff;
/** BOND_MAX_ARP_TARGETS */
const MAX_TARGETS = 16;
/** What miimon becomes with a mode that needs it, in milliseconds (BOND_DEFAULT_MIIMON). */
const DEFAULT_MIIMON = 100;

/** Only in this mode; in modes that send by one slave; in modes whose slaves are watched by asking. */
type Modes = "802.3ad" | "balance-rr" | "tlb" | "primary" | "arp";

interface Option {
  readonly modes?: Modes;
  /** Not with slaves (BOND_OPTFLAG_NOSLAVES), not while up (BOND_OPTFLAG_IFDOWN). */
  readonly isEmpty?: true;
  readonly isDown?: true;
  readonly min?: number;
  readonly max: number;
  readonly set: (dev: Bond, value: number) => void;
}

type NumberParam = {
  [Name in keyof BondParams]: BondParams[Name] extends number ? Name : never;
}[keyof BondParams];

/** Sets the number of that name, and does nothing else. */
function keep(name: NumberParam): Option["set"] {
  return ({ state }, value) => {
    state.params[name] = value;
  };
}

/** As `keep`, and every port of 802.3ad is told. */
function keepForPorts(name: NumberParam): Option["set"] {
  return (dev, value) => {
    dev.state.params[name] = value;
    updatePorts(dev);
  };
}

/** In the order in which a request's are set (bond_changelink). */
const options = {
  mode: { isEmpty: true, isDown: true, max: bonding.BOND_MODE_ALB, set: setMode },
  activeSlave: { modes: "primary", max: MAX_INT, set: setActiveSlave },
  miimon: { max: MAX_INT, set: setMiimon },
  upDelay: { max: MAX_INT, set: (dev, value) => setDelay(dev, "upDelay", value) },
  downDelay: { max: MAX_INT, set: (dev, value) => setDelay(dev, "downDelay", value) },
  peerNotifDelay: { max: 300_000, set: (dev, value) => setDelay(dev, "peerNotifDelay", value) },
  arpInterval: { modes: "arp", max: MAX_INT, set: setArpInterval },
  arpValidate: { modes: "arp", max: 6, set: setArpValidate },
  arpAllTargets: { max: 1, set: keep("arpAllTargets") },
  primary: { modes: "primary", max: MAX_INT, set: setPrimary },
  primaryReselect: { max: 2, set: setReselection },
  failOverMac: { isEmpty: true, max: 2, set: keep("failOverMac") },
  hashPolicy: { max: bonding.BOND_XMIT_POLICY_VLAN_SRCMAC, set: keep("hashPolicy") },
  resendIgmp: { max: 255, set: keep("resendIgmp") },
  peerNotifications: { max: 255, set: keep("peerNotifications") },
  allSlavesActive: { max: 1, set: setAllSlavesActive },
  minLinks: { max: MAX_INT, set: setMinLinks },
  lpInterval: { min: 1, max: MAX_INT, set: keep("lpInterval") },
  packetsPerSlave: { modes: "balance-rr", max: 0xffff, set: keep("packetsPerSlave") },
  lacpActive: { modes: "802.3ad", isDown: true, max: 1, set: keepForPorts("lacpActive") },
  lacpRate: { modes: "802.3ad", isDown: true, max: 1, set: keepForPorts("lacpRate") },
  adSelect: { isDown: true, max: 3, set: keep("adSelect") },
  actorPriority: { modes: "802.3ad", min: 1, max: 0xffff, set: keepForPorts("actorPriority") },
  userPortKey: { modes: "802.3ad", isDown: true, max: 1023, set: keepForPorts("userPortKey") },
  actorSystem: { modes: "802.3ad", max: Number.MAX_SAFE_INTEGER, set: setActorSystem },
  tlbDynamic: { modes: "tlb", isDown: true, max: 1, set: keep("tlbDynamic") },
  missedMax: { modes: "arp", min: 1, max: 255, set: keep("missedMax") },
  coupledControl: { modes: "802.3ad", isDown: true, max: 1, set: keep("coupledControl") },
  broadcastNeigh: { modes: "802.3ad", max: 1, set: keep("broadcastNeigh") },
} satisfies Partial<Record<keyof BondData, Option>>;

/** Sets what a request names; what came before a refusal stays (bond_changelink). */
export function changeLink(dev: Bond, _attrs: LinkAttributes, data: BondData | undefined): void {
  if (data === undefined) return;
  setAll(dev, data, ["mode", "activeSlave", "miimon", "upDelay", "downDelay", "peerNotifDelay"]);
  // Whether a link is up is always read from its carrier.
  if (data.useCarrier !== undefined && data.useCarrier !== 1) {
    throw invalid("option obsolete, use_carrier cannot be disabled", data, "useCarrier");
  }
  const hasMiimon = (data.miimon ?? 0) !== 0;
  if (hasMiimon && (data.arpInterval ?? 0) !== 0) {
    throw invalid("ARP monitoring cannot be used with MII monitoring", data, "arpInterval");
  }
  setAll(dev, data, ["arpInterval"]);
  setTargets(dev, data);
  if (hasMiimon && (data.arpValidate ?? 0) !== 0) {
    throw invalid("ARP validating cannot be used with MII monitoring", data, "arpValidate");
  }
  setAll(dev, data, [
    "arpValidate",
    "arpAllTargets",
    "primary",
    "primaryReselect",
    "failOverMac",
    "hashPolicy",
  ]);
  setAll(dev, data, ["resendIgmp", "peerNotifications", "allSlavesActive", "minLinks", "lpInterval"]);
  setAll(dev, data, [
    "packetsPerSlave",
    "lacpActive",
    "lacpRate",
    "adSelect",
    "actorPriority",
    "userPortKey",
  ]);
  setAll(dev, data, ["actorSystem", "tlbDynamic", "missedMax", "coupledControl", "broadcastNeigh"]);
}

function setAll(dev: Bond, data: BondData, names: readonly (keyof typeof options)[]): void {
  for (const name of names) {
    const given = data[name];
    if (given === undefined) continue;
    const value = typeof given === "number" ? given : readMac(given, 0);
    setOption(dev, options[name], value, data, name);
  }
}

/** Sets one option if mode and state allow it and the value is one of its own (__bond_opt_set). */
function setOption(dev: Bond, option: Option, value: number, data: object, name: string): void {
  const { params, slaves } = dev.state;
  if (!isOfMode(option.modes, params.mode))
    throw refused("EACCES", "option not supported in mode", data, name);
  if (option.isEmpty && slaves.length > 0) {
    throw refused("ENOTEMPTY", "unable to set option because the bond device has slaves", data, name);
  }
  if (option.isDown && (dev.flags & IFF_UP) !== 0) {
    throw refused("EBUSY", "unable to set option because the bond is up", data, name);
  }
  if (value < (option.min ?? 0) || value > option.max) throw invalid("invalid option value", data, name);
  try {
    option.set(dev, value);
  } catch (error) {
    const isPlain = error instanceof NetlinkError && error.code === "EINVAL" && error.message === "";
    throw isPlain ? invalid("invalid option value", data, name) : error;
  }
}

function isOfMode(modes: Modes | undefined, mode: number): boolean {
  const isBalanced = mode === bonding.BOND_MODE_TLB || mode === bonding.BOND_MODE_ALB;
  switch (modes) {
    case undefined:
      return true;
    case "802.3ad":
      return mode === bonding.BOND_MODE_8023AD;
    case "balance-rr":
      return mode === bonding.BOND_MODE_ROUNDROBIN;
    case "tlb":
      return isBalanced;
    case "primary":
      return mode === bonding.BOND_MODE_ACTIVEBACKUP || isBalanced;
    case "arp":
      return mode !== bonding.BOND_MODE_8023AD && !isBalanced;
  }
}

function setMode({ state }: Bond, mode: number): void {
  if (!isOfMode("arp", mode)) {
    state.params.arpInterval = 0;
    state.params.miimon ||= DEFAULT_MIIMON;
  }
  if (mode === bonding.BOND_MODE_ALB) state.params.tlbDynamic = 1;
  state.params.arpValidate = 0;
  state.params.mode = mode;
}

/** 0 clears it: the best one is chosen. Another must be ready, as long as there is one in use. */
function setActiveSlave(dev: Bond, ifindex: number): void {
  const { state } = dev;
  if (ifindex === 0) {
    changeActive(dev, null);
    selectActive(dev);
    return watch(dev);
  }
  const port = dev.netns.devices.get(ifindex);
  if (port === undefined) throw new NetlinkError("ENODEV");
  const slave = state.slaveOf(port);
  if (slave === undefined) throw new NetlinkError("EINVAL");
  if (slave === state.active) return;
  if (state.active === null || slave.link !== bonding.BOND_LINK_UP || !slave.isUp) {
    throw new NetlinkError("EINVAL");
  }
  changeActive(dev, slave);
  watch(dev);
}

/** The delays stay numbers of looks; without looks there are none. */
function setMiimon(dev: Bond, miimon: number): void {
  dev.state.monitor?.stop();
  const { params } = dev.state;
  params.miimon = miimon;
  if (miimon !== 0 && params.arpInterval !== 0) {
    params.arpInterval = 0;
    params.arpValidate = 0;
    watchTargets(dev);
    listenAll(dev);
  }
  watch(dev);
}

/** EPERM without miimon; rounded down to a multiple of it. */
function setDelay({ state }: Bond, name: "upDelay" | "downDelay" | "peerNotifDelay", delay: number): void {
  const { miimon } = state.params;
  if (miimon === 0) throw new NetlinkError("EPERM");
  state.params[name] = Math.floor(delay / miimon);
}

/** Either monitor ends the other one. */
function setArpInterval(dev: Bond, interval: number): void {
  const { params, monitor } = dev.state;
  params.arpInterval = interval;
  if (interval !== 0) {
    params.miimon = 0;
    monitor?.stop();
  }
  watchTargets(dev);
  listenAll(dev);
}

function setArpValidate(dev: Bond, value: number): void {
  dev.state.params.arpValidate = value;
  listenAll(dev);
}

function listenAll(dev: Bond): void {
  for (const slave of dev.state.slaves) listenForTargets(dev, slave);
}

/** The targets of a request take the place of all there were of the family, up to the one that is refused. */
function setTargets(dev: Bond, data: BondData): void {
  const { state } = dev;
  const { arpTargets, nsTargets } = data;
  if (arpTargets !== undefined) {
    const targets: number[] = [];
    state.arpTargets = targets;
    for (const attribute of arpTargets.children()) {
      if (attribute.length < 4) throw new NetlinkError("EINVAL");
      const target = getBe32(attribute.bytes, attribute.start);
      const isWrong = target === 0xffff_ffff || target >>> 24 === 0 || targets.includes(target);
      if (isWrong || targets.length === MAX_TARGETS)
        throw invalid("invalid option value", data, "arpTargets");
      targets.push(target);
      restartTarget(dev, targets.length - 1);
    }
  }
  if (nsTargets === undefined) return;
  const targets: Uint8Array[] = [];
  state.nsTargets = targets;
  try {
    for (const attribute of nsTargets.children()) {
      if (attribute.length < IPV6_SIZE) throw invalid("Invalid IPv6 address");
      const target = attribute.bytes.slice(attribute.start, attribute.start + IPV6_SIZE);
      const isWrong = isIpv6Unspecified(target) || isIpv6Loopback(target) || isIpv6Multicast(target);
      if (isWrong || targets.length === MAX_TARGETS || targets.some((other) => equalsIpv6(other, target)))
        throw invalid("invalid option value", data, "nsTargets");
      targets.push(target);
      restartTarget(dev, targets.length - 1);
    }
  } finally {
    listenAll(dev);
  }
}

/** A target is new: it counts as heard right now. */
function restartTarget({ machine, state }: Bond, index: number): void {
  for (const slave of state.slaves) slave.targetRx[index] = machine.clock.now();
}

/** One that is not (yet) a slave is kept by its name. */
function setPrimary(dev: Bond, ifindex: number): void {
  const { state } = dev;
  const port = dev.netns.devices.get(ifindex);
  state.params.primary = port?.name ?? "";
  state.forcesPrimary = primaryOf(dev) !== undefined;
  selectActive(dev);
  watch(dev);
}

function setReselection(dev: Bond, value: number): void {
  dev.state.params.primaryReselect = value;
  selectActive(dev);
  watch(dev);
}

/** Backups are heard, or are not any more. */
function setAllSlavesActive(dev: Bond, value: number): void {
  dev.state.params.allSlavesActive = value;
  for (const slave of dev.state.slaves) if (slave.isBackup) setInactive(dev, slave);
}

function setMinLinks(dev: Bond, value: number): void {
  dev.state.params.minLinks = value;
  if (dev.state.isLacp) setLacpCarrier(dev);
}

/** 0 stands for the bond's own address. */
function setActorSystem(dev: Bond, system: number): void {
  if (isMulticast(system)) throw new NetlinkError("EINVAL");
  dev.state.params.actorSystem = system;
  updatePorts(dev);
}

/** Sets what a request says of a slave (bond_slave_changelink). */
export function changeSlave(dev: Bond, port: Device, _attrs: LinkAttributes, data: object): void {
  const slave = dev.state.slaveOf(port);
  if (slave === undefined) throw new NetlinkError("EINVAL");
  const { queueId, priority, actorPortPriority }: SlaveData = data;
  const set = (name: string, value: number | undefined, option: Option): void => {
    if (value !== undefined) setOption(dev, option, value, data, name);
  };
  set("queueId", queueId, { max: 0xffff, set: (_, value) => setQueueId(dev, slave, value) });
  const priorities = { modes: "primary", min: -MAX_INT - 1, max: MAX_INT } as const;
  set("priority", priority, { ...priorities, set: (_, value) => setPriority(dev, slave, value) });
  set("actorPortPriority", actorPortPriority, {
    modes: "802.3ad",
    max: 0xffff,
    set(_, value) {
      slave.actorPortPriority = value;
      updatePorts(dev);
    },
  });
}

/** A queue that the bond has, and no other slave is for (bond_option_queue_id_set). */
function setQueueId(dev: Bond, slave: Slave, queueId: number): void {
  const isTaken = dev.state.slaves.some((other) => other !== slave && other.queueId === queueId);
  if (queueId > dev.realTxQueues || (queueId !== 0 && isTaken)) throw new NetlinkError("EPERM");
  slave.queueId = queueId;
}

/** The primary, when there is one, comes before every priority. */
function setPriority(dev: Bond, slave: Slave, priority: number): void {
  slave.priority = priority;
  if (primaryOf(dev) !== undefined) return;
  selectActive(dev);
  watch(dev);
}
