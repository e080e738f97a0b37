// Settings of a namespace, which on Linux are files in /proc/sys: read, set and listed by their dotted names.

import type { Dump, DumpControl } from "../af_netlink/handler.ts";
import { getSysctl, setSysctl, sysctlNames } from "../inet/sysctl.ts";
import type { Netns } from "../net/netdevice.ts";
import { missing, NetlinkError } from "../netlink/error.ts";
import { nulString, policy } from "../netlink/policy.ts";
import { GENL_UNS_ADMIN_PERM } from "../uapi/genetlink.ts";
import * as uveth from "../uapi/uveth.ts";
import type { GenlOp, GenlRequest } from "./family.ts";
import { netnsOf, netnsRule } from "./uveth-netns.ts";

/** Names and values are short; these bounds are Linux's for a path and for what a write takes. */
const maxNameLength = 4_095;
const maxValueLength = 4_095;

const getPolicy = policy(uveth.UVETH_A_SYSCTL_NAME, {
  [uveth.UVETH_A_NETNS]: netnsRule,
  [uveth.UVETH_A_SYSCTL_NAME]: nulString("sysctlName", maxNameLength),
});

const setPolicy = policy(uveth.UVETH_A_SYSCTL_VALUE, {
  [uveth.UVETH_A_NETNS]: netnsRule,
  [uveth.UVETH_A_SYSCTL_NAME]: nulString("sysctlName", maxNameLength),
  [uveth.UVETH_A_SYSCTL_VALUE]: nulString("sysctlValue", maxValueLength),
});

type GetRequest = GenlRequest<typeof getPolicy>;
type SetRequest = GenlRequest<typeof setPolicy>;

/** The commands of this file. */
export const sysctlOps: readonly GenlOp[] = [
  { cmd: uveth.UVETH_CMD_SYSCTL_GET, flags: 0, policy: getPolicy, handle: get, start: startDump, dump },
  { cmd: uveth.UVETH_CMD_SYSCTL_SET, flags: GENL_UNS_ADMIN_PERM, policy: setPolicy, handle: set },
];

/** Reads one: ENOENT for a name there is not. */
function get(request: GetRequest): void {
  const { netns, sysctlName } = request.attrs;
  if (sysctlName === undefined) throw missing(uveth.UVETH_A_SYSCTL_NAME);
  const value = getSysctl(netnsOf(request, netns), sysctlName);
  request.reply(uveth.UVETH_CMD_SYSCTL_GET, (writer) => {
    writer.string(uveth.UVETH_A_SYSCTL_NAME, sysctlName).string(uveth.UVETH_A_SYSCTL_VALUE, value);
  });
}

/** Sets one: ENOENT for a name there is not, EINVAL for a value it cannot have. */
function set(request: SetRequest): void {
  const { netns, sysctlName, sysctlValue } = request.attrs;
  if (sysctlName === undefined) throw missing(uveth.UVETH_A_SYSCTL_NAME);
  if (sysctlValue === undefined) throw missing(uveth.UVETH_A_SYSCTL_VALUE);
  setSysctl(netnsOf(request, netns), sysctlName, sysctlValue);
}

/** Refuses a dump of a namespace there is not before it begins. */
function startDump(request: GetRequest): void {
  netnsOf(request, request.attrs.netns);
}

/** Lists all by name; one that cannot be read, as a secret that is not set, has no value. */
function* dump(request: GetRequest, control: DumpControl): Dump {
  const netns = netnsOf(request, request.attrs.netns);
  for (const name of sysctlNames(netns)) {
    const writer = request.begin(control, uveth.UVETH_CMD_SYSCTL_GET);
    writer.string(uveth.UVETH_A_SYSCTL_NAME, name);
    const value = readValue(netns, name);
    if (value !== undefined) writer.string(uveth.UVETH_A_SYSCTL_VALUE, value);
    writer.end();
    yield;
  }
}

function readValue(netns: Netns, name: string): string | undefined {
  try {
    return getSysctl(netns, name);
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    return undefined;
  }
}
