// How kinds read their words alike: a help text ends the command as a wrong word does.

import { CommandExit, EXIT_FAILURE } from "../exit.ts";

/** The end of a command whose kind was asked for help, or given a word it does not know; `complaint` with its line end. */
export function kindUsage(help: string, complaint = ""): CommandExit {
  return new CommandExit(EXIT_FAILURE, complaint + help);
}

/** A word that must be one of a few, and is not. `choices` as iproute2 puts them. */
export function notOneOf(key: string, choices: string, word: string): CommandExit {
  return new CommandExit(EXIT_FAILURE, `Error: argument of "${key}" must be ${choices}, not "${word}"\n`);
}
