// `ip link help [ KIND ]`.

import { usage } from "../../exit.ts";
import { commandKind } from "../../kinds/table.ts";
import type { Words } from "../../words.ts";
import type { IpContext } from "../context.ts";
import { LINK_USAGE } from "../help.ts";

/** Prints the help of a kind, or of `ip link` where there is no such kind. */
export function kindHelp(ip: IpContext, words: Words): Promise<number> {
  const word = words.take();
  const kind = word === undefined ? undefined : commandKind(word);
  if (kind === undefined) throw usage(LINK_USAGE);
  ip.io.stdout(kind.help);
  return Promise.resolve(0);
}
