// What: `uveth ip rule` says what iproute2's `ip rule` says, byte for byte on both outputs, with the same exit code, on the live
// kernel and on a machine.
//
//   the system's ip ── namespace a        ours ── namespace b, made alike, or a machine
//
// Source: iproute2 6.1.0, run beside us. The lines are in ip-lines/rule.ts.

import { ruleModify, ruleShow } from "./ip-lines/rule.ts";
import { testScenarios } from "./scenario-tests.ts";

testScenarios("kernel", [ruleShow, ruleModify]);
testScenarios("machine", [ruleShow, ruleModify]);
