// The kinds of filter that a machine has.

import type { ClassifierOps } from "../net/tcf.ts";
import { basic } from "./basic.ts";
import { flower } from "./flower.ts";
import { matchall } from "./matchall.ts";
import { u32 } from "./u32.ts";

const kinds: readonly ClassifierOps[] = [matchall, u32, flower, basic];

export const classifiers: ReadonlyMap<string, ClassifierOps> = new Map(kinds.map((ops) => [ops.kind, ops]));
