// What the commands of `ip netns` share: the name they are given, and the errors of files that are not there.

import { CommandExit, EXIT_FAILURE } from "../../exit.ts";
import type { Words } from "../../words.ts";

/** Where iproute2 keeps the files of namespaces, for its texts. */
const netnsDirectory = "/run/netns";

/** The path that iproute2's texts show for a namespace. */
export function netnsPath(name: string): string {
  return `${netnsDirectory}/${name}`;
}

/** The name that a command must be given. */
export function takeName(words: Words): string {
  const name = words.take();
  if (name === undefined) throw new CommandExit(EXIT_FAILURE, "No netns name specified\n");
  return name;
}

/** A namespace that is not there. */
export function noNetns(name: string, code = EXIT_FAILURE): CommandExit {
  return new CommandExit(code, `Cannot open network namespace "${name}": No such file or directory\n`);
}
