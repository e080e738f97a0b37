// What: `uveth ip route` and `ip neigh` on a machine say what iproute2's `ip` says on Linux, byte for byte on both outputs, with
// the same exit code: command, typed requests, rtnetlink, tables of routes and neighbours in one.
//
//   the system's ip ── a namespace of the live kernel        ours ── the initial namespace of a machine
//
// Source: iproute2 6.1.0 on the live kernel, run beside us. The lines are in ip-lines/. *Omitted:* source prefixes and next hop
// objects, which a machine does not have, and with the former the answers of IPv6 to `ip route get`.

import { neighFlush, neighModify } from "./ip-lines/neigh.ts";
import { routeErrors, routeModify, routeModify6 } from "./ip-lines/route-modify.ts";
import { routeFlush, routeShow } from "./ip-lines/route-show.ts";
import { testScenarios } from "./scenario-tests.ts";

testScenarios("machine", [
  routeShow,
  routeFlush,
  routeModify,
  routeModify6,
  routeErrors,
  neighModify,
  neighFlush,
]);
