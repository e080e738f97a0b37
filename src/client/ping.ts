// `netns.ping()`: echo requests and what came of them, added up.

import * as uapi from "../uapi/uveth.ts";
import { addressBytes } from "./address-text.ts";
import type { UvethClient, UvethMessage } from "./uveth.ts";

/** How to ping. */
export interface PingOptions {
  /** Requests to send; 1 by default. */
  readonly count?: number | undefined;
  readonly intervalMs?: number | undefined;
  /** How long each answer is waited for; 10 seconds by default. */
  readonly timeoutMs?: number | undefined;
  /** Payload bytes; 56 by default. */
  readonly size?: number | undefined;
  readonly ttl?: number | undefined;
  /** The address to send from, and the device to send on. */
  readonly source?: string | undefined;
  readonly dev?: string | undefined;
  /** Called with every event as it comes (uapi/uveth.ts, UVETH_PING_*). */
  readonly onEvent?: ((event: UvethMessage) => void) | undefined;
}

/** What came of it. */
export interface PingResult {
  readonly transmitted: number;
  readonly received: number;
  /** Round trips in nanoseconds, in the order of the answers. */
  readonly rttNs: readonly number[];
  /** What went wrong: ICMP errors and requests that could not be sent. */
  readonly errors: readonly UvethMessage[];
}

/** Pings until all requests are answered or given up. Rejects where ping(8) would not start (ENETUNREACH, ENODEV). */
export async function ping(
  uveth: UvethClient,
  destination: string,
  options: PingOptions,
): Promise<PingResult> {
  const [address = "", zone] = destination.split("%", 2);
  const { count = 1, intervalMs, timeoutMs = 10_000, size, ttl, source, dev = zone, onEvent } = options;
  let transmitted = 0;
  const rttNs: number[] = [];
  const errors: UvethMessage[] = [];
  const request = {
    destination: addressBytes(address),
    source: source === undefined ? undefined : addressBytes(source),
    ifname: dev,
    count,
    intervalNs: intervalMs === undefined ? undefined : intervalMs * 1e6,
    timeoutNs: timeoutMs * 1e6,
    size,
    ttl,
  };
  await uveth.ping(request, (event) => {
    onEvent?.(event);
    if (event.pingEvent === uapi.UVETH_PING_SENT) transmitted++;
    else if (event.pingEvent === uapi.UVETH_PING_REPLY && event.isDuplicate !== true)
      rttNs.push(event.rttNs ?? 0);
    else if (event.pingEvent === uapi.UVETH_PING_ICMP_ERROR) errors.push(event);
    else if (event.pingEvent === uapi.UVETH_PING_SEND_ERROR) errors.push(event);
  });
  return { transmitted, received: rttNs.length, rttNs, errors };
}
