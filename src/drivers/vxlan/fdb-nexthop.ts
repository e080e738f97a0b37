// Entries of the forwarding table by a group of nexthop objects: the hosts behind it change under all of them at once.
//
// Mirrors drivers/net/vxlan/vxlan_core.c (vxlan_fdb_nh_update, vxlan_fdb_nh_flush, vxlan_xmit_nh) and include/net/nexthop.h
// (nexthop_path_fdb_result).

import { setBe32 } from "../../bytes/endian.ts";
import type { FibNexthop } from "../../inet/ipv4/fib-nexthop.ts";
import type { NexthopObject } from "../../inet/nexthop/object.ts";
import { ipNetns } from "../../inet/slots.ts";
import { invalid } from "../../netlink/error.ts";
import { AF_INET } from "../../uapi/socket.ts";
import { familyOf } from "./config.ts";
import type { FdbEntry, Remote } from "./fdb-table.ts";
import type { Vxlan } from "./state.ts";

/** Finds the group `id` that an entry is to go by; EINVAL when it will not do. */
export function nexthopOf({ state }: Vxlan, id: number): NexthopObject {
  const object = state.netns === null ? undefined : ipNetns(state.netns).nexthops.get(id);
  if (object === undefined) throw invalid("Nexthop id does not exist");
  if (!object.value.isFdb) throw invalid("Nexthop is not a fdb nexthop");
  if (!object.isGroup) throw invalid("Nexthop is not a multipath group");
  const length = object.paths[0]?.gatewayFamily === AF_INET ? 4 : 16;
  if (length !== familyOf(state.config)) throw invalid("Nexthop group family not supported");
  return object;
}

/** Has an entry go by a group from now on; with the group it goes, and nobody is told. */
export function attachNexthop(dev: Vxlan, entry: FdbEntry, object: NexthopObject): void {
  detachNexthop(entry);
  entry.nexthop = object;
  entry.forget = () => {
    detachNexthop(entry);
    dev.state.fdb.remove(entry);
  };
  object.followers.add(entry.forget);
}

/** The entry goes, or goes another way. */
export function detachNexthop(entry: FdbEntry): void {
  if (entry.nexthop !== null && entry.forget !== null) entry.nexthop.followers.delete(entry.forget);
  entry.nexthop = null;
  entry.forget = null;
}

/** Writes the remote that a group has for frames of a flow to `remote`; false when there is none. `hash` has 31 bits. */
export function selectRemote(dev: Vxlan, object: NexthopObject, hash: number, remote: Remote): boolean {
  const path = selectPath(object, hash);
  if (path === null) return false;
  if (path.gateway6 !== null) remote.address = path.gateway6;
  else {
    if (remote.address.length !== 4) remote.address = new Uint8Array(4);
    setBe32(remote.address, 0, path.gateway);
  }
  remote.port = dev.state.config.port;
  remote.vni = dev.state.config.vni;
  remote.ifindex = 0;
  return true;
}

/** Chooses a way by the weights of the group, or by its buckets (nexthop_select_path). */
function selectPath({ paths, table }: NexthopObject, hash: number): FibNexthop | null {
  if (table !== null) return paths[table.select(hash)] ?? null;
  let total = 0;
  for (let index = 0; index < paths.length; index++) total += paths[index]?.weight ?? 0;
  const chosen = (hash / 0x8000_0000) * total;
  let sum = 0;
  for (let index = 0; index < paths.length; index++) {
    const path = paths[index];
    sum += path?.weight ?? 0;
    if (path !== undefined && chosen < sum) return path;
  }
  return null;
}
