// `ip monitor`: words → groups to join → every notification as text, until the command is interrupted. There is no JSON, as in
// iproute2 6.1.
//
// *Omitted:* `file`, which replays what rtmon(8) recorded.

import { NetlinkClient } from "../../netlink/client.ts";
import type { Message } from "../../netlink/message.ts";
import type { DatagramInfo } from "../../netlink/transport.ts";
import { NETLINK_LISTEN_ALL_NSID, NETLINK_ROUTE } from "../../uapi/netlink.ts";
import { AF_UNSPEC } from "../../uapi/socket.ts";
import { CommandExit, EXIT_USAGE, usage, wrongArgument } from "../exit.ts";
import type { Words } from "../words.ts";
import { firstMatch, matches } from "../words.ts";
import type { IpContext } from "./context.ts";
import { MONITOR_USAGE } from "./help.ts";
import type { MonitorSubject } from "./monitor/subjects.ts";
import { SILENT_WORDS, SUBJECTS } from "./monitor/subjects.ts";
import { timestampText } from "./monitor/timestamp.ts";

/** What a shell says of a command that Ctrl-C ended. */
const EXIT_INTERRUPTED = 130;

/** What is to be watched, and how it is to be told. */
interface MonitorRequest {
  readonly subjects: readonly MonitorSubject[];
  readonly hasLabels: boolean;
  /** Namespaces that this one knows by an id are watched too. */
  readonly isAllNsid: boolean;
  readonly ifindex: number | undefined;
}

/** Runs `ip monitor`. */
export async function monitor(ip: IpContext, words: Words): Promise<number> {
  const request = await parseMonitor(ip, words);
  await ip.links.loadAll();
  await ip.netnsNames.load();
  const { netns, family } = ip.options;
  const client = new NetlinkClient(await ip.io.provider.openSocket({ protocol: NETLINK_ROUTE, netns }));
  try {
    const ended = listen(ip, client, request);
    if (request.isAllNsid) client.setOption(NETLINK_LISTEN_ALL_NSID, 1);
    for (const [about, group] of request.subjects.flatMap(({ groups }) => groups)) {
      if (family === AF_UNSPEC || about === AF_UNSPEC || about === family) client.join(group);
    }
    return await ended;
  } finally {
    client.close();
  }
}

/** Prints what comes, one after another in the order it came; resolves with the exit code when it is over. */
function listen(ip: IpContext, client: NetlinkClient, request: MonitorRequest): Promise<number> {
  let printed = Promise.resolve();
  return new Promise((resolve, reject) => {
    const stop = ip.io.onInterrupt(() => {
      stop();
      resolve(EXIT_INTERRUPTED);
    });
    client.onNotification = (message, info) => {
      printed = printed.then(() => printMessage(ip, request, message, info)).catch(reject);
    };
    client.onOverrun = () => ip.io.stderr("netlink receive error No buffer space available (105)\n");
    client.onClose = (reason) => {
      stop();
      reject(reason ?? new CommandExit(EXIT_USAGE, "EOF on netlink\n"));
    };
  });
}

async function printMessage(
  ip: IpContext,
  { subjects, hasLabels, isAllNsid, ifindex }: MonitorRequest,
  message: Message,
  { nsid }: DatagramInfo,
): Promise<void> {
  const subject = subjects.find(({ types }) => types.includes(message.type));
  if (subject === undefined) return;
  const stamp = timestampText(ip.io.now(), ip.options.timestamp);
  const notice = await subject.prepare(ip, message, ifindex);
  const { family } = ip.options;
  if (family !== AF_UNSPEC && notice.family !== undefined && notice.family !== family) return;
  if (ifindex !== undefined && notice.ifindex !== undefined && notice.ifindex !== ifindex) return;
  const out = ip.output({ json: false });
  out.text(stamp);
  if (isAllNsid) out.text(`[nsid ${nsid ?? "current"}]`);
  if (hasLabels) out.text(`[${subject.label}]`);
  notice.print(out);
  out.flush();
}

async function parseMonitor(ip: IpContext, words: Words): Promise<MonitorRequest> {
  const named: MonitorSubject[] = [];
  let isNamed = false;
  let hasLabels = false;
  let isAllNsid = false;
  let ifindex: number | undefined;
  for (let word = words.take(); word !== undefined; word = words.take()) {
    const typed = word;
    const subject = SUBJECTS.find((known) => matches(typed, known.word));
    if (matches(typed, "file")) {
      throw new CommandExit(
        EXIT_USAGE,
        `Cannot replay "${words.value()}": files of rtmon are not supported by uveth.\n`,
      );
    } else if (matches(typed, "label")) hasLabels = true;
    else if (subject !== undefined) {
      named.push(subject);
      isNamed = true;
    } else if (firstMatch(typed, SILENT_WORDS) !== undefined || typed === "stats") isNamed = true;
    else if (typed === "dev") ifindex = await deviceOf(ip, words.value());
    else if (typed !== "all") {
      if (matches(typed, "all-nsid")) isAllNsid = true;
      else if (matches(typed, "help")) throw usage(MONITOR_USAGE);
      else throw new CommandExit(EXIT_USAGE, `Argument "${typed}" is unknown, try "ip monitor help".\n`);
    }
  }
  return { subjects: isNamed ? named : SUBJECTS, hasLabels, isAllNsid, ifindex };
}

async function deviceOf(ip: IpContext, name: string): Promise<number> {
  const ifindex = await ip.links.find(name);
  if (ifindex === undefined) throw wrongArgument(name, "Device does not exist\n");
  return ifindex;
}
