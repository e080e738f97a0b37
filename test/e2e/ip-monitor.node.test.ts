// What: `uveth ip monitor` tells what iproute2's tells, byte for byte, of the same namespace at the same time.
//
//   ip monitor ──┐
//                ├── namespace [v0]──[v1]   ip link set …, ip addr add …
//   ours ────────┘
//
// Source: iproute2 6.1.0, run beside us on the live kernel. A change of lo's MTU marks where the comparison begins and ends.
// Renaming is left out: iproute2 6.1 goes on with the old name where a line is not about the link itself.

import { spawn, spawnSync } from "node:child_process";
import { closeSync } from "node:fs";
import { expect, test } from "vitest";
import type { Libc } from "../../src/attach/node/libc.ts";
import { loadLibc } from "../../src/attach/node/libc.ts";
import { inNetns } from "../../src/attach/node/netns.ts";
import { run } from "../../src/cli/command.ts";
import { CLONE_NEWNET } from "../../src/uapi/sched.ts";
import { newKernelNetns } from "../kernel-netns.ts";
import { canMakeNamespaces, resultInChild } from "../parity/kernel-child.ts";
import { ENVIRONMENT, kernelProvider, quietIo, systemVersion } from "./scenario.ts";

/** The version whose words ours are. */
const VERSION = "6.1.0";
const BEGIN = 60001;
const END = 60002;

/** What happens while both watch. */
const EVENTS = `
  link add v0 index 10 address 02:00:00:00:00:10 type veth peer name v1 index 11 address 02:00:00:00:00:11
  link set v0 addrgenmode none
  link set v1 addrgenmode none
  link set v0 up
  link set v1 up
  addr add 10.0.0.1/24 dev v0
  addr add 2001:db8::1/64 dev v0 nodad
  neigh add 10.0.0.9 lladdr 02:00:00:00:00:99 dev v0
  neigh del 10.0.0.9 dev v0
  route add 10.9.0.0/16 via 10.0.0.2
  route add 10.10.0.0/16 nexthop via 10.0.0.2 nexthop via 10.0.0.3
  route del 10.9.0.0/16
  link set v0 alias text
  addr del 10.0.0.1/24 dev v0
  link set v0 down
  link del v0
`;

const version = systemVersion();

for (const words of [
  "monitor link address route neigh",
  "monitor link address route neigh label",
  "-o -d -c monitor link address route neigh",
  "-j monitor link address",
  "-4 monitor link address route neigh",
  "-6 monitor link address route",
  "monitor dev lo link address route",
]) {
  const name = `the command tells what iproute2 tells: ip ${words}`;
  test(name, { timeout: 20_000 }, async (context) => {
    if (version === undefined) return context.skip("iproute2 is not installed");
    if (version !== VERSION)
      return context.skip(`iproute2 is ${version} here, and ours speaks as ${VERSION} does`);
    if (!canMakeNamespaces()) return resultInChild(context, name);
    const libc = await loadLibc();
    const fd = await newKernelNetns(libc);
    try {
      const { system, ours } = await watch(libc, fd, words.split(" "));
      expect(ours).toBe(system);
      expect(system).not.toBe("");
    } finally {
      closeSync(fd);
      libc.unshare(CLONE_NEWNET);
    }
  });
}

/** Both watch; returns what each told between the marks. */
async function watch(
  libc: Libc,
  fd: number,
  words: readonly string[],
): Promise<{ system: string; ours: string }> {
  const ip = (line: string): void => {
    const { status, stderr } = inNetns(libc, fd, () =>
      spawnSync("ip", line.split(" "), { encoding: "utf8" }),
    );
    if (status !== 0) throw new Error(`ip ${line}: ${stderr}`);
  };
  const told = { system: "", ours: "" };
  const child = inNetns(libc, fd, () => spawn("ip", words, { env: ENVIRONMENT }));
  child.stdout.setEncoding("utf8").on("data", (text: string) => (told.system += text));
  let interrupt = (): void => {};
  const io = {
    ...quietIo(kernelProvider(libc, fd)),
    stdout: (text: string) => void (told.ours += text),
    onInterrupt: (listener: () => void) => {
      interrupt = listener;
      return () => {};
    },
  };
  const ended = run(["ip", ...words], io);
  const haveBothTold = (mtu: number): boolean =>
    told.system.includes(`${mtu}`) && told.ours.includes(`${mtu}`);
  try {
    // Until both have joined their groups, they miss it.
    for (let mtu = 50_000; !haveBothTold(mtu - 1); mtu++) {
      ip(`link set lo mtu ${mtu}`);
      await turn();
    }
    ip(`link set lo mtu ${BEGIN}`);
    for (const line of EVENTS.trim().split("\n")) {
      ip(line.trim());
      await turn();
    }
    ip(`link set lo mtu ${END}`);
    while (!haveBothTold(END)) await turn();
  } finally {
    interrupt();
    child.kill();
    await ended;
  }
  return { system: between(told.system), ours: between(told.ours) };
}

/** Lets the event loop read what has come. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** What stands from the first mark to the second. */
function between(text: string): string {
  return text.slice(text.indexOf(`mtu ${BEGIN}`), text.lastIndexOf(`mtu ${END}`));
}
