// One body, two targets, one literal expectation: `parity` registers a test that runs the body against the live kernel
// and one that runs it against a machine of ours. The kernel decides what the expectation is; where it lacks what the
// body needs, its side is skipped and says why.
//
// The kernel's are run some at a time, each in namespaces of its own; then ours, which never wait, one by one.
//
// An ordinary user's kernel tests run in a child of their own in a user namespace (kernel-child.ts).

import { AsyncLocalStorage } from "node:async_hooks";
import type { ExpectStatic, TestContext } from "vitest";
import { describe, test, expect as vitestExpect } from "vitest";
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

interface Registered extends Required<ParityOptions> {
  readonly text: string;
  readonly body: (context: ParityContext) => Promise<void>;
}

/** The bodies of the file that is being read, in its order; undefined before the first one. */
let registered: Registered[] | undefined;
const running = new AsyncLocalStorage<TestContext>();

/** Vitest's `expect`, which for snapshots must know its test where several run at a time. */
export const expect: ExpectStatic = new Proxy(vitestExpect, {
  apply: (of, self, words) => Reflect.apply(running.getStore()?.expect ?? of, self, words),
  get: (of, name) => Reflect.get(running.getStore()?.expect ?? of, name),
});

/** Registers `body`, a claim in the present tense, once per target. */
export function parity(
  text: string,
  body: (context: ParityContext) => Promise<void>,
  { skip = {}, timeoutMs = 20_000 }: ParityOptions = {},
): void {
  if (registered === undefined) registerTargets((registered = []));
  registered.push({ text, body, skip, timeoutMs });
}

/** A suite for each target, whose tests are those of `bodies` once the file has been read. */
function registerTargets(bodies: readonly Registered[]): void {
  for (const target of targets()) {
    // On the kernel most of a body's time is waiting.
    describe(target.name, { concurrent: target.name === "kernel" }, () => {
      registered = undefined;
      for (const each of bodies) register(target, each);
    });
  }
}

function register(target: Target, { text, body, skip, timeoutMs }: Registered): void {
  test(text, { timeout: timeoutMs }, async (context) => {
    const reason = skip[target.name];
    if (reason !== undefined) return context.skip(reason);
    if (target.name === "kernel" && !canMakeNamespaces()) return resultInChild(context, text);
    await running.run(context, () => run(target, body));
  });
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
