// The controller: the family `nlctrl`, number 16 on every machine, through which clients learn the numbers of all others.
//
// Mirrors net/netlink/genetlink.c (ctrl_getfamily, ctrl_dumpfamily, ctrl_fill_info). Omitted: its events; families
// register before the first socket opens.

import type { Dump, DumpControl } from "../af_netlink/handler.ts";
import { nulString, policy, u16 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as genl from "../uapi/genetlink.ts";
import { ctrlGetPolicy } from "./ctrl-policy.ts";
import type { Genetlink } from "./dispatch.ts";
import type { GenlFamily, GenlOp, GenlRequest, RegisteredFamily } from "./family.ts";

const familyPolicy = policy(genl.CTRL_ATTR_FAMILY_NAME, {
  [genl.CTRL_ATTR_FAMILY_ID]: u16("familyId"),
  [genl.CTRL_ATTR_FAMILY_NAME]: nulString("familyName", genl.GENL_NAMSIZ - 1),
});

/** What a family can be asked for by. */
type FamilyPolicy = typeof familyPolicy;

/** The controller over the families of `genetlink`. */
export function ctrl(genetlink: Genetlink): GenlFamily {
  return {
    name: "nlctrl",
    id: genl.GENL_ID_CTRL,
    version: 2,
    reservedStart: genl.CTRL_CMD_GETPOLICY + 1,
    ops: [getFamily(genetlink), ctrlGetPolicy(genetlink)],
    groups: [{ name: "notify", id: genl.GENL_ID_CTRL }],
  };
}

function getFamily(genetlink: Genetlink): GenlOp<FamilyPolicy> {
  return {
    cmd: genl.CTRL_CMD_GETFAMILY,
    flags: 0,
    policy: familyPolicy,
    isLiberal: true,
    handle(request: GenlRequest<FamilyPolicy>): void {
      const found = genetlink.find(request.attrs.familyId, request.attrs.familyName);
      request.reply(genl.CTRL_CMD_NEWFAMILY, (writer) => fillInfo(writer, found));
    },
    *dump(request: GenlRequest<FamilyPolicy>, control: DumpControl): Dump {
      for (const each of genetlink.families()) {
        const writer = request.begin(control, genl.CTRL_CMD_NEWFAMILY);
        fillInfo(writer, each);
        writer.end();
        yield;
      }
    },
  };
}

/** Writes all there is to know of a family (ctrl_fill_info). */
function fillInfo(writer: MessageWriter, { family, id, groupIds }: RegisteredFamily): void {
  writer.string(genl.CTRL_ATTR_FAMILY_NAME, family.name);
  writer.u16(genl.CTRL_ATTR_FAMILY_ID, id);
  writer.u32(genl.CTRL_ATTR_VERSION, family.version);
  writer.u32(genl.CTRL_ATTR_HDRSIZE, 0);
  // The largest attribute of a policy that all commands share; here every command has its own.
  writer.u32(genl.CTRL_ATTR_MAXATTR, 0);
  const ops = writer.nest(genl.CTRL_ATTR_OPS);
  for (const [index, op] of family.ops.entries()) {
    const nest = writer.nest(index + 1);
    writer.u32(genl.CTRL_ATTR_OP_ID, op.cmd);
    writer.u32(genl.CTRL_ATTR_OP_FLAGS, capabilities(op));
    writer.endNest(nest);
  }
  writer.endNest(ops);
  if (family.groups.length === 0) return;
  const groups = writer.nest(genl.CTRL_ATTR_MCAST_GROUPS);
  for (const [index, group] of family.groups.entries()) {
    const nest = writer.nest(index + 1);
    writer.u32(genl.CTRL_ATTR_MCAST_GRP_ID, groupIds[index] ?? 0);
    writer.string(genl.CTRL_ATTR_MCAST_GRP_NAME, group.name);
    writer.endNest(nest);
  }
  writer.endNest(groups);
}

function capabilities(op: GenlOp): number {
  let flags = op.flags | genl.GENL_CMD_CAP_HASPOL;
  if (op.handle !== undefined) flags |= genl.GENL_CMD_CAP_DO;
  if (op.dump !== undefined) flags |= genl.GENL_CMD_CAP_DUMP;
  return flags;
}
