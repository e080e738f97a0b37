// Devices become ports of a bridge and cease to be.
//
// Mirrors net/bridge/br_if.c (br_add_if, br_del_if, del_nbp, br_mtu_auto_adjust, br_set_gso_limits, br_port_flags_change,
// br_port_carrier_check) with their errno and texts. Omitted: sysfs, netpoll, headroom, switchdev.

import { isValidEtherAddr } from "../../bytes/mac.ts";
import { devSetMtu } from "../../net/change.ts";
import { notify } from "../../net/device.ts";
import { updateFeatures } from "../../net/features.ts";
import { devSetAllmulti } from "../../net/flags.ts";
import type { Device } from "../../net/netdevice.ts";
import { inheritGsoLimits, linkUpper, unlinkUpper } from "../../net/upper.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { IFF_LOOPBACK, IFF_UP } from "../../uapi/if.ts";
import { ARPHRD_ETHER } from "../../uapi/if_arp.ts";
import { ETH_ALEN, ETH_DATA_LEN } from "../../uapi/if_ether.ts";
import { RTM_DELLINK, RTM_NEWLINK } from "../../uapi/rtnetlink.ts";
import { addLocal, deleteByPort } from "./fdb.ts";
import { handleFrame } from "./input.ts";
import { announcePort } from "./link-message.ts";
import { disableMulticastPort } from "./multicast.ts";
import { queryPort } from "./multicast-query.ts";
import { routerExpired } from "./multicast-router.ts";
import { PortMulticast } from "./multicast-state.ts";
import { recalculateSuppression } from "./neigh-suppress.ts";
import { managePromiscuity, releasePromiscuity } from "./promiscuity.ts";
import type { Bridge } from "./state.ts";
import * as st from "./state.ts";
import { BridgePort, portCost, portOf } from "./state.ts";
import { disablePort, enablePort, isRunning, recalculateBridgeId } from "./stp-port.ts";
import { makePortTimers } from "./stp-timer.ts";
import { flushPortVlans, initPortVlans } from "./vlan-change.ts";

/** Makes `dev` a port (br_add_if). */
export function addPort(br: Bridge, dev: Device): void {
  if ((dev.flags & IFF_LOOPBACK) !== 0 || dev.type !== ARPHRD_ETHER || dev.addressLength !== ETH_ALEN) {
    throw new NetlinkError("EINVAL");
  }
  if (!isValidEtherAddr(dev.address)) throw new NetlinkError("EINVAL");
  if (dev.linkOps?.kind === "bridge") {
    throw new NetlinkError("ELOOP", "Can not enslave a bridge to a bridge");
  }
  if (dev.master !== null) throw new NetlinkError("EBUSY");
  if (dev.rxHandler !== null) throw new NetlinkError("EBUSY");
  const port = new BridgePort(br, dev, freePortNo(br), { makeTimers: makePortTimers, makeMulticast });
  devSetAllmulti(dev, 1);
  dev.port = port;
  try {
    linkUpper(dev, br.dev, true);
  } catch (error) {
    dev.port = null;
    devSetAllmulti(dev, -1);
    throw error;
  }
  dev.rxHandler = (frame) => handleFrame(frame, port);
  br.ports = [port, ...br.ports];
  managePromiscuity(br);
  updateFeatures(br.dev);
  addLocal(br, port, dev.address, 0);
  initPortVlans(port);
  const hasNewAddress = recalculateBridgeId(br);
  if (isRunning(dev) && (br.dev.flags & IFF_UP) !== 0) enablePort(port);
  announcePort(RTM_NEWLINK, port);
  if (hasNewAddress) notify("change-address", br.dev);
  adjustMtu(br);
  inheritGsoLimits(br.dev, br.ports);
}

function makeMulticast(port: BridgePort, vid: number): PortMulticast {
  const { timers } = port.br.dev.machine;
  const multicast: PortMulticast = new PortMulticast(
    (callback) => timers.timer(callback),
    (isIpv6) => routerExpired(port, vid, multicast, isIpv6),
    (isIpv6) => queryPort(port, vid, isIpv6),
  );
  return multicast;
}

/** EXFULL when all numbers are taken (find_portno). */
function freePortNo(br: Bridge): number {
  const taken = new Set(br.ports.map(({ portNo }) => portNo));
  for (let portNo = 1; portNo < st.BR_MAX_PORTS; portNo++) if (!taken.has(portNo)) return portNo;
  throw new NetlinkError("EXFULL");
}

/** Lets a port go (br_del_if): EINVAL for a device that is none of this bridge. */
export function deletePort(br: Bridge, dev: Device): void {
  const port = portOf(dev);
  if (port === null || port.br !== br) throw new NetlinkError("EINVAL");
  releasePort(port);
  adjustMtu(br);
  inheritGsoLimits(br.dev, br.ports);
  if (recalculateBridgeId(br)) notify("change-address", br.dev);
  updateFeatures(br.dev);
}

/** Takes a port out of everything (del_nbp). */
export function releasePort(port: BridgePort): void {
  const { br, dev } = port;
  devSetAllmulti(dev, -1);
  releasePromiscuity(port);
  disablePort(port);
  announcePort(RTM_DELLINK, port);
  br.ports = br.ports.filter((other) => other !== port);
  flushPortVlans(port);
  deleteByPort(br, port, 0, true);
  for (const other of br.ports) if (other.backupPort === port) other.backupPort = null;
  port.backupPort = null;
  managePromiscuity(br);
  disableMulticastPort(port, true);
  dev.rxHandler = null;
  dev.port = null;
  unlinkUpper(dev, br.dev);
}

/** The bridge's MTU is the least of its ports' unless a user set one (br_mtu_auto_adjust). */
export function adjustMtu(br: Bridge): void {
  if (br.isMtuSetByUser) return;
  const least = Math.min(...br.ports.map(({ dev }) => dev.mtu));
  devSetMtu(br.dev, br.ports.length === 0 ? ETH_DATA_LEN : least);
  br.isMtuSetByUser = false;
}

/** A port's device came up, went down or changed; whether its port was told of already (br_port_carrier_check). */
export function checkCarrier(port: BridgePort): boolean {
  const { br, dev } = port;
  const runs = isRunning(dev);
  if ((port.flags & st.BR_ADMIN_COST) === 0 && runs) port.pathCost = portCost(dev);
  if ((br.dev.flags & IFF_UP) === 0) return false;
  if (runs === (port.state !== st.BR_STATE_DISABLED)) return false;
  if (runs) enablePort(port);
  else disablePort(port);
  return true;
}

/** Settings of a port changed that concern the others (br_port_flags_change). */
export function changedPortFlags({ br }: BridgePort, changed: number): void {
  if ((changed & (st.BR_FLOOD | st.BR_LEARNING)) !== 0) managePromiscuity(br);
  if ((changed & (st.BR_NEIGH_SUPPRESS | st.BR_NEIGH_VLAN_SUPPRESS)) !== 0) recalculateSuppression(br);
}
