// What each identifier of a device with vnifilter counts; other devices have none. What went wrong in receiving counts for the
// device too.
//
// Mirrors drivers/net/vxlan/vxlan_vnifilter.c (vxlan_vnifilter_count).

import { RX_DROPPED, RX_ERRORS } from "../../net/counters.ts";
import { count } from "../../net/device.ts";
import type { Vxlan } from "./state.ts";

/** Counts a frame of `length` bytes behind its link header that came in. */
export function countVniRx({ state }: Vxlan, vni: number, length: number): void {
  const node = state.vnis.get(vni);
  if (node === undefined) return;
  node.stats.rxBytes += length;
  node.stats.rxPackets++;
}

/** Counts a frame that came in and was not received, of the device and of the identifier. */
export function countRxDrop(dev: Vxlan, vni: number): void {
  count(dev, RX_DROPPED, 1);
  const node = dev.state.vnis.get(vni);
  if (node !== undefined) node.stats.rxDrops++;
}

/** Counts a frame that came in broken, of the device and of the identifier. */
export function countRxError(dev: Vxlan, vni: number): void {
  count(dev, RX_ERRORS, 1);
  const node = dev.state.vnis.get(vni);
  if (node !== undefined) node.stats.rxErrors++;
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
