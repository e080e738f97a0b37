// UVETH_CMD_PING: echo requests from a namespace, without a socket in it. The answer is an event for each request that goes
// out and for what comes back, until all have been answered or given up, or the socket closes.

import type { Deferred } from "../af_netlink/handler.ts";
import type { PingEvent } from "../inet/ping.ts";
import { startPing } from "../inet/ping.ts";
import { deviceByName } from "../net/device.ts";
import { invalid, missing, refused } from "../netlink/error.ts";
import { binary, nulString, policy, u8, u32, u64 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { errnoNumber } from "../uapi/errno.ts";
import { IFNAMSIZ } from "../uapi/if.ts";
import * as uveth from "../uapi/uveth.ts";
import type { GenlOp, GenlRequest } from "./family.ts";
import { netnsOf, netnsRule } from "./uveth-netns.ts";

/** Requests follow one another no faster than this, whatever is asked for: a ping must not keep a machine from all else. */
const leastIntervalNs = 1_000_000;

const pingPolicy = policy(uveth.UVETH_A_TOS, {
  [uveth.UVETH_A_NETNS]: netnsRule,
  [uveth.UVETH_A_DESTINATION]: binary("destination", 16),
  [uveth.UVETH_A_SOURCE]: binary("source", 16),
  [uveth.UVETH_A_IFNAME]: nulString("ifname", IFNAMSIZ - 1),
  [uveth.UVETH_A_COUNT]: u32("count"),
  [uveth.UVETH_A_INTERVAL_NS]: u64("intervalNs"),
  [uveth.UVETH_A_TIMEOUT_NS]: u64("timeoutNs"),
  [uveth.UVETH_A_SIZE]: u32("size"),
  [uveth.UVETH_A_TTL]: u8("ttl", { range: [1, 255] }),
  [uveth.UVETH_A_TOS]: u8("tos"),
});

type PingRequest = GenlRequest<typeof pingPolicy>;

/** The commands of this file. */
export const pingOps: readonly GenlOp[] = [
  { cmd: uveth.UVETH_CMD_PING, flags: 0, policy: pingPolicy, handle: ping },
];

/** Starts a ping: ENODEV when the device is not there, EINVAL for a source of the other family, else what startPing says. */
function ping(request: PingRequest): void {
  const { attrs } = request;
  const { count, destination, ifname, size, source, tos, ttl } = attrs;
  const netns = netnsOf(request, attrs.netns);
  if (destination === undefined) throw missing(uveth.UVETH_A_DESTINATION);
  if (source !== undefined && source.length !== destination.length) throw invalid("", attrs, "source");
  const dev = ifname === undefined ? undefined : deviceByName(netns, ifname);
  if (ifname !== undefined && dev === undefined) throw refused("ENODEV", "", attrs, "ifname");
  let deferred: Deferred | undefined;
  const running = startPing(
    netns,
    {
      destination,
      source,
      dev,
      count,
      intervalNs: attrs.intervalNs === undefined ? undefined : intervalOf(attrs.intervalNs),
      timeoutNs: attrs.timeoutNs === undefined ? undefined : Number(attrs.timeoutNs),
      size,
      ttl,
      tos,
    },
    (event) => {
      if (deferred === undefined) return;
      if (event.type === "end") deferred.finish();
      else request.replyLater(deferred, uveth.UVETH_CMD_PING_EVENT, (writer) => fillEvent(writer, event));
    },
  );
  deferred = request.request.defer(() => running.stop());
}

function intervalOf(intervalNs: bigint): number {
  return Math.max(leastIntervalNs, Number(intervalNs));
}

/** Writes an event; the first request of all goes out after the command has returned, so none is missed. */
function fillEvent(writer: MessageWriter, event: Exclude<PingEvent, { type: "end" }>): void {
  writer.u8(uveth.UVETH_A_PING_EVENT, eventNumber(event.type));
  writer.u32(uveth.UVETH_A_PING_SEQ, event.seq);
  writer.u64(uveth.UVETH_A_TIME_NS, Math.round(event.timeNs));
  switch (event.type) {
    case "reply":
      writer.u64(uveth.UVETH_A_RTT_NS, Math.round(event.rttNs));
      writer.binary(uveth.UVETH_A_SOURCE, event.source);
      writer.u8(uveth.UVETH_A_TTL, event.ttl).u32(uveth.UVETH_A_SIZE, event.size);
      if (event.isDuplicate) writer.flag(uveth.UVETH_A_DUPLICATE);
      break;
    case "icmp-error":
      writer.binary(uveth.UVETH_A_SOURCE, event.source);
      writer.u8(uveth.UVETH_A_ICMP_TYPE, event.icmpType).u8(uveth.UVETH_A_ICMP_CODE, event.icmpCode);
      if (event.info !== 0) writer.u32(uveth.UVETH_A_ICMP_INFO, event.info);
      break;
    case "send-error":
      writer.u32(uveth.UVETH_A_ERRNO, errnoNumber(event.errno));
      break;
    default:
      break;
  }
}

function eventNumber(type: "sent" | "reply" | "icmp-error" | "send-error" | "timeout"): number {
  switch (type) {
    case "sent":
      return uveth.UVETH_PING_SENT;
    case "reply":
      return uveth.UVETH_PING_REPLY;
    case "icmp-error":
      return uveth.UVETH_PING_ICMP_ERROR;
    case "send-error":
      return uveth.UVETH_PING_SEND_ERROR;
    case "timeout":
      return uveth.UVETH_PING_TIMEOUT;
  }
}
