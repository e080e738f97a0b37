// The options before the object: `bridge -j -s fdb`.
//
// Facts: bridge(8) and the behaviour of iproute2 6.1.

import { NetlinkError } from "../../netlink/error.ts";
import { errnoText } from "../../uapi/errno.ts";
import { CommandExit, EXIT_USAGE, VersionAsked } from "../exit.ts";
import type { CommandIo } from "../io.ts";
import type { IpOptions } from "../ip/options.ts";
import { defaultOptions } from "../ip/options.ts";
import type { Words } from "../words.ts";
import { matches } from "../words.ts";
import { BRIDGE_USAGE } from "./help.ts";

/** What the options say. */
interface BridgeOptions {
  readonly options: IpOptions;
  /** -compressvlans: runs of VLANs as ranges. */
  readonly isCompressed: boolean;
}

/** Options that only switch something on, in the order they are tried. */
const SWITCHES: readonly (readonly [name: string, apply: (options: IpOptions) => void])[] = [
  ["-stats", (options) => void options.stats++],
  ["-statistics", (options) => void options.stats++],
  ["-details", (options) => void (options.details = true)],
  ["-oneline", (options) => void (options.oneline = true)],
  ["-timestamp", (options) => void (options.timestamp = "long")],
  ["-force", (options) => void (options.force = true)],
  ["-json", (options) => void (options.json = true)],
  ["-pretty", (options) => void (options.pretty = true)],
];

/** Takes the options at the start of `words`; CommandExit for a wrong one, VersionAsked for -Version. */
export async function parseBridgeOptions(words: Words, io: CommandIo): Promise<BridgeOptions> {
  const options = defaultOptions();
  let isCompressed = false;
  for (let word = words.peek; word?.startsWith("-") === true; word = words.peek) {
    words.take();
    if (word === "--") break;
    const typed = word.startsWith("--") ? word.slice(1) : word;
    const option = SWITCHES.find(([name]) => matches(typed, name));
    if (matches(typed, "-help")) throw new CommandExit(EXIT_USAGE, BRIDGE_USAGE);
    else if (typed === "-Version" || typed === "-V") throw new VersionAsked();
    else if (matches(typed, "-netns")) options.netns = await openable(words.value(), io);
    else if (isColor(typed)) options.color = typed.endsWith("=never") ? "never" : "always";
    else if (matches(typed, "-compressvlans")) isCompressed = true;
    else if (matches(typed, "-batch")) options.batch = words.value();
    else if (option !== undefined) option[1](options);
    else throw new CommandExit(EXIT_USAGE, `Option "${typed}" is unknown, try "bridge help".\n`);
  }
  return { options, isCompressed };
}

/** -color, which -c and -co abbreviate, with or without a value. */
function isColor(typed: string): boolean {
  const [name = ""] = typed.split("=");
  return name.length >= 2 && matches(name, "-color");
}

async function openable(name: string, io: CommandIo): Promise<string> {
  try {
    (await io.provider.openNetns(name)).close();
    return name;
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    const text = `Cannot open network namespace "${name}": ${errnoText(-error.errno)}\n`;
    throw new CommandExit(EXIT_USAGE, text);
  }
}
