// What: `uveth ip route` says what iproute2's `ip route` says, byte for byte on both outputs, with the same exit code, on the
// live kernel.
//
//   the system's ip ── namespace a        ours ── namespace b, made alike
//
// Source: iproute2 6.1.0, run beside us. The lines are in ip-lines/.

import { routeDetails, routeErrors, routeModify, routeModify6 } from "./ip-lines/route-modify.ts";
import { routeFlush, routeGet, routeShow, routeSources } from "./ip-lines/route-show.ts";
import { testScenarios } from "./scenario-tests.ts";

testScenarios("kernel", [
  routeShow,
  routeGet,
  routeFlush,
  routeModify,
  routeModify6,
  routeDetails,
  routeErrors,
  routeSources,
]);
