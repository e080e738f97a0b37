// The options before the object: `ip -j -s link`. Options are abbreviated like everything else, and the first in the list that
// fits is meant: -b is -batch, -t is -timestamp, -r is -resolve.
//
// Facts: ip(8) and the behaviour of iproute2 6.1. *Omitted:* -rcvbuf and -resolve, which are read and have no effect; -resolve
// would ask a name server.

import { NetlinkError } from "../../netlink/error.ts";
import { errnoNumber, errnoText } from "../../uapi/errno.ts";
import { AF_BRIDGE, AF_INET, AF_INET6, AF_MPLS, AF_PACKET, AF_UNSPEC } from "../../uapi/socket.ts";
import type { ColorMode } from "../color.ts";
import { CommandExit, EXIT_USAGE, usage, VersionAsked, wrongArgument } from "../exit.ts";
import type { CommandIo } from "../io.ts";
import { unsigned } from "../numbers.ts";
import type { Words } from "../words.ts";
import { matches } from "../words.ts";
import { IP_USAGE } from "./help.ts";
import { familyNumber } from "./tables.ts";

/** What the options say. */
export interface IpOptions {
  /** AF_UNSPEC unless -4, -6, -0, -family. */
  family: number;
  json: boolean;
  pretty: boolean;
  details: boolean;
  /** How often -s was given. */
  stats: number;
  oneline: boolean;
  brief: boolean;
  human: boolean;
  /** -iec: powers of 1024 with -human. */
  iec: boolean;
  /** -N: numbers instead of names. */
  numeric: boolean;
  timestamp: "none" | "long" | "short";
  color: ColorMode;
  force: boolean;
  all: boolean;
  echo: boolean;
  /** Rounds of a flush before it gives up; 0 means never. */
  maxFlushRounds: number;
  netns: string | undefined;
  batch: string | undefined;
}

/** What holds without options; `bridge` and `tc` begin with it too. */
export function defaultOptions(): IpOptions {
  return {
    family: AF_UNSPEC,
    json: false,
    pretty: false,
    details: false,
    stats: 0,
    oneline: false,
    brief: false,
    human: false,
    iec: false,
    numeric: false,
    timestamp: "none",
    color: "never",
    force: false,
    all: false,
    echo: false,
    maxFlushRounds: 10,
    netns: undefined,
    batch: undefined,
  };
}

/** What one option does; `words` stand behind it. */
type Apply = (options: IpOptions, words: Words, io: CommandIo) => void | Promise<void>;

/** In the order they are tried. A name with a `!` is not abbreviated. */
const OPTIONS: readonly (readonly [name: string, apply: Apply])[] = [
  ["-loops", (options, words) => void (options.maxFlushRounds = unsigned(argument(words), 31, 10) ?? 0)],
  ["-family", (options, words) => void (options.family = family(argument(words)))],
  ["!-4", (options) => void (options.family = AF_INET)],
  ["!-6", (options) => void (options.family = AF_INET6)],
  ["!-0", (options) => void (options.family = AF_PACKET)],
  ["!-M", (options) => void (options.family = AF_MPLS)],
  ["!-B", (options) => void (options.family = AF_BRIDGE)],
  ["-human-readable", (options) => void (options.human = true)],
  ["-iec", (options) => void (options.iec = true)],
  ["-stats", (options) => void options.stats++],
  ["-statistics", (options) => void options.stats++],
  ["-details", (options) => void (options.details = true)],
  ["-resolve", () => {}],
  ["-oneline", (options) => void (options.oneline = true)],
  ["-timestamp", (options) => void (options.timestamp = "long")],
  ["-tshort", (options) => void (options.timestamp = "short")],
  [
    "-Version",
    () => {
      throw new VersionAsked();
    },
  ],
  ["-force", (options) => void (options.force = true)],
  ["-batch", (options, words) => void (options.batch = argument(words))],
  ["-brief", (options) => void (options.brief = true)],
  ["-json", (options) => void (options.json = true)],
  ["-rcvbuf", (_, words) => receiveBuffer(argument(words))],
  [
    "-help",
    () => {
      throw usage(IP_USAGE);
    },
  ],
  ["-netns", async (options, words, io) => void (options.netns = await openable(words.take(), io))],
  ["-Numeric", (options) => void (options.numeric = true)],
  ["-all", (options) => void (options.all = true)],
  ["!-echo", (options) => void (options.echo = true)],
  ["-pretty", (options) => void (options.pretty = true)],
];

/** Takes the options at the start of `words`. Throws CommandExit for a wrong one and VersionAsked for -Version. */
export async function parseOptions(words: Words, io: CommandIo): Promise<IpOptions> {
  const options = defaultOptions();
  for (let word = words.peek; word?.startsWith("-") === true; word = words.peek) {
    words.take();
    if (word === "--") break;
    const typed = word.startsWith("--") ? word.slice(1) : word;
    const color = colorMode(typed);
    if (color !== undefined) {
      options.color = color;
      continue;
    }
    const option = OPTIONS.find(([name]) =>
      name.startsWith("!") ? name.slice(1) === typed : matches(typed, name),
    );
    if (option === undefined) {
      throw new CommandExit(EXIT_USAGE, `Option "${typed}" is unknown, try "ip -help".\n`);
    }
    await option[1](options, words, io);
  }
  return options;
}

/** Reads -color[=always|auto|never]; undefined if `typed` is another option. */
function colorMode(typed: string): ColorMode | undefined {
  const [name = "", value = ""] = typed.split("=", 2);
  const mode = value === "" ? "always" : value;
  if (name.length < 2 || !matches(name, "-color")) return undefined;
  return mode === "always" || mode === "auto" || mode === "never" ? mode : undefined;
}

function family(name: string): number {
  if (name === "help") throw usage(IP_USAGE);
  const number = familyNumber(name);
  if (number === undefined) throw wrongArgument(name, "invalid protocol family");
  return number;
}

/** The argument of an option, which must be there. */
function argument(words: Words): string {
  const word = words.take();
  if (word === undefined) throw usage(IP_USAGE);
  return word;
}

function receiveBuffer(size: string): void {
  if (unsigned(size) === undefined) throw new CommandExit(EXIT_USAGE, `Invalid rcvbuf size '${size}'\n`);
}

/** Makes sure of the namespace before anything is done in it; ends the command when it cannot be opened. */
export async function openable(name: string | undefined, io: CommandIo): Promise<string> {
  if (name === undefined) throw cannotOpen("(null)", errnoNumber("ENOENT"));
  try {
    (await io.provider.openNetns(name)).close();
    return name;
  } catch (error) {
    throw error instanceof NetlinkError ? cannotOpen(name, -error.errno) : error;
  }
}

function cannotOpen(name: string, errno: number): CommandExit {
  return new CommandExit(EXIT_USAGE, `Cannot open network namespace "${name}": ${errnoText(errno)}\n`);
}
