// `xdp off`, and the words for programs that a driver would run on every frame: there are none here, so these are refused.
//
// Facts: ip-link(8) and what iproute2 6.1 sends and says.

import { XDP_FLAGS_UPDATE_IF_NOEXIST } from "../../../uapi/if_link.ts";
import { CommandExit, EXIT_USAGE } from "../../exit.ts";
import { firstMatch } from "../../words.ts";
import type { LinkParse } from "./link-parse.ts";

/** Where a program may come from. */
const MODES = ["object", "pinned"] as const;

/** Reads `off`, which must be the last word, into the request: with the XDP_FLAGS_* of the mode in `flags`. */
export function takeXdp(parse: LinkParse, flags: number): void {
  const { words } = parse;
  const word = words.value();
  if ((word === "off" || word === "none") && words.count === 0) {
    parse.request.xdp = { fd: -1, flags: flags | XDP_FLAGS_UPDATE_IF_NOEXIST };
    return;
  }
  const mode = firstMatch(word, MODES);
  if (mode === undefined) throw new CommandExit(EXIT_USAGE, `What mode is "${word}"?\n`);
  words.value();
  throw new CommandExit(EXIT_USAGE, `"xdp ${mode}" is not supported by uveth.\n`);
}
