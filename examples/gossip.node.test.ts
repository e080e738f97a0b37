// What: the gossip example spreads a rumour to all, stays in its half during a partition, and repeats from its seed.

import { expect, test } from "vitest";
import { gossip } from "./gossip.ts";

test("a rumour reaches everybody, but not through a partition, and the same seed gives the same run", async () => {
  const options = { seed: 7, hosts: 20, seconds: 160, everySeconds: 2 };
  const { tookMs: _, ...first } = await gossip(options);
  expect(first.reachedInPartition).toBe(10);
  expect(first.spreadSeconds).toHaveLength(2);
  // The second began when the partition did, a minute before it was healed.
  expect(first.spreadSeconds[1]).toBeGreaterThan(60);
  const { tookMs: __, ...second } = await gossip(options);
  expect(second).toEqual(first);
});
