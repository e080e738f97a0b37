// What: `uveth ip` on a machine says what iproute2's `ip` says on Linux, byte for byte on both outputs, with the same exit
// code: command, typed requests, rtnetlink, devices and protocols in one.
//
//   the system's ip ── a namespace of the live kernel        ours ── the initial namespace of a machine
//
// Source: iproute2 6.1.0 on the live kernel, run beside us. The lines are in ip-lines/. *Omitted:* masters (there is no bridge
// yet) and the list of links that IPv6 keeps by itself.

import { addrModify, addrShow } from "./ip-lines/addr.ts";
import { ifbLines, macvlanLines, vxlanLines } from "./ip-lines/kinds.ts";
import { linkAdd } from "./ip-lines/link-add.ts";
import { linkSet } from "./ip-lines/link-set.ts";
import { linkProperty, linkShow } from "./ip-lines/link-show.ts";
import { linkVf, linkXdp } from "./ip-lines/link-vf.ts";
import { batches, options } from "./ip-lines/options.ts";
import { testScenarios } from "./scenario-tests.ts";

testScenarios("machine", [
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
]);
