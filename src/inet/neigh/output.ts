// The last step before the device: the Ethernet header is put in front of a packet, once the neighbour's address is
// known.
//
// Mirrors net/core/neighbour.c (neigh_resolve_output, neigh_connected_output).

import { ethHeader } from "../../net/ethernet.ts";
import { drop } from "../../net/frame.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { devQueueXmit } from "../../net/transmit.ts";
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
  sendTo(frame, neigh.dev, neigh.lladdr);
}

/** Sends a packet to the hardware address `lladdr`, which is known. Takes ownership. */
export function sendTo(frame: Frame, dev: Device, lladdr: number): void {
  if (!frame.pool.writable(frame)) return drop(frame, "no-memory");
  frame.dev = dev;
  frame.networkHeader = frame.start;
  if (dev.hardHeaderLength > 0) ethHeader(frame, frame.protocol, dev.address, lladdr);
  devQueueXmit(frame);
}
