// What runs in the engine's thread: a machine in real time behind a Unix socket, which takes orders from the main thread
// and reports to it (engine.ts).

import { cpus } from "node:os";
import { realTime } from "../attach/index.ts";
import { Natives } from "../attach/node/native/natives.ts";
import { outside } from "../attach/node/outside/outside.ts";
import type { ReadPeerCredentials } from "../attach/node/peer-credentials.ts";
import { loadPeerCredentials } from "../attach/node/peer-credentials.ts";
import { createMachine } from "../index.ts";
import { NetlinkError } from "../netlink/error.ts";
import type { EngineOrder, EngineReport, EngineSettings } from "./engine.ts";
import { Engine } from "./engine.ts";
import { configPath, moduleLoader } from "./modules.ts";
import { ownUid } from "./place.ts";
import { startSeqpacket } from "./seqpacket-start.ts";
import { DaemonServer } from "./server.ts";

/** How the thread speaks to the main thread: the part of MessagePort that it takes. */
export interface EnginePort {
  postMessage(report: EngineReport): void;
  on(event: "message", listener: (order: EngineOrder) => void): void;
  /** Lets the thread end. */
  close(): void;
}

/** Starts the engine and reports "ready", or rejects with what keeps it from listening. */
export async function startEngineThread(port: EnginePort, settings: EngineSettings): Promise<void> {
  const log = (text: string): void => port.postMessage({ type: "log", text });
  const engine = new Engine(
    createMachine({
      ...realTime(),
      possibleCpus: cpus().length,
      requestModule: moduleLoader(configPath(process.env), log),
    }),
  );
  await admitNatives(engine, log);
  engine.machine.core.outside = outside;
  const { socket } = settings;
  const uid = ownUid();
  const programs = await startSeqpacket({ engine, socket, uid, log, onChange: () => server.recheckIdle() });
  const server: DaemonServer = new DaemonServer({
    engine,
    socket,
    idleMs: settings.idleMs,
    uid,
    isBusy: () => programs?.isIdle === false,
    readPeer: await peerReader(log),
    log,
    onIdle: () => port.postMessage({ type: "idle" }),
    onStopRequested: () => port.postMessage({ type: "stop-requested" }),
  });
  let isStopping = false;
  port.on("message", (order) => {
    if (isStopping) return;
    if (order.ifIdle && !server.isIdle) {
      port.postMessage({ type: "staying" });
      return;
    }
    isStopping = true;
    programs?.close();
    void stop(port, server);
  });
  await server.listen();
  port.postMessage({ type: "ready" });
}

async function stop(port: EnginePort, server: DaemonServer): Promise<void> {
  await server.close();
  server.engine.close();
  port.postMessage({ type: "stopped" });
  port.close();
}

/** Lets programs of the system into namespaces, where there is an FFI. */
async function admitNatives({ machine }: Engine, log: (text: string) => void): Promise<void> {
  try {
    machine.core.outerStacks = await Natives.open(machine, log);
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    log(`No programs of the system can run in namespaces: ${error.message}`);
  }
}

/** How to see who connects, where there is an FFI. */
async function peerReader(log: (text: string) => void): Promise<ReadPeerCredentials | undefined> {
  try {
    return await loadPeerCredentials();
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    log(`Clients are not asked who they are, the socket's mode protects it: ${error.message}`);
    return undefined;
  }
}
