// What each identifier of a device with vnifilter counts; other devices have none.
//
// Mirrors drivers/net/vxlan/vxlan_vnifilter.c (vxlan_vnifilter_count).

import type { Vxlan } from "./state.ts";

/** Counts a frame of `length` bytes behind its link header that came in. */
export function countVniRx({ state }: Vxlan, vni: number, length: number): void {
  const node = state.vnis.get(vni);
  if (node === undefined) return;
  node.stats.rxBytes += length;
  node.stats.rxPackets++;
}

/** Counts a frame of `length` bytes that went out. */
export function countVniTx({ state }: Vxlan, vni: number, length: number): void {
  const node = state.vnis.get(vni);
  if (node === undefined) return;
  node.stats.txBytes += length;
  node.stats.txPackets++;
}

/** Counts a frame that was not sent. */
export function countVniTxDrop({ state }: Vxlan, vni: number): void {
  const node = state.vnis.get(vni);
  if (node !== undefined) node.stats.txDrops++;
}

/** Counts a frame that could not be sent. */
export function countVniTxError({ state }: Vxlan, vni: number): void {
  const node = state.vnis.get(vni);
  if (node !== undefined) node.stats.txErrors++;
}
