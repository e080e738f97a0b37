// What the objects of `bridge` have in common: devices by name with its own words, and refusals that end in 255.

import { CommandExit, EXIT_USAGE } from "../exit.ts";
import type { IpContext } from "../ip/context.ts";

/** Ends the command with a text and bridge's exit code. */
export function failure(text: string): CommandExit {
  return new CommandExit(EXIT_USAGE, text);
}

/** The index of a device; the command ends when there is none. */
export async function needDevice(ip: IpContext, name: string, what = "device"): Promise<number> {
  const ifindex = await ip.links.find(name);
  if (ifindex === undefined) throw failure(`Cannot find ${what} "${name}"\n`);
  return ifindex;
}

/** Awaits a request that changes something; refusals have the kernel's text and bridge's exit code. */
export async function change(ip: IpContext, answer: Promise<{ readonly warning: string }>): Promise<number> {
  try {
    await ip.change(answer);
    return 0;
  } catch (error) {
    throw error instanceof CommandExit ? new CommandExit(EXIT_USAGE, error.text) : error;
  }
}
