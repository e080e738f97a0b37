// The words of `ss`: options, states, a filter of ports.
//
// Facts: ss(8), the behaviour of iproute2 6.1. *Omitted:* sockets that are not of TCP or UDP, what processes hold them, names of
// services, filters with addresses, brackets, `or` and `not`: each is refused by name.

import { CommandExit, EXIT_FAILURE, EXIT_USAGE } from "../exit.ts";
import { unsigned } from "../numbers.ts";

/** `ss --help`. */
export const SS_USAGE = `Usage: ss [ OPTIONS ]
       ss [ OPTIONS ] [ FILTER ]
   -h, --help          this message
   -V, --version       output version information
   -n, --numeric       don't resolve service names
   -a, --all           display all sockets
   -l, --listening     display listening sockets
   -o, --options       show timer information
   -s, --summary       show socket usage summary
   -4, --ipv4          display only IP version 4 sockets
   -6, --ipv6          display only IP version 6 sockets
   -t, --tcp           display only TCP sockets
   -u, --udp           display only UDP sockets
   -H, --no-header     Suppress header line
   -O, --oneline       socket's data printed on a single line
   -j, --json          one JSON array (uveth's own)
       --netns NAME    in this namespace
       FILTER := [ state STATE-FILTER ] [ { sport | dport } OP :PORT [ and … ] ]
       STATE-FILTER := {all|connected|synchronized|bucket|big|TCP-STATES}
       OP := { = | == | eq | != | ne | neq | >= | ge | <= | le | > | gt | < | lt }
`;

/** Names of states as they are typed, by number. */
const STATES: readonly string[] = [
  "unknown",
  "established",
  "syn-sent",
  "syn-recv",
  "fin-wait-1",
  "fin-wait-2",
  "time-wait",
  "closed",
  "close-wait",
  "last-ack",
  "listening",
  "closing",
];

export const ALL_STATES = 0xfff;
const bit = (name: string): number => 1 << STATES.indexOf(name);
const CONNECTED = ALL_STATES & ~(bit("listening") | bit("closed") | bit("time-wait") | bit("syn-recv"));
const LISTENING = bit("listening") | bit("closed");

/** What one comparison of a filter says. */
interface PortTest {
  readonly isLocal: boolean;
  holds(port: number): boolean;
}

/** What the words say. */
export interface SsOptions {
  isTcp: boolean;
  isUdp: boolean;
  isFour: boolean;
  isSix: boolean;
  /** A bit for each state. */
  states: number;
  /** States were asked for by name. */
  areStatesSaid: boolean;
  hasHeader: boolean;
  hasTimers: boolean;
  isSummary: boolean;
  isJson: boolean;
  netns: string | undefined;
  readonly tests: PortTest[];
}

const FLAGS = new Map<string, (options: SsOptions) => void>([
  ["n", () => {}],
  ["numeric", () => {}],
  ["O", () => {}],
  ["oneline", () => {}],
  ["a", (options) => void (options.states = ALL_STATES)],
  ["all", (options) => void (options.states = ALL_STATES)],
  ["l", (options) => void (options.states = LISTENING)],
  ["listening", (options) => void (options.states = LISTENING)],
  ["o", (options) => void (options.hasTimers = true)],
  ["options", (options) => void (options.hasTimers = true)],
  ["s", (options) => void (options.isSummary = true)],
  ["summary", (options) => void (options.isSummary = true)],
  ["4", (options) => void (options.isFour = true)],
  ["ipv4", (options) => void (options.isFour = true)],
  ["6", (options) => void (options.isSix = true)],
  ["ipv6", (options) => void (options.isSix = true)],
  ["t", (options) => void (options.isTcp = true)],
  ["tcp", (options) => void (options.isTcp = true)],
  ["u", (options) => void (options.isUdp = true)],
  ["udp", (options) => void (options.isUdp = true)],
  ["H", (options) => void (options.hasHeader = false)],
  ["no-header", (options) => void (options.hasHeader = false)],
  ["j", (options) => void (options.isJson = true)],
  ["json", (options) => void (options.isJson = true)],
]);

/** Reads the words; throws CommandExit. */
export function parseSs(argv: readonly string[]): SsOptions {
  const options: SsOptions = {
    isTcp: false,
    isUdp: false,
    isFour: false,
    isSix: false,
    states: CONNECTED,
    areStatesSaid: false,
    hasHeader: true,
    hasTimers: false,
    isSummary: false,
    isJson: false,
    netns: undefined,
    tests: [],
  };
  const words = [...argv];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === "--netns") options.netns = words.shift();
    else if (word.startsWith("--")) takeFlag(options, word.slice(2));
    else if (word.startsWith("-")) for (const letter of word.slice(1)) takeFlag(options, letter);
    else takeFilter(options, word, words);
  }
  if (!options.isTcp && !options.isUdp) {
    options.isTcp = true;
    options.isUdp = true;
  }
  if (!options.isFour && !options.isSix) {
    options.isFour = true;
    options.isSix = true;
  }
  return options;
}

function takeFlag(options: SsOptions, name: string): void {
  const take = FLAGS.get(name);
  if (take === undefined) {
    throw new CommandExit(EXIT_USAGE, `ss: option "${name}" is not supported by uveth\n${SS_USAGE}`);
  }
  take(options);
}

/** The states that a word stands for. */
function statesOf(word: string): number {
  switch (word) {
    case "all":
      return ALL_STATES;
    case "connected":
      return ALL_STATES & ~(bit("closed") | bit("listening"));
    case "synchronized":
      return ALL_STATES & ~(bit("closed") | bit("listening") | bit("syn-sent"));
    case "bucket":
      return bit("syn-recv") | bit("time-wait");
    case "big":
      return ALL_STATES & ~(bit("syn-recv") | bit("time-wait"));
    default: {
      const alias = word === "listen" ? "listening" : word === "close" ? "closed" : word;
      const index = STATES.indexOf(alias);
      if (index <= 0) throw new CommandExit(EXIT_USAGE, `ss: wrong state name: ${word}\n`);
      return 1 << index;
    }
  }
}

const OPERATORS: ReadonlyMap<string, (port: number, wanted: number) => boolean> = new Map([
  ["=", (port, wanted) => port === wanted],
  ["==", (port, wanted) => port === wanted],
  ["eq", (port, wanted) => port === wanted],
  ["!=", (port, wanted) => port !== wanted],
  ["ne", (port, wanted) => port !== wanted],
  ["neq", (port, wanted) => port !== wanted],
  [">=", (port, wanted) => port >= wanted],
  ["ge", (port, wanted) => port >= wanted],
  ["<=", (port, wanted) => port <= wanted],
  ["le", (port, wanted) => port <= wanted],
  [">", (port, wanted) => port > wanted],
  ["gt", (port, wanted) => port > wanted],
  ["<", (port, wanted) => port < wanted],
  ["lt", (port, wanted) => port < wanted],
]);

function takeFilter(options: SsOptions, word: string, words: string[]): void {
  if (word === "state" || word === "exclude") {
    const states = statesOf(words.shift() ?? "");
    const before = options.areStatesSaid ? options.states : word === "state" ? 0 : ALL_STATES;
    options.states = word === "state" ? before | states : before & ~states;
    options.areStatesSaid = true;
    return;
  }
  if (word === "and" || word === "&" || word === "&&") return;
  if (word !== "sport" && word !== "dport") {
    const text = `ss: bison bellows (while parsing filter): "${word}" is not among what uveth reads`;
    throw new CommandExit(EXIT_USAGE, `${text}\n${SS_USAGE}`);
  }
  const operator = OPERATORS.get(words[0] ?? "");
  if (operator !== undefined) words.shift();
  const text = words.shift() ?? "";
  const wanted = unsigned(text.replace(/^:/, ""), 16);
  if (wanted === undefined) throw new CommandExit(EXIT_FAILURE, `ss: "${text}" is not a port\n`);
  const holds = operator ?? ((port: number, value: number) => port === value);
  options.tests.push({ isLocal: word === "sport", holds: (port) => holds(port, wanted) });
}
