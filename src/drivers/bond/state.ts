// What a bond keeps: its options, its slaves, and which of them it sends by.
//
// Mirrors include/net/bonding.h (struct bond_params, struct slave).

import type { Device } from "../../net/netdevice.ts";
import type { Timer } from "../../net/timers.ts";
import { IFF_UP } from "../../uapi/if.ts";
import * as mode from "../../uapi/if_bonding.ts";

export type Bond = Device<BondState>;

/** A port of a bond. */
export class Slave {
  readonly dev: Device;
  /** The address and MTU it had before, which it gets back. */
  readonly permanentAddress: number;
  readonly originalMtu: number;
  /** Backups are silent, and what they receive is dropped. */
  isBackup = false;
  /** BOND_LINK_*, and how many looks at the carrier are still to pass before it changes. */
  link = mode.BOND_LINK_UP;
  delay = 0;
  failures = 0;

  constructor(dev: Device) {
    this.dev = dev;
    this.permanentAddress = dev.address;
    this.originalMtu = dev.mtu;
  }

  /** It is up and has a carrier, whatever the bond has noticed of that (bond_slave_is_up). */
  get isUp(): boolean {
    return (this.dev.flags & IFF_UP) !== 0 && this.dev.hasCarrier;
  }

  get canSend(): boolean {
    return this.isUp && this.link === mode.BOND_LINK_UP && !this.isBackup;
  }
}

/** The options of a bond (bond_params); delays are kept as numbers of looks at the carrier. */
export interface BondParams {
  mode: number;
  miimon: number;
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
}

/** The state of the kind. */
export class BondState {
  readonly params: BondParams = {
    mode: mode.BOND_MODE_ROUNDROBIN,
    miimon: 0,
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
  };
  readonly slaves: Slave[] = [];
  active: Slave | null = null;
  /** The primary was set anew: it is taken whatever the rule of reselection (force_primary). */
  forcesPrimary = false;
  roundRobin = 0;
  /** It is up, or about to be: the carriers are watched. */
  isOpen = false;
  monitor: Timer | null = null;

  /** Of a bond that sends by one slave (bond_uses_primary). */
  get hasActive(): boolean {
    return this.params.mode === mode.BOND_MODE_ACTIVEBACKUP;
  }

  slaveOf(dev: Device): Slave | undefined {
    return this.slaves.find((slave) => slave.dev === dev);
  }
}
