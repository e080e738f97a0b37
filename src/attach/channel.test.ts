// What: a TAP on a channel of messages: frames both ways, carrier with a WebSocket, what is no frame is ignored, what a slow socket
// cannot take is dropped and counted.

import { MessageChannel } from "node:worker_threads";
import { describe, expect, vi } from "vitest";
import { countersOf, openRed, requestFor2, test } from "../../test/tap.ts";
import { IF_OPER_DOWN, IF_OPER_UP } from "../uapi/if.ts";
import { attachChannel } from "./index.ts";

/** What a page's WebSocket is to attachChannel. */
class Socket extends EventTarget {
  readyState = 0;
  bufferedAmount = 0;
  binaryType = "blob";
  readonly sent: Uint8Array[] = [];

  send(frame: Uint8Array): void {
    this.sent.push(frame);
  }

  become(readyState: number, event: string): void {
    this.readyState = readyState;
    this.dispatchEvent(new Event(event));
  }

  receive(data: unknown): void {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }
}

describe("a WebSocket", () => {
  test("carries frames and gives carrier while it is open", async ({ world }) => {
    const { red, tap } = await openRed(world);
    const socket = new Socket();
    const attached = attachChannel(tap, socket);
    expect(socket.binaryType).toBe("arraybuffer");
    expect((await red.link.get("tap0")).operstate).toBe(IF_OPER_DOWN);
    socket.become(1, "open");
    await world.clock.advance(0);
    expect((await red.link.get("tap0")).operstate).toBe(IF_OPER_UP);

    socket.sent.length = 0;
    socket.receive(requestFor2.slice().buffer);
    await world.clock.advance(0);
    expect(socket.sent.at(-1)?.subarray(20, 22)).toEqual(Uint8Array.of(0, 2));

    socket.become(3, "close");
    await world.clock.advance(0);
    expect((await red.link.get("tap0")).operstate).toBe(IF_OPER_DOWN);
    attached.close();
  });

  test("that is slow loses frames, which are counted", async ({ world }) => {
    const { red, tap } = await openRed(world);
    const socket = new Socket();
    socket.readyState = 1;
    attachChannel(tap, socket);
    await world.clock.advance(0);
    socket.sent.length = 0;
    socket.bufferedAmount = 2 ** 21;
    const dropped = (await countersOf(red)).txDropped;
    tap.deliver(requestFor2);
    await world.clock.advance(0);
    expect(socket.sent).toEqual([]);
    expect((await countersOf(red)).txDropped).toBe(dropped + 1);
  });

  test.for([undefined, "text", 7, null, new ArrayBuffer(0), new Uint8Array(13)])(
    "ignores the message %o",
    async (data, { world }) => {
      const { red, tap } = await openRed(world);
      const socket = new Socket();
      socket.readyState = 1;
      attachChannel(tap, socket);
      socket.receive(data);
      expect((await countersOf(red)).rxPackets).toBe(0);
    },
  );
});

test("a MessagePort carries frames until the TAP goes", async ({ world }) => {
  const { red, tap } = await openRed(world);
  const { port1, port2 } = new MessageChannel();
  try {
    attachChannel(tap, port1);
    const heard = vi.fn();
    port2.on("message", heard);
    port2.postMessage(requestFor2);
    await expect.poll(() => heard.mock.calls.some(([frame]) => frame[21] === 2)).toBe(true);
    await red.link.del("tap0");
    expect(tap.isOpen).toBe(false);
    expect(tap.deliver(requestFor2)).toBe(false);
  } finally {
    port1.close();
    port2.close();
  }
});
