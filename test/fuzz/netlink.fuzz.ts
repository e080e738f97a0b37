// Random and mutated netlink bytes into machines: every case ends in an answer, and nothing breaks or is left behind.
//
// A run is cut into sequences: each has a machine of its own and a seed of its own, so that state piles up within it, and
// one sequence is enough to reproduce what it finds. No platform: it runs where the core runs.

import type { LinkOps } from "../../src/net/netdevice.ts";
import { NLM_F_ACK, NLM_F_REQUEST } from "../../src/uapi/netlink.ts";
import { requestBytes } from "./attribute.ts";
import { Dice } from "./dice.ts";
import { genericRequests } from "./grammar/generic.ts";
import { linkRequests } from "./grammar/link.ts";
import { networkRequests } from "./grammar/network.ts";
import { ruleRequests } from "./grammar/rules.ts";
import { tcRequests } from "./grammar/tc.ts";
import type { World } from "./grammar/values.ts";
import { mutateBytes, mutateTree } from "./mutate.ts";
import { preamble } from "./preamble.ts";
import { shrink } from "./shrink.ts";
import type { Step } from "./step.ts";
import { Broken, Subject } from "./subject.ts";

/** Cases of one sequence. */
export const casesPerSequence = 1_000;

/** What to run. */
export interface FuzzOptions {
  readonly seed: number;
  readonly cases: number;
  /** Kinds of device beside the built-in ones: the canaries. */
  readonly kinds?: readonly LinkOps[];
  /** Told before every case. */
  readonly onCase?: (sequence: number, step: Step) => void;
}

/** What came of it. */
export interface FuzzReport {
  readonly cases: number;
  /** How often each answer came. */
  readonly answers: ReadonlyMap<string, number>;
  readonly failure: Failure | undefined;
}

/** Something broke. */
export interface Failure {
  readonly error: Error;
  /** The seed that makes this sequence the first. */
  readonly seed: number;
  /** The steps that lead there, as few as were found. */
  readonly steps: readonly Step[];
}

/** An error with the one it came of, each with the way that led there. */
export function describeFailure(error: Error): string {
  const text = error.stack ?? error.message;
  return error.cause instanceof Error ? `${error.message}\n${describeFailure(error.cause)}` : text;
}

/** Runs until the cases are through or something breaks. */
export async function fuzzNetlink({ seed, cases, kinds = [], onCase }: FuzzOptions): Promise<FuzzReport> {
  const answers = new Map<string, number>();
  for (let sequence = 0; sequence * casesPerSequence < cases; sequence++) {
    const sequenceSeed = seed + sequence;
    const count = Math.min(casesPerSequence, cases - sequence * casesPerSequence);
    const subject = new Subject(sequenceSeed, kinds, answers);
    const steps: Step[] = [];
    try {
      for (const step of generate(new Dice(sequenceSeed), subject.world, count)) {
        steps.push(step);
        onCase?.(sequence, step);
        await subject.run(step);
      }
      subject.finish();
    } catch (error) {
      const found = error instanceof Error ? error : new Error(String(error));
      const fewer = await shrink(steps, found, (each) => replay(each, sequenceSeed, kinds));
      const done = sequence * casesPerSequence + steps.length;
      return { cases: done, answers, failure: { error: found, seed: sequenceSeed, steps: fewer } };
    }
  }
  return { cases, answers, failure: undefined };
}

/** Runs steps on a new machine; what they break, or undefined. */
export async function replay(
  steps: readonly Step[],
  seed = 1,
  kinds: readonly LinkOps[] = [],
): Promise<Error | undefined> {
  const subject = new Subject(seed, kinds, new Map());
  try {
    for (const step of steps) await subject.run(step);
    subject.finish();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Broken(String(error));
  }
}

/** The steps of one sequence: requests, and now and then time that passes and sockets that close. */
function* generate(dice: Dice, world: World, count: number): Generator<Step, void, void> {
  for (let number = 1; number <= count; number++) {
    if (dice.once(number === 1 ? 2 : 100)) yield* preamble(world.descriptors[1] ?? 0);
    if (dice.once(40))
      yield { what: "advance", durationNs: dice.of([1_000, 1_000_000, 20_000_000, 1_500_000_000]) };
    if (dice.once(100)) yield { what: "reopen" };
    yield datagram(dice, world, number);
  }
}

/** One case: some requests in one datagram to one socket, most of them mutated. */
function datagram(dice: Dice, world: World, number: number): Step {
  const socket = dice.below(Subject.socketCount);
  const isGeneric = socket % 3 === 2;
  if (dice.once(40))
    return { what: "send", socket, bytes: dice.bytes(dice.of([0, 1, 16, 20, 60, dice.below(400)])) };
  const parts: Uint8Array[] = [];
  for (let requests = dice.of([1, 1, 1, 1, 1, 2, 4]); requests > 0; requests--) {
    parts.push(request(dice, world, isGeneric, number * 8 + requests));
  }
  return { what: "send", socket, bytes: Uint8Array.from(parts.flatMap((part) => [...part])) };
}

function request(dice: Dice, world: World, isGeneric: boolean, seq: number): Uint8Array {
  const makers = isGeneric
    ? genericRequests
    : dice.of([linkRequests, networkRequests, ruleRequests, tcRequests]);
  const tree = dice.of<(dice: Dice, world: World) => ReturnType<(typeof linkRequests)[0]>>(makers)(
    dice,
    world,
  );
  tree.flags |= NLM_F_REQUEST | NLM_F_ACK;
  if (!dice.once(3)) mutateTree(dice, tree);
  const bytes = requestBytes(tree, seq);
  return dice.once(6) ? mutateBytes(dice, bytes) : bytes;
}
