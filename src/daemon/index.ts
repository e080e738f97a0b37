// The public door `uveth/daemon`: the machine that uveth's commands work on, from a program.

export type { ConnectOptions, DaemonClient } from "./client.ts";
export { connectDaemon } from "./client.ts";
export { DaemonError } from "./daemon-error.ts";
export type { DaemonStatus } from "./status.ts";
