// How long somebody waits for a socket: until a signal says otherwise, or for a time.
//
// A time that is over is EAGAIN, as SO_RCVTIMEO has it; nothing is lost by that.

import type { Netns } from "../net/netdevice.ts";
import { invalid } from "../netlink/error.ts";

const MS = 1_000_000;

/** What is needed of an AbortSignal. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** How long is waited; without end by default. */
export interface WaitOptions {
  /** Gives up when it is aborted: the promise rejects with its reason. */
  readonly signal?: AbortSignalLike | undefined;
  /** Gives up after so many milliseconds; 0: what is not there is not waited for (MSG_DONTWAIT). */
  readonly timeoutMs?: number | undefined;
}

/** Throws what a wait cannot begin for: the reason of a signal that is aborted already; NetlinkError EINVAL for a time that is none. */
export function checkWait({ signal, timeoutMs = 0 }: WaitOptions): void {
  if (!(timeoutMs >= 0)) throw invalid(`"${timeoutMs}" is no time to wait`);
  if (signal?.aborted === true) throw signal.reason;
}

/** Calls a limit off. */
export type CallOff = () => void;

const callOffNothing: CallOff = () => {};

/**
 * Has `giveUp` called, once, with the reason of a signal that is aborted, or with what `late` makes when the time is over: at
 * once if that is so already. What is returned calls it off.
 */
export function limitWait(
  netns: Netns,
  { signal, timeoutMs }: WaitOptions,
  late: () => Error,
  giveUp: (reason: unknown) => void,
): CallOff {
  if (signal === undefined && timeoutMs === undefined) return callOffNothing;
  if (signal?.aborted === true || timeoutMs === 0) {
    giveUp(signal?.aborted === true ? signal.reason : late());
    return callOffNothing;
  }
  const isTimed = timeoutMs !== undefined && Number.isFinite(timeoutMs);
  const timer = isTimed ? netns.machine.timers.timer(() => finish(late())) : undefined;
  const onAbort = (): void => finish(signal?.reason);
  const callOff = (): void => {
    timer?.stop();
    signal?.removeEventListener("abort", onAbort);
  };
  const finish = (reason: unknown): void => {
    callOff();
    giveUp(reason);
  };
  signal?.addEventListener("abort", onAbort);
  timer?.start((timeoutMs ?? 0) * MS);
  return callOff;
}
