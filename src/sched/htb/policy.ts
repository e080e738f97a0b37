// What TCA_OPTIONS of htb and of its classes may hold (htb_policy).

import { binary, min, policy, u32, u64 } from "../../netlink/policy.ts";
import * as tc from "../../uapi/pkt_sched.ts";

export const htbPolicy = policy(tc.TCA_HTB_MAX, {
  [tc.TCA_HTB_PARMS]: min("parms", tc.TC_HTB_OPT_SIZE),
  [tc.TCA_HTB_INIT]: min("init", tc.TC_HTB_GLOB_SIZE),
  [tc.TCA_HTB_CTAB]: binary("ctab", tc.TC_RTAB_SIZE),
  [tc.TCA_HTB_RTAB]: binary("rtab", tc.TC_RTAB_SIZE),
  [tc.TCA_HTB_DIRECT_QLEN]: u32("directQlen"),
  [tc.TCA_HTB_RATE64]: u64("rate64"),
  [tc.TCA_HTB_CEIL64]: u64("ceil64"),
});
