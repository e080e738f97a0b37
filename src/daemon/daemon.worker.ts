// The daemon's process, as `start.ts` starts it: detached from the terminal, its output in the log, and a pipe as
// descriptor 3 on which it says that it is ready. (An entry of its own beside the command, hence the name.)

import { closeSync, writeSync } from "node:fs";
import { textOf } from "./node-error.ts";
import { makePlace, ownUid } from "./place.ts";
import { daemonLog, EXIT_LOST, idleTimeOf } from "./run.ts";
import { supervise } from "./supervise.ts";

const READY_FD = 3;

process.title = "uveth daemon";
try {
  const end = await supervise({
    place: makePlace({ env: process.env, uid: ownUid() }),
    idleMs: idleTimeOf(process.env),
    log: daemonLog,
    onReady(): void {
      daemonLog(`Ready, process ${process.pid}`);
      try {
        writeSync(READY_FD, "\n");
      } catch {
        // Whoever started the daemon has gone; it stays all the same.
      }
      closeSync(READY_FD);
    },
  });
  process.exitCode = end === "stopped" ? 0 : end === "lost" ? EXIT_LOST : 1;
} catch (error) {
  daemonLog(`Cannot run: ${textOf(error)}`);
  process.exitCode = 1;
}
