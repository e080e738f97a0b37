// What stands behind the words of a link: a word → its value, or iproute2's refusal.

import { CommandExit, EXIT_FAILURE, wrongArgument } from "../../exit.ts";
import { signed, unsigned } from "../../numbers.ts";
import { deviceGroups } from "../tables.ts";

/** An ifindex. */
export function index(word: string): number {
  const value = signed(word);
  if (value === undefined || value <= 0) throw wrongArgument(word, 'Invalid "index" value');
  return value;
}

/** A number that iproute2 reads as an int and the kernel as a u32. */
export function integer(word: string, key: string): number {
  const value = signed(word);
  if (value === undefined) throw wrongArgument(word, `Invalid "${key}" value\n`);
  return value;
}

/** A number of bytes or packets. */
export function size(word: string, key: string, maximum = 0xffff_ffff): number {
  const value = unsigned(word);
  if (value === undefined || value > maximum) throw wrongArgument(word, `Invalid "${key}" value\n`);
  return value;
}

/** `on` or `off`. */
export function onOrOff(key: string, word: string): boolean {
  if (word === "on" || word === "off") return word === "on";
  throw new CommandExit(EXIT_FAILURE, `Error: argument of "${key}" must be "on" or "off", not "${word}"\n`);
}

/** As onOrOff, for the words that iproute2 reads by another function, which mostly ends in EINVAL's number. */
export function offOrOn(key: string, word: string, code = 22): boolean {
  if (word === "on" || word === "off") return word === "on";
  throw new CommandExit(code, `Error: argument of "${key}" must be one of "off", "on", not "${word}"\n`);
}

/** The position of a name in `names`, in either case. */
export function oneOf(names: readonly string[], word: string, refusal: string): number {
  const value = names.findIndex((name) => name.toLowerCase() === word.toLowerCase());
  if (value < 0) throw wrongArgument(word, `${refusal}\n`);
  return value;
}

/** A group of devices. */
export function group(word: string): number {
  const value = deviceGroups.numberOf(word);
  if (value === undefined) throw wrongArgument(word, 'Invalid "group" value\n');
  return value;
}

/** A text for people. */
export function alias(word: string): string {
  if (word.length >= 256) throw wrongArgument(word, "alias too long\n");
  return word;
}
