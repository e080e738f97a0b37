// The UDP sockets of a namespace's VXLAN devices: devices of one port and the same settings share one, and are told apart by
// their identifiers. A device over one of a VRF receives there.
//
// Mirrors drivers/net/vxlan/vxlan_core.c (__vxlan_sock_add, vxlan_find_sock, vxlan_vs_add_dev, vxlan_sock_release).

import { l3mdevIfindexBy } from "../../inet/l3mdev.ts";
import { bindUdp, closeUdp, openUdp } from "../../inet/udp/bind.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { AF_INET6 } from "../../uapi/socket.ts";
import { receive } from "./receive.ts";
import type { Vxlan } from "./state.ts";
import { findSocket, receiveFlags, VxlanSocket, vxlanNetns } from "./state.ts";

/** Opens the device's socket of a family, or joins one that is there; throws why it cannot be had. */
export function enterSocket(dev: Vxlan, family: number): void {
  const { config, netns, sockets } = dev.state;
  if (netns === null) return;
  const flags = config.flags & receiveFlags;
  const mine = vxlanNetns(netns);
  const vrf = l3mdevIfindexBy(netns, config.ifindex);
  let socket = findSocket(mine, family, config.port, flags, vrf);
  if (socket === undefined) {
    const udp = openUdp(netns, { family, isV6Only: family === AF_INET6 });
    udp.ifindex = vrf;
    const error = bindUdp(udp, null, config.port);
    if (error !== "") {
      closeUdp(udp);
      leaveSocket(dev);
      throw new NetlinkError(error);
    }
    socket = new VxlanSocket(udp, family, config.port, flags);
    const taker = socket;
    udp.encapReceive = (frame, below) => receive(frame, below, taker);
    mine.sockets.push(socket);
  }
  socket.users++;
  const devices = socket.devices.get(config.vni);
  if (devices === undefined) socket.devices.set(config.vni, [dev]);
  else devices.push(dev);
  sockets.push(socket);
}

/** Leaves the device's sockets, and closes those that nobody uses any more. */
export function leaveSocket(dev: Vxlan): void {
  const { config, netns, sockets } = dev.state;
  for (const socket of sockets.splice(0)) {
    const rest = (socket.devices.get(config.vni) ?? []).filter((each) => each !== dev);
    if (rest.length === 0) socket.devices.delete(config.vni);
    else socket.devices.set(config.vni, rest);
    socket.users--;
    if (socket.users > 0 || netns === null) continue;
    const mine = vxlanNetns(netns);
    mine.sockets.splice(mine.sockets.indexOf(socket), 1);
    closeUdp(socket.udp);
  }
}
