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
import { findSocket, receiveFlags, VXLAN_F_VNIFILTER, VxlanSocket, vxlanNetns } from "./state.ts";

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
  sockets.push(socket);
  for (const vni of vnisOf(dev)) enter(socket, dev, vni);
}

/** The identifiers a device takes part in. */
function vnisOf({ state: { config, vnis } }: Vxlan): Iterable<number> {
  return (config.flags & VXLAN_F_VNIFILTER) === 0 ? [config.vni] : vnis.keys();
}

function enter({ devices }: VxlanSocket, dev: Vxlan, vni: number): void {
  const known = devices.get(vni);
  if (known === undefined) devices.set(vni, [dev]);
  else known.push(dev);
}

function leave({ devices }: VxlanSocket, dev: Vxlan, vni: number): void {
  const rest = (devices.get(vni) ?? []).filter((each) => each !== dev);
  if (rest.length === 0) devices.delete(vni);
  else devices.set(vni, rest);
}

/** A device that is up takes part in one more identifier. */
export function enterVni(dev: Vxlan, vni: number): void {
  for (const socket of dev.state.sockets) enter(socket, dev, vni);
}

/** A device that is up takes part in an identifier no longer. */
export function leaveVni(dev: Vxlan, vni: number): void {
  for (const socket of dev.state.sockets) leave(socket, dev, vni);
}

/** Leaves the device's sockets, and closes those that nobody uses any more. */
export function leaveSocket(dev: Vxlan): void {
  const { netns, sockets } = dev.state;
  for (const socket of sockets.splice(0)) {
    for (const vni of vnisOf(dev)) leave(socket, dev, vni);
    socket.users--;
    if (socket.users > 0 || netns === null) continue;
    const mine = vxlanNetns(netns);
    mine.sockets.splice(mine.sockets.indexOf(socket), 1);
    closeUdp(socket.udp);
  }
}
