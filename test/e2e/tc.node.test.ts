// What: `uveth tc` says what iproute2's `tc` says: on the live kernel, on a machine, and for the disciplines this kernel lacks
// when both look at the same machine.
//
//   the system's tc ── the live kernel          ours ── the live kernel; a machine
//   the system's tc ── uveth run ── a daemon    ours ── a machine
//
// Source: iproute2 6.1.0, run beside us. The lines are in tc-lines.ts and here.

import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { run } from "../../src/cli/command.ts";
import { createTestMachine } from "../../src/testkit/index.ts";
import { canMakeNamespaces } from "../parity/kernel-child.ts";
import { quietIo } from "./scenario.ts";
import { testScenarios } from "./scenario-tests.ts";
import { tcChains, tcClasses, tcQdiscErrors, tcQdiscs } from "./tc-lines.ts";
import { test } from "./uveth.ts";

testScenarios("kernel", [tcQdiscs, tcQdiscErrors, tcClasses, tcChains]);
testScenarios("machine", [tcQdiscs, tcQdiscErrors, tcClasses, tcChains]);

/** What this kernel has not: netem, prio, fq_codel, matchall, gact. Each line is run as it stands. */
const lines = `
  qdisc add dev v0 root handle 1: netem delay 10ms 2ms 25% loss 1% 5% duplicate 2% corrupt 0.5% reorder 10% 50% gap 5 rate 10mbit limit 500
  -d -s qdisc show dev v0
  -s -j -p qdisc show dev v0
  qdisc change dev v0 root netem delay 20ms loss gemodel 1% 10% 70% 0.1%
  -j qdisc show dev v0
  qdisc replace dev v0 root netem delay 10ms 5ms distribution normal loss state 1% 2% 3% 4% 5% ecn
  qdisc show dev v0
  qdisc replace dev v0 root netem slot 800us 1ms packets 5 bytes 100
  qdisc show dev v0
  -j qdisc show dev v0
  qdisc replace dev v0 root netem slot distribution normal 1ms 2ms
  qdisc show dev v0
  qdisc replace dev v0 root netem rate 5kbit 20 100 5
  -j qdisc show dev v0
  qdisc replace dev v0 root netem delay 100 5 loss gemodel 1%
  qdisc show dev v0
  -j qdisc show dev v0
  qdisc replace dev v0 root netem loss state 1% 2%
  qdisc show dev v0
  qdisc replace dev v0 root netem foo
  qdisc replace dev v0 root netem delay x
  qdisc replace dev v0 root netem loss foo
  qdisc replace dev v0 root netem gap 5
  qdisc replace dev v0 root netem reorder 5%
  qdisc replace dev v0 root netem ecn
  qdisc replace dev v0 root netem slot x
  qdisc replace dev v0 root prio bands 4 priomap 1 2 2 2 1 2 0 0 1 1 1 1 1 1 1 1
  qdisc show dev v0
  -j qdisc show dev v0
  -s class show dev v0
  qdisc replace dev v0 root prio bands 20
  qdisc replace dev v0 root prio foo
  qdisc replace dev v0 root fq_codel limit 1000 target 5ms interval 100ms flows 64 quantum 300 memory_limit 1mb noecn ce_threshold 1ms drop_batch 32
  qdisc show dev v0
  -s -j qdisc show dev v0
  -s qdisc show dev v0
  qdisc replace dev v0 root fq_codel ce_threshold_selector 1/2
  qdisc show dev v0
  qdisc replace dev v0 root fq_codel foo
  qdisc replace dev v1 clsact
  filter add dev v1 ingress matchall action mirred egress redirect dev v0
  filter show dev v1 ingress
  -j filter show dev v1 ingress
  filter add dev v1 egress protocol ip prio 5 u32 match ip dst 10.0.0.1/32 match ip protocol 6 0xff action drop
  filter show dev v1 egress
  -j filter show dev v1 egress
  filter add dev v1 ingress prio 9 matchall action gact pass
  filter show dev v1 ingress
  filter del dev v1 ingress prio 9
  filter add dev v1 ingress matchall action foo
  filter add dev v1 ingress matchall foo
`
  .split("\n")
  .map((line) => line.trim())
  .filter((line) => line !== "");

test("the system's tc sees netem, prio, fq_codel, matchall and gact as ours does", {
  timeout: 60_000,
}, async ({ place, skip }) => {
  if (spawnSync("tc", ["-V"], { stdio: "ignore" }).status !== 0) skip("iproute2 is not installed");
  if (!canMakeNamespaces()) skip("needs user namespaces");
  const script = join(place.folder, "lines.sh");
  const pair = "ip link add v0 type veth peer name v1";
  const quoted = (line: string) => line.replaceAll("'", "'\\''");
  const body = lines.map((line) => `echo '$ ${quoted(line)}'; tc ${line}; echo "[$?]"`);
  writeFileSync(script, `exec 2>&1\n${pair}\n${body.join("\n")}\n`);
  const system = await place.uveth("run", "--", "bash", script);
  rmSync(script);
  expect(await place.ok("daemon", "stop")).toContain("has ended");
  expect(system.code).toBe(0);
  expect(await ours()).toBe(system.stdout.replace(/refcnt \d+/g, "refcnt N"));
});

/** The same lines by our command on a machine of its own. */
async function ours(): Promise<string> {
  const { machine } = createTestMachine({ possibleCpus: 2 });
  let said = "";
  const say = (text: string) => void (said += text);
  const io = { ...quietIo(machine), stdout: say, stderr: say };
  await run(["ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1"], io);
  for (const line of lines) {
    say(`$ ${line}\n`);
    say(`[${await run(["tc", ...line.split(" ")], io)}]\n`);
  }
  machine.close();
  return said.replace(/refcnt \d+/g, "refcnt N");
}
