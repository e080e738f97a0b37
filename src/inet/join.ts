// Puts IPv4 and IPv6 on a machine: they take frames by their EtherTypes, follow the devices, and speak ICMP.
//
// Mirrors net/ipv4/af_inet.c (inet_init) and net/ipv6/af_inet6.c (inet6_init).

import { devGetFlags } from "../net/flags.ts";
import { drop } from "../net/frame.ts";
import type { Device, DeviceEvent, Frame, MachineContext, Netns } from "../net/netdevice.ts";
import { ICMP_DEST_UNREACH, ICMP_HOST_UNREACH } from "../uapi/icmp.ts";
import { ICMPV6_ADDR_UNREACH, ICMPV6_DEST_UNREACH } from "../uapi/icmpv6.ts";
import { IFF_LOOPBACK, IFF_LOWER_UP, IFF_RUNNING, IFF_UP } from "../uapi/if.ts";
import { ETH_P_ARP, ETH_P_IP, ETH_P_IPV6 } from "../uapi/if_ether.ts";
import { IPPROTO_ICMP, IPPROTO_IGMP, IPPROTO_TCP, IPPROTO_UDP } from "../uapi/in.ts";
import { IPPROTO_ICMPV6 } from "../uapi/in6.ts";
import { RTN_UNICAST } from "../uapi/rtnetlink.ts";
import { AF_INET, AF_INET6 } from "../uapi/socket.ts";
import type { GatewayCheck6 } from "./inet.ts";
import { Inet } from "./inet.ts";
import { arpReceive } from "./ipv4/arp.ts";
import { arpSolicit } from "./ipv4/arp-send.ts";
import { InDevice, MIN_MTU4 } from "./ipv4/device.ts";
import { deviceEvent4 } from "./ipv4/events.ts";
import { icmpReceive } from "./ipv4/icmp.ts";
import { icmpSend } from "./ipv4/icmp-error.ts";
import { igmpReceive } from "./ipv4/igmp.ts";
import { Ipv4Receiver } from "./ipv4/receive.ts";
import { In6Device, MIN_MTU6 } from "./ipv6/device.ts";
import { deviceEvent6 } from "./ipv6/events.ts";
import { icmp6Receive } from "./ipv6/icmp.ts";
import { icmp6Send } from "./ipv6/icmp-error.ts";
import { ndRedo } from "./ipv6/nd-receive.ts";
import { ndSolicit } from "./ipv6/nd-send.ts";
import { Ipv6Receiver } from "./ipv6/receive.ts";
import { checkGatewayOf4 } from "./ipv6/route-create.ts";
import type { Neighbour } from "./neigh/neighbour.ts";
import { ProxyQueue } from "./neigh/proxy.ts";
import { createNeighTable } from "./neigh/table.ts";
import { IpNetns } from "./netns.ts";
import { endNexthops, flushNexthops } from "./nexthop/change.ts";
import { followDevice } from "./rules/rule.ts";
import { in6Device, ipNetns } from "./slots.ts";
import { moveSysctls } from "./sysctl.ts";
import { tcpError4, tcpError6 } from "./tcp/error.ts";
import { closeTcp } from "./tcp/leave.ts";
import { TcpReceiver } from "./tcp/receive.ts";
import { closeUdp } from "./udp/bind.ts";
import { udpError4, udpError6 } from "./udp/connect.ts";
import { UdpReceiver } from "./udp/receive.ts";
import { udpTable } from "./udp/table.ts";

/** Makes IPv4 and IPv6 available on `machine`, before its first device is registered. */
export function joinInet(machine: MachineContext): Inet {
  const arp = createNeighTable(machine, AF_INET, {
    solicit: arpSolicit,
    errorReport: unreachable,
    unlink: ({ address, dev }) => dev.ip instanceof InDevice && dev.ip.neighbours.delete(address | 0),
  });
  const nd = createNeighTable(machine, AF_INET6, {
    solicit: ndSolicit,
    errorReport: unreachable,
    unlink: ({ dev, key }) => dev.ip6 instanceof In6Device && key !== null && dev.ip6.neighbours.delete(key),
  });
  const inet = new Inet({
    machine,
    arp,
    nd,
    arpProxies: new ProxyQueue(machine, (frame) => redoArp(frame)),
    ndProxies: new ProxyQueue(machine, ndRedo),
    checkGateway6: (netns: Netns, check: GatewayCheck6) => checkGatewayOf4(ipNetns(netns), check),
  });
  const ipv4 = new Ipv4Receiver();
  const ipv6 = new Ipv6Receiver();
  const udp = new UdpReceiver();
  inet.protocols4.set(IPPROTO_ICMP, icmpReceive);
  inet.protocols4.set(IPPROTO_IGMP, igmpReceive);
  inet.protocols4.set(IPPROTO_UDP, (frame, dev) => udp.receive4(frame, dev));
  inet.protocols6.set(IPPROTO_ICMPV6, icmp6Receive);
  inet.protocols6.set(IPPROTO_UDP, (frame, dev) => udp.receive6(frame, dev));
  const tcp = new TcpReceiver();
  inet.protocols4.set(IPPROTO_TCP, (frame, dev) => tcp.receive4(frame, dev));
  inet.protocols6.set(IPPROTO_TCP, (frame, dev) => tcp.receive6(frame, dev));
  inet.errorHandlers4.set(IPPROTO_TCP, tcpError4);
  inet.errorHandlers6.set(IPPROTO_TCP, tcpError6);
  inet.errorHandlers4.set(IPPROTO_UDP, udpError4);
  inet.errorHandlers6.set(IPPROTO_UDP, udpError6);
  machine.packetHandlers.set(ETH_P_IP, (frame, dev) => ipv4.receive(frame, dev));
  machine.packetHandlers.set(ETH_P_IPV6, (frame, dev) => ipv6.receive(frame, dev));
  machine.packetHandlers.set(ETH_P_ARP, (frame, dev) => arpReceive(frame, dev));
  machine.notifiers.push((event, dev) => follow(inet, event, dev));
  return inet;
}

/** Follows the devices; the first one of a namespace is its loopback, the last one too. */
function follow(inet: Inet, event: DeviceEvent, dev: Device): void {
  const { netns } = dev;
  if (event === "register" && netns.ip === null) netns.ip = new IpNetns(netns, inet);
  if (event === "change-stack") return changeStack(dev);
  if (event === "register" || event === "change-name" || event === "unregister")
    followRules(dev, event !== "unregister");
  if (netns.stack === null) {
    if (leavesLink(event, dev)) flushNexthops(ipNetns(netns), dev);
    // IPv6 has been with a device since it was registered, as far as anybody can see.
    if (event === "up") in6Device(dev);
    deviceEvent4(event, dev);
    followNetconf(inet, event, dev, AF_INET);
    deviceEvent6(event, dev);
    followNetconf(inet, event, dev, AF_INET6);
  }
  if (netns.ip instanceof IpNetns) netns.ip.routeGeneration++;
  if (event === "register" || event === "change-mtu") dev.mtu6 = dev.mtu;
  if (event === "unregister") dev.mtu6 = 0;
  if (event === "unregister" && dev === netns.loopback) leave(ipNetns(netns));
}

/** Tells of a device that is large enough for a family now, or no longer; `mtu6` is still the MTU that it had. */
function followNetconf(
  { announcer }: Inet,
  event: DeviceEvent,
  dev: Device,
  family: typeof AF_INET | typeof AF_INET6,
): void {
  const isLoopback6 = family === AF_INET6 && (dev.flags & IFF_LOOPBACK) !== 0;
  const least = family === AF_INET ? MIN_MTU4 : MIN_MTU6;
  const had = event !== "register" && (dev.mtu6 >= least || isLoopback6);
  const has = event !== "unregister" && (dev.mtu >= least || isLoopback6);
  const isRenamed = event === "change-name";
  if (had && (!has || isRenamed)) announcer.netconf(family, "del", dev);
  if (has && (!had || isRenamed)) announcer.netconf(family, "new", dev);
}

/** Whether a device no longer carries anything: it is down, going, or without carrier. */
function leavesLink(event: DeviceEvent, dev: Device): boolean {
  if (event === "down" || event === "unregister") return true;
  return event === "change" && (devGetFlags(dev) & (IFF_RUNNING | IFF_LOWER_UP)) === 0;
}

function followRules(dev: Device, isThere: boolean): void {
  const { rules4, rules6 } = ipNetns(dev.netns);
  followDevice(rules4, dev, isThere);
  followDevice(rules6, dev, isThere);
}

/** Another stack has taken the namespace over: what the device had there is no longer ours to keep. Or it has gone again. */
function changeStack(dev: Device): void {
  if (dev.netns.stack === null) {
    if ((dev.flags & IFF_UP) !== 0) for (const event of [deviceEvent4, deviceEvent6]) event("up", dev);
    return;
  }
  // `lo` is the first.
  if (dev === dev.netns.loopback) {
    moveSysctls(ipNetns(dev.netns), dev.netns.stack);
    leave(ipNetns(dev.netns));
  }
  deviceEvent4("unregister", dev);
  deviceEvent6("unregister", dev);
}

/** A namespace goes: packets in pieces, pings, timers of groups and sockets go with it. */
function leave(ip: IpNetns): void {
  ip.fragments4.purge();
  ip.fragments6.purge();
  for (const ping of [...ip.pings.values()]) ping.close();
  endNexthops(ip);
  closeTcp(ip);
  for (const socket of [...udpTable(ip).sockets]) closeUdp(socket);
}

/** Looks at a question again that waited for the true owner to answer. */
function redoArp(frame: Frame): void {
  if (frame.dev === null) frame.pool.free(frame);
  else arpReceive(frame, frame.dev, true);
}

/** The next hop of a packet, which may be one of IPv6 for a packet of IPv4, did not answer (arp_error_report, ndisc_error_report). */
function unreachable(neigh: Neighbour, frame: Frame): void {
  const ip = ipNetns(neigh.dev.netns);
  if (frame.protocol === ETH_P_IPV6) icmp6Send(ip, frame, ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH, 0);
  else icmpSend(ip, frame, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0, RTN_UNICAST);
  drop(frame, "neigh-failed");
}
