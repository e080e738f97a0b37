// Whether every host reaches every other, as Mininet's pingall asks.

import type { Host } from "./node.ts";

/** What came of pinging all. */
export interface PingAllResult {
  readonly sent: number;
  readonly received: number;
  /** "h1 → h2" for each pair without an answer. */
  readonly lost: readonly string[];
}

/** Pings once from each of `hosts` to each other, one after another; an errno counts as no answer. */
export async function pingEach(hosts: readonly Host[], timeoutMs: number): Promise<PingAllResult> {
  const lost: string[] = [];
  let sent = 0;
  for (const from of hosts) {
    for (const to of hosts) {
      if (from === to) continue;
      sent++;
      const answered = await from.ping(to, { timeoutMs }).then(
        ({ received }) => received > 0,
        () => false,
      );
      if (!answered) lost.push(`${from.name} → ${to.name}`);
    }
  }
  return { sent, received: sent - lost.length, lost };
}
