// What: `netns.ping` answers from a native namespace as ping(8) does there, whose stack is the kernel's.
//
//   netns red (native) [v0]──────[v1] netns blue [w0]──────[w1] netns far
//
// Source: what the distribution's ping says of the same namespace. Devices take /dev/net/tun, which is root's alone on some systems.

import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { nativeMissing, withReason } from "../../../../test/fixtures/native-missing.ts";
import { createMachine } from "../../../index.ts";
import { realTime } from "../../index.ts";
import { openNative } from "./open-native.ts";

async function makeRow() {
  const machine = createMachine(realTime());
  const [red, blue, far] = [
    await machine.netns("red"),
    await machine.netns("blue"),
    await machine.netns("far"),
  ];
  for (const netns of [red, blue, far]) await netns.setSysctl("net.ipv6.conf.default.accept_dad", 0);
  await red.link.set("lo", { isUp: true });
  await red.link.add({ kind: "veth", name: "v0", isUp: true, peer: { name: "v1", netns: "blue" } });
  await blue.link.set("v1", { isUp: true });
  await blue.link.add({ kind: "veth", name: "w0", isUp: true, peer: { name: "w1", netns: "far" } });
  await far.link.set("w1", { isUp: true });
  for (const [netns, dev, host, net] of [
    [red, "v0", 1, 0],
    [blue, "v1", 2, 0],
    [blue, "w0", 1, 1],
    [far, "w1", 2, 1],
  ] as const) {
    await netns.addr.add(`10.0.${net}.${host}/24`, { dev });
    await netns.addr.add(`fd00:${net}::${host}/64`, { dev });
  }
  await blue.setSysctl("net.ipv4.ip_forward", 1);
  await red.route.add({ dst: "10.0.0.0/8", via: "10.0.0.2" });
  const native = await openNative(machine, "red");
  return { machine, red, native };
}

describe.skipIf(nativeMissing !== undefined)(withReason("netns.ping()", nativeMissing), () => {
  test("counts, from a native namespace, the answers that ping there counts", async () => {
    const { machine, red, native } = await makeRow();
    try {
      for (const [target, answers] of [
        ["10.0.0.2", 3],
        ["fd00:0::2", 3],
        ["10.0.0.1", 3],
        ["10.0.0.9", 0],
      ] as const) {
        const { transmitted, received, rttNs } = await red.ping(target, {
          count: 3,
          intervalMs: 10,
          timeoutMs: 500,
        });
        expect({ target, transmitted, received, times: rttNs.length }).toEqual({
          target,
          transmitted: 3,
          received: answers,
          times: answers,
        });
        const ping = native.spawn(["ping", "-c3", "-i0.01", "-W0.5", "-q", target], {
          stdio: ["ignore", "pipe", "ignore"],
        });
        let text = "";
        ping.stdout?.on("data", (piece) => {
          text += piece;
        });
        await once(ping, "close");
        expect(text).toContain(`3 packets transmitted, ${answers} received`);
      }
    } finally {
      machine.close();
    }
  });

  test("keeps two pings of one target apart, and ends with the namespace", async () => {
    const { machine, red, native } = await makeRow();
    try {
      const both = await Promise.all([1, 2].map(() => red.ping("10.0.0.2", { count: 5, intervalMs: 5 })));
      expect(both.map(({ received }) => received)).toEqual([5, 5]);
      const endless = red.ping("10.0.0.9", { count: 1, timeoutMs: 60_000 }).then(
        () => "ended",
        () => "ended",
      );
      native.close();
      await machine.deleteNetns("red");
      expect(await endless).toBe("ended");
    } finally {
      machine.close();
    }
  });

  test("hears the errors of routers, and refuses as the kernel does", async () => {
    const { machine, red } = await makeRow();
    try {
      const { received, errors } = await red.ping("10.0.2.7", { count: 1, timeoutMs: 2_000 });
      expect({ received, errors: errors.length }).toEqual({ received: 0, errors: 1 });
      await expect(red.ping("192.0.2.1", { count: 1 })).rejects.toMatchObject({ code: "ENETUNREACH" });
    } finally {
      machine.close();
    }
  });
});
