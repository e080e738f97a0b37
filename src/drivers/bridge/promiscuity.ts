// Ports hear everything: a bridge needs what is for others.
//
// Mirrors net/bridge/br_if.c (br_manage_promisc, nbp_update_port_count). With VLAN filtering, a port that can pick what to
// listen to need not be promiscuous as long as no other port learns or is flooded: then all addresses are known.

import { devUcAdd, devUcDel } from "../../net/address-list.ts";
import { devSetPromiscuity } from "../../net/flags.ts";
import { IFF_PROMISC } from "../../uapi/if.ts";
import { FDB_STATIC, noEntry } from "./fdb-table.ts";
import type { Bridge, BridgePort } from "./state.ts";
import { BR_FLOOD, BR_LEARNING } from "./state.ts";

function isAuto({ flags }: BridgePort): boolean {
  return (flags & (BR_FLOOD | BR_LEARNING)) !== 0;
}

/** Sets every port's mode by what the bridge and the other ports do (br_manage_promisc). */
export function managePromiscuity(br: Bridge): void {
  const isAll = (br.dev.flags & IFF_PROMISC) !== 0 || !br.isVlanFiltering;
  const autos = br.ports.filter(isAuto).length;
  for (const port of br.ports) {
    const isSpared = !isAll && port.dev.hasUnicastFilter && (autos === 0 || (autos === 1 && isAuto(port)));
    if (isSpared) clearPromiscuous(port);
    else setPromiscuous(port);
  }
}

function setPromiscuous(port: BridgePort): void {
  if (port.isPromiscuous) return;
  devSetPromiscuity(port.dev, 1);
  for (const address of staticAddresses(port))
    if (port.dev.unicast?.has(address) === true) devUcDel(port.dev, address);
  port.isPromiscuous = true;
}

function clearPromiscuous(port: BridgePort): void {
  if (!port.isPromiscuous) return;
  for (const address of staticAddresses(port)) devUcAdd(port.dev, address);
  devSetPromiscuity(port.dev, -1);
  port.isPromiscuous = false;
}

/** Takes back what the bridge asked of a port that leaves (nbp_delete_promisc). */
export function releasePromiscuity(port: BridgePort): void {
  if (port.isPromiscuous) devSetPromiscuity(port.dev, -1);
  else
    for (const address of staticAddresses(port))
      if (port.dev.unicast?.has(address) === true) devUcDel(port.dev, address);
  port.isPromiscuous = false;
}

/** Addresses of static entries behind other ports (br_fdb_sync_static). */
function staticAddresses({ br }: BridgePort): number[] {
  const { fdb } = br;
  const addresses: number[] = [];
  for (let entry = fdb.newest; entry !== noEntry; entry = fdb.olderThan(entry)) {
    if (((fdb.flags[entry] ?? 0) & FDB_STATIC) !== 0) addresses.push(fdb.addressOf(entry));
  }
  return addresses;
}
