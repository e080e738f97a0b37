// The words of `capture`: tcpdump's letters where tcpdump has them.

import { CommandExit, EXIT_FAILURE } from "../exit.ts";

export const CAPTURE_USAGE = `Usage: uveth capture [OPTIONS] [EXPRESSION]
Shows the frames that pass the devices of a namespace, also those that are dropped and why.
EXPRESSION says which, in the words of pcap-filter(7): "tcp port 80 and not host 10.0.0.1".
  -i DEV      only this device; all of them by default
  -w FILE     write pcapng to FILE instead of text; - is standard output, tcp://[HOST:]PORT serves whoever connects
              (wireshark -k -i TCP@127.0.0.1:57012)
  -c COUNT    stop after COUNT frames
  -s SNAPLEN  keep at most SNAPLEN bytes of each frame
  -e          show the link level: addresses, EtherType, length
  -t          no time stamps
  -j          one JSON object a line
  -q          no closing line on standard error
  -h          this text
From a namespace: uveth ip netns exec NAME uveth capture -i DEV
`;

/** What the words say. */
export interface CaptureOptions {
  readonly ifname: string | undefined;
  readonly file: string | undefined;
  readonly count: number | undefined;
  readonly snaplen: number | undefined;
  /** Which frames; undefined for all. */
  readonly filter: string | undefined;
  readonly hasLinkLevel: boolean;
  readonly hasTime: boolean;
  readonly isJson: boolean;
  readonly isQuiet: boolean;
  readonly isHelp: boolean;
}

const valued = "iwcs";
const flags = "etjqhn";

/** Reads the words; throws CommandExit with what is wrong. */
export function parseCapture(argv: readonly string[]): CaptureOptions {
  const given = new Map<string, string>();
  const words = [...argv];
  for (let word = words[0]; word?.startsWith("-") === true; word = words[0]) {
    words.shift();
    if (word === "--") break;
    if (!/^-[^-]/.test(word) && word !== "--help") throw wrong(`Unknown word "${word}"`);
    takeOptions(word === "--help" ? "-h" : word, words, given);
  }
  const device = given.get("i");
  return {
    ifname: device === "any" ? undefined : device,
    file: given.get("w"),
    count: positive(given.get("c"), "-c"),
    snaplen: positive(given.get("s"), "-s"),
    filter: words.length === 0 ? undefined : words.join(" "),
    hasLinkLevel: given.has("e"),
    hasTime: !given.has("t"),
    isJson: given.has("j"),
    isQuiet: given.has("q"),
    isHelp: given.has("h"),
  };
}

function takeOptions(word: string, words: string[], given: Map<string, string>): void {
  for (let at = 1; at < word.length; at++) {
    const letter = word[at] ?? "";
    if (flags.includes(letter)) {
      given.set(letter, "");
      continue;
    }
    if (!valued.includes(letter)) throw wrong(`Unknown option "-${letter}"`);
    const value = at + 1 < word.length ? word.slice(at + 1) : words.shift();
    if (value === undefined) throw wrong(`Option "-${letter}" needs a value`);
    given.set(letter, value);
    return;
  }
}

function positive(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > 0xffffffff) {
    throw wrong(`"${text}" is not a number from 1 to 4294967295 (${option})`);
  }
  return value;
}

function wrong(text: string): CommandExit {
  return new CommandExit(EXIT_FAILURE, `capture: ${text}\n${CAPTURE_USAGE}`);
}
