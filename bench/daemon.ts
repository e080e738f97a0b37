// A daemon of the benchmark's own, in a folder of its own, gone when the benchmark ends.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DaemonClient } from "../src/daemon/client.ts";
import { connectDaemon } from "../src/daemon/client.ts";

/** A connection to a new daemon, and how to end both. */
export interface PrivateDaemon {
  readonly provider: DaemonClient;
  /** Its socket, for programs of their own. */
  readonly socket: string;
  stop(): Promise<void>;
}

export async function privateDaemon(): Promise<PrivateDaemon> {
  const folder = mkdtempSync(join(tmpdir(), "uveth-bench-"));
  const socket = join(folder, "daemon.sock");
  const env = { ...process.env, UVETH_SOCKET: socket };
  const provider = await connectDaemon({ env });
  return {
    provider,
    socket,
    async stop() {
      provider.stop();
      await provider.ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
