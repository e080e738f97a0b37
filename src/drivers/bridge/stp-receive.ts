// LLC frames reach the bridge: those of spanning tree are read, all others of LLC are nobody's and let go.
//
// Mirrors net/llc/llc_input.c (llc_rcv) as far as net/802/stp.c needs it, and net/bridge/br_stp_bpdu.c (br_stp_rcv).
// Omitted: LLC stations and connections; garp's part of the group address.

import { isMulticast, readMac } from "../../bytes/mac.ts";
import { drop } from "../../net/frame.ts";
import type { Device, Frame, MachineContext } from "../../net/netdevice.ts";
import { IFF_UP } from "../../uapi/if.ts";
import { ETH_P_802_2 } from "../../uapi/if_ether.ts";
import { PACKET_OTHERHOST } from "../../uapi/if_packet.ts";
import * as wire from "../../wire/stp.ts";
import type { BridgePort } from "./state.ts";
import { BR_BPDU_GUARD, BR_KERNEL_STP, BR_STATE_DISABLED, portOf } from "./state.ts";
import { receiveConfig, receiveTcn } from "./stp.ts";
import { readConfig } from "./stp-bpdu.ts";
import { disablePort } from "./stp-port.ts";

/** Takes the frames of LLC on `machine`, once (llc_init). */
export function joinLlc(machine: MachineContext): void {
  if (!machine.packetHandlers.has(ETH_P_802_2)) machine.packetHandlers.set(ETH_P_802_2, receiveLlc);
}

/** Cuts a frame at the length its header gives, and hands it on by its service access point (llc_rcv). */
function receiveLlc(frame: Frame, dev: Device): void {
  const { bytes, start } = frame;
  const length = ((bytes[frame.macHeader + 12] ?? 0) << 8) | (bytes[frame.macHeader + 13] ?? 0);
  if (frame.packetType === PACKET_OTHERHOST) return drop(frame, "otherhost");
  if (length < 3 || length > frame.length) return drop(frame, "bad-header");
  frame.end = start + length;
  const port = portOf(dev);
  const isBpdu = bytes[start] === wire.LLC_SAP_BSPAN && bytes[start + 1] === wire.LLC_SAP_BSPAN;
  if (port !== null && isBpdu && (bytes[start + 2] ?? 0) === 3) receiveBpdu(frame, port);
  frame.pool.free(frame);
}

/** Reads a message of spanning tree, where it is asked for (br_stp_rcv). */
function receiveBpdu(frame: Frame, port: BridgePort): void {
  const { br } = port;
  const { bytes, start, end } = frame;
  if (end - start < wire.TCN_SIZE || !wire.isStp(bytes, start)) return;
  if (br.stpEnabled !== BR_KERNEL_STP || (br.dev.flags & IFF_UP) === 0) return;
  if (port.state === BR_STATE_DISABLED) return;
  const destination = readMac(bytes, frame.macHeader);
  if (destination !== br.groupAddress || !isMulticast(destination)) return;
  if ((port.flags & BR_BPDU_GUARD) !== 0) return disablePort(port);
  if (bytes[start + wire.TYPE] === wire.TYPE_CONFIG) {
    const bpdu = readConfig(bytes, start, end);
    if (bpdu === null || bpdu.messageAge > bpdu.maxAge) return;
    receiveConfig(port, bpdu);
  } else if (bytes[start + wire.TYPE] === wire.TYPE_TCN) {
    receiveTcn(port);
  }
}
