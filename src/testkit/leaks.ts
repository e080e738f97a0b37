// What a test must not leave behind.

import type { Machine } from "../index.ts";

/**
 * Says, one line each, what of a machine is left: frames that somebody holds, timers that are set, sockets that are open,
 * devices other than `lo`, namespaces other than the initial one. None when all is put away.
 */
export function leaks({ core, table }: Machine): string[] {
  const left: string[] = [];
  for (const netns of core.namespaces.values()) {
    if (netns !== core.initialNetns) left.push(`namespace ${netns.id}`);
    for (const dev of netns.devices.values()) {
      if (dev !== netns.loopback) left.push(`device ${dev.name} in namespace ${netns.id}`);
    }
  }
  if (table.size > 0) left.push(`${table.size} open sockets`);
  if (core.frames.inUse > 0) left.push(`${core.frames.inUse} frames in use`);
  if (core.timers.size > 0) left.push(`${core.timers.size} timers set`);
  return left;
}

/**
 * Ends a machine and says what it leaked: what was still there when every socket had been closed and every namespace and
 * device taken down. None when each part cleaned up behind itself.
 */
export function closeAndFindLeaks(machine: Machine): string[] {
  machine.table.close();
  machine.core.takeDown();
  const left = leaks(machine);
  machine.close();
  return left;
}
