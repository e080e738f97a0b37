// The bridge device sends a frame of its own: to one port or to all.
//
// Mirrors net/bridge/br_device.c (br_dev_xmit).

import { countTx } from "../../net/device.ts";
import { drop, dropTx } from "../../net/frame.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { ETH_HLEN } from "../../uapi/if_ether.ts";
import { noEntry } from "./fdb-table.ts";
import { flood, floodMulticast, forward, MARK_ANSWERED, MARK_OWN } from "./forward.ts";
import { entryOf, hasQuerier, MCAST_DROP, MCAST_MESSAGE, MCAST_ROUTERS_ONLY, snoop } from "./multicast.ts";
import { suppress } from "./neigh-suppress.ts";
import type { Bridge } from "./state.ts";
import { BR_BCAST_FLOOD, BR_FLOOD, BR_MCAST_FLOOD, BR_STATE_FORWARDING } from "./state.ts";
import { allowIngress, vlanRefused } from "./vlan.ts";

/** Sends a frame whose `start` is at its MAC header. Takes ownership. */
export function startXmit(frame: Frame, dev: Device<Bridge>): void {
  const br = dev.state;
  const { start, view } = frame;
  if (frame.end - start < ETH_HLEN) return dropTx(frame, dev, "runt");
  countTx(dev, frame.end - start);
  frame.macHeader = start;
  frame.start = start + ETH_HLEN;
  frame.networkHeader = frame.start;
  frame.protocol = view.getUint16(start + 12);
  let vid = 0;
  if (br.isVlanFiltering) {
    vid = allowIngress(br, br.vlans, frame, BR_STATE_FORWARDING);
    if (vid === vlanRefused) return;
  }
  const marks = suppress(br, null, frame, vid) ? MARK_OWN | MARK_ANSWERED : MARK_OWN;
  const mac = frame.macHeader;
  const toHigh = view.getUint16(mac);
  const toLow = view.getInt32(mac + 2);
  if ((toHigh & 0x0100) === 0) {
    const entry = br.fdb.find((vid << 16) | toHigh, toLow);
    if (entry === noEntry) flood(br, null, frame, BR_FLOOD, marks, vid);
    else forward(br.fdb.ports[entry] ?? null, null, frame, marks, vid);
  } else if (toHigh === 0xffff && toLow === -1) {
    flood(br, null, frame, BR_BCAST_FLOOD, marks, vid);
  } else {
    const kind = snoop(br, null, frame, vid);
    if (kind === MCAST_DROP) return drop(frame, "bad-header");
    const entry = (kind & MCAST_MESSAGE) !== 0 ? undefined : entryOf(br, frame, vid);
    const isKnown = entry !== undefined || (kind & MCAST_ROUTERS_ONLY) !== 0;
    if (isKnown && hasQuerier(br, frame.protocol, entry, vid)) {
      floodMulticast(br, null, entry, frame, marks, vid);
    } else flood(br, null, frame, BR_MCAST_FLOOD, marks, vid);
  }
}
