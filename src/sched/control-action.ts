// What becomes of a frame behind an action, as a request says it, and who may change an action.
//
// Mirrors net/sched/act_api.c (tcf_action_check_ctrlact).

import type { ActionRequest } from "../net/tc-action.ts";
import { invalid, NetlinkError } from "../netlink/error.ts";
import * as cls from "../uapi/pkt_cls.ts";

/**
 * Refuses to make an action whose number is another's (EEXIST), then what is no control (EINVAL); what every kind asks before it
 * looks for anything else.
 */
export function checkControl({ old, isReplace, proto }: ActionRequest<unknown>, verdict: number): void {
  if (old !== undefined && !isReplace) throw new NetlinkError("EEXIST");
  const extended = verdict & ~cls.TC_ACT_EXT_VAL_MASK;
  const isControl =
    extended === 0
      ? verdict <= cls.TC_ACT_TRAP
      : extended <= cls.TC_ACT_GOTO_CHAIN || verdict === cls.TC_ACT_UNSPEC;
  if (!isControl) throw invalid("invalid control action");
  if (extended === cls.TC_ACT_GOTO_CHAIN && proto === null) throw invalid("can't goto NULL proto/chain");
}
