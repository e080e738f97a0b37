// The words of a command of the checkout: read, or answered with its usage.

import type { ParseArgsConfig } from "node:util";
import { parseArgs } from "node:util";

/** Reads the options, and words behind them where those are allowed; with `--help`, or words that are none, the process ends with the usage and 0, or with it and 2. */
export function commandLine<const Options extends NonNullable<ParseArgsConfig["options"]>>(
  usage: string,
  options: Options,
  allowPositionals = false,
) {
  if (process.argv.includes("--help") || process.argv.includes("-h")) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return parseArgs({ options, allowPositionals });
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    process.exit(2);
  }
}
