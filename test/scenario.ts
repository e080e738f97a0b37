// The main job as one function: two namespaces, a pair, addresses of both families, pings, a capture. It uses nothing but
// its arguments, so that its text can be run anywhere the core runs.
//
//   netns red [v0] 10.0.0.1/24, fd00::1/64 ──────[v1] 10.0.0.2/24, fd00::2/64 netns blue

import { expect } from "vitest";
import type { createMachine, MachineOptions } from "../src/index.ts";

/** What came of it; plain values, which cross the border of a context. */
export interface PairOutcome {
  /** Answers to three pings over IPv4, three over IPv6 and one to nobody. */
  readonly received: readonly number[];
  /** Frames captured on v0, and those of them that are echo requests or replies, as lines in tcpdump's words. */
  readonly frameCount: number;
  readonly echoes: readonly string[];
  /** The first bytes of the capture as a pcapng file. */
  readonly magic: readonly number[];
  /** Sockets left open. */
  readonly sockets: number;
}

/** What a machine is made of, and how time passes while a ping waits. */
export interface ScenarioWorld extends Pick<MachineOptions, "clock" | "scheduler" | "random"> {
  readonly pass: (durationNs: number) => Promise<void>;
}

/** Runs it on a machine of its own. */
export async function pairScenario(
  core: { readonly createMachine: typeof createMachine },
  world: ScenarioWorld,
): Promise<PairOutcome> {
  const machine = core.createMachine(world);
  const red = await machine.netns("red");
  const blue = await machine.netns("blue");
  const v0 = await red.link.add({ kind: "veth", name: "v0", peer: { name: "v1", netns: "blue" } });
  await v0.up();
  await blue.link.set("v1", { isUp: true });
  await red.addr.add("10.0.0.1/24", { dev: "v0" });
  await blue.addr.add("10.0.0.2/24", { dev: "v1" });
  await red.addr.add("fd00::1/64", { dev: "v0", noDad: true });
  await blue.addr.add("fd00::2/64", { dev: "v1", noDad: true });
  const capture = await v0.capture();
  const received: number[] = [];
  for (const [destination, count] of [
    ["10.0.0.2", 3],
    ["fd00::2", 3],
    ["10.0.0.99", 1],
  ] as const) {
    const answer = red.ping(destination, { count, intervalMs: 10, timeoutMs: 200 });
    await world.pass(5_000_000_000);
    received.push((await answer).received);
  }
  await capture.stop();
  const echoes = capture.lines.filter((line) => line.includes("echo") && !line.includes("10.0.0.99"));
  const outcome = {
    received,
    frameCount: capture.frames.length,
    echoes,
    magic: [...capture.pcapng().slice(0, 4)],
  };
  machine.close();
  return { ...outcome, sockets: machine.table.size };
}

/** Expects that all went as it does on Linux. */
export function expectPair({ received, frameCount, echoes, magic, sockets }: PairOutcome): void {
  expect([...received]).toEqual([3, 3, 0]);
  // Six requests and six replies, and before them at least who asks for whose address and the answer.
  expect(echoes).toHaveLength(12);
  expect(echoes[0]).toMatch(/^IP 10\.0\.0\.1 > 10\.0\.0\.2: ICMP echo request, id \d+, seq 1, length 64$/);
  expect(echoes[11]).toMatch(/^IP6 fd00::2 > fd00::1: ICMP6, echo reply, id \d+, seq 3, length 64$/);
  expect(frameCount).toBeGreaterThan(16);
  // The section header's block type.
  expect([...magic]).toEqual([0x0a, 0x0d, 0x0d, 0x0a]);
  expect(sockets).toBe(0);
}
