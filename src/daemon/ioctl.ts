// The requests that programs make by ioctl(2) on any socket, answered by way of rtnetlink in the namespace of the program: what
// they may change and what they are refused is what rtnetlink says.
//
// Mirrors net/socket.c (sock_do_ioctl), net/ipv4/af_inet.c (inet_ioctl): the family of the socket is asked first, then all
// devices.

import { NetlinkError } from "../netlink/error.ts";
import { AF_INET, AF_INET6, AF_PACKET } from "../uapi/socket.ts";
import * as ioctl from "../uapi/sockios.ts";
import { arpIoctl } from "./ioctl-arp.ts";
import { bondIoctl } from "./ioctl-bond.ts";
import { bridgeIoctl } from "./ioctl-bridge.ts";
import { deviceIoctl } from "./ioctl-device.ts";
import type { IoctlCall } from "./ioctl-ifreq.ts";
import { inetIoctl, listAddresses } from "./ioctl-inet.ts";
import { inet6Ioctl } from "./ioctl-inet6.ts";
import { routeIoctl } from "./ioctl-route.ts";
import type { SeqpacketAnswer } from "./seqpacket-protocol.ts";

/**
 * Does a request; for SIOCGIFCONF there is `room` for the answer. NetlinkError for a refusal: ENODEV, EADDRNOTAVAIL, EPERM, and
 * ENOTTY for an unknown request.
 */
export async function interfaceIoctl(call: IoctlCall, room: number): Promise<SeqpacketAnswer> {
  if (call.request === ioctl.SIOCGIFCONF) return listAddresses(call.client, room);
  if (call.bytes.length < smallest(call)) throw new NetlinkError("EFAULT");
  const isDone =
    (await ofFamily(call)) ||
    (await bondIoctl(call)) ||
    (await deviceIoctl(call)) ||
    (await bridgeIoctl(call));
  if (!isDone) throw new NetlinkError("ENOTTY");
  return { result: 0, payload: call.bytes };
}

/** Requests that a family has to itself. */
async function ofFamily(call: IoctlCall): Promise<boolean> {
  if (call.family === AF_INET6) return inet6Ioctl(call);
  if (call.family !== AF_INET && call.family !== AF_PACKET) return false;
  return (await routeIoctl(call)) || (await arpIoctl(call)) || (await inetIoctl(call));
}

/** The bytes that a request is about; the library sends as many (native/interfaces.c). */
function smallest({ request, family }: IoctlCall): number {
  switch (request) {
    case ioctl.SIOCADDRT:
    case ioctl.SIOCDELRT:
      return family === AF_INET6 ? ioctl.IN6_RTMSG_SIZE : ioctl.RTENTRY_SIZE;
    case ioctl.SIOCSARP:
    case ioctl.SIOCGARP:
    case ioctl.SIOCDARP:
      return ioctl.ARPREQ_SIZE;
    case ioctl.SIOCSIFADDR:
    case ioctl.SIOCDIFADDR:
      return family === AF_INET6 ? ioctl.IN6_IFREQ_SIZE : ioctl.IFREQ_SIZE;
    case ioctl.SIOCBRADDBR:
    case ioctl.SIOCBRDELBR:
      return ioctl.IFREQ_IFRU;
    default:
      return ioctl.IFREQ_SIZE;
  }
}
