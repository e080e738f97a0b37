// What: `uveth ip neigh` says what iproute2's `ip neigh` says, byte for byte on both outputs, with the same exit code, on the
// live kernel.
//
//   the system's ip ── namespace a        ours ── namespace b, made alike
//
// Source: iproute2 6.1.0, run beside us. The lines are in ip-lines/neigh.ts.

import { neighFlush, neighModify, neighShow } from "./ip-lines/neigh.ts";
import { testScenarios } from "./scenario-tests.ts";

testScenarios("kernel", [neighShow, neighModify, neighFlush]);
