// What a client does when nobody listens: waits for the daemon that is about to, or starts one. Any number of clients may
// do so at once; the lock decides whose daemon it is.

import { DaemonError } from "./daemon-error.ts";
import { findHolder } from "./lock.ts";
import type { DaemonPlace } from "./place.ts";
import { makePlace, ownUid } from "./place.ts";
import { startDaemon } from "./start.ts";

/**
 * Resolves when it is time to connect again: a daemon has become ready, or the one that was in the way has ended. Rejects
 * with a DaemonError when none can be started.
 */
export async function bringUp(env: Readonly<Record<string, string | undefined>>): Promise<void> {
  const place = makePlace({ env, uid: ownUid() });
  if (await waitForHolder(place)) return;
  if ((await startDaemon(place, env)) === "lost") await waitForHolder(place);
}

/** How long a daemon may take to start or to end. */
const HOLDER_TIMEOUT_MS = 30_000;

/** Waits for whoever holds the lock to be ready, or to end; false when nobody does. */
async function waitForHolder(place: DaemonPlace): Promise<boolean> {
  const holder = await findHolder(place.lock);
  if (holder === undefined) return false;
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    holder.close();
  }, HOLDER_TIMEOUT_MS);
  await holder.ready;
  clearTimeout(timer);
  holder.close();
  if (isLate)
    throw new DaemonError("ETIMEDOUT", `The uveth daemon (pid ${holder.pid}) neither starts nor ends`);
  return true;
}
