// The last step before the device: the Ethernet header is put in front of a packet, once the neighbour's address is
// known.
//
// Mirrors net/core/neighbour.c (neigh_resolve_output, neigh_connected_output).

import { drop } from "../../net/frame.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { devQueueXmit } from "../../net/transmit.ts";
import { ETH_ALEN, ETH_HLEN } from "../../uapi/if_ether.ts";
import type { Neighbour } from "./neighbour.ts";
import { NUD_CONNECTED } from "./neighbour.ts";
import { neighEventSend } from "./timer.ts";

/**
 * Sends a packet, whose `start` is at its network header and whose `protocol` is set, to the neighbour, or keeps it until
 * its address is known. Takes ownership.
 */
export function neighOutput(neigh: Neighbour, frame: Frame): void {
  frame.dev = neigh.dev;
  if ((neigh.state & NUD_CONNECTED) === 0 && !neighEventSend(neigh, frame)) return;
  sendTo(frame, neigh);
}

/** Sends a packet to the neighbour, whose address is known. Takes ownership. */
export function sendTo(frame: Frame, neigh: Neighbour): void {
  const { dev } = neigh;
  if (!frame.pool.writable(frame)) return drop(frame, "no-memory");
  frame.dev = dev;
  frame.networkHeader = frame.start;
  if (dev.hardHeaderLength > 0) pushHeader(frame, dev, neigh);
  devQueueXmit(frame);
}

/** Puts the Ethernet header in front, from whole numbers: 48 bits of a double would be made anew for every frame. */
function pushHeader(frame: Frame, dev: Device, neigh: Neighbour): void {
  const { bytes, protocol } = frame;
  const start = frame.start - ETH_HLEN;
  writeAddress(bytes, start, neigh.lladdrHigh, neigh.lladdrLow);
  writeAddress(bytes, start + ETH_ALEN, dev.addressHigh, dev.addressLow);
  bytes[start + 12] = protocol >>> 8;
  bytes[start + 13] = protocol;
  frame.start = start;
  frame.macHeader = start;
}

function writeAddress(bytes: Uint8Array, at: number, high: number, low: number): void {
  bytes[at] = high >>> 8;
  bytes[at + 1] = high;
  bytes[at + 2] = low >>> 24;
  bytes[at + 3] = low >>> 16;
  bytes[at + 4] = low >>> 8;
  bytes[at + 5] = low;
}
