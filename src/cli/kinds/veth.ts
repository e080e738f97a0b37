// `type veth [ peer [ OPTIONS ] ]`: the options of the peer are those of `ip link add`.

import { writeVethPeer } from "../../client/kinds/veth.ts";
import { CommandExit, EXIT_FAILURE } from "../exit.ts";
import { parseLink } from "../ip/link/parse.ts";
import type { CommandKind } from "./kind.ts";

const HELP = `Usage: ip link <options> type veth [peer <options>]
To get <options> type 'ip link add help'
`;

/** A pair of Ethernet devices. */
export const veth: CommandKind = {
  kind: "veth",
  help: HELP,
  async parse(ip, words, isCreate) {
    if (!words.takeIf("peer")) {
      ip.io.stdout(HELP);
      throw new CommandExit(EXIT_FAILURE);
    }
    const { request } = await parseLink(ip, words, { isCreate, isPeer: true });
    return (writer) => writeVethPeer(writer, request);
  },
};
