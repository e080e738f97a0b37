// `uveth ss`: the sockets of a namespace, with ss(8)'s words and columns.
//
// Facts: the output of iproute2 6.1 to a pipe.

import type { SocketEntry } from "../../client/sock-diag.ts";
import { dumpSockets } from "../../client/sock-diag.ts";
import { NetlinkClient } from "../../netlink/client.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { errnoText } from "../../uapi/errno.ts";
import { IPPROTO_TCP, IPPROTO_UDP } from "../../uapi/in.ts";
import { NETLINK_SOCK_DIAG } from "../../uapi/netlink.ts";
import { AF_INET, AF_INET6 } from "../../uapi/socket.ts";
import { CommandExit, EXIT_FAILURE } from "../exit.ts";
import type { CommandIo } from "../io.ts";
import { addressText } from "../prefix.ts";
import type { SsOptions } from "./options.ts";
import { ALL_STATES, parseSs, SS_USAGE } from "./options.ts";

/** Names of states as they are shown, by number. */
const STATE_NAMES: readonly string[] = [
  "UNKNOWN",
  "ESTAB",
  "SYN-SENT",
  "SYN-RECV",
  "FIN-WAIT-1",
  "FIN-WAIT-2",
  "TIME-WAIT",
  "UNCONN",
  "CLOSE-WAIT",
  "LAST-ACK",
  "LISTEN",
  "CLOSING",
];
const ESTABLISHED = 1;
const TIME_WAIT = 6;
const CLOSED = 7;

/** Runs ss. */
export async function runSs(argv: readonly string[], io: CommandIo): Promise<number> {
  if (argv.includes("-h") || argv.includes("--help")) {
    io.stdout(SS_USAGE);
    return 0;
  }
  if (argv.includes("-V") || argv.includes("--version")) {
    io.stdout("ss utility, iproute2-6.1.0, uveth\n");
    return 0;
  }
  const options = parseSs(argv);
  const socket = await io.provider.openSocket({ protocol: NETLINK_SOCK_DIAG, netns: options.netns });
  const client = new NetlinkClient(socket, { strict: false });
  try {
    if (options.isSummary) io.stdout(summaryText(await find(client, { ...options, states: ALL_STATES })));
    else {
      const found = (await find(client, options)).filter((entry) => isWanted(options, entry));
      io.stdout(options.isJson ? `${JSON.stringify(found.map(jsonOf))}\n` : tableText(options, found));
    }
    return 0;
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    throw new CommandExit(EXIT_FAILURE, `RTNETLINK answers: ${errnoText(-error.errno)}\n`);
  } finally {
    client.close();
  }
}

/** UDP before TCP, IPv4 before IPv6, as ss asks. */
async function find(client: NetlinkClient, options: SsOptions): Promise<SocketEntry[]> {
  const protocols = [...(options.isUdp ? [IPPROTO_UDP] : []), ...(options.isTcp ? [IPPROTO_TCP] : [])];
  const families = [...(options.isFour ? [AF_INET] : []), ...(options.isSix ? [AF_INET6] : [])];
  const found: SocketEntry[] = [];
  for (const protocol of protocols) {
    for (const family of families)
      found.push(...(await dumpSockets(client, family, protocol, options.states)));
  }
  return found;
}

function isWanted({ tests }: SsOptions, { localPort, remotePort }: SocketEntry): boolean {
  return tests.every(({ holds, isLocal }) => holds(isLocal ? localPort : remotePort));
}

/** An address with its colon, and a port. */
function endText(entry: SocketEntry, address: Uint8Array, port: number): readonly [string, string] {
  const isAny = address.every((byte) => byte === 0);
  const isSix = entry.family === AF_INET6;
  const text =
    isAny && isSix && !entry.isV6Only ? "*" : isSix ? `[${addressText(address)}]` : addressText(address);
  return [`${text}:`, port === 0 ? "*" : String(port)];
}

const QUEUE_WIDTH = 6;

/** A column: what it is called, and on which side it is filled up. */
interface Column {
  readonly head: string;
  readonly isRight: boolean;
  /** A space stands before it. */
  readonly isApart: boolean;
}

function tableText(options: SsOptions, entries: readonly SocketEntry[]): string {
  const hasNetid = options.isTcp && options.isUdp;
  const hasState = !options.areStatesSaid || (options.states & (options.states - 1)) !== 0;
  const columns: Column[] = [
    ...(hasNetid ? [{ head: "Netid", isRight: false, isApart: false }] : []),
    ...(hasState ? [{ head: "State", isRight: false, isApart: hasNetid }] : []),
    { head: "Recv-Q", isRight: false, isApart: hasNetid || hasState },
    { head: "Send-Q", isRight: false, isApart: true },
    { head: "Local Address:", isRight: true, isApart: true },
    { head: "Port", isRight: false, isApart: false },
    { head: "Peer Address:", isRight: true, isApart: true },
    { head: "Port", isRight: false, isApart: false },
    { head: "Process", isRight: false, isApart: false },
  ];
  const rows = entries.map((entry) => [
    ...(hasNetid ? [entry.protocol === IPPROTO_TCP ? "tcp" : "udp"] : []),
    ...(hasState ? [STATE_NAMES[entry.state] ?? "UNKNOWN"] : []),
    String(entry.receiveQueue).padEnd(QUEUE_WIDTH),
    String(entry.sendQueue).padEnd(QUEUE_WIDTH),
    ...endText(entry, entry.local, entry.localPort),
    ...endText(entry, entry.remote, entry.remotePort),
    options.hasTimers ? timerText(entry) : "",
  ]);
  const heads = options.hasHeader ? [columns.map(({ head }) => head)] : [];
  const lines = [...heads, ...rows];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0), 0));
  return lines.map((line) => `${lineText(columns, widths, line)}\n`).join("");
}

function lineText(columns: readonly Column[], widths: readonly number[], line: readonly string[]): string {
  return columns
    .map(({ isApart, isRight }, index) => {
      const text = line[index] ?? "";
      const width = widths[index] ?? 0;
      return (isApart ? " " : "") + (isRight ? text.padStart(width) : text.padEnd(width));
    })
    .join("");
}

const TIMERS: readonly string[] = ["off", "on", "keepalive", "timewait", "persist"];

function timerText({ expiresMs, retransmits, timer }: SocketEntry): string {
  if (timer === 0) return "";
  return ` timer:(${TIMERS[timer] ?? "unknown"},${durationText(expiresMs)},${retransmits})`;
}

/** A time as ss writes it: minutes and seconds, or milliseconds below ten seconds. */
function durationText(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  const seconds = Math.floor((ms % 60_000) / 1_000);
  const rest = ms % 1_000;
  let text = minutes > 0 ? `${minutes}min` : "";
  if (seconds > 0) text += minutes > 9 ? "" : seconds > 9 ? `${seconds}sec` : `${seconds}.`;
  if (minutes === 0 && seconds <= 9) text += `${String(rest).padStart(seconds > 0 ? 3 : 1, "0")}ms`;
  return text;
}

function jsonOf(entry: SocketEntry): Record<string, string | number> {
  return {
    netid: entry.protocol === IPPROTO_TCP ? "tcp" : "udp",
    state: STATE_NAMES[entry.state] ?? "UNKNOWN",
    recvq: entry.receiveQueue,
    sendq: entry.sendQueue,
    local: addressText(entry.local),
    localPort: entry.localPort,
    peer: addressText(entry.remote),
    peerPort: entry.remotePort,
  };
}

/** `ss -s`: how many there are of each kind. */
function summaryText(entries: readonly SocketEntry[]): string {
  const tcp = entries.filter(({ protocol }) => protocol === IPPROTO_TCP);
  const count = (protocol: number, family: number): number =>
    entries.filter((entry) => entry.protocol === protocol && entry.family === family).length;
  const inState = (state: number): number => tcp.filter((entry) => entry.state === state).length;
  const closed = inState(CLOSED) + inState(TIME_WAIT);
  const row = (name: string, four: number, six: number): string =>
    `${name}\t  ${String(four + six).padEnd(9)} ${String(four).padEnd(9)} ${String(six).padEnd(9)}\n`;
  const [udp4, udp6] = [count(IPPROTO_UDP, AF_INET), count(IPPROTO_UDP, AF_INET6)];
  const [tcp4, tcp6] = [count(IPPROTO_TCP, AF_INET), count(IPPROTO_TCP, AF_INET6)];
  return (
    `Total: ${entries.length}\n` +
    `TCP:   ${tcp.length} (estab ${inState(ESTABLISHED)}, closed ${closed}, orphaned 0, timewait ${inState(TIME_WAIT)})\n\n` +
    "Transport Total     IP        IPv6\n" +
    row("RAW", 0, 0) +
    row("UDP", udp4, udp6) +
    row("TCP", tcp4, tcp6) +
    row("INET", udp4 + tcp4, udp6 + tcp6) +
    `${row("FRAG", 0, 0)}\n`
  );
}
