// Programs of the system on a machine in this process: a namespace is opened for them, and they are started as any child
// process is.

import type { ChildProcess, SpawnOptions } from "node:child_process";
import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import type { Endpoint, Machine } from "../../../index.ts";
import { NetlinkError } from "../../../netlink/error.ts";
import { Natives } from "./natives.ts";
import { netnsProgram } from "./program.ts";

/** How users are seen in it. */
export interface NativeOptions {
  /** Root and a range of subordinate ids, for daemons that change their user, in place of the caller alone. */
  readonly mapsRange?: boolean;
}

/** A namespace that programs can run in. */
export interface NativeNamespace {
  /** The first process there; the rest ends with it. */
  readonly pid: number;
  /** False once it was closed, its namespace deleted, or its first process killed. */
  readonly isOpen: boolean;
  /**
   * Starts a program there, as `child_process.spawn` does: same options, same result. Signals sent to the child reach the
   * program, and the child ends as it does.
   */
  spawn(argv: readonly string[], options?: SpawnOptions): ChildProcess;
  /**
   * Connects this process from there to an address. The socket is the caller's, and is destroyed with the namespace. Rejects
   * with a NetlinkError: what connect(2) says, EINVAL for what is no address.
   */
  connect(to: Endpoint): Promise<Socket>;
  /** Ends all programs there. The namespace is the machine's own again, with its links and without addresses. */
  close(): void;
}

/**
 * Opens the namespace `name` of `machine` for programs of the system: its links appear in a namespace of the kernel, and its
 * addresses, routes and neighbours move there. Rejects with a NetlinkError that names cause and cure where the system forbids
 * it; ENOENT when there is no such namespace.
 *
 * @example
 * ```js
 * import { once } from "node:events";
 * import { createMachine } from "uveth";
 * import { realTime } from "uveth/attach";
 * import { openNative } from "uveth/attach/node";
 *
 * const machine = createMachine(realTime());
 * const red = await machine.netns("red");
 * await red.link.set("lo", { isUp: true });
 * const native = await openNative(machine, "red");
 * const ping = native.spawn(["ping", "-c", "1", "127.0.0.1"], { stdio: "ignore" });
 * console.log((await once(ping, "exit"))[0]);
 * machine.close();
 * ```
 *
 * ```text
 * 0
 * ```
 */
export async function openNative(
  machine: Machine,
  name: string,
  { mapsRange = false }: NativeOptions = {},
): Promise<NativeNamespace> {
  const netns = machine.core.netnsNames.get(name);
  if (netns === undefined) throw new NetlinkError("ENOENT", `There is no namespace "${name}"`);
  const natives = await Natives.of(machine);
  const native = natives.turn(netns, { mapsRange });
  const program = netnsProgram();
  const words = ["exec", String(native.pid), ...(mapsRange ? ["-r"] : []), "--"];
  return {
    pid: native.pid,
    get isOpen() {
      return native.isOpen;
    },
    spawn(argv, options = {}) {
      natives.settle(native);
      return spawn(program, [...words, ...argv], options);
    },
    connect: (to) => native.sockets.connect(to),
    close: () => natives.leave(native),
  };
}
