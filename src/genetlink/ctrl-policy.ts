// CTRL_CMD_GETPOLICY: which attributes each command takes, told by the same tables that check them.
//
// Mirrors net/netlink/genetlink.c (ctrl_dumppolicy_start, ctrl_dumppolicy) and net/netlink/policy.c (netlink_policy_dump_*).

import type { Dump, DumpControl } from "../af_netlink/handler.ts";
import { NetlinkError } from "../netlink/error.ts";
import type { Policy } from "../netlink/policy.ts";
import { nulString, policy, u16, u32 } from "../netlink/policy.ts";
import { writePolicy } from "../netlink/policy-dump.ts";
import * as genl from "../uapi/genetlink.ts";
import type { Genetlink } from "./dispatch.ts";
import type { GenlOp, GenlRequest, RegisteredFamily } from "./family.ts";

const policyPolicy = policy(genl.CTRL_ATTR_OP, {
  [genl.CTRL_ATTR_FAMILY_ID]: u16("familyId"),
  [genl.CTRL_ATTR_FAMILY_NAME]: nulString("familyName", genl.GENL_NAMSIZ - 1),
  [genl.CTRL_ATTR_OP]: u32("op"),
});

type PolicyPolicy = typeof policyPolicy;

/** CTRL_CMD_GETPOLICY over the families of `genetlink`: a dump of one family, or of one of its commands. */
export function ctrlGetPolicy(genetlink: Genetlink): GenlOp<PolicyPolicy> {
  return {
    cmd: genl.CTRL_CMD_GETPOLICY,
    flags: 0,
    policy: policyPolicy,
    start: (request) => {
      chosenOps(genetlink.find(request.attrs.familyId, request.attrs.familyName), request);
    },
    dump: (request, control) => {
      const registered = genetlink.find(request.attrs.familyId, request.attrs.familyName);
      return dumpPolicies(request, control, registered, chosenOps(registered, request));
    },
  };
}

/** The command asked for, else all; ENOENT for one that is not there. */
function chosenOps({ family }: RegisteredFamily, request: GenlRequest<PolicyPolicy>): readonly GenlOp[] {
  const { op: cmd } = request.attrs;
  if (cmd === undefined) return family.ops;
  const op = family.ops.find((each) => each.cmd === cmd);
  if (op === undefined) throw new NetlinkError("ENOENT", "", { offset: request.attribute("op")?.offset });
  return [op];
}

/** First the number of each command's policy, then the policies, one message for each attribute. */
function* dumpPolicies(
  request: GenlRequest<PolicyPolicy>,
  control: DumpControl,
  { id }: RegisteredFamily,
  ops: readonly GenlOp[],
): Dump {
  const policies = numberPolicies(ops);
  for (const op of ops) {
    const writer = request.begin(control, genl.CTRL_CMD_GETPOLICY);
    writer.u16(genl.CTRL_ATTR_FAMILY_ID, id);
    const all = writer.nestFlagged(genl.CTRL_ATTR_OP_POLICY);
    // As on Linux, which takes the number from the half that does it: a command that only dumps is told under 0.
    const one = writer.nestFlagged(op.handle === undefined ? 0 : op.cmd);
    const number = policies.indexOf(op.policy);
    if (op.handle !== undefined) writer.u32(genl.CTRL_ATTR_POLICY_DO, number);
    if (op.dump !== undefined) writer.u32(genl.CTRL_ATTR_POLICY_DUMP, number);
    writer.endNest(one).endNest(all).end();
    yield;
  }
  for (const [number, { rules, maxType }] of policies.entries()) {
    for (let type = 1; type <= maxType; type++) {
      const rule = rules[type];
      if (rule === undefined || rule.type === "reject" || rule.type === "unspec") continue;
      const writer = request.begin(control, genl.CTRL_CMD_GETPOLICY);
      writer.u16(genl.CTRL_ATTR_FAMILY_ID, id);
      const all = writer.nestFlagged(genl.CTRL_ATTR_POLICY);
      const one = writer.nestFlagged(number);
      writePolicy(writer, type, rule, rule.nested === undefined ? undefined : policies.indexOf(rule.nested));
      writer.endNest(one).endNest(all).end();
      yield;
    }
  }
}

/** All policies in the order of their numbers: each command's, behind it those of what is inside (netlink_policy_dump_add_policy). */
function numberPolicies(ops: readonly GenlOp[]): readonly Policy[] {
  const policies: Policy[] = [];
  const add = (one: Policy | undefined): void => {
    if (one !== undefined && !policies.includes(one)) policies.push(one);
  };
  let walked = 0;
  for (const op of ops) {
    add(op.policy);
    for (; walked < policies.length; walked++) {
      for (const rule of Object.values(policies[walked]?.rules ?? {})) add(rule.nested);
    }
  }
  return policies;
}
