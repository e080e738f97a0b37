// `uveth daemon`: status, stop, restart, logs, run. Sees and stops a daemon of any version.
//
// Exit codes: 0; 1 when something went wrong; 3 from `status` when no daemon runs, as systemctl has it; 255 for wrong words.

import { readFileSync } from "node:fs";
import type { DaemonClient } from "./client.ts";
import { connectDaemon, findDaemon } from "./client.ts";
import { DaemonError } from "./daemon-error.ts";
import { findHolder } from "./lock.ts";
import { codeOf } from "./node-error.ts";
import type { DaemonPlace } from "./place.ts";
import { daemonPlace, makePlace, ownUid } from "./place.ts";
import { daemonLog, idleTimeOf } from "./run.ts";
import type { DaemonStatus } from "./status.ts";
import { contentsText, durationText } from "./status-text.ts";
import { supervise } from "./supervise.ts";

/** What the command needs of the process. */
export interface DaemonCommandIo {
  stdout(text: string): void;
  stderr(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const USAGE = `Usage: uveth daemon status [ --json ]    what the daemon is and holds
       uveth daemon stop                 end it, with everything in it
       uveth daemon restart              end it and start this version
       uveth daemon logs                 print its log
       uveth daemon run                  run it here, in the foreground

The daemon holds the machine that uveth's commands work on. The first command starts it; it stays while there is a client,
a namespace or a device, and leaves ten minutes after the last has gone (UVETH_IDLE_MS=600000). It listens on a socket in
$XDG_RUNTIME_DIR/uveth or /tmp/uveth-<uid>; UVETH_SOCKET names another one.
`;

const EXIT_FAILURE = 1;
const EXIT_NOT_RUNNING = 3;
const EXIT_USAGE = 255;
/** How long a daemon may take to end after it was asked to. */
const STOP_TIMEOUT_MS = 10_000;

type DaemonCommand = (io: DaemonCommandIo, place: DaemonPlace, words: readonly string[]) => Promise<number>;

const COMMANDS: ReadonlyMap<string, DaemonCommand> = new Map([
  ["status", status],
  ["stop", stop],
  ["restart", restart],
  ["logs", logs],
  ["run", run],
]);

/** Runs `uveth daemon` with the words behind it; resolves with the exit code. */
export async function runDaemonCommand(argv: readonly string[], io: DaemonCommandIo): Promise<number> {
  const [word = "", ...words] = argv;
  if (word === "help" || word === "--help") {
    io.stdout(USAGE);
    return 0;
  }
  const command = COMMANDS.get(word);
  const wrong = command === undefined ? word : words.find((one) => one !== "--json" || word !== "status");
  if (command === undefined || wrong !== undefined) {
    io.stderr(`${wrong === undefined || wrong === "" ? "" : `Word "${wrong}" is unknown.\n`}${USAGE}`);
    return EXIT_USAGE;
  }
  return command(io, daemonPlace({ env: io.env, uid: ownUid() }), words);
}

async function status(io: DaemonCommandIo, place: DaemonPlace, words: readonly string[]): Promise<number> {
  const client = await findDaemon(place);
  const found = await client?.status();
  client?.close();
  const { socket, log } = place;
  if (words.includes("--json")) {
    io.stdout(`${JSON.stringify({ running: found !== undefined, socket, log, ...found })}\n`);
  } else if (found === undefined) {
    io.stdout(`No uveth daemon is running\nsocket  ${socket}\n`);
  } else {
    io.stdout(
      `The uveth daemon is running\n` +
        `pid     ${found.pid}, for ${durationText(found.uptimeMs)}\n` +
        `version ${found.version}, protocol ${found.protocol}\n` +
        `holds   ${contentsText(found)}, in ${Math.round(found.memoryBytes / 1_048_576)} MiB\n` +
        `socket  ${socket}\nlog     ${log}\n`,
    );
  }
  return found === undefined ? EXIT_NOT_RUNNING : 0;
}

async function stop(io: DaemonCommandIo, place: DaemonPlace): Promise<number> {
  const ended = await end(io, place);
  if (!ended) io.stdout("No uveth daemon is running\n");
  return 0;
}

async function restart(io: DaemonCommandIo, place: DaemonPlace): Promise<number> {
  await end(io, place);
  const client = await connectDaemon({ env: io.env });
  io.stdout(`The uveth daemon runs (pid ${client.peer.pid})\n`);
  client.close();
  return 0;
}

/** Ends the daemon and waits until its process has gone, saying what ends with it; false when there is none. */
async function end(io: DaemonCommandIo, place: DaemonPlace): Promise<boolean> {
  const holder = await findHolder(place.lock);
  const client = await reach(place);
  const held = await client?.status();
  if (client === undefined) {
    if (holder === undefined) return false;
    process.kill(holder.pid, "SIGTERM");
  } else client.stop();
  const pid = holder?.pid ?? held?.pid ?? 0;
  await within(holder?.ended ?? client?.ended, pid);
  holder?.close();
  client?.close();
  io.stdout(`The uveth daemon (pid ${pid}) has ended${held === undefined ? "" : lossText(held)}\n`);
  return true;
}

/** The daemon, if it answers. One that hangs is ended by its pid, which its lock names. */
async function reach(place: DaemonPlace): Promise<DaemonClient | undefined> {
  try {
    return await findDaemon(place);
  } catch (error) {
    if (error instanceof DaemonError && error.code === "ETIMEDOUT") return undefined;
    throw error;
  }
}

async function within(ended: Promise<void> | undefined, pid: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new DaemonError("ETIMEDOUT", `The uveth daemon does not end; "kill -9 ${pid}" ends it`));
    }, STOP_TIMEOUT_MS);
  });
  try {
    await Promise.race([ended, late]);
  } finally {
    clearTimeout(timer);
  }
}

function lossText(held: DaemonStatus): string {
  const isEmpty = held.namespaces + held.devices + held.clients === 0;
  return isEmpty ? "; it held nothing" : `, and with it ${contentsText(held)}`;
}

async function logs(io: DaemonCommandIo, place: DaemonPlace): Promise<number> {
  try {
    io.stdout(readFileSync(place.log, "utf8"));
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    io.stderr(`There is no log at ${place.log}\n`);
    return EXIT_FAILURE;
  }
  return 0;
}

async function run(io: DaemonCommandIo): Promise<number> {
  const place = makePlace({ env: io.env, uid: ownUid() });
  const end = await supervise({
    place,
    idleMs: idleTimeOf(io.env),
    log: daemonLog,
    onReady: () => daemonLog(`Ready, process ${process.pid}, ${place.socket}`),
  });
  if (end === "lost") io.stderr(`A uveth daemon is running already, see "uveth daemon status"\n`);
  return end === "stopped" ? 0 : EXIT_FAILURE;
}
