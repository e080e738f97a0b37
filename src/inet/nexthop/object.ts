// Nexthop objects: a way on, or a group of ways, by an id that routes refer to.
//
// Mirrors include/net/nexthop.h (struct nexthop, nh_info, nh_group). *Omitted:* encapsulations, counters.

import { FibNexthop } from "../ipv4/fib-nexthop.ts";
import type { Tunables } from "../tunables.ts";
import type { ResilientTable } from "./resilient.ts";

/** A member of a group. */
export interface GroupMember {
  readonly object: NexthopObject;
  readonly weight: number;
}

/** What a resilient group is asked to be; undefined: as it is, or as usual. */
export interface ResilientConfig {
  readonly buckets: number | undefined;
  readonly idleNs: number | undefined;
  readonly unbalancedNs: number | undefined;
}

/** What a nexthop object says; it changes when the object is replaced. */
export interface NexthopValue {
  /** AF_INET or AF_INET6; AF_UNSPEC for groups. */
  readonly family: number;
  readonly protocol: number;
  /** RTNH_F_* */
  readonly flags: number;
  readonly isBlackhole: boolean;
  readonly isFdb: boolean;
  /** The way; null for groups. */
  readonly hop: FibNexthop | null;
  /** The members of a group; null when it is none. */
  readonly members: readonly GroupMember[] | null;
  /** What a resilient group is to be; null for all else. */
  readonly resilient: ResilientConfig | null;
}

/** One object. */
export class NexthopObject {
  readonly id: number;
  value: NexthopValue;
  /** Its ways as routes use them, with the weights of a group: one array for the object's life, shared by its routes. */
  readonly paths: FibNexthop[] = [];
  /** Groups it is a member of. */
  readonly groups = new Set<NexthopObject>();
  /** What is done when it goes, by those beside routes that go by it. */
  readonly followers = new Set<() => void>();
  /** The buckets of a resilient group; null for all else. */
  table: ResilientTable<NexthopObject> | null = null;

  readonly #tunables: Tunables;

  constructor(id: number, value: NexthopValue, tunables: Tunables) {
    this.id = id;
    this.#tunables = tunables;
    this.value = value;
    this.refresh();
  }

  get isGroup(): boolean {
    return this.value.members !== null;
  }

  /** Routes by it are told without its ways (net.ipv4.nexthop_compat_mode 0). */
  get isCompact(): boolean {
    return this.#tunables.nexthopCompatMode === 0;
  }

  /** Leads nowhere: packets by it are dropped. A group does when its only member does. */
  get isBlackhole(): boolean {
    const { isBlackhole, members } = this.value;
    return members === null ? isBlackhole : (members[0]?.object.value.isBlackhole ?? false);
  }

  /** Makes the ways anew out of what the object says. */
  refresh(): void {
    const { hop, members } = this.value;
    this.paths.length = 0;
    if (hop !== null) this.paths.push(hop);
    for (const { object, weight } of members ?? []) {
      const own = object.value.hop;
      if (own !== null) this.paths.push(copyOf(own, weight));
    }
  }
}

function copyOf(hop: FibNexthop, weight: number): FibNexthop {
  const copy = new FibNexthop();
  Object.assign(copy, hop);
  copy.weight = weight;
  return copy;
}
