// What multicast snooping keeps with a bridge and with a port. Only data; the walk is in the files named for its steps.
//
// Mirrors net/bridge/br_private.h (struct net_bridge_mcast, struct net_bridge_mcast_port). Times that are configured are
// in ticks.

import { HZ } from "../../net/jiffies.ts";
import { MDB_RTR_TYPE_TEMP_QUERY } from "../../uapi/if_bridge.ts";

/** A bridge's part. */
export class BridgeMulticast {
  /** Frames to groups go only where somebody listens (BROPT_MULTICAST_ENABLED). */
  isSnooping = true;
  /** MDB_RTR_TYPE_*: whether the bridge itself is a multicast router. */
  router = MDB_RTR_TYPE_TEMP_QUERY;
  usesIfaddr = false;
  isQuerier = false;
  hasStats = false;
  hashMax = 4_096;
  igmpVersion = 2;
  mldVersion = 1;
  lastMemberCount = 2;
  startupQueryCount = 2;
  lastMemberInterval = HZ;
  membershipInterval = 260 * HZ;
  querierInterval = 255 * HZ;
  queryInterval = 125 * HZ;
  queryResponseInterval = 10 * HZ;
  startupQueryInterval = Math.floor((125 * HZ) / 4);
}

/** A port's part. */
export class PortMulticast {
  /** MDB_RTR_TYPE_*: whether a multicast router is behind the port. */
  router = MDB_RTR_TYPE_TEMP_QUERY;
  /** Hosts that may be tracked in one group, and that are (EHT). */
  hostsLimit = 512;
  hosts = 0;
  /** Groups that are entered, and that may be; 0: no limit. */
  groups = 0;
  maxGroups = 0;
}
