// The entries of a VXLAN device's forwarding table, by hardware address; those of a device in external mode also by the identifier
// that frames come and go by, so that one address may be in several networks.
//
// Mirrors include/net/vxlan.h (struct vxlan_rdst), drivers/net/vxlan/vxlan_private.h (struct vxlan_fdb) and
// drivers/net/vxlan/vxlan_core.c (vxlan_fdb_rht_params, vxlan_fdb_find_rcu).

import type { NexthopObject } from "../../inet/nexthop/object.ts";

/** Where frames go (`struct vxlan_rdst`). */
export interface Remote {
  address: Uint8Array;
  port: number;
  vni: number;
  ifindex: number;
}

/** An entry of the forwarding table (`struct vxlan_fdb`). */
export interface FdbEntry {
  readonly address: number;
  /** The identifier of its frames where the device has many (external); else 0. */
  readonly vni: number;
  readonly remotes: Remote[];
  /** The group of nexthop objects that says where to instead of the remotes; `forget` has the entry go with it. */
  nexthop: NexthopObject | null;
  forget: (() => void) | null;
  /** NUD_*, NTF_* */
  state: number;
  flags: number;
  updatedNs: number;
  usedNs: number;
}

/** A table; the identifier is 0 in all places where the device has one of its own. */
export class FdbTable {
  /** By identifier, then by address. */
  readonly #networks = new Map<number, Map<number, FdbEntry>>();
  #size = 0;

  /** How many entries there are. */
  get size(): number {
    return this.#size;
  }

  find(address: number, vni: number): FdbEntry | undefined {
    return this.#networks.get(vni)?.get(address);
  }

  /** Enters an entry, whose place is free. */
  add(entry: FdbEntry): void {
    let network = this.#networks.get(entry.vni);
    if (network === undefined) {
      network = new Map();
      this.#networks.set(entry.vni, network);
    }
    network.set(entry.address, entry);
    this.#size++;
  }

  remove({ address, vni }: FdbEntry): void {
    const network = this.#networks.get(vni);
    if (network?.delete(address) !== true) return;
    this.#size--;
    if (network.size === 0) this.#networks.delete(vni);
  }

  /** The entries there are now; they may be removed while this is walked. */
  all(): FdbEntry[] {
    return [...this.#networks.values()].flatMap((network) => [...network.values()]);
  }
}
