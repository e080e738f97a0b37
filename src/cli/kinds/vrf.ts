// `type vrf table TABLEID`, and what a VRF says of its ports.
//
// Facts: iproute2 6.1, run with right and wrong words.

import type { VrfOptions } from "../../client/kinds/vrf.ts";
import { writeVrf } from "../../client/kinds/vrf.ts";
import type { Attribute } from "../../netlink/attribute.ts";
import { IFLA_VRF_PORT_TABLE, IFLA_VRF_TABLE } from "../../uapi/if_link.ts";
import { wrongArgument } from "../exit.ts";
import { routeTables } from "../ip/tables.ts";
import type { Output } from "../output.ts";
import { matches } from "../words.ts";
import type { CommandKind } from "./kind.ts";
import { kindUsage } from "./words.ts";

const HELP = "Usage: ... vrf table TABLEID\n";

/** A device with a routing table of its own. */
export const vrf: CommandKind = {
  kind: "vrf",
  help: HELP,
  async parse(_ip, words) {
    let options: VrfOptions = {};
    for (let word = words.take(); word !== undefined; word = words.take()) {
      if (!matches(word, "table")) {
        throw kindUsage(HELP, matches(word, "help") ? "" : `vrf: unknown option "${word}"?\n`);
      }
      const name = words.value();
      const table = routeTables.numberOf(name);
      if (table === undefined) throw wrongArgument(name, "invalid table ID\n");
      options = { table };
    }
    return (writer) => writeVrf(writer, options);
  },
  print: (out, data) => printTable(out, data.child(IFLA_VRF_TABLE)),
};

/** A port of one. */
export const vrfSlave: CommandKind = {
  kind: "vrf_slave",
  help: "",
  print: (out, data) => printTable(out, data.child(IFLA_VRF_PORT_TABLE)),
};

function printTable(out: Output, table: Attribute | undefined): void {
  if (table !== undefined) out.field("table", table.u32(), `table ${table.u32()} `);
}
