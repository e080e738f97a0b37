// The commands that are clients of a machine: `ip`, `bridge`, `ping`, `capture`, … Platform-free: the world comes in as CommandIo, so the
// page's terminal runs the same command as the shell.

import { CommandExit, EXIT_FAILURE } from "./exit.ts";
import type { CommandIo } from "./io.ts";

export type { CommandIo, OutputFile } from "./io.ts";

/** Runs a command line and resolves with the exit code. */
type RunCommand = (argv: readonly string[], io: CommandIo) => Promise<number>;

/** Runs a command with the words behind its name; `run` runs another one (`ip netns exec`). */
type Command = (argv: readonly string[], io: CommandIo, run: RunCommand) => Promise<number>;

const COMMANDS: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ["ip", async (): Promise<Command> => (await import("./ip/command.ts")).runIp],
  ["bridge", async (): Promise<Command> => (await import("./bridge/command.ts")).runBridge],
  ["tc", async (): Promise<Command> => (await import("./tc/command.ts")).runTc],
  ["attach", async (): Promise<Command> => (await import("./attach/command.ts")).runAttach],
  ["ping", async (): Promise<Command> => (await import("./ping/command.ts")).runPing],
  ["capture", async (): Promise<Command> => (await import("./capture/command.ts")).runCapture],
  ["ss", async (): Promise<Command> => (await import("./ss/command.ts")).runSs],
  ["sysctl", async (): Promise<Command> => (await import("./sysctl/command.ts")).runSysctl],
  ["extcap", async (): Promise<Command> => (await import("./capture/extcap.ts")).runExtcap],
]);

/** The names of the commands, for completion and help. */
export const COMMAND_NAMES: readonly string[] = [...COMMANDS.keys()];

/**
 * Runs `argv` (`["ip", "link", "show"]`) and resolves with the exit code. What goes wrong in a way the command knows is said
 * on `io.stderr`; anything else rejects.
 */
export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const [name = "", ...rest] = argv;
  const load = COMMANDS.get(name);
  if (load === undefined) {
    io.stderr(`Command "${name}" is unknown, try "uveth help".\n`);
    return EXIT_FAILURE;
  }
  try {
    const command = await load();
    return await command(rest, io, run);
  } catch (error) {
    if (!(error instanceof CommandExit)) throw error;
    io.stderr(error.text);
    return error.code;
  }
}
