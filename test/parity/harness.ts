// One body, two targets, one literal expectation: `parity` registers a test that runs the body against the live kernel
// and one that runs it against a machine of ours. The kernel decides what the expectation is; where it lacks what the
// body needs, its side is skipped and says why.
//
// An ordinary user's kernel tests run in a child of their own in a user namespace (kernel-child.ts).

import { test } from "vitest";
import { ParityContext } from "./context.ts";
import { canMakeNamespaces, resultInChild } from "./kernel-child.ts";
import type { Target, TargetName } from "./targets.ts";
import { targets } from "./targets.ts";

/** How a body is registered. */
export interface ParityOptions {
  /** Why a target cannot hold this body, ever. */
  readonly skip?: Partial<Readonly<Record<TargetName, string>>>;
  /** How long it may take on the wall clock; 20 seconds by default. */
  readonly timeoutMs?: number;
}

/** Registers `body`, a claim in the present tense, once per target. */
export function parity(
  text: string,
  body: (context: ParityContext) => Promise<void>,
  { skip = {}, timeoutMs = 20_000 }: ParityOptions = {},
): void {
  for (const target of targets()) {
    const name = `${target.name}: ${text}`;
    test(name, { timeout: timeoutMs }, async (context) => {
      const reason = skip[target.name];
      if (reason !== undefined) return context.skip(reason);
      if (target.name === "kernel" && !canMakeNamespaces()) return resultInChild(context, name);
      await run(target, body);
    });
  }
}

async function run(target: Target, body: (context: ParityContext) => Promise<void>): Promise<void> {
  const machine = await target.start();
  try {
    const context = await ParityContext.start(target.name, machine);
    try {
      await body(context);
    } finally {
      context.close();
    }
  } finally {
    await machine.close();
  }
}
