// The kinds of action that `tc` knows words for.

import { gact, gactWords } from "./gact.ts";
import type { ActionWords } from "./kind.ts";
import { mirred } from "./mirred.ts";

const actions: readonly ActionWords[] = [gact, mirred];

/** A kind of action by its name, or by what gact's words do. */
export function actionWords(word: string): ActionWords | undefined {
  return gactWords.includes(word) ? gact : actions.find((each) => each.kind === word);
}
