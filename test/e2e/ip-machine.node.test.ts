// What: `uveth ip` on a machine says what iproute2's `ip` says on Linux, byte for byte on both outputs, with the same exit
// code: command, typed requests, rtnetlink, devices and protocols in one.
//
//   the system's ip ── a namespace of the live kernel        ours ── the initial namespace of a machine
//
// Source: iproute2 6.1.0 on the live kernel, run beside us. The lines are in ip-lines/. *Omitted:* masters (there is no bridge
// yet) and the list of links that IPv6 keeps by itself.

import { expect, test } from "vitest";
import { canMakeNamespaces, resultInChild } from "../parity/kernel-child.ts";
import { addrModify, addrShow } from "./ip-lines/addr.ts";
import { ifbLines, macvlanLines, vxlanLines } from "./ip-lines/kinds.ts";
import { linkAdd } from "./ip-lines/link-add.ts";
import { linkSet } from "./ip-lines/link-set.ts";
import { linkProperty, linkShow } from "./ip-lines/link-show.ts";
import { linkVf, linkXdp } from "./ip-lines/link-vf.ts";
import { batches, options } from "./ip-lines/options.ts";
import { compare, systemVersion } from "./scenario.ts";

/** The version whose words ours are. */
const VERSION = "6.1.0";

const version = systemVersion();

for (const scenario of [
  options,
  batches,
  linkShow,
  linkProperty,
  linkSet,
  linkAdd,
  linkVf,
  linkXdp,
  ifbLines,
  macvlanLines,
  vxlanLines,
  addrShow,
  addrModify,
]) {
  const name = `a machine answers as Linux does: ${scenario.title}`;
  test(name, { timeout: 60_000 }, async (context) => {
    if (version === undefined) return context.skip("iproute2 is not installed");
    if (version !== VERSION)
      return context.skip(`iproute2 is ${version} here, and ours speaks as ${VERSION} does`);
    if (!canMakeNamespaces()) return resultInChild(context, name);
    expect(await compare(scenario, "machine")).toEqual([]);
  });
}
