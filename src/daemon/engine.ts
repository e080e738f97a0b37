// The engine: what holds a machine and lets it run. The contract is the same wherever a machine lives:
//
//   mailbox   datagrams in and out: a session per process, its sockets sent to by `send`, read by `receive`
//   wake-up   `onReadable` of a socket says that its mailbox holds something; `machine.core.scheduler` that batches are left
//   clock     `machine.core.clock`, whose one alarm is set to the machine's earliest timer
//   ports     what joins the outside to a device lives in the engine's thread, as do functions given by users
//
// In a library or a page the engine is the caller's own event loop, and the machine is called directly. In the daemon it is
// a worker thread (engine.worker.ts), which sleeps in libuv's epoll on everything at once: clients, timers, ports.
//
// That worker listens on the Unix socket itself, and the daemon's main thread only supervises: Node cannot hand an
// accepted socket to another thread, so a main thread that accepts would have to copy every byte across and ring a bell
// for every datagram. What the two do say to each other is below.

import type { Machine, NetlinkSession } from "../index.ts";

/** What somebody has made in an engine, counted: not the initial namespace, and not the `lo` that each namespace has. */
export interface EngineCounts {
  readonly namespaces: number;
  readonly devices: number;
}

/** A machine and who uses it. */
export class Engine {
  readonly machine: Machine;

  /** Takes the machine over: `close` closes it. It runs in real time in the daemon, in virtual time in tests. */
  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** Opens the mailbox of the process `pid`; closing it closes the sockets and namespaces it holds. */
  openMailbox(pid: number): NetlinkSession {
    return this.machine.openSession({ pid });
  }

  count(): EngineCounts {
    const all = [...this.machine.core.namespaces.values()];
    const devices = all.reduce((sum, netns) => sum + netns.devices.size, 0);
    return { namespaces: all.length - 1, devices: devices - all.length };
  }

  /** Whether nobody has made anything that would be lost. */
  get isEmpty(): boolean {
    const { namespaces, devices } = this.count();
    return namespaces === 0 && devices === 0;
  }

  close(): void {
    this.machine.close();
  }
}

/** What an engine's thread is started with. */
export interface EngineSettings {
  /** Where clients connect. A stale socket there is replaced: whoever starts an engine holds the lock. */
  readonly socket: string;
  /** How long to stay when the last object and client have gone. */
  readonly idleMs: number;
}

/** What the main thread tells an engine's thread. */
export type EngineOrder =
  /** End; with `ifIdle` only when there is still nothing to keep. */
  { readonly type: "stop"; readonly ifIdle: boolean };

/** What an engine's thread tells the main thread. */
export type EngineReport =
  | { readonly type: "log"; readonly text: string }
  /** Clients can connect. */
  | { readonly type: "ready" }
  /** Nothing has been there for the idle time. */
  | { readonly type: "idle" }
  /** A client asked for the end. */
  | { readonly type: "stop-requested" }
  /** In answer to a stop if idle: somebody came. */
  | { readonly type: "staying" }
  /** The socket is gone and the machine has been closed; the last report. */
  | { readonly type: "stopped" };
