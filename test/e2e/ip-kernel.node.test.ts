// What: `uveth ip` says what iproute2's `ip` says, byte for byte on both outputs, with the same exit code, on the live kernel.
//
//   the system's ip ── namespace a        ours ── namespace b, made alike
//
// Source: iproute2 6.1.0, run beside us. The lines are in ip-lines/.

import { addrModify, addrShow, addrShow6 } from "./ip-lines/addr.ts";
import { bridgeLines, bridgeMdbLines } from "./ip-lines/bridge.ts";
import { ifbLines, macvlanLines, vxlanLines } from "./ip-lines/kinds.ts";
import { linkAdd } from "./ip-lines/link-add.ts";
import { linkSet } from "./ip-lines/link-set.ts";
import { linkMasters, linkProperty, linkShow } from "./ip-lines/link-show.ts";
import { linkVf, linkXdp } from "./ip-lines/link-vf.ts";
import { batches, options } from "./ip-lines/options.ts";
import { testScenarios } from "./scenario-tests.ts";

testScenarios("kernel", [
  options,
  batches,
  linkShow,
  linkMasters,
  linkProperty,
  linkSet,
  linkAdd,
  linkVf,
  linkXdp,
  ifbLines,
  macvlanLines,
  vxlanLines,
  addrShow,
  addrShow6,
  addrModify,
  bridgeLines,
  bridgeMdbLines,
]);
