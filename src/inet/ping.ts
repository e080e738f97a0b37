// Echo requests on a schedule, and what comes back: the host's own `ping`, without a socket. Where the namespace has the stack of
// a kernel, that one sends them.
//
// Mirrors iputils ping as far as traffic goes: payload with the send time at its head, sequence numbers from 1, one
// identifier for all requests.

import { getBe32, setBe32 } from "../bytes/endian.ts";
import { isIpv6LinkLocal, isIpv6Multicast } from "../bytes/ipv6.ts";
import type { Device, Frame, Netns } from "../net/netdevice.ts";
import type { EchoError, EchoReply, OuterEcho } from "../net/outer-echo.ts";
import type { Timer } from "../net/timers.ts";
import { NetlinkError } from "../netlink/error.ts";
import type { ErrnoName } from "../uapi/errno.ts";
import { errnoName } from "../uapi/errno.ts";
import { ICMP_ECHO } from "../uapi/icmp.ts";
import { ICMPV6_ECHO_REQUEST } from "../uapi/icmpv6.ts";
import { IPPROTO_ICMP } from "../uapi/in.ts";
import { AF_INET, AF_INET6 } from "../uapi/socket.ts";
import { ICMP_SIZE, icmpEchoRest, writeIcmp } from "../wire/icmp.ts";
import { ICMPV6_SIZE } from "../wire/icmpv6.ts";
import { IPV4_SIZE } from "../wire/ipv4.ts";
import { IPV6_HEADER_SIZE } from "../wire/ipv6.ts";
import { isIpv4Broadcast } from "./ipv4/broadcast.ts";
import { ipSend } from "./ipv4/output.ts";
import { Route4, routeOutput } from "./ipv4/route.ts";
import { hopLimitOf, sendIcmp6 } from "./ipv6/icmp-error.ts";
import { Route6, routeOutput6 } from "./ipv6/route.ts";
import { isOwnAddress } from "./local-address.ts";
import type { IpNetns } from "./netns.ts";
import type { PingSocket } from "./ping-socket.ts";
import { ipNetns } from "./slots.ts";

/** What to ping, and how. Times in nanoseconds, sizes in bytes. */
export interface PingOptions {
  /** 4 or 16 bytes. */
  readonly destination: Uint8Array;
  /** The address to send from; by default the one routing chooses. */
  readonly source?: Uint8Array | undefined;
  /** The device to leave by; needed for link-local destinations. */
  readonly dev?: Device | undefined;
  /** Requests to send; without end by default. */
  readonly count?: number | undefined;
  /** From one request to the next; 1 s by default. */
  readonly intervalNs?: number | undefined;
  /** How long an answer is waited for; 10 s by default. */
  readonly timeoutNs?: number | undefined;
  /** Payload of a request; 56 by default. */
  readonly size?: number | undefined;
  readonly ttl?: number | undefined;
  readonly tos?: number | undefined;
}

/**
 * What a ping tells as it goes on. `seq` counts from 1 and is not cut to 16 bits. `end` comes once and last: all requests were
 * answered or given up, or the namespace has gone.
 */
export type PingEvent =
  | { readonly type: "sent"; readonly seq: number; readonly timeNs: number }
  | {
      readonly type: "reply";
      readonly seq: number;
      readonly timeNs: number;
      readonly rttNs: number;
      readonly source: Uint8Array;
      readonly ttl: number;
      /** Bytes of the ICMP message. */
      readonly size: number;
      readonly isDuplicate: boolean;
    }
  | {
      readonly type: "icmp-error";
      readonly seq: number;
      readonly timeNs: number;
      readonly source: Uint8Array;
      /** ICMP's or ICMPv6's. */
      readonly icmpType: number;
      readonly icmpCode: number;
      readonly info: number;
    }
  | { readonly type: "send-error"; readonly seq: number; readonly timeNs: number; readonly errno: ErrnoName }
  | { readonly type: "timeout"; readonly seq: number; readonly timeNs: number }
  | { readonly type: "end" };

const S = 1_000_000_000;
const defaultSize = 56;
/** The least payload that has room for the time it was sent at, as seconds and microseconds. */
const stampSize = 16;

/** A ping under way, as its owner sees it. */
export interface RunningPing {
  /** Ends it before its time, without another event. */
  stop(): void;
}

/**
 * Starts a ping in `netns`. Throws NetlinkError when it cannot start: EINVAL for what is no destination or a size no packet
 * has, EADDRNOTAVAIL for a source that is not this host's, and why there is no way to the destination. Of a namespace that has
 * another stack it is that one which refuses.
 */
export function startPing(
  netns: Netns,
  options: PingOptions,
  onEvent: (event: PingEvent) => void,
): RunningPing {
  const ping = new Ping(netns, options, onEvent);
  ping.start();
  return ping;
}

interface Request {
  readonly sentNs: number;
  isAnswered: boolean;
}

class Ping implements PingSocket, RunningPing {
  readonly family: number;
  readonly id: number;
  readonly #netns: Netns;
  readonly #ip: IpNetns;
  readonly #options: PingOptions;
  readonly #onEvent: (event: PingEvent) => void;
  readonly #requests = new Map<number, Request>();
  readonly #sendTimer: Timer;
  readonly #timeoutTimer: Timer;
  /** What sends the requests, when the stack is not the machine's own. */
  #outer: OuterEcho | undefined;
  #sent = 0;
  #isOver = false;

  constructor(netns: Netns, options: PingOptions, onEvent: (event: PingEvent) => void) {
    const { destination, size = defaultSize } = options;
    if (destination.length !== 4 && destination.length !== 16) throw new NetlinkError("EINVAL");
    this.family = destination.length === 4 ? AF_INET : AF_INET6;
    const headers = this.family === AF_INET ? IPV4_SIZE + ICMP_SIZE : ICMPV6_SIZE;
    if (size < 0 || size > 65_535 - headers) throw new NetlinkError("EINVAL");
    this.#netns = netns;
    this.#ip = ipNetns(netns);
    this.#options = options;
    this.#onEvent = onEvent;
    this.id = this.#freeId();
    const { timers } = netns.machine;
    this.#sendTimer = timers.timer(() => this.#next());
    this.#timeoutTimer = timers.timer(() => this.#expire());
  }

  /** Sees that there is a way, and has the first request sent as soon as the caller has returned. */
  start(): void {
    const { stack } = this.#netns;
    const { destination, dev, source, tos, ttl } = this.#options;
    if (stack !== null) {
      this.#outer = stack.openEcho({ destination, source, ifname: dev?.name, tos, ttl }, this);
    } else {
      const errno = this.family === AF_INET ? this.#wayTo4(new Route4()) : this.#wayTo6(new Route6());
      if (errno !== "") throw new NetlinkError(errno);
    }
    this.#ip.pings.set(this.id, this);
    this.#sendTimer.start(0);
  }

  stop(): void {
    this.#isOver = true;
    this.#sendTimer.stop();
    this.#timeoutTimer.stop();
    this.#ip.pings.delete(this.id);
    this.#outer?.close();
  }

  close(): void {
    this.#finish();
  }

  reply({ payload, sequence: low, size, source, ttl }: EchoReply): void {
    const sequence = this.#wholeSequence(low);
    const request = this.#requests.get(sequence);
    if (request === undefined || payload.length !== (this.#options.size ?? defaultSize)) return;
    const timeNs = this.#now();
    const isDuplicate = request.isAnswered;
    request.isAnswered = true;
    this.#onEvent({
      type: "reply",
      seq: sequence,
      timeNs,
      rttNs: timeNs - request.sentNs,
      source,
      ttl,
      size,
      isDuplicate,
    });
    this.#finishIfDone();
  }

  error({ code, info, sequence: low, source, type }: EchoError): void {
    const sequence = this.#wholeSequence(low);
    const request = this.#requests.get(sequence);
    if (request === undefined) return;
    request.isAnswered = true;
    const timeNs = this.#now();
    this.#onEvent({
      type: "icmp-error",
      seq: sequence,
      timeNs,
      source,
      icmpType: type,
      icmpCode: code,
      info,
    });
    this.#finishIfDone();
  }

  #now(): number {
    return this.#ip.inet.machine.clock.now();
  }

  /** An identifier no other ping of the namespace has. */
  #freeId(): number {
    const { pings } = this.#ip;
    let id = this.#ip.inet.machine.random.u32() & 0xffff;
    while (pings.has(id)) id = (id + 1) & 0xffff;
    return id;
  }

  /** The whole number of the latest request that ends in these 16 bits. */
  #wholeSequence(low: number): number {
    return this.#sent - ((this.#sent - low) & 0xffff);
  }

  #next(): void {
    const { count, intervalNs = S } = this.#options;
    this.#sent++;
    const sequence = this.#sent;
    const timeNs = this.#now();
    if (count === undefined || count === 0 || sequence < count) this.#sendTimer.start(intervalNs);
    this.#requests.set(sequence, { sentNs: timeNs, isAnswered: false });
    if (!this.#timeoutTimer.isPending) this.#timeoutTimer.start(this.#timeoutNs());
    this.#onEvent({ type: "sent", seq: sequence, timeNs });
    if (this.#isOver) return;
    const errno = this.#send(sequence);
    if (errno === "" || this.#isOver) return;
    const request = this.#requests.get(sequence);
    if (request !== undefined) request.isAnswered = true;
    this.#onEvent({ type: "send-error", seq: sequence, timeNs, errno });
    this.#finishIfDone();
  }

  #timeoutNs(): number {
    return this.#options.timeoutNs ?? 10 * S;
  }

  /** Gives up on requests whose time is over, and forgets those that duplicates are no longer expected of. */
  #expire(): void {
    const now = this.#now();
    const timeoutNs = this.#timeoutNs();
    for (const [sequence, request] of this.#requests) {
      const leftNs = request.sentNs + timeoutNs - now;
      if (leftNs > 0) {
        this.#timeoutTimer.start(leftNs);
        break;
      }
      this.#requests.delete(sequence);
      if (!request.isAnswered) this.#onEvent({ type: "timeout", seq: sequence, timeNs: now });
      if (this.#isOver) return;
    }
    this.#finishIfDone();
  }

  #finishIfDone(): void {
    const { count } = this.#options;
    if (this.#isOver || count === undefined || count === 0 || this.#sent < count) return;
    for (const { isAnswered } of this.#requests.values()) if (!isAnswered) return;
    this.#finish();
  }

  #finish(): void {
    if (this.#isOver) return;
    this.stop();
    this.#onEvent({ type: "end" });
  }

  #send(sequence: number): ErrnoName | "" {
    if (this.#outer !== undefined) return this.#sendOuter(this.#outer, sequence);
    return this.family === AF_INET ? this.#send4(sequence) : this.#send6(sequence);
  }

  #sendOuter(outer: OuterEcho, sequence: number): ErrnoName | "" {
    const payload = new Uint8Array(this.#options.size ?? defaultSize);
    this.#fill(payload, 0);
    const result = outer.send(sequence & 0xffff, payload);
    return result < 0 ? (errnoName(-result) ?? "EIO") : "";
  }

  #send4(sequence: number): ErrnoName | "" {
    const { tos = 0, ttl } = this.#options;
    const ip = this.#ip;
    const route = new Route4();
    const errno = this.#wayTo4(route);
    if (errno !== "") return errno;
    const isToMany = isIpv4Broadcast(route);
    const frame = this.#payload(ICMP_SIZE);
    if (frame === null) return "ENOBUFS";
    const { bytes, end, start } = frame;
    writeIcmp(bytes, start, end, ICMP_ECHO, 0, icmpEchoRest(this.id, sequence));
    const limit = ttl ?? (isToMany ? 1 : ip.tunables.defaultTtl);
    return ipSend(ip, frame, route, IPPROTO_ICMP, limit, tos, 0);
  }

  #send6(sequence: number): ErrnoName | "" {
    const { destination, tos = 0, ttl } = this.#options;
    const ip = this.#ip;
    const route = new Route6();
    const errno = this.#wayTo6(route);
    if (errno !== "") return errno;
    const frame = this.#payload(ICMPV6_SIZE);
    if (frame === null) return "ENOBUFS";
    const hopLimit = ttl ?? (isIpv6Multicast(destination) ? 1 : hopLimitOf(route));
    const info = icmpEchoRest(this.id, sequence);
    return sendIcmp6(ip, frame, route, {
      type: ICMPV6_ECHO_REQUEST,
      code: 0,
      info,
      hopLimit,
      trafficClass: tos,
    });
  }

  #wayTo4(route: Route4): ErrnoName | "" {
    const { destination, dev, source, tos = 0 } = this.#options;
    const from = source === undefined ? 0 : getBe32(source, 0);
    const isOurs = source === undefined || from === 0 || isOwnAddress(this.#ip, source, dev?.ifindex ?? 0);
    if (!isOurs) return "EADDRNOTAVAIL";
    route.flow.destination = getBe32(destination, 0);
    route.flow.source = from;
    route.flow.oif = dev?.ifindex ?? 0;
    route.flow.tos = tos;
    return routeOutput(this.#ip, route) ? "" : route.error;
  }

  #wayTo6(route: Route6): ErrnoName | "" {
    const { destination, dev, source, tos = 0 } = this.#options;
    if (dev === undefined && isIpv6LinkLocal(destination)) return "EINVAL";
    const isOurs = source === undefined || isOwnAddress(this.#ip, source, dev?.ifindex ?? 0);
    if (!isOurs) return "EADDRNOTAVAIL";
    route.destination.set(destination);
    if (source !== undefined) route.source.set(source);
    route.oif = dev?.ifindex ?? 0;
    route.lookup.trafficClass = tos;
    return routeOutput6(this.#ip, route) ? "" : route.error;
  }

  /** A frame with room for the headers before `start`. */
  #payload(headerSize: number): Frame | null {
    const size = this.#options.size ?? defaultSize;
    const { machine } = this.#ip.inet;
    const frame = machine.frames.alloc(IPV6_HEADER_SIZE + headerSize + size);
    if (frame === null) return null;
    frame.start += IPV6_HEADER_SIZE;
    frame.end = frame.start + headerSize + size;
    this.#fill(frame.bytes, frame.start + headerSize);
    return frame;
  }

  /** Writes a payload, which begins with the time and goes on counting. */
  #fill(bytes: Uint8Array, at: number): void {
    const size = this.#options.size ?? defaultSize;
    for (let index = 0; index < size; index++) bytes[at + index] = index;
    if (size < stampSize) return;
    const now = this.#now();
    setBe32(bytes, at, Math.floor(now / S));
    setBe32(bytes, at + 4, 0);
    setBe32(bytes, at + 8, Math.floor((now % S) / 1_000));
    setBe32(bytes, at + 12, 0);
  }
}
