// Registers what answers requests about traffic control.
//
// Mirrors net/sched/sch_api.c (pktsched_init) and net/sched/cls_api.c (tc_filter_init), net/sched/act_api.c (tc_action_init).

import type { ActionCalls } from "../net/tc-action.ts";
import * as rt from "../uapi/rtnetlink.ts";
import { AF_UNSPEC } from "../uapi/socket.ts";
import type { Rtnetlink } from "./dispatch.ts";
import { delAction, getAction, listActions, newAction } from "./tc-action.ts";
import { delChain, dumpChains, getChain, newChain } from "./tc-chain.ts";
import { delClass, getClass, newClass } from "./tc-class.ts";
import { dumpClasses, dumpQdiscs } from "./tc-dump.ts";
import { delFilter, dumpFilters, getFilter, newFilter } from "./tc-filter.ts";
import type { Classifiers } from "./tc-place.ts";
import { delQdisc, getQdisc, newQdisc } from "./tc-qdisc.ts";

/** Registers the handlers; `classifiers` are the kinds of filter there are, `actions` what is done with actions. */
export function joinTrafficControl(
  rtnetlink: Rtnetlink,
  classifiers: Classifiers,
  actions: ActionCalls,
): void {
  rtnetlink.register(AF_UNSPEC, rt.RTM_NEWQDISC, { handle: (request) => newQdisc(rtnetlink, request) });
  rtnetlink.register(AF_UNSPEC, rt.RTM_DELQDISC, { handle: (request) => delQdisc(rtnetlink, request) });
  rtnetlink.register(AF_UNSPEC, rt.RTM_GETQDISC, {
    handle: getQdisc,
    dump: dumpQdiscs,
    isDoneSplit: true,
    warnsAgain: true,
  });
  rtnetlink.register(AF_UNSPEC, rt.RTM_NEWTCLASS, { handle: (request) => newClass(rtnetlink, request) });
  rtnetlink.register(AF_UNSPEC, rt.RTM_DELTCLASS, { handle: (request) => delClass(rtnetlink, request) });
  rtnetlink.register(AF_UNSPEC, rt.RTM_GETTCLASS, { handle: getClass, dump: dumpClasses });
  rtnetlink.register(AF_UNSPEC, rt.RTM_NEWTFILTER, {
    handle: (request) => newFilter(rtnetlink, classifiers, request),
  });
  rtnetlink.register(AF_UNSPEC, rt.RTM_DELTFILTER, { handle: (request) => delFilter(rtnetlink, request) });
  rtnetlink.register(AF_UNSPEC, rt.RTM_GETTFILTER, { handle: getFilter, dump: dumpFilters });
  rtnetlink.register(AF_UNSPEC, rt.RTM_NEWCHAIN, {
    handle: (request) => newChain(rtnetlink, classifiers, request),
  });
  rtnetlink.register(AF_UNSPEC, rt.RTM_DELCHAIN, { handle: (request) => delChain(rtnetlink, request) });
  rtnetlink.register(AF_UNSPEC, rt.RTM_GETCHAIN, { handle: getChain, dump: dumpChains });
  rtnetlink.register(AF_UNSPEC, rt.RTM_NEWACTION, {
    handle: (request) => newAction(rtnetlink, actions, request),
  });
  rtnetlink.register(AF_UNSPEC, rt.RTM_DELACTION, {
    handle: (request) => delAction(rtnetlink, actions, request),
  });
  rtnetlink.register(AF_UNSPEC, rt.RTM_GETACTION, {
    handle: (request) => getAction(actions, request),
    dump: (request, control) => listActions(actions, request, control),
  });
}
