// lab: how long a lab of so many hosts on switches takes to come up, and how much faster than real time the gossip example is.

import { gossip } from "../examples/gossip.ts";
import { createLab, linear } from "../src/lab/index.ts";
import type { BenchContext } from "./main.ts";

export async function run({ report, say }: BenchContext): Promise<void> {
  for (const [switches, hosts] of [
    [10, 10],
    [20, 50],
  ] as const) {
    say(`lab/${switches * hosts} hosts`);
    const began = performance.now();
    const lab = createLab({ seed: 1, time: "virtual" });
    linear(lab, switches, hosts);
    await lab.start();
    const tookMs = performance.now() - began;
    await lab.close();
    report({ name: `lab/${switches * hosts} hosts up`, unit: "ms", rounds: 1, uveth: tookMs });
  }
  say("lab/gossip");
  const seconds = 3_600;
  const { tookMs } = await gossip({ seed: 1, hosts: 100, seconds, everySeconds: 5 });
  report({
    name: "lab/gossip, 100 hosts, one hour",
    unit: "times real time",
    rounds: 1,
    uveth: seconds / (tookMs / 1_000),
  });
}
