// Ways a command ends early, with iproute2's texts and exit codes. A parser that meets a wrong word throws; the text goes to
// standard error and the command ends with the code, whatever it was doing.
//
// Facts: the output of iproute2 6.1 (its exit(-1) is 255, a refusal by the kernel is 2, a device that is not there is 1).

import { NetlinkError } from "../netlink/error.ts";
import { errnoText } from "../uapi/errno.ts";
import type { CommandIo } from "./io.ts";

/** Exit codes of iproute2. */
export const EXIT_FAILURE = 1;
export const EXIT_REFUSED = 2;
export const EXIT_USAGE = 255;

/** Ends the command: `text` for standard error, and the exit code. */
export class CommandExit extends Error {
  override readonly name = "CommandExit";
  readonly code: number;
  /** Everything for standard error, line ends included; may be empty. */
  readonly text: string;
  /** True when a batch ends with it, -force or not: where iproute2 calls exit instead of returning. */
  readonly isFinal: boolean;

  constructor(code: number, text = "", isFinal = code === EXIT_USAGE) {
    super(text);
    this.code = code;
    this.text = text;
    this.isFinal = isFinal;
  }
}

/** Thrown by -Version: the command prints its version and succeeds. */
export class VersionAsked extends Error {}

/**
 * Says how a command ended that did not end well, and returns its exit code: `version` where that was asked for, `refused` where
 * the kernel refused what no object was there to answer for. Anything unexpected goes on up.
 */
export function reportEnd(error: unknown, io: CommandIo, version: string, refused = EXIT_FAILURE): number {
  if (error instanceof VersionAsked) {
    io.stdout(`${version}\n`);
    return 0;
  }
  if (error instanceof CommandExit) {
    io.stderr(error.text);
    return error.code;
  }
  if (error instanceof NetlinkError) {
    io.stderr(refusalText(error));
    return refused;
  }
  throw error;
}

/** A word with a value that cannot be (invarg). Some of iproute2's texts end in a line feed of their own. */
export function wrongArgument(word: string, reason: string): CommandExit {
  return new CommandExit(EXIT_USAGE, `Error: argument "${word}" is wrong: ${reason}\n`);
}

/** The second value for `key` (duparg). */
export function duplicate(key: string, word: string): CommandExit {
  return new CommandExit(EXIT_USAGE, `Error: duplicate "${key}": "${word}" is the second value.\n`);
}

/** A word that is no keyword where `key` was given already (duparg2). */
export function garbage(key: string, word: string): CommandExit {
  return new CommandExit(EXIT_USAGE, `Error: either "${key}" is duplicate, or "${word}" is a garbage.\n`);
}

/** The words end where another one must come (incomplete_command). */
export function incomplete(): CommandExit {
  return new CommandExit(EXIT_USAGE, 'Command line is not complete. Try option "help"\n');
}

/** A device that is not there (nodev). */
export function noSuchDevice(name: string): CommandExit {
  return new CommandExit(EXIT_FAILURE, `Cannot find device "${name}"\n`);
}

/** A help text: standard error and `code`. */
export function usage(text: string, code = EXIT_USAGE): CommandExit {
  return new CommandExit(code, text);
}

/** What the kernel refused, as `ip` says it: the extended-ack text, else the errno's (rtnl_talk). */
export function refusalText(error: NetlinkError): string {
  if (error.message === "") return `RTNETLINK answers: ${errnoText(-error.errno)}\n`;
  return `Error: ${sentence(error.message)}`;
}

/** The text of a warning that came with a success. */
export function warningText(message: string): string {
  return `Warning: ${sentence(message)}`;
}

function sentence(message: string): string {
  return message.endsWith(".") ? `${message}\n` : `${message}.\n`;
}
