// What programs under `uveth run` ask of interfaces by other doors than netlink: ioctl(2), and files of /sys and /proc.
//
// Each is done over a netlink socket that is made for it in the namespace of the program, but SIOCETHTOOL, which does what
// netlink does not.

import { UvethClient } from "../client/uveth.ts";
import type { Machine } from "../index.ts";
import { NetlinkClient } from "../netlink/client.ts";
import { NetlinkError } from "../netlink/error.ts";
import { NETLINK_GENERIC, NETLINK_ROUTE } from "../uapi/netlink.ts";
import { IFREQ_SIZE, SIOCETHTOOL } from "../uapi/sockios.ts";
import { writeEtun } from "./etun.ts";
import { behindDevices, showInterfaces } from "./interface-files.ts";
import { writeInterface } from "./interface-writes.ts";
import { interfaceIoctl } from "./ioctl.ts";
import { nameOf } from "./ioctl-ifreq.ts";
import type { NetnsFiles } from "./netns-files.ts";
import { PROC_NET_FOLDER, showProcNet } from "./proc-net-files.ts";
import type { Rights } from "./rights.ts";
import type { SeqpacketSender } from "./seqpacket-connection.ts";
import type { SeqpacketAnswer, SeqpacketRequest } from "./seqpacket-protocol.ts";
import { FAMILY_SHIFT, OP_IOCTL, OP_SHOW, OP_WRITE, textOf } from "./seqpacket-protocol.ts";
import { SYSCTL_FOLDER, showSysctls, writeSysctl } from "./sysctl-files.ts";

type Netns = Machine["core"]["initialNetns"];

/** Answers a request of a process about interfaces; NetlinkError for a refusal. */
export async function askInterfaces(
  machine: Machine,
  files: NetnsFiles,
  rights: Rights,
  sender: SeqpacketSender,
  asked: SeqpacketRequest,
): Promise<SeqpacketAnswer> {
  const { op, words } = asked;
  if (op !== OP_IOCTL && op !== OP_SHOW && op !== OP_WRITE) throw new NetlinkError("EINVAL");
  const { pid } = sender;
  const netns = op === OP_SHOW && words[0] !== 0 ? files.netnsOfPid(words[0]) : homeOf(sender, files);
  if (netns === undefined) throw new NetlinkError("ENETDOWN");
  // What the payload lies in is used again for the next request.
  const payload = asked.payload.slice();
  const hasRights = op === OP_WRITE ? words[0] : words[2] & 1;
  const isAdmin = rights.isAdmin(pid, hasRights === 1, netns);
  const [request, room] = words;
  if (op === OP_IOCTL && request === SIOCETHTOOL) return ethtool(machine, netns, payload, isAdmin);
  const session = machine.openSession({ pid, isAdmin });
  const open = (protocol: number) => new NetlinkClient(session.openSocketIn(netns, protocol));
  try {
    if (op === OP_IOCTL) {
      const family = words[2] >>> FAMILY_SHIFT;
      const client = open(NETLINK_ROUTE);
      return await interfaceIoctl({ client, request, family, isAdmin, bytes: payload }, room);
    }
    const [path = "", text = ""] = textOf({ ...asked, payload }).split("\0");
    const isSysctl = path === SYSCTL_FOLDER || path.startsWith(`${SYSCTL_FOLDER}/`);
    if (op === OP_WRITE) {
      if (isSysctl) await writeSysctl(await UvethClient.open(open(NETLINK_GENERIC)), path, text);
      else if (behindDevices(path) !== undefined)
        await writeInterface(open(NETLINK_ROUTE), path, text, isAdmin);
      else await writeEtun(open(NETLINK_ROUTE), path, text);
      return { result: 0 };
    }
    const folder = files.showFolder(netns);
    if (isSysctl) await showSysctls(await UvethClient.open(open(NETLINK_GENERIC)), folder, path);
    else if (path === PROC_NET_FOLDER || path.startsWith(`${PROC_NET_FOLDER}/`))
      showProcNet(netns, folder, path);
    else await showInterfaces(open(NETLINK_ROUTE), netns, folder, path);
    return { result: netns.id };
  } finally {
    session.close();
  }
}

/** The namespace that whoever asks lives in. */
export function homeOf({ pid, netns }: SeqpacketSender, files: NetnsFiles): Netns | undefined {
  return netns ?? files.netnsOfPid(pid);
}

/** Does what SIOCETHTOOL asks: the payload is a struct ifreq, with what it points at behind it. */
function ethtool(machine: Machine, netns: Netns, payload: Uint8Array, isAdmin: boolean): SeqpacketAnswer {
  const dev = netns.names.get(nameOf(payload.subarray(0, IFREQ_SIZE)));
  if (dev === undefined) throw new NetlinkError("ENODEV");
  const { result, bytes } = machine.ethtool.ioctl(dev, payload.subarray(IFREQ_SIZE), isAdmin);
  return { result, payload: bytes };
}
