// A TAP on a channel of messages, one frame each: a WebSocket, as v86's relays speak; a BroadcastChannel, which joins the machines of
// one browser's pages (v86's `v86-localhub-<id>`); a MessagePort to a worker or a frame.
//
// Mirrors the WebSocket API and HTML's web messaging, as much of them as a frame needs.

import type { Tap } from "../index.ts";
import type { Attached } from "./attached.ts";

/** What is taken of a WebSocket, a BroadcastChannel or a MessagePort. */
export interface FrameChannel {
  /** Of events named "message", whose `data` is a frame; of a WebSocket "open" and "close" too. */
  addEventListener(type: string, listener: (event: unknown) => void): void;
  removeEventListener(type: string, listener: (event: unknown) => void): void;
  /** Of a WebSocket: bytes that wait to be sent, and whether it is open (1). */
  readonly bufferedAmount?: number;
  readonly readyState?: number;
  binaryType?: string;
  send?(frame: Uint8Array): void;
  /** Of the others. */
  postMessage?(frame: Uint8Array): void;
  /** Of a MessagePort, which hears nothing before. */
  start?(): void;
}

/** Bytes that may wait in a WebSocket before frames are dropped. */
const mostBuffered = 1 << 20;
const webSocketOpen = 1;

/**
 * Joins `tap` and `channel`, which stays the caller's: every frame is one binary message. The TAP has carrier while a WebSocket is
 * open; what is no message of bytes is ignored.
 *
 * @example
 * ```js
 * import { createTestMachine } from "uveth/testkit";
 * import { attachChannel } from "uveth/attach";
 *
 * const { machine, clock } = createTestMachine();
 * const netns = await machine.netns("red");
 * const { port1, port2 } = new MessageChannel();
 * const attached = attachChannel(netns.tap({ name: "tap0" }), port1);
 * const first = ({ data }) => {
 *   console.log(`${data.length} bytes of EtherType ${data[12].toString(16)}${data[13].toString(16).padStart(2, "0")}`);
 *   attached.close();
 *   port2.close();
 *   machine.close();
 * };
 * port2.addEventListener("message", first, { once: true });
 * port2.start();
 * await netns.link.set("tap0", { isUp: true });
 * await clock.advance(1e9);
 * ```
 *
 * ```text
 * 90 bytes of EtherType 86dd
 * ```
 */
export function attachChannel(tap: Tap, channel: FrameChannel): Attached {
  const isSocket = channel.send !== undefined;
  if (isSocket) channel.binaryType = "arraybuffer";
  const isConnected = (): boolean => !isSocket || channel.readyState === webSocketOpen;
  const connected = (): void => tap.setCarrier(isConnected());
  const disconnected = (): void => tap.setCarrier(false);
  const received = (event: unknown): void => {
    const frame = frameOf(event);
    if (frame !== undefined) tap.deliver(frame);
  };
  channel.addEventListener("message", received);
  channel.addEventListener("open", connected);
  channel.addEventListener("close", disconnected);
  channel.start?.();
  tap.onFrame = (frame) => {
    if (!isConnected() || (channel.bufferedAmount ?? 0) > mostBuffered) return false;
    // The bytes are the machine's own when the call returns.
    const copy = frame.slice();
    if (isSocket) channel.send?.(copy);
    else channel.postMessage?.(copy);
    return true;
  };
  connected();
  let isClosed = false;
  const close = (): void => {
    // Somebody else may hold the TAP's wire by now.
    if (isClosed) return;
    isClosed = true;
    tap.onFrame = () => false;
    tap.setCarrier(false);
    channel.removeEventListener("message", received);
    channel.removeEventListener("open", connected);
    channel.removeEventListener("close", disconnected);
  };
  const { onGone } = tap;
  tap.onGone = () => {
    close();
    onGone();
  };
  return { close };
}

/** The bytes that an event brings; undefined for anything else. */
function frameOf(event: unknown): Uint8Array | undefined {
  const data = typeof event === "object" && event !== null && "data" in event ? event.data : undefined;
  if (data instanceof Uint8Array) return data;
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return undefined;
}
