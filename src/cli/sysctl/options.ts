// The words of `sysctl`: getopt's options, short and long, and the variables behind them.
//
// Facts: sysctl(8) and the behaviour of procps-ng 4.0.2. *Omitted:* --system, for there are no system directories here.

import { CommandExit, EXIT_FAILURE } from "../exit.ts";
import { SYSCTL_USAGE } from "./help.ts";

/** What the words say. */
export interface SysctlOptions {
  isAll: boolean;
  isBinary: boolean;
  isDry: boolean;
  ignoresUnknown: boolean;
  isJson: boolean;
  onlyNames: boolean;
  onlyValues: boolean;
  isQuiet: boolean;
  isWrite: boolean;
  /** Files to read assignments from; "-" is standard input. */
  readonly files: string[];
  loads: boolean;
  pattern: RegExp | undefined;
  netns: string | undefined;
  readonly variables: string[];
}

type Take = (options: SysctlOptions, value: string) => void;

/** What each option does. */
const SHORT: ReadonlyMap<string, Take> = new Map([
  ["a", (options) => void (options.isAll = true)],
  ["A", (options) => void (options.isAll = true)],
  ["X", (options) => void (options.isAll = true)],
  ["b", (options) => void (options.isBinary = true)],
  ["e", (options) => void (options.ignoresUnknown = true)],
  ["j", (options) => void (options.isJson = true)],
  ["N", (options) => void (options.onlyNames = true)],
  ["n", (options) => void (options.onlyValues = true)],
  ["p", takeLoad],
  ["f", takeLoad],
  ["r", takePattern],
  ["q", (options) => void (options.isQuiet = true)],
  ["w", (options) => void (options.isWrite = true)],
  ["o", () => {}],
  ["x", () => {}],
  ["d", showHelp],
  ["h", showHelp],
  ["V", showVersion],
]);

const LONG: ReadonlyMap<string, Take> = new Map<string, Take>([
  ["all", (options) => void (options.isAll = true)],
  ["binary", (options) => void (options.isBinary = true)],
  ["deprecated", () => {}],
  ["dry-run", (options) => void (options.isDry = true)],
  ["ignore", (options) => void (options.ignoresUnknown = true)],
  ["json", (options) => void (options.isJson = true)],
  ["names", (options) => void (options.onlyNames = true)],
  ["values", (options) => void (options.onlyValues = true)],
  ["netns", (options, value) => void (options.netns = value)],
  ["load", takeLoad],
  ["pattern", takePattern],
  ["quiet", (options) => void (options.isQuiet = true)],
  ["write", (options) => void (options.isWrite = true)],
  ["help", showHelp],
  ["version", showVersion],
]);

/** Options that must have a value. */
const VALUED: readonly string[] = ["r", "pattern", "netns"];

/** Reads the words; throws CommandExit with procps' text and code. */
export function parseSysctl(argv: readonly string[]): SysctlOptions {
  const options: SysctlOptions = {
    isAll: false,
    isBinary: false,
    isDry: false,
    ignoresUnknown: false,
    isJson: false,
    onlyNames: false,
    onlyValues: false,
    isQuiet: false,
    isWrite: false,
    files: [],
    loads: false,
    pattern: undefined,
    netns: undefined,
    variables: [],
  };
  if (argv.length === 0) throw new CommandExit(EXIT_FAILURE, SYSCTL_USAGE);
  const words = [...argv];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === "--") options.variables.push(...words.splice(0));
    else if (word.startsWith("--")) takeLong(options, word.slice(2), words);
    else if (word.startsWith("-") && word !== "-") takeShort(options, word.slice(1), words);
    else options.variables.push(word);
  }
  return options;
}

function takeLong(options: SysctlOptions, word: string, words: string[]): void {
  const [name = "", given] = word.split(/=(.*)/s, 2);
  const found = [...LONG.keys()].filter((key) => key.startsWith(name));
  const key = LONG.has(name) ? name : found.length === 1 ? found[0] : undefined;
  const take = key === undefined ? undefined : LONG.get(key);
  if (key === undefined || take === undefined) throw wrongOption(`unrecognized option '--${name}'`);
  const needs = VALUED.includes(key) && given === undefined;
  const value = needs ? words.shift() : given;
  if (needs && value === undefined) throw wrongOption(`option '--${key}' requires an argument`);
  take(options, value ?? "");
}

function takeShort(options: SysctlOptions, letters: string, words: string[]): void {
  for (let index = 0; index < letters.length; index++) {
    const letter = letters[index] ?? "";
    const take = SHORT.get(letter);
    if (take === undefined) throw wrongOption(`invalid option -- '${letter}'`);
    const isLoad = letter === "p" || letter === "f";
    if (!isLoad && !VALUED.includes(letter)) {
      take(options, "");
      continue;
    }
    const rest = letters.slice(index + 1);
    const value = rest !== "" || isLoad ? rest : words.shift();
    if (value === undefined) throw wrongOption(`option requires an argument -- '${letter}'`);
    return take(options, value);
  }
}

function wrongOption(text: string): CommandExit {
  return new CommandExit(EXIT_FAILURE, `sysctl: ${text}\n${SYSCTL_USAGE}`);
}

function takeLoad(options: SysctlOptions, value: string): void {
  options.loads = true;
  if (value !== "") options.files.push(value);
}

function takePattern(options: SysctlOptions, value: string): void {
  try {
    options.pattern = new RegExp(value);
  } catch {
    throw new CommandExit(EXIT_FAILURE, `sysctl: invalid pattern "${value}"\n`);
  }
}

/** Help and version end the command well: their text is for standard output. */
export class SysctlAnswer extends Error {}

function showHelp(): void {
  throw new SysctlAnswer(`${SYSCTL_USAGE}\nFor more details see sysctl(8).\n`);
}

function showVersion(): void {
  throw new SysctlAnswer("sysctl from uveth, as procps-ng 4.0.2\n");
}
