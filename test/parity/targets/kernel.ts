// The live kernel as a target. Every machine is a network namespace that nobody else has, and this thread stays in the
// one made last, so a test leaves nothing behind: the namespace dies with its last descriptor.

import { closeSync, readFileSync, writeFileSync } from "node:fs";
import { setImmediate, setTimeout } from "node:timers/promises";
import { openKernelSocket } from "../../../src/attach/node/kernel-netlink.ts";
import type { Libc } from "../../../src/attach/node/libc.ts";
import { loadLibc } from "../../../src/attach/node/libc.ts";
import { inNetns } from "../../../src/attach/node/netns.ts";
import { CLONE_NEWNET } from "../../../src/uapi/sched.ts";
import { newKernelNetns } from "../../kernel-netns.ts";
import type { StreamOptions, Target, TargetMachine, TargetNetns } from "../targets.ts";
import { openKernelPacket } from "./kernel-packet.ts";
import { openKernelGroupSocket } from "./kernel-sockets.ts";
import { connectKernelStream, listenKernelStream, loadStreamCalls } from "./kernel-stream.ts";

/** net.core.rmem_default is 212,992, and SO_RCVBUF doubles what it is given. */
const RECEIVE_BUFFER = 212_992 / 2;

export const kernelTarget: Target = {
  name: "kernel",
  async start(): Promise<TargetMachine> {
    return new KernelMachine(await loadLibc());
  },
};

class KernelMachine implements TargetMachine {
  readonly possibleCpus = countCpus(readFileSync("/sys/devices/system/cpu/possible", "utf8"));
  readonly #libc: Libc;
  readonly #namespaces = new Set<KernelNetns>();

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  async newNetns(): Promise<TargetNetns> {
    const netns = new KernelNetns(this.#libc, await newKernelNetns(this.#libc));
    this.#namespaces.add(netns);
    return netns;
  }

  async sleep(milliseconds: number): Promise<void> {
    await setTimeout(milliseconds);
    // On a busy machine the event loop comes to this timer before it has read what the sockets received meanwhile.
    await setImmediate();
  }

  async close(): Promise<void> {
    for (const netns of this.#namespaces) await netns.destroy();
  }
}

class KernelNetns implements TargetNetns {
  readonly fd: number;
  readonly #libc: Libc;
  #isOpen = true;

  constructor(libc: Libc, fd: number) {
    this.#libc = libc;
    this.fd = fd;
  }

  async openSocket(protocol: number) {
    return inNetns(this.#libc, this.fd, () => openKernelSocket(this.#libc, protocol, RECEIVE_BUFFER));
  }

  async openPacket(ifindex: number, protocol: number) {
    return inNetns(this.#libc, this.fd, () => openKernelPacket(this.#libc, ifindex, protocol));
  }

  async setSysctl(name: string, value: number) {
    const file = `/proc/sys/${name.replaceAll(".", "/")}`;
    inNetns(this.#libc, this.fd, () => writeFileSync(file, String(value)));
  }

  async openGroupSocket(family: 4 | 6, port: number) {
    return inNetns(this.#libc, this.fd, () => openKernelGroupSocket(this.#libc, family, port));
  }

  async listenStream(port: number, options: StreamOptions) {
    const calls = await loadStreamCalls();
    return inNetns(this.#libc, this.fd, () => listenKernelStream(this.#libc, calls, port, options));
  }

  async connectStream(
    to: { readonly host: string; readonly port: number; readonly localPort: number },
    options: StreamOptions,
  ) {
    const calls = await loadStreamCalls();
    return inNetns(this.#libc, this.fd, () => connectKernelStream(this.#libc, calls, to, options));
  }

  async destroy() {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.fd);
    // The thread may be in it, and holds it as long as it is.
    this.#libc.unshare(CLONE_NEWNET);
  }
}

/** Counts the CPUs of a list like `0-1,4`. */
function countCpus(list: string): number {
  return list
    .trim()
    .split(",")
    .map((range) => range.split("-").map(Number))
    .reduce((count, [first = 0, last = first]) => count + last - first + 1, 0);
}
