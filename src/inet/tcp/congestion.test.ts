// What: the congestion window follows the path: slow start ends before the queue overflows, a pause halves it step by step, and a
// delay that looked like a loss costs it nothing.
//
//   red ──100 Mbit/s, 10 ms, 1,000 frames──▶ blue, and back
//
// Source: Ha and Rhee (hystart), RFC 5681 4.1, RFC 2861 3, RFC 5682 2.1; net/ipv4/tcp_cubic.c (hystart_update), tcp_output.c
// (tcp_cwnd_restart), tcp_input.c (tcp_process_loss).

import { describe, expect } from "vitest";
import { MS, SECOND } from "../../../test/fixtures.ts";
import { test as base, connectionTo, onlySocket } from "../../../test/hosts.ts";
import { setNetem } from "../../client/netem.ts";
import type { Connection, MachineNetns } from "../../index.ts";
import { NETIF_F_ALL_TSO, NETIF_F_GSO, updateFeatures } from "../../net/features.ts";
import { INFINITE } from "./socket.ts";
import { CA_LOSS, CA_OPEN } from "./state.ts";

const wire = { rate: "100mbit", delay: "10ms", limit: 1_000, seed: 1 };

/** A stream from red to blue over the wire, real segments. */
const test = base.extend<{ stream: { readonly from: Connection; readonly to: Connection } }>({
  stream: async ({ blue, clock, pair, red }, use) => {
    for (const [host, dev] of [
      [red, pair.red],
      [blue, pair.blue],
    ] as const) {
      dev.wantedFeatures &= ~(NETIF_F_ALL_TSO | NETIF_F_GSO);
      updateFeatures(dev);
      await ill(host, dev.ifindex, wire);
    }
    const listener = blue.listen({ port: 80 });
    const [from, to] = await connectionTo(red, listener, "10.0.0.2", clock);
    listener.close();
    await use({ from, to });
    from.reset();
    to.reset();
    await clock.advance(SECOND);
  },
});

function ill(host: MachineNetns, ifindex: number, options: Parameters<typeof setNetem>[2]): Promise<void> {
  return setNetem(host.rtnl, ifindex, options);
}

/** Reads all that comes; says how much it was. */
function drain(to: Connection): { readonly count: number } {
  const result = { count: 0 };
  void (async () => {
    for (;;) {
      const part = await to.read().catch(() => null);
      if (part === null) return;
      result.count += part.length;
    }
  })();
  return result;
}

describe("slow start", () => {
  test("ends when round trips grow, before anything is lost", async ({ clock, machine, stream }) => {
    const received = drain(stream.to);
    const writing = stream.from.write(new Uint8Array(4_000_000));
    await clock.advance(2 * SECOND);
    await writing;
    const socket = onlySocket(machine, "red");
    expect(received.count).toBe(4_000_000);
    expect(socket.totalRetransmits).toBe(0);
    expect(socket.ssthresh).toBeLessThan(INFINITE);
    // Half of 166 segments in flight at least, and never what fills the queue behind them.
    expect(socket.cwnd / socket.mss).toBeGreaterThan(83);
    expect(socket.cwnd / socket.mss).toBeLessThan(1_000);
  });
});

describe("a pause", () => {
  test("halves the window with each time-out that could have been, down to the initial one", async ({
    clock,
    machine,
    stream,
  }) => {
    drain(stream.to);
    const writing = stream.from.write(new Uint8Array(1_000_000));
    await clock.advance(SECOND);
    await writing;
    const socket = onlySocket(machine, "red");
    const { cwnd, lastSentNs, mss, rtoNs } = socket;
    expect(cwnd / mss).toBeGreaterThan(40);
    await clock.advance(lastSentNs + 2.5 * rtoNs - clock.now());
    await stream.from.write(new Uint8Array(1));
    expect(socket.cwnd).toBe(cwnd / 4);
    await clock.advance(SECOND);
    await clock.advance(60 * SECOND);
    await stream.from.write(new Uint8Array(1));
    expect(socket.cwnd).toBe(10 * mss);
    await clock.advance(SECOND);
  });
});

describe("a time-out", () => {
  test("for nothing gives back the window, and nothing but the first segment was sent again", async ({
    clock,
    machine,
    pair,
    red,
    stream,
  }) => {
    const received = drain(stream.to);
    const socket = onlySocket(machine, "red");
    const writing = stream.from.write(new Uint8Array(400_000));
    await clock.advance(200 * MS);
    await writing;
    const { cwnd, ssthresh } = socket;
    // From now on every frame takes a second: acknowledgements stay away long enough for the timer.
    await ill(red, pair.red.ifindex, { ...wire, delay: "1s" });
    const more = stream.from.write(new Uint8Array(60_000));
    await clock.advance(700 * MS);
    expect(socket.caState).toBe(CA_LOSS);
    expect(socket.cwnd).toBeLessThan(cwnd);
    await clock.advance(20 * SECOND);
    await more;
    expect(received.count).toBe(460_000);
    expect(socket.caState).toBe(CA_OPEN);
    expect(socket.cwnd).toBeGreaterThanOrEqual(cwnd);
    expect(socket.ssthresh).toBe(ssthresh);
    expect(socket.totalRetransmits).toBeLessThanOrEqual(3);
  });
});
