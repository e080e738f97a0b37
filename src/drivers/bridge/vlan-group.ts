// The VLANs of a port or of the bridge itself. The bridge's group also holds, as context, every VLAN that some port is in;
// the bridge device takes part only in those marked for it.
//
// Mirrors net/bridge/br_private.h (struct net_bridge_vlan_group, struct net_bridge_vlan) and the questions of
// net/bridge/br_vlan.c about them.

import type { MulticastContext, PortMulticast } from "./multicast-state.ts";

/** Flags of a VLAN (BRIDGE_VLAN_INFO_*). */
export const VLAN_PVID = 1 << 1;
export const VLAN_UNTAGGED = 1 << 2;
export const VLAN_BRENTRY = 1 << 5;

/** Frames and bytes of one VLAN; shared by the ports of a bridge unless each counts its own. */
export interface VlanStats {
  rxBytes: number;
  rxPackets: number;
  txBytes: number;
  txPackets: number;
}

/** A VLAN of a group. */
export interface Vlan {
  readonly vid: number;
  /** VLAN_UNTAGGED, VLAN_BRENTRY; the PVID is the group's. */
  flags: number;
  /** BR_STATE_*; beside that of the port. */
  state: number;
  stats: VlanStats;
  /** Ports in a VLAN of the bridge's group, and the bridge itself when it is marked. */
  users: number;
  /** The tunnel key it goes by on ports that map VLANs; null for none. */
  tunnelId: number | null;
  /** Of one of the bridge's: the spanning tree it is in, 0 for that of all. */
  msti: number;
  neighSuppress: boolean;
  /** Of one of the bridge's: what its multicast is looked after by, once that is needed, and that it is not to be. */
  multicast: MulticastContext | null;
  isMulticastOff: boolean;
  /** The same of one of a port's. */
  portMulticast: PortMulticast | null;
}

/** The VLANs of one port or bridge. */
export class VlanGroup {
  /** By VLAN identifier, in ascending order. */
  readonly list: Vlan[] = [];
  /** Where untagged frames belong; 0 for nowhere. */
  pvid = 0;
  /** Whether it is the bridge's, of which only marked ones count. */
  readonly isMaster: boolean;
  /** Those of a port that are mapped to tunnel keys, by key. */
  readonly byTunnel = new Map<number, Vlan>();
  readonly #byVid = new Map<number, Vlan>();

  constructor(isMaster: boolean) {
    this.isMaster = isMaster;
  }

  /** The VLAN, whether the bridge itself takes part in it or not (br_vlan_find). */
  find(vid: number): Vlan | undefined {
    return this.#byVid.get(vid);
  }

  /** The VLAN when this port, or the bridge itself, is in it (br_vlan_should_use). */
  member(vid: number): Vlan | undefined {
    const vlan = this.#byVid.get(vid);
    return vlan !== undefined && this.isMember(vlan) ? vlan : undefined;
  }

  isMember(vlan: Vlan): boolean {
    return !this.isMaster || (vlan.flags & VLAN_BRENTRY) !== 0;
  }

  /** The VLANs this port, or the bridge itself, is in. */
  get members(): Vlan[] {
    return this.list.filter((vlan) => this.isMember(vlan));
  }

  add(vlan: Vlan): void {
    this.#byVid.set(vlan.vid, vlan);
    const place = this.list.findIndex(({ vid }) => vid > vlan.vid);
    if (place < 0) this.list.push(vlan);
    else this.list.splice(place, 0, vlan);
  }

  remove(vlan: Vlan): void {
    this.#byVid.delete(vlan.vid);
    this.list.splice(this.list.indexOf(vlan), 1);
  }
}
