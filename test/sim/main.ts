// npm run sim: seeds one after the other until told to stop, or as many as asked for. A seed that breaks a rule is printed, and
// the run ends with 1.

import { commandLine } from "../command-line.ts";
import { flood } from "./flood.ts";
import { simulate } from "./scenario.ts";

const USAGE = `Usage: npm run sim -- [--seed N] [--count N]
       npm run sim -- --flood [--seed N] [--count PACKETS]
Lets hosts talk TCP over bad wires in virtual time, one seed after the other, and holds them to the rules; exit code 1 when one is
broken.
  --seed N   the first seed; one at random by default. Alone it is run by itself, and its result told
  --count N  how many; without end by default
  --flood    hostile packets instead, a million by default`;

const { values } = commandLine(USAGE, {
  seed: { type: "string" },
  count: { type: "string" },
  flood: { type: "boolean" },
});
const first = Number(values.seed ?? Math.floor(Math.random() * 0x7fff_ffff));
const count =
  values.count !== undefined
    ? Number(values.count)
    : values.seed !== undefined
      ? 1
      : Number.POSITIVE_INFINITY;

if (values.flood === true) await runFlood(first, Number(values.count ?? 1_000_000));
else await runSeeds();

/** Hostile packets in batches, each into a machine of its own. */
async function runFlood(seed: number, packets: number): Promise<void> {
  const batch = 100_000;
  console.log(`flood: ${packets} packets from seed ${seed}`);
  for (let sent = 0; sent < packets; sent += batch) {
    const number = seed + sent / batch;
    try {
      console.log(
        `flood: seed ${number} ${JSON.stringify(await flood(number, Math.min(batch, packets - sent)))}`,
      );
    } catch (error) {
      console.log(
        `flood: seed ${number} breaks a rule: ${error instanceof Error ? error.stack : String(error)}`,
      );
      process.exitCode = 1;
      return;
    }
  }
}

async function runSeeds(): Promise<void> {
  const reportEvery = 100;
  let done = 0;
  let bytes = 0;
  let segments = 0;
  const started = performance.now();

  console.log(`sim: from seed ${first}`);
  for (let seed = first; seed < first + count && process.exitCode === undefined; seed++) {
    try {
      const result = await simulate(seed);
      done++;
      bytes += result.bytes;
      segments += result.segments;
      if (count === 1) console.log(JSON.stringify(result));
    } catch (error) {
      console.log(
        `sim: seed ${seed} breaks a rule: npm run sim -- --seed ${seed}\n${error instanceof Error ? error.stack : String(error)}`,
      );
      process.exitCode = 1;
    }
    if (done % reportEvery === 0 && count !== 1) {
      const seconds = ((performance.now() - started) / 1_000).toFixed(0);
      console.log(`sim: ${done} seeds, ${(bytes / 1e6).toFixed(0)} MB, ${segments} segments, ${seconds} s`);
    }
  }
  if (process.exitCode === undefined) console.log(`sim: no rule was broken in ${done} seeds`);
}
