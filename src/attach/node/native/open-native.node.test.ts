// What: a namespace of a machine that programs run in is the same seen from inside and from outside, whoever changes it.
//
//   netns red [v0]──────[v1] netns blue
//
// Source: the live kernel. Devices take /dev/net/tun, which is root's alone on some systems.

import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { nativeMissing, withReason } from "../../../../test/fixtures/native-missing.ts";
import type { Machine, NetnsClient } from "../../../index.ts";
import { createMachine, SeededRandom, VirtualClock } from "../../../index.ts";
import { leaks } from "../../../testkit/index.ts";
import { realTime } from "../../index.ts";
import type { NativeNamespace } from "./open-native.ts";
import { openNative } from "./open-native.ts";

/** Runs a line of the shell inside and returns what it says; it must succeed. */
async function inside(native: NativeNamespace, line: string): Promise<string> {
  const child = native.spawn(["sh", "-c", line], { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  child.stdout?.on("data", (piece) => {
    text += piece;
  });
  child.stderr?.on("data", (piece) => {
    text += piece;
  });
  const [code] = await once(child, "close");
  expect({ line, code, text: code === 0 ? "" : text }).toEqual({ line, code: 0, text: "" });
  return text;
}

/** What both sides must agree on. */
async function linksOutside(netns: NetnsClient): Promise<unknown> {
  return (await netns.link.list()).map(({ ifindex, ifname, mtu, address, flags, txqlen }) => ({
    ...{ ifindex, ifname, mtu, address, flags, txqlen },
  }));
}

const flagNames = [
  ["UP", 0x1],
  ["BROADCAST", 0x2],
  ["LOOPBACK", 0x8],
  ["NOARP", 0x80],
  ["MULTICAST", 0x1000],
  ["LOWER_UP", 0x10000],
] as const;

async function linksInside(native: NativeNamespace): Promise<unknown> {
  interface IpLink extends Record<"ifindex" | "mtu" | "txqlen", number> {
    readonly ifname: string;
    readonly address: string;
    readonly flags: readonly string[];
  }
  const links: IpLink[] = JSON.parse(await inside(native, "ip -j link"));
  return links.map(({ ifindex, ifname, mtu, address, flags, txqlen }) => {
    let bits = flags.includes("UP") && !flags.includes("NO-CARRIER") ? 0x40 : 0;
    for (const [name, bit] of flagNames) if (flags.includes(name)) bits |= bit;
    return { ifindex, ifname, mtu, address, flags: bits, txqlen };
  });
}

describe.skipIf(nativeMissing !== undefined)(withReason("openNative()", nativeMissing), () => {
  const machines: Machine[] = [];
  afterEach(() => {
    for (const machine of machines.splice(0)) machine.close();
  });

  async function makePair() {
    const machine = createMachine(realTime());
    machines.push(machine);
    const [red, blue] = [await machine.netns("red"), await machine.netns("blue")];
    await red.link.add({ kind: "veth", name: "v0", isUp: true, peer: { name: "v1", netns: "blue" } });
    await blue.link.set("v1", { isUp: true });
    return { machine, red, blue };
  }

  test("shows links inside as they are outside, whatever happens to them", async () => {
    const { machine, red } = await makePair();
    const native = await openNative(machine, "red");
    const same = async (): Promise<void> => {
      expect(await linksInside(native)).toEqual(await linksOutside(red));
    };
    await same();
    await red.link.set("v0", { mtu: 1_400, address: "02:00:00:00:00:07", txqlen: 500 });
    await same();
    await red.link.set("v0", { isUp: false });
    await red.link.set("v0", { name: "w0" });
    await same();
    await red.link.set("w0", { isUp: true, arp: false });
    await red.link.set("lo", { isUp: true });
    await red.link.add({ kind: "dummy", name: "d0", ifindex: 50 });
    await red.link.add({ kind: "veth", name: "p0", isUp: true, peer: { name: "p1" } });
    await same();
    await red.link.del("d0");
    await same();
    await machine.netns("green");
    await red.link.set("w0", { netns: "green" });
    await same();
    machine.close();
    expect(leaks(machine)).toEqual([]);
  });

  test("keeps a link-local address that nobody else has, and does not ask for it again", async () => {
    const { machine, red } = await makePair();
    const linkLocal = async () =>
      (await red.addr.list()).filter(({ address }) => address.startsWith("fe80:"));
    const tentative = 0x40;
    await expect
      .poll(async () => (await linkLocal()).map(({ flags }) => flags & tentative), { timeout: 10_000 })
      .toEqual([0]);
    const [own] = await linkLocal();
    const native = await openNative(machine, "red");
    const shown = await inside(native, "ip -o -6 addr show dev v0");
    expect(shown).toContain(` inet6 ${own?.address}/64 scope link `);
    expect(shown).not.toContain("tentative");
  });

  test("shows links outside as programs inside set them", async () => {
    const { machine, red, blue } = await makePair();
    const native = await openNative(machine, "red");
    const other = await openNative(machine, "blue");
    const same = async (): Promise<void> => {
      const expected = await linksInside(native);
      await expect.poll(() => linksOutside(red)).toEqual(expected);
      expect(await linksInside(other)).toEqual(await linksOutside(blue));
    };
    await inside(native, "ip link set v0 mtu 1300 address 02:00:00:00:00:08");
    await same();
    await inside(native, "ip link set v0 down");
    await same();
    expect((await blue.link.get("v1")).flags & 0x10000).toBe(0);
    await inside(native, "ip link set v0 name w0 && ip link set w0 up arp off");
    await same();
    await inside(native, "ip link set lo up && ip link set w0 arp on");
    await same();
    await inside(native, "ip link del w0");
    await same();
    expect((await blue.link.list()).map(({ ifname }) => ifname)).toEqual(["lo"]);
  });

  test("shows devices that programs make inside, which stay the kernel's", async () => {
    const { machine, red } = await makePair();
    const native = await openNative(machine, "red");
    const same = async (): Promise<void> => {
      // The kernel takes its time to see that a link does not run.
      const isSame = async () => isDeepStrictEqual(await linksInside(native), await linksOutside(red));
      await expect.poll(isSame, { timeout: 5_000 }).toBe(true);
    };
    await inside(native, "ip link add k0 up type veth peer name k1; ip link add br7 type bridge");
    await same();
    expect((await red.link.get("br7")).linkinfo?.kind).toBe("bridge");
    // A new link outside takes neither their names nor their indexes.
    await red.link.add({ kind: "dummy" });
    await same();
    await red.link.set("k1", { isUp: true, mtu: 1_200 });
    await same();
    await expect(red.link.set("k1", { netns: "blue" })).rejects.toMatchObject({ code: "EINVAL" });
    await red.link.del("k0");
    await same();
    await inside(native, "ip link del br7");
    await same();
    machine.close();
    expect(leaks(machine)).toEqual([]);
  });

  test("hands requests about addresses and routes on, and tells of what comes of them", async () => {
    const { machine, red } = await makePair();
    await red.addr.add("10.0.0.1/24", { dev: "v0" });
    const native = await openNative(machine, "red");
    const monitor = await red.monitor(["addr"]);
    await red.addr.add("10.1.0.1/24", { dev: "v0" });
    expect(await inside(native, "ip -o -4 addr; ip route")).toMatch(
      /inet 10\.0\.0\.1\/24(.|\n)*inet 10\.1\.0\.1\/24(.|\n)*10\.0\.0\.0\/24 dev v0(.|\n)*10\.1\.0\.0\/24 dev v0/,
    );
    for await (const event of monitor) {
      if (event.subject !== "addr" || event.addr.address !== "10.1.0.1") continue;
      expect(event.action).toBe("new");
      break;
    }
    await expect(red.addr.add("10.1.0.1/24", { dev: "v0" })).rejects.toMatchObject({ code: "EEXIST" });
    await inside(native, "ip addr flush dev v0");
    expect(await red.addr.list({ dev: "v0", family: 2 })).toEqual([]);
  });

  test("names the hosts of the machine, and no name server", async () => {
    const { machine, red, blue } = await makePair();
    await red.addr.add("10.0.0.1/24", { dev: "v0" });
    await blue.addr.add("10.0.0.2/24", { dev: "v1" });
    const before = readFileSync("/etc/hosts", "utf8");
    const native = await openNative(machine, "red");
    expect(await inside(native, "getent hosts blue red; grep -c ^nameserver /etc/resolv.conf; true")).toBe(
      "10.0.0.2        blue\n10.0.0.1        red\n0\n",
    );
    const other = await openNative(machine, "blue");
    await inside(other, "ip addr add 10.7.0.77/24 dev v1 && ip addr del 10.0.0.2/24 dev v1");
    await expect.poll(() => inside(native, "getent hosts blue; true")).toBe("10.7.0.77       blue\n");
    expect(readFileSync("/etc/hosts", "utf8")).toBe(before);
  });

  test("leaves a file of /etc/netns as it is", async () => {
    const machine = createMachine(realTime());
    machines.push(machine);
    const name = `uveth-test-${process.pid}`;
    await machine.netns(name);
    const made = mkdirSync(`/etc/netns/${name}`, { recursive: true });
    try {
      writeFileSync(`/etc/netns/${name}/hosts`, "10.9.9.9\tgreen\n");
      const native = await openNative(machine, name);
      expect(await inside(native, "cat /etc/hosts")).toBe("10.9.9.9\tgreen\n");
      expect(readFileSync(`/etc/netns/${name}/hosts`, "utf8")).toBe("10.9.9.9\tgreen\n");
    } finally {
      if (made !== undefined) rmSync(made, { recursive: true });
    }
  });

  test("ends its programs when it is closed, and begins anew", async () => {
    const { machine, red } = await makePair();
    const native = await openNative(machine, "red");
    const child = native.spawn(["sh", "-c", "echo runs; sleep 99"], { stdio: ["ignore", "pipe", "inherit"] });
    if (child.stdout !== null) await once(child.stdout, "data");
    native.close();
    expect(await once(child, "exit")).toEqual([null, "SIGKILL"]);
    await red.addr.add("10.0.0.1/24", { dev: "v0" });
    expect(await inside(await openNative(machine, "red"), "ip -o -4 addr")).toContain("10.0.0.1/24");
  });

  test("refuses virtual time, and a namespace there is not", async () => {
    const clock = new VirtualClock();
    const machine = createMachine({ clock, scheduler: clock, random: new SeededRandom(1) });
    machines.push(machine);
    await machine.netns("red");
    await expect(openNative(machine, "red")).rejects.toThrow(
      "Programs of the system cannot run in virtual time: give the machine realTime()",
    );
    await expect(openNative(machine, "blue")).rejects.toMatchObject({ code: "ENOENT" });
  });
});
