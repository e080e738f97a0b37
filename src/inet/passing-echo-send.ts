// What is said of an echo request in the name of the host it was for, or of a router on the way there: an answer, or an error.
//
// No file of Linux does this: libslirp and passt do it outside of the kernel. Message formats are those of RFC 792 and RFC 4443.

import { getBe32 } from "../bytes/endian.ts";
import type { Frame } from "../net/netdevice.ts";
import type { ErrnoName } from "../uapi/errno.ts";
import { ICMP_ECHOREPLY } from "../uapi/icmp.ts";
import { ICMPV6_ECHO_REPLY } from "../uapi/icmpv6.ts";
import { IPPROTO_ICMP } from "../uapi/in.ts";
import { AF_INET } from "../uapi/socket.ts";
import { ICMP_SIZE, icmpEchoRest, writeIcmp } from "../wire/icmp.ts";
import { IPV6_HEADER_SIZE } from "../wire/ipv6.ts";
import { ipSend } from "./ipv4/output.ts";
import { Route4, routeOutput } from "./ipv4/route.ts";
import { hopLimitOf, sendIcmp6 } from "./ipv6/icmp-error.ts";
import { Route6, routeOutput6 } from "./ipv6/route.ts";
import type { IpNetns } from "./netns.ts";
import type { PassingEcho } from "./passing-echo.ts";

/** ICMPv6's header is as large. */
const headerSize = ICMP_SIZE;
/** Errors have the precedence of routing (IPTOS_PREC_INTERNETCONTROL). */
const internetControl = 0xc0;

/** What is wrong with a request: an ICMP or ICMPv6 error, and who says so. */
export interface PassingError {
  readonly from: Uint8Array;
  readonly type: number;
  readonly code: number;
  /** The message's second word: the next hop's MTU, or a pointer. */
  readonly info: number;
}

/** Answers a request in the name of whom it was for, with `ttl` hops left. Returns why that did not go, "" when it did. */
export function answerPassingEcho(
  ip: IpNetns,
  echo: PassingEcho,
  payload: Uint8Array,
  ttl: number,
): ErrnoName | "" {
  const type = echo.family === AF_INET ? ICMP_ECHOREPLY : ICMPV6_ECHO_REPLY;
  const info = icmpEchoRest(echo.id, echo.sequence);
  return send(ip, echo, payload, { from: echo.destination, type, code: 0, info }, { ttl, tos: echo.tos });
}

/** Sends the sender of a request an error about it, in the name of `error.from`. Returns as `answerPassingEcho`. */
export function refusePassingEcho(ip: IpNetns, echo: PassingEcho, error: PassingError): ErrnoName | "" {
  return send(ip, echo, echo.quoted, error, { tos: echo.family === AF_INET ? internetControl : 0 });
}

function send(
  ip: IpNetns,
  { family, source }: PassingEcho,
  payload: Uint8Array,
  message: PassingError,
  { ttl, tos }: { readonly ttl?: number; readonly tos: number },
): ErrnoName | "" {
  const { code, from, info, type } = message;
  const frame = ip.inet.machine.frames.alloc(IPV6_HEADER_SIZE + headerSize + payload.length);
  if (frame === null) return "ENOBUFS";
  frame.start += IPV6_HEADER_SIZE;
  frame.end = frame.start + headerSize + payload.length;
  frame.bytes.set(payload, frame.start + headerSize);
  if (family === AF_INET) {
    const route = new Route4();
    route.flow.destination = getBe32(source, 0);
    route.flow.source = getBe32(from, 0);
    route.flow.tos = tos;
    if (!routeOutput(ip, route)) return unsent(frame, route.error);
    writeIcmp(frame.bytes, frame.start, frame.end, type, code, info);
    const limit = ttl ?? ip.tunables.defaultTtl;
    return ipSend(ip, frame, route, IPPROTO_ICMP, limit, tos, 0);
  }
  const route = new Route6();
  route.destination.set(source);
  route.source.set(from);
  if (!routeOutput6(ip, route)) return unsent(frame, route.error);
  const hopLimit = ttl ?? hopLimitOf(route);
  return sendIcmp6(ip, frame, route, { type, code, info, hopLimit, trafficClass: tos });
}

function unsent(frame: Frame, errno: ErrnoName | ""): ErrnoName | "" {
  frame.pool.free(frame);
  return errno;
}
