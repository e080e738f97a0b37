// A TAP joined to a device of a machine, back to back: what the device receives the kernel receives too, and what the
// kernel sends on the TAP is sent on the device. The protocols of the device's namespace see nothing of either.

import type { Device, Frame } from "../../net/netdevice.ts";
import { devQueueXmit, pushTag } from "../../net/transmit.ts";
import type { Tap } from "./tap.ts";
import type { TapLoop, TapPort } from "./tap-loop.ts";

/** Joins them until the port is closed, or `dev` is freed of its `rxHandler`. `dev` must have none before. */
export function attachTap(loop: TapLoop, tap: Tap, dev: Device): TapPort {
  const port = loop.add(tap, (frame) => transmit(frame, dev));
  dev.rxHandler = (frame) => {
    if (restoreHeader(frame)) port.send(frame);
    else frame.pool.free(frame);
    return true;
  };
  return port;
}

/** Sends a frame of the kernel on `dev`. Takes ownership. */
export function transmit(frame: Frame, dev: Device): void {
  const { bytes, start } = frame;
  frame.dev = dev;
  frame.protocol = ((bytes[start + 12] ?? 0) << 8) | (bytes[start + 13] ?? 0);
  devQueueXmit(frame);
}

/** Moves `start` of a received frame back to its MAC header, a tag beside the bytes into them; false without memory. */
export function restoreHeader(frame: Frame): boolean {
  frame.start = frame.macHeader;
  return frame.vlanProtocol === 0 || pushTag(frame);
}
