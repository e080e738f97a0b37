// What: `uveth ip rule` and `ip nexthop` say what iproute2's say, byte for byte on both outputs, with the same exit code, on the live
// kernel and on a machine.
//
//   the system's ip ── namespace a        ours ── namespace b, made alike, or a machine
//
// Source: iproute2 6.1.0, run beside us. The lines are in ip-lines/.

import { bucketLines, nexthopLines } from "./ip-lines/nexthop.ts";
import { ruleModify, ruleShow } from "./ip-lines/rule.ts";
import { testScenarios } from "./scenario-tests.ts";

testScenarios("kernel", [ruleShow, ruleModify, nexthopLines, bucketLines]);
testScenarios("machine", [ruleShow, ruleModify, nexthopLines, bucketLines]);
