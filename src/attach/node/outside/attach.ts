// A TAP and where its wire leads to, by a word.

import type { Tap } from "../../../index.ts";
import type { Attached } from "../../attached.ts";
import { exchangeDatagrams, exchangeUdp } from "./datagram-endpoint.ts";
import { parseEndpoint } from "./endpoint.ts";
import { connectTo, listenOn } from "./stream-endpoint.ts";
import { joinVde } from "./vde.ts";

/**
 * Joins `tap` to the outside, until it is closed or the TAP is gone: a virtual machine, a switch of another program, another
 * machine like this one. The TAP has carrier while somebody is there. `endpoint` is one of
 *
 * - `listen:PATH`, `listen:[HOST:]PORT`, `connect:PATH`, `connect:[HOST:]PORT`: frames behind their length in a stream, as QEMU's
 *   `-netdev stream`, passt and gvisor-tap-vsock speak; a connection that is lost is made again;
 * - `dgram:PATH,PATH`, `udp:[HOST:]PORT,[HOST:]PORT`: a frame for each datagram, from the first to the second, as `-netdev dgram` has it;
 * - `vde:FOLDER`, `vde:FOLDER[PORT]`: a port of a vde_switch.
 *
 * Rejects with a NetlinkError that says what cannot be: EINVAL for what is no endpoint, EADDRINUSE, ECONNREFUSED, ENOENT, EACCES, and
 * ENOSYS for Unix datagrams and VDE where there is no FFI. The TAP is the caller's, and stays.
 *
 * @example
 * ```js
 * import { createMachine } from "uveth";
 * import { realTime } from "uveth/attach";
 * import { attachEndpoint } from "uveth/attach/node";
 *
 * const machine = createMachine(realTime());
 * const [red, blue] = [await machine.netns("red"), await machine.netns("blue")];
 * for (const [netns, host] of [[red, 1], [blue, 2]]) {
 *   await attachEndpoint(netns.tap({ name: "tap0" }), `${host === 1 ? "listen" : "connect"}:127.0.0.1:9513`);
 *   await netns.link.set("tap0", { isUp: true });
 *   await netns.addr.add(`10.0.0.${host}/24`, { dev: "tap0" });
 * }
 * console.log((await red.ping("10.0.0.2", { count: 1 })).received, "answer, by way of TCP");
 * machine.close();
 * ```
 *
 * ```text
 * 1 answer, by way of TCP
 * ```
 */
export async function attachEndpoint(tap: Tap, endpoint: string): Promise<Attached> {
  const parsed = parseEndpoint(endpoint);
  tap.setCarrier(false);
  const attached = await open();
  let isClosed = false;
  const close = (): void => {
    if (isClosed) return;
    isClosed = true;
    // First, as what is closed can be sent to no more.
    tap.onFrame = () => false;
    tap.setCarrier(false);
    attached.close();
  };
  const { onGone } = tap;
  tap.onGone = () => {
    close();
    onGone();
  };
  // It may have gone meanwhile.
  if (!tap.isOpen) close();
  return { close };

  function open(): Promise<Attached> {
    switch (parsed.type) {
      case "listen":
        return listenOn(tap, parsed.address);
      case "connect":
        return connectTo(tap, parsed.address);
      case "udp":
        return exchangeUdp(tap, parsed);
      case "dgram":
        return exchangeDatagrams(tap, parsed);
      case "vde":
        return joinVde(tap, parsed);
    }
  }
}
