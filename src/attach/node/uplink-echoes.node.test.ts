// What: pings leave a lab by ICMP sockets of this process, answers and errors come back in the names of those who sent them; where
// the system forbids such sockets that is said, to the caller and to the lab.
//
//   red [uplink0] ──── uplink ··· this process, in a namespace of the kernel's [h0]──[r0] a router of the kernel's, which refuses
//
// Source: icmp(7) and net.ipv4.ping_group_range of the live kernel, which is both ends here.

import { execFileSync } from "node:child_process";
import { closeSync, writeFileSync } from "node:fs";
import { realTime } from "uveth/attach";
import { test as base, describe, expect } from "vitest";
import { newKernelNetns } from "../../../test/kernel-netns.ts";
import { canMakeNamespaces } from "../../../test/parity/kernel-child.ts";
import { addressText } from "../../client/address-text.ts";
import type { MachineNetns } from "../../index.ts";
import { createMachine } from "../../index.ts";
import { CLONE_NEWNET } from "../../uapi/sched.ts";
import { uplink } from "./index.ts";
import { loadLibc } from "./libc.ts";
import { openOwnNetns } from "./netns.ts";

const everybody = "0 2147483647";
const nobody = "1 0";
const rangeFile = "/proc/sys/net/ipv4/ping_group_range";

const ip = (words: string): void => void execFileSync("ip", words.split(" "));

/** This thread is in a namespace of the kernel's own during the test, beside a router that it reaches over h0. */
const test = base.extend<{ red: MachineNetns; kernel: { setRange(range: string): void } }>({
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads the pattern to learn what a fixture needs
  kernel: async ({}, use) => {
    const libc = await loadLibc();
    const home = openOwnNetns();
    const router = `uveth-uplink-${process.pid}`;
    const own = await newKernelNetns(libc);
    try {
      ip(`netns add ${router}`);
      ip("link set lo up");
      ip(`link add h0 type veth peer name r0 netns ${router}`);
      for (const [dev, host, where] of [
        ["h0", 2, []],
        ["r0", 1, ["-n", router]],
      ] as const) {
        const run = (words: string): void => ip([...where, ...words.split(" ")].join(" "));
        run(`link set ${dev} up`);
        run(`addr add 192.0.2.${host}/24 dev ${dev}`);
        run(`addr add 2001:db8::${host}/64 dev ${dev} nodad`);
      }
      ip("route add default via 192.0.2.1");
      ip("route add default via 2001:db8::1");
      for (const word of ["unreachable 198.51.100.0/24", "prohibit 203.0.113.0/24"])
        ip(`-n ${router} route add ${word}`);
      // Whatever has hops left comes round and round.
      ip(`-n ${router} route add 198.18.0.0/24 via 192.0.2.2`);
      ip(`-n ${router} route add 2001:db8:2::/64 via 2001:db8::2`);
      ip(`-n ${router} route add prohibit 2001:db8:1::/48`);
      ip(`-n ${router} link set lo up`);
      for (const name of ["net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"])
        ip(`netns exec ${router} sysctl -qw ${name}=1`);
      await use({ setRange: (range) => writeFileSync(rangeFile, range) });
    } finally {
      ip(`netns del ${router}`);
      closeSync(own);
      libc.setns(home, CLONE_NEWNET);
      closeSync(home);
    }
  },
  red: async ({ kernel }, use) => {
    expect(kernel).toBeDefined();
    const machine = createMachine(realTime());
    await use(await machine.netns("red"));
    machine.close();
  },
});

/** Pings once; says what came back, and who said so. */
async function answer(netns: MachineNetns, to: string, options: object = {}): Promise<string> {
  const { errors, received } = await netns.ping(to, { timeoutMs: 2_000, ...options });
  const [error] = errors;
  if (error === undefined) return received === 1 ? "answered" : "silence";
  return `${error.icmpType}/${error.icmpCode} from ${addressText(error.source ?? new Uint8Array(4))}`;
}

describe.skipIf(!canMakeNamespaces())("uplink(), ICMP sockets allowed", () => {
  test("carries pings of both families to the real loopback, small and large", async ({ kernel, red }) => {
    kernel.setRange(everybody);
    const up = await uplink(red, { hostLoopback: true, echo: true });
    const ttls: (number | undefined)[] = [];
    const onEvent = ({ ttl }: { ttl?: number }): void => void (ttl !== undefined && ttls.push(ttl));
    const result = await red.ping("10.0.2.2", { count: 3, intervalMs: 10, timeoutMs: 2_000, onEvent });
    expect(result).toMatchObject({ transmitted: 3, received: 3, errors: [] });
    expect(ttls.at(-1)).toBe(63);
    for (const to of ["10.0.2.2", "fd00:2::2"]) {
      expect(await answer(red, to)).toBe("answered");
      expect(await answer(red, to, { size: 20_000 })).toBe("answered");
    }
    await up.close();
  });

  test("brings errors of the way back from the routers that made them", async ({ kernel, red }) => {
    kernel.setRange(everybody);
    const up = await uplink(red, { echo: true });
    expect(await answer(red, "192.0.2.1")).toBe("answered");
    expect(await answer(red, "2001:db8::1")).toBe("answered");
    expect(await answer(red, "198.51.100.1")).toBe("3/1 from 192.0.2.1");
    expect(await answer(red, "203.0.113.1")).toBe("3/13 from 192.0.2.1");
    expect(await answer(red, "2001:db8:1::1")).toBe("1/1 from 2001:db8::1");
    await up.close();
  });

  test("is one hop of a traceroute itself", async ({ kernel, red }) => {
    kernel.setRange(everybody);
    const up = await uplink(red, { echo: true });
    expect(await answer(red, "198.18.0.1", { ttl: 1 })).toBe("11/0 from 10.0.2.2");
    expect(await answer(red, "198.18.0.1", { ttl: 2 })).toBe("11/0 from 192.0.2.1");
    expect(await answer(red, "2001:db8:2::1", { ttl: 1 })).toBe("3/0 from fd00:2::2");
    expect(await answer(red, "2001:db8:2::1", { ttl: 2 })).toBe("3/0 from 2001:db8::1");
    await up.close();
  });

  test("refuses what may not be reached", async ({ kernel, red }) => {
    kernel.setRange(everybody);
    const up = await uplink(red, { echo: true, allow: ({ host }) => host !== "192.0.2.1" });
    expect(await answer(red, "192.0.2.1")).toBe("3/13 from 10.0.2.2");
    expect(await answer(red, "10.0.2.2")).toBe("answered");
    await up.close();
  });
});

describe.skipIf(!canMakeNamespaces())("uplink(), ICMP sockets forbidden", () => {
  test("names the setting, and tells the lab that pings are prohibited", async ({ kernel, red }) => {
    kernel.setRange(nobody);
    const cure = /^This process may open no ICMP sockets: .*ping_group_range='0 2147483647'\)$/;
    await expect(uplink(red, { echo: true })).rejects.toMatchObject({
      code: "EACCES",
      message: expect.stringMatching(cure),
    });
    expect((await red.link.list()).map(({ ifname }) => ifname)).toEqual(["lo"]);
    const up = await uplink(red);
    expect(up.echoError?.message).toMatch(cure);
    expect(await answer(red, "192.0.2.1")).toBe("3/13 from 10.0.2.2");
    expect(await answer(red, "2001:db8::1")).toBe("1/1 from fd00:2::2");
    expect(await answer(red, "10.0.2.2")).toBe("answered");
    await up.close();
  });
});
