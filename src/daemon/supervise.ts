// The daemon's main thread: takes the lock, starts the engine's thread, says when it is ready, and sees it out, whatever
// ends it. Nothing is left behind but the log: not the socket, not the lock.

import { rmSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { EngineOrder, EngineReport, EngineSettings } from "./engine.ts";
import { DaemonLock } from "./lock.ts";
import { textOf } from "./node-error.ts";
import type { DaemonPlace } from "./place.ts";
import { checkSocketOwner, ownUid } from "./place.ts";
import { removeRunPlace } from "./seqpacket-protocol.ts";

/** How a daemon is run. */
export interface SuperviseOptions {
  readonly place: DaemonPlace;
  readonly idleMs: number;
  /** Called when clients can connect. */
  onReady(): void;
  log(text: string): void;
}

/** How a daemon ended. */
export type DaemonEnd = "stopped" | "failed" | "lost";

/** How long the engine may take to end before its thread is. */
const STOP_TIMEOUT_MS = 3_000;

/** Runs the daemon until it ends; "lost" at once when the place has one already. */
export async function supervise(options: SuperviseOptions): Promise<DaemonEnd> {
  process.umask(0o077);
  checkSocketOwner(options.place.socket, ownUid());
  const lock = await DaemonLock.acquire(options.place.lock);
  if (lock === undefined) return "lost";
  const release = (): void => lock.release();
  process.once("exit", release);
  try {
    return await new Supervisor(lock, options).run();
  } finally {
    process.off("exit", release);
    // An engine that failed could not remove it.
    rmSync(options.place.socket, { force: true });
    removeRunPlace(options.place.socket);
    release();
  }
}

class Supervisor {
  readonly #lock: DaemonLock;
  readonly #options: SuperviseOptions;
  readonly #worker: Worker;
  #isStopping = false;
  #hasStopped = false;

  constructor(lock: DaemonLock, options: SuperviseOptions) {
    this.#lock = lock;
    this.#options = options;
    const settings: EngineSettings = { socket: options.place.socket, idleMs: options.idleMs };
    this.#worker = new Worker(new URL("./engine.worker.js", import.meta.url), {
      name: "engine",
      workerData: settings,
      // Some descriptors are opened or closed through FFI, which Node would warn about.
      trackUnmanagedFds: false,
    });
  }

  /** Resolves when the engine's thread has ended. */
  async run(): Promise<DaemonEnd> {
    const signals = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
    const onSignal = (signal: NodeJS.Signals): void => this.#stop(signal);
    for (const signal of signals) process.on(signal, onSignal);
    this.#worker.on("message", (report: EngineReport) => this.#receive(report));
    this.#worker.on("error", (error) => this.#options.log(`The engine failed: ${stackOf(error)}`));
    await new Promise<void>((resolve) => this.#worker.once("exit", () => resolve()));
    for (const signal of signals) process.off(signal, onSignal);
    return this.#hasStopped ? "stopped" : "failed";
  }

  #receive(report: EngineReport): void {
    switch (report.type) {
      case "log":
        this.#options.log(report.text);
        break;
      case "ready":
        this.#lock.markReady();
        this.#options.onReady();
        break;
      case "idle":
        this.#options.log("Stopping, as nothing is left");
        this.#lock.markStopping();
        this.#order({ type: "stop", ifIdle: true });
        break;
      case "staying":
        this.#options.log("Staying, as somebody came");
        this.#lock.markReady();
        break;
      case "stop-requested":
        this.#stop("a client's request");
        break;
      case "stopped":
        this.#hasStopped = true;
        break;
    }
  }

  #stop(cause: string): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#options.log(`Stopping after ${cause}`);
    this.#lock.markStopping();
    this.#order({ type: "stop", ifIdle: false });
    setTimeout(() => {
      this.#options.log("The engine does not stop; ending its thread");
      void this.#worker.terminate();
    }, STOP_TIMEOUT_MS).unref();
  }

  #order(order: EngineOrder): void {
    this.#worker.postMessage(order);
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error && error.stack !== undefined ? error.stack : textOf(error);
}
