// Real programs in the hosts of a lab, where the system allows namespaces without root.

import type { ChildProcess, SpawnOptions } from "node:child_process";
import type { NativeNamespace } from "../attach/node/index.ts";
import { openNative } from "../attach/node/index.ts";
import type { Machine } from "../index.ts";
import { LabError } from "./lab-error.ts";

/** Starts programs in namespaces. */
export interface ProgramRunner {
  spawn(netns: string, argv: readonly string[], options: SpawnOptions): Promise<ChildProcess>;
  /** The namespace of the kernel for `netns`, once a program has been started there. */
  nativeOf(netns: string): NativeNamespace | undefined;
  /** Ends those of one namespace. */
  end(netns: string): Promise<void>;
  /** Ends them all. */
  close(): Promise<void>;
}

/** Runs programs on the hosts of `machine`; LabError with what the system says and the cure where it does not let us. */
export function createPrograms(machine: Machine): ProgramRunner {
  const natives = new Map<string, Promise<NativeNamespace>>();
  const opened = new Map<string, NativeNamespace>();
  const open = (netns: string): Promise<NativeNamespace> => {
    // One whose first process was killed is no more.
    if (opened.get(netns)?.isOpen === false) forget(netns);
    const known = natives.get(netns) ?? openNative(machine, netns, { mapsRange: true });
    natives.set(netns, known);
    return known.catch((error: unknown) => {
      natives.delete(netns);
      const reason = error instanceof Error && error.message !== "" ? error.message : String(error);
      throw new LabError(
        `Cannot run programs in "${netns}": ${reason} ("uveth doctor" tells more; TypeScript on uveth's own stack needs none of this: host.listen, host.connect)`,
      );
    });
  };
  const forget = (netns: string): void => {
    natives.delete(netns);
    opened.delete(netns);
  };
  return {
    async spawn(netns, argv, options) {
      const native = await open(netns);
      opened.set(netns, native);
      return native.spawn(argv, options);
    },
    nativeOf(netns) {
      const native = opened.get(netns);
      return native?.isOpen === true ? native : undefined;
    },
    async end(netns) {
      const native = natives.get(netns);
      forget(netns);
      (await native?.catch(() => undefined))?.close();
    },
    async close() {
      for (const native of natives.values()) (await native.catch(() => undefined))?.close();
      natives.clear();
      opened.clear();
    },
  };
}
