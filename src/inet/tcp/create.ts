// A socket is made, with the timers it has for life.

import { ipNetns } from "../slots.ts";
import { Cubic } from "./curve.ts";
import type { EndpointPair } from "./endpoint.ts";
import type { TimerHandlers } from "./socket.ts";
import { TcpSocket } from "./socket.ts";
import { expireDelayedAck, expireKeepAlive, expireTimer } from "./timeout.ts";

const handlers: TimerHandlers = {
  expire: expireTimer,
  delayedAck: expireDelayedAck,
  keepAlive: expireKeepAlive,
};

/** A socket between two ends, in no state and in no table yet. */
export function createSocket(pair: EndpointPair): TcpSocket {
  return new TcpSocket(pair, ipNetns(pair.netns).tunables, new Cubic(), handlers);
}
