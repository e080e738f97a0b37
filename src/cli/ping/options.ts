// The words of `ping`: getopt's short options, the destination, and ping(8)'s complaints about them.
//
// Facts: the behaviour of iputils 20221126. *Omitted:* names for destinations (there is no resolver here), and the options
// that the help text does not have.

import { setBe32 } from "../../bytes/endian.ts";
import { ipv4FromText } from "../../bytes/ipv4.ts";
import { ipv6FromText } from "../../bytes/ipv6.ts";
import { CommandExit, EXIT_FAILURE, EXIT_REFUSED } from "../exit.ts";
import { PING_USAGE } from "./help.ts";

/** What the words say. Times are nanoseconds. */
export interface PingOptions {
  /** As it was typed, with `%dev` if there was one. */
  readonly target: string;
  /** 4 or 16 bytes. */
  readonly destination: Uint8Array;
  /** The device of -I, or behind the %. */
  readonly ifname: string | undefined;
  /** True when -I named the device: the header says so. */
  readonly isDeviceGiven: boolean;
  readonly source: Uint8Array | undefined;
  readonly count: number | undefined;
  readonly intervalNs: number;
  readonly timeoutNs: number;
  readonly deadlineNs: number | undefined;
  readonly size: number;
  readonly ttl: number | undefined;
  readonly tos: number | undefined;
  readonly isQuiet: boolean;
  readonly hasTimestamps: boolean;
}

/** Options that take a value; the others are flags. */
const valued = "cIiQstwW";
const flags = "46Dhnqv";
const secondNs = 1e9;
const defaultSize = 56;
const largestSize = 127_992;
const largestCount = "9223372036854775807";

/** Reads the words; throws CommandExit with ping's text and code. */
export function parsePing(argv: readonly string[]): PingOptions {
  const given = new Map<string, string>();
  const targets: string[] = [];
  const words = [...argv];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (!word.startsWith("-") || word === "-") {
      targets.push(word);
      continue;
    }
    if (word === "--") {
      targets.push(...words.splice(0));
      break;
    }
    takeOptions(word, words, given);
  }
  if (given.has("h")) throw usage();
  return optionsOf(given, targets);
}

/** One word of options: flags may stand together, a value may follow its letter or be the next word. */
function takeOptions(word: string, words: string[], given: Map<string, string>): void {
  for (let at = 1; at < word.length; at++) {
    const letter = word[at] ?? "";
    if (flags.includes(letter)) {
      given.set(letter, "");
      continue;
    }
    if (!valued.includes(letter)) throw usage(`ping: invalid option -- '${letter}'\n`);
    const value = at + 1 < word.length ? word.slice(at + 1) : words.shift();
    if (value === undefined) throw usage(`ping: option requires an argument -- '${letter}'\n`);
    given.set(letter, value);
    return;
  }
}

function optionsOf(given: ReadonlyMap<string, string>, targets: readonly string[]): PingOptions {
  const number = (letter: string, lowest: number, highest: number) => {
    const text = given.get(letter);
    return text === undefined ? undefined : integer(text, lowest, highest);
  };
  const time = (letter: string, complaint: string) => {
    const text = given.get(letter);
    return text === undefined ? undefined : duration(text, complaint);
  };
  const count = number("c", 1, Number.MAX_SAFE_INTEGER);
  const intervalNs = time("i", "bad timing interval") ?? secondNs;
  const timeoutNs = time("W", "bad linger time") ?? 10 * secondNs;
  const size = number("s", 0, largestSize) ?? defaultSize;
  const ttl = number("t", 0, 255);
  const tos = number("Q", 0, 255);
  const deadline = number("w", 0, 0x7fffffff);
  const target = targets.at(-1);
  if (target === undefined) throw failure("usage error: Destination address required", EXIT_FAILURE);
  const [address = "", zone] = target.split("%", 2);
  const destination = addressOf(address, target, given.has("4"), given.has("6"));
  const from = given.get("I");
  const source = from === undefined ? undefined : parseAddress(from);
  const device = from !== undefined && source === undefined ? from : undefined;
  return {
    target,
    destination,
    ifname: device ?? zone,
    isDeviceGiven: device !== undefined,
    source,
    count,
    intervalNs,
    timeoutNs,
    deadlineNs: deadline === undefined || deadline === 0 ? undefined : deadline * secondNs,
    size,
    ttl,
    tos,
    isQuiet: given.has("q"),
    hasTimestamps: given.has("D"),
  };
}

/** 4 or 16 bytes of an address in text. */
function parseAddress(text: string): Uint8Array | undefined {
  const ipv4 = ipv4FromText(text);
  if (ipv4 === undefined) return ipv6FromText(text);
  const bytes = new Uint8Array(4);
  setBe32(bytes, 0, ipv4);
  return bytes;
}

function addressOf(text: string, target: string, onlyIpv4: boolean, onlyIpv6: boolean): Uint8Array {
  const address = parseAddress(text);
  if (address === undefined) throw failure(`${target}: Name or service not known`, EXIT_REFUSED);
  if ((onlyIpv4 && address.length !== 4) || (onlyIpv6 && address.length !== 16)) {
    throw failure(`${target}: Address family for hostname not supported`, EXIT_REFUSED);
  }
  return address;
}

function integer(text: string, lowest: number, highest: number): number {
  if (!/^[+-]?(\d+|0x[\da-fA-F]+)$/.test(text)) throw failure(`invalid argument: '${text}'`, EXIT_FAILURE);
  const value = Number(text);
  if (value >= lowest && value <= highest) return value;
  const limit = highest === Number.MAX_SAFE_INTEGER ? largestCount : String(highest);
  throw failure(`invalid argument: '${text}': out of range: ${lowest} <= value <= ${limit}`, EXIT_FAILURE);
}

/** Seconds with a fraction, as nanoseconds. */
function duration(text: string, complaint: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < 0)
    throw failure(`${complaint}: ${text}`, EXIT_REFUSED);
  return Math.round(value * secondNs);
}

function failure(text: string, code: number): CommandExit {
  return new CommandExit(code, `ping: ${text}\n`);
}

function usage(complaint = ""): CommandExit {
  return new CommandExit(EXIT_REFUSED, `${complaint}${PING_USAGE}`);
}
