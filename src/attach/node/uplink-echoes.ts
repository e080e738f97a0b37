// The pings of an uplink: a request that a lab sends leaves by an ICMP socket of this process; what comes back, be it an answer or
// an error, goes to the lab in the name of whoever sent it.

import type { InterceptedEcho } from "../../index.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { errnoName } from "../../uapi/errno.ts";
import * as icmp from "../../uapi/icmp.ts";
import * as icmp6 from "../../uapi/icmpv6.ts";
import { EchoSocket } from "./echo-socket.ts";
import type { Libc } from "./libc.ts";
import { ReceiveBuffer } from "./msghdr.ts";

/** The uplink's own addresses. */
export const gateway = { ipv4: "10.0.2.2", ipv6: "fd00:2::2" };

/** A ping that was silent for so long has ended, the most there may be at a time, and the requests of one that wait for an answer. */
const idleMs = 60_000;
const maxPings = 256;
const maxPending = 32;
const largestMessage = 0xffff;

/** Echo requests that an uplink takes. */
export class UplinkEchoes {
  readonly #libc: Libc | undefined;
  readonly #buffer: ReceiveBuffer | undefined;
  readonly #target: (host: string) => string | undefined;
  readonly #pings = new Map<string, Ping>();
  /** Why requests are refused; undefined where they are not. */
  readonly refusal: NetlinkError | undefined;

  /** `libc`, or why there are to be no sockets; `target` says where a request really goes, undefined: nowhere. */
  constructor(libc: Libc | NetlinkError, target: (host: string) => string | undefined) {
    this.refusal = libc instanceof NetlinkError ? libc : undefined;
    this.#libc = libc instanceof NetlinkError ? undefined : libc;
    this.#buffer = libc instanceof NetlinkError ? undefined : new ReceiveBuffer(libc, largestMessage);
    this.#target = target;
  }

  /** Takes a request; false for one that the uplink's namespace is to answer by itself. */
  take(echo: InterceptedEcho): boolean {
    const { destination, id, source } = echo;
    const isOwn = /^(10\.0\.2\.|fd00:2::)/.test(destination);
    const target = this.#target(destination);
    if (isOwn && (target === undefined || this.#libc === undefined)) return false;
    // A router takes one hop off, and sends nothing on that has none left.
    if (!isOwn && echo.ttl <= 1) return refuse(echo, "hops");
    if (target === undefined || this.#libc === undefined || this.#buffer === undefined)
      return refuse(echo, "prohibited");
    const key = `${source}|${destination}|${id}`;
    let ping = this.#pings.get(key);
    if (ping === undefined) {
      if (this.#pings.size >= maxPings) return refuse(echo, "prohibited");
      try {
        ping = new Ping(this.#libc, target, this.#buffer, () => this.#pings.delete(key));
      } catch (error) {
        if (!(error instanceof NetlinkError)) throw error;
        return refuse(echo, error.code === "EACCES" ? "prohibited" : "unreachable");
      }
      this.#pings.set(key, ping);
    }
    ping.send(echo, isOwn ? echo.ttl : echo.ttl - 1);
    return true;
  }

  close(): void {
    for (const ping of [...this.#pings.values()]) ping.close();
  }
}

/** The requests of one sender to one address with one identifier. */
class Ping {
  readonly #socket: EchoSocket;
  /** Requests by sequence number, the oldest first. */
  readonly #pending = new Map<number, InterceptedEcho>();
  readonly #onClosed: () => void;
  readonly #timeout: NodeJS.Timeout;

  constructor(libc: Libc, target: string, buffer: ReceiveBuffer, onClosed: () => void) {
    this.#socket = new EchoSocket(libc, target, buffer, {
      // Answers may come twice, so the request stays until others need its place.
      reply: (sequence, payload, ttl) => this.#pending.get(sequence)?.answer(payload, Math.max(ttl - 1, 1)),
      error: (sequence, from, type, code, info) =>
        this.#pending.get(sequence)?.refuse({ from, type, code, info }),
    });
    this.#onClosed = onClosed;
    this.#timeout = setTimeout(() => this.close(), idleMs);
    this.#timeout.unref();
  }

  send(echo: InterceptedEcho, ttl: number): void {
    this.#timeout.refresh();
    this.#pending.delete(echo.sequence);
    for (const oldest of this.#pending.keys()) {
      if (this.#pending.size < maxPending) break;
      this.#pending.delete(oldest);
    }
    this.#pending.set(echo.sequence, echo);
    const result = this.#socket.send(echo.sequence, echo.payload, ttl);
    if (result === 0) return;
    const code = errnoName(-result);
    refuse(echo, code === "EACCES" || code === "EPERM" ? "prohibited" : "unreachable");
  }

  close(): void {
    clearTimeout(this.#timeout);
    this.#socket.close();
    this.#onClosed();
  }
}

/** Types and codes of what an uplink itself says, by the family of a request. */
const refusals = {
  ipv4: {
    hops: { type: icmp.ICMP_TIME_EXCEEDED, code: 0 },
    unreachable: { type: icmp.ICMP_DEST_UNREACH, code: icmp.ICMP_HOST_UNREACH },
    prohibited: { type: icmp.ICMP_DEST_UNREACH, code: icmp.ICMP_PKT_FILTERED },
  },
  ipv6: {
    hops: { type: icmp6.ICMPV6_TIME_EXCEED, code: 0 },
    unreachable: { type: icmp6.ICMPV6_DEST_UNREACH, code: icmp6.ICMPV6_ADDR_UNREACH },
    prohibited: { type: icmp6.ICMPV6_DEST_UNREACH, code: icmp6.ICMPV6_ADM_PROHIBITED },
  },
};

function refuse(echo: InterceptedEcho, why: "hops" | "unreachable" | "prohibited"): true {
  const family = echo.destination.includes(":") ? "ipv6" : "ipv4";
  echo.refuse({ from: gateway[family], ...refusals[family][why] });
  return true;
}
