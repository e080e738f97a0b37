// The options before the object: `tc -s -j qdisc`. They are those of `ip` as far as both have them.
//
// Facts: tc(8) and the behaviour of iproute2 6.1. *Omitted:* -names and -conf, which are read and have no effect, and -graph.

import { CommandExit, EXIT_USAGE, usage, VersionAsked } from "../exit.ts";
import type { CommandIo } from "../io.ts";
import type { IpOptions } from "../ip/options.ts";
import { defaultOptions, openable } from "../ip/options.ts";
import type { Words } from "../words.ts";
import { matches } from "../words.ts";
import { TC_USAGE } from "./help.ts";

/** What the options say. */
export interface TcOptions {
  readonly options: IpOptions;
  readonly isRaw: boolean;
}

/** What one option does; `words` stand behind it. */
type Apply = (options: IpOptions, words: Words, io: CommandIo) => void | Promise<void>;

/** In the order they are tried. A name with a `!` is not abbreviated. */
const OPTIONS: readonly (readonly [name: string, apply: Apply])[] = [
  ["-stats", (options) => void options.stats++],
  ["-statistics", (options) => void options.stats++],
  ["-details", (options) => void (options.details = true)],
  ["!-iec", (options) => void (options.iec = true)],
  ["-force", (options) => void (options.force = true)],
  ["-batch", (options, words) => void (options.batch = argument(words))],
  ["-netns", async (options, words, io) => void (options.netns = await openable(words.take(), io))],
  ["-Numeric", (options) => void (options.numeric = true)],
  ["!-names", () => {}],
  ["!-nm", () => {}],
  ["!-cf", (_, words) => void argument(words)],
  ["!-conf", (_, words) => void argument(words)],
  ["-timestamp", (options) => void (options.timestamp = "long")],
  ["-tshort", (options) => void (options.timestamp = "short")],
  ["-json", (options) => void (options.json = true)],
  ["-oneline", (options) => void (options.oneline = true)],
  ["-pretty", (options) => void (options.pretty = true)],
  ["!-brief", (options) => void (options.brief = true)],
  ["!-br", (options) => void (options.brief = true)],
];

/** Takes the options at the start of `words`. Throws CommandExit for a wrong one and VersionAsked for -Version. */
export async function parseTcOptions(words: Words, io: CommandIo): Promise<TcOptions> {
  const options = defaultOptions();
  let isRaw = false;
  for (let word = words.peek; word?.startsWith("-") === true; word = words.peek) {
    words.take();
    const typed = word.startsWith("--") ? word.slice(1) : word;
    if (matches(typed, "-raw")) isRaw = true;
    else if (matches(typed, "-Version")) throw new VersionAsked();
    else if (matches(typed, "-help")) throw usage(TC_USAGE, 0);
    else if (matches(typed.split("=")[0] ?? "", "-color")) options.color = colorOf(typed);
    else {
      const option = OPTIONS.find(([name]) =>
        name.startsWith("!") ? name.slice(1) === typed : matches(typed, name),
      );
      if (option === undefined) {
        throw new CommandExit(EXIT_USAGE, `Option "${typed}" is unknown, try "tc -help".\n`);
      }
      await option[1](options, words, io);
    }
  }
  return { options, isRaw };
}

function colorOf(typed: string): IpOptions["color"] {
  const mode = typed.split("=")[1];
  return mode === "auto" || mode === "never" ? mode : "always";
}

function argument(words: Words): string {
  const word = words.take();
  if (word === undefined) throw usage(TC_USAGE, 0);
  return word;
}
