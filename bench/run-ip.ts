// run-ip: what it costs the distribution's `ip` to be led to a uveth namespace: 200 commands of a shell script, and lists of
// 10,000 links, under `uveth run` and on the live kernel, each in a new namespace.
//
// What is timed is the script inside, from its first command to its last: `uveth run` itself, which starts Node, is not part of it,
// and is a row of its own.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { privateDaemon } from "./daemon.ts";
import type { BenchContext } from "./main.ts";
import { compare, seconds } from "./rounds.ts";

const defaultRounds = 3;
const commands = 200;
const pairs = 5_000;
const uvethCommand = fileURLToPath(new URL("../../bin/uveth", import.meta.url));

/** Prints how long what comes before it took, in seconds. */
const took = `printf '%s\\n' "$start $(date +%s.%N)" | awk '{ printf "took %.6f\\n", $2 - $1 }'`;

const manyCommands = `start=$(date +%s.%N)
for i in $(seq ${commands / 4}); do
  ip link add v$i type veth peer name w$i; ip link set v$i up; ip addr add 10.0.$i.1/24 dev v$i; ip link show v$i
done >/dev/null
${took}`;

const longList = `for i in $(seq ${pairs}); do echo link add v$i type veth peer name w$i; done | ip -b -
ip -o link >/dev/null; ip -o link >/dev/null
start=$(date +%s.%N)
for i in 1 2 3; do ip -o link; done | wc -l >/dev/null
${took}`;

export async function run({ rounds = defaultRounds, hasKernel, report, say }: BenchContext): Promise<void> {
  const daemon = await privateDaemon();
  try {
    const env = { ...process.env, UVETH_SOCKET: daemon.socket, LC_ALL: "C" };
    const ours = (script: string) => (): number =>
      timeOf(uvethCommand, ["run", "--", "unshare", "-n", "bash", "-c", script], env);
    const kernel = (script: string) => (): number =>
      timeOf("unshare", ["-n", "bash", "-c", script], process.env);
    for (const [name, script] of [
      [`${commands} ip commands`, manyCommands],
      [`three lists of ${2 * pairs} links`, longList],
    ] as const) {
      say(`run-ip: ${name}`);
      const peers = hasKernel ? { kernel: kernel(script) } : {};
      report(
        await compare(
          { name: `run-ip/${name}`, unit: "s", isMoreBetter: false, uveth: ours(script), peers },
          rounds,
        ),
      );
    }
    const start = (): number => {
      const before = seconds();
      spawnSync(uvethCommand, ["run", "--", "true"], { env });
      return seconds() - before;
    };
    report(await compare({ name: "run-ip/start", unit: "s", isMoreBetter: false, uveth: start }, rounds));
  } finally {
    await daemon.stop();
  }
}

/** Runs a script that says how long it took. */
function timeOf(program: string, args: readonly string[], env: NodeJS.ProcessEnv): number {
  const { stdout, stderr } = spawnSync(program, args, { env, encoding: "utf8" });
  const told = /^took ([\d.]+)$/m.exec(stdout);
  if (told === null) throw new Error(`run-ip: no time was told: ${stderr}`);
  return Number(told[1]);
}
