// The daemon's engine thread: a machine that runs in real time, behind a Unix socket. It starts when its entry is loaded,
// takes orders and reports by messages (engine.ts), and ends when it has reported "stopped". An error nobody caught ends
// the thread; the main thread sees to the rest.

import { availableParallelism } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { realTime } from "../attach/index.ts";
import type { ReadPeerCredentials } from "../attach/node/peer-credentials.ts";
import { loadPeerCredentials } from "../attach/node/peer-credentials.ts";
import { NetlinkError } from "../netlink/error.ts";
import type { EngineOrder, EngineReport, EngineSettings } from "./engine.ts";
import { Engine } from "./engine.ts";
import { ownUid } from "./place.ts";
import { DaemonServer } from "./server.ts";

const settings: EngineSettings = workerData;
const report = (message: EngineReport): void => parentPort?.postMessage(message);
const log = (text: string): void => report({ type: "log", text });

let isStopping = false;
const server = new DaemonServer({
  engine: new Engine({ ...realTime(), possibleCpus: availableParallelism() }),
  socket: settings.socket,
  idleMs: settings.idleMs,
  uid: ownUid(),
  readPeer: await peerReader(),
  log,
  onIdle: () => report({ type: "idle" }),
  onStopRequested: () => report({ type: "stop-requested" }),
});

parentPort?.on("message", (order: EngineOrder) => {
  if (isStopping) return;
  if (order.ifIdle && !server.isIdle) report({ type: "staying" });
  else void stop();
});

await server.listen();
report({ type: "ready" });

async function stop(): Promise<void> {
  isStopping = true;
  await server.close();
  server.engine.close();
  report({ type: "stopped" });
  parentPort?.close();
}

/** How to see who connects, where there is an FFI. */
async function peerReader(): Promise<ReadPeerCredentials | undefined> {
  try {
    return await loadPeerCredentials();
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    log(`Clients are not asked who they are, the socket's mode protects it: ${error.message}`);
    return undefined;
  }
}
