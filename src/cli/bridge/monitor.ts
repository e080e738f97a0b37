// `bridge monitor`: what changes of ports, forwarding tables and multicast databases, until the command is interrupted.
//
// Facts: the output of iproute2 6.1. *Omitted:* `file`.

import { parseLink } from "../../client/link.ts";
import { NetlinkClient } from "../../netlink/client.ts";
import type { Message } from "../../netlink/message.ts";
import { NLMSG_HDRLEN } from "../../netlink/message.ts";
import { NETLINK_ROUTE } from "../../uapi/netlink.ts";
import * as rt from "../../uapi/rtnetlink.ts";
import { AF_BRIDGE } from "../../uapi/socket.ts";
import type { IpContext } from "../ip/context.ts";
import { timestampText } from "../ip/monitor/timestamp.ts";
import type { Output } from "../output.ts";
import type { Words } from "../words.ts";
import { matches } from "../words.ts";
import { fdbIndexes, printFdb } from "./fdb-print.ts";
import { MONITOR_USAGE } from "./help.ts";
import { printBridgeLink } from "./link.ts";
import { printMdbEvent } from "./mdb.ts";
import { failure } from "./request.ts";
import { printVlanEvent } from "./vlan-show.ts";
import { printVniEvent } from "./vni.ts";

/** What a shell says of a command that Ctrl-C ended. */
const EXIT_INTERRUPTED = 130;

/** What can be watched, by its word, and what its messages are labelled with. */
const SUBJECTS = [
  { word: "link", label: "[LINK]", group: rt.RTNLGRP_LINK, types: [rt.RTM_NEWLINK, rt.RTM_DELLINK] },
  { word: "fdb", label: "[NEIGH]", group: rt.RTNLGRP_NEIGH, types: [rt.RTM_NEWNEIGH, rt.RTM_DELNEIGH] },
  { word: "mdb", label: "[MDB]", group: rt.RTNLGRP_MDB, types: [rt.RTM_NEWMDB, rt.RTM_DELMDB] },
  { word: "vlan", label: "[VLAN]", group: rt.RTNLGRP_BRVLAN, types: [rt.RTM_NEWVLAN, rt.RTM_DELVLAN] },
  { word: "vni", label: "[TUNNEL]", group: rt.RTNLGRP_TUNNEL, types: [rt.RTM_NEWTUNNEL, rt.RTM_DELTUNNEL] },
] as const;

/** Runs `bridge monitor`. */
export async function monitor(ip: IpContext, words: Words): Promise<number> {
  const named = new Set<string>();
  let isAll = words.count === 0;
  let hasLabels = words.count === 0;
  for (let word = words.take(); word !== undefined; word = words.take()) {
    const typed = word;
    const subject = SUBJECTS.find((known) => matches(typed, known.word));
    if (typed === "file") throw failure("Files of rtmon are not supported by uveth.\n");
    if (subject !== undefined) named.add(subject.word);
    else if (typed === "all") {
      isAll = true;
      hasLabels = true;
    } else if (matches(typed, "help")) throw failure(MONITOR_USAGE);
    else {
      throw failure(`Argument "${typed}" is unknown, try "bridge monitor help".\n`);
    }
  }
  const subjects = SUBJECTS.filter(({ word }) => isAll || named.has(word));
  await ip.links.loadAll();
  const { netns } = ip.options;
  const client = new NetlinkClient(await ip.io.provider.openSocket({ protocol: NETLINK_ROUTE, netns }));
  try {
    const ended = listen(ip, client, (message) => {
      const subject = subjects.find(({ types }) => types.some((type) => type === message.type));
      if (subject === undefined || message.bytes[NLMSG_HDRLEN] !== AF_BRIDGE) return Promise.resolve();
      return printEvent(ip, message, hasLabels ? subject.label : "");
    });
    for (const { group } of subjects) client.join(group);
    return await ended;
  } finally {
    client.close();
  }
}

function listen(
  ip: IpContext,
  client: NetlinkClient,
  print: (message: Message) => Promise<void>,
): Promise<number> {
  let printed = Promise.resolve();
  return new Promise((resolve, reject) => {
    const stop = ip.io.onInterrupt(() => {
      stop();
      resolve(EXIT_INTERRUPTED);
    });
    client.onNotification = (message) => {
      printed = printed.then(() => print(message)).catch(reject);
    };
    client.onClose = (reason) => {
      stop();
      reject(reason ?? failure("EOF on netlink\n"));
    };
  });
}

async function printEvent(ip: IpContext, message: Message, label: string): Promise<void> {
  const out = ip.output({ json: false });
  out.text(timestampText(ip.io.now(), ip.options.timestamp));
  out.text(label);
  await printBody(ip, out, message);
  out.flush();
}

async function printBody(ip: IpContext, out: Output, message: Message): Promise<void> {
  if (message.type === rt.RTM_NEWNEIGH || message.type === rt.RTM_DELNEIGH) {
    await ip.links.load(fdbIndexes(message));
    printFdb(ip, out, message, true);
  } else if (message.type === rt.RTM_NEWMDB || message.type === rt.RTM_DELMDB) {
    await ip.links.loadAll();
    printMdbEvent(ip, out, message);
  } else if (message.type === rt.RTM_NEWVLAN || message.type === rt.RTM_DELVLAN) {
    await ip.links.loadAll();
    printVlanEvent(ip, out, message);
  } else if (message.type === rt.RTM_NEWTUNNEL || message.type === rt.RTM_DELTUNNEL) {
    await ip.links.loadAll();
    printVniEvent(ip, out, message);
  } else {
    const link = parseLink(message);
    await ip.links.load([link.ifindex, link.master, link.link]);
    if (message.type === rt.RTM_DELLINK) out.text("Deleted ");
    printBridgeLink(ip, out, link, message);
  }
}
