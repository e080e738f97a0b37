// `ip netns exec`, `identify` and `pids`: commands in a namespace. uveth's own commands run there in this process; programs of
// the system as `uveth exec` runs them, where that can be.

import { CommandExit, EXIT_FAILURE, EXIT_USAGE } from "../../exit.ts";
import { inNetns } from "../../in-netns.ts";
import type { Words } from "../../words.ts";
import type { IpContext } from "../context.ts";
import { noNetns, takeName } from "./words.ts";

/** Runs a command in a namespace, with -all in every one. */
export async function exec(ip: IpContext, words: Words): Promise<number> {
  const names = ip.options.all ? (await ip.io.listNetns()).toReversed() : [takeName(words)];
  const command = words.rest();
  if (command.length === 0) throw new CommandExit(EXIT_FAILURE, "No command specified\n");
  for (const name of names) {
    if (ip.options.all) ip.io.stdout(`\nnetns: ${name}\n`);
    const code = await execIn(ip, name, command);
    if (code !== 0 && !ip.options.all) return code;
  }
  return 0;
}

async function execIn(ip: IpContext, name: string, command: readonly string[]): Promise<number> {
  const [program = "", ...argv] = command;
  if ((await ip.openNetns(name)) === undefined) throw noNetns(name, EXIT_USAGE);
  if (program !== "uveth" && ip.io.isOwnProgram?.(program) !== true) {
    if (ip.io.runProgram !== undefined) return ip.io.runProgram(name, command);
    throw new CommandExit(
      EXIT_USAGE,
      `exec of "${program}" failed: only uveth's own commands run in this namespace (ip netns exec ${name} uveth ...)\n`,
    );
  }
  return ip.run(argv, inNetns(ip.io, name));
}

/** Names the namespace this command runs in, as `exec` or -netns set it; of a process of the system there is none. */
export async function identify(ip: IpContext, words: Words): Promise<number> {
  const pid = words.take();
  if (pid !== undefined && !/^\d+$/.test(pid)) {
    throw new CommandExit(EXIT_FAILURE, `Specified string '${pid}' is not a pid\n`);
  }
  if (pid !== undefined) throw noProcess();
  ip.io.stdout(`${ip.options.netns ?? ip.io.netns ?? ""}\n`);
  return 0;
}

/** Lists the processes of a namespace: none. */
export async function pids(ip: IpContext, words: Words): Promise<number> {
  if ((await ip.openNetns(takeName(words))) === undefined) throw noProcess();
  return 0;
}

function noProcess(): CommandExit {
  return new CommandExit(EXIT_FAILURE, "Cannot open network namespace: No such file or directory\n");
}
