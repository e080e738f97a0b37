// `uveth ping`: echo requests from a namespace of the machine, with ping(8)'s words. The machine sends and listens, by the
// family uveth; here the events become lines.
//
// Facts: the output of iputils 20221126.

import { getBe32 } from "../../bytes/endian.ts";
import { ipv4ToText } from "../../bytes/ipv4.ts";
import { ipv6ToText, isIpv6LinkLocal } from "../../bytes/ipv6.ts";
import type { PingRequest, UvethMessage } from "../../client/uveth.ts";
import { UvethClient } from "../../client/uveth.ts";
import { NetlinkClient } from "../../netlink/client.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { errnoText } from "../../uapi/errno.ts";
import { NETLINK_GENERIC } from "../../uapi/netlink.ts";
import * as uapi from "../../uapi/uveth.ts";
import { CommandExit, EXIT_FAILURE, EXIT_REFUSED } from "../exit.ts";
import type { CommandIo } from "../io.ts";
import { PING_USAGE } from "./help.ts";
import { icmpText } from "./icmp-text.ts";
import type { PingOptions } from "./options.ts";
import { parsePing } from "./options.ts";
import { roundTripText, Tally } from "./tally.ts";

const ipv4HeaderSize = 20;
const icmpHeaderSize = 8;
/** Smaller requests have no room for the time they were sent (struct timeval). */
const timedSize = 16;

/** Runs ping until its count is reached or it is interrupted; the code is 0 when anything was answered. */
export async function runPing(argv: readonly string[], io: CommandIo): Promise<number> {
  if (argv.includes("-V")) {
    io.stdout("ping from uveth, as iputils 20221126\n");
    return 0;
  }
  if (argv.includes("--help")) {
    io.stdout(PING_USAGE);
    return 0;
  }
  const options = parsePing(argv);
  const client = new NetlinkClient(await io.provider.openSocket({ protocol: NETLINK_GENERIC }));
  try {
    return await new Ping(io, options, await UvethClient.open(client)).run();
  } finally {
    client.close();
  }
}

/** One run. */
class Ping {
  readonly #io: CommandIo;
  readonly #options: PingOptions;
  readonly #uveth: UvethClient;
  readonly #tally = new Tally();
  #hasHeader = false;
  #isStopped = false;

  constructor(io: CommandIo, options: PingOptions, uveth: UvethClient) {
    this.#io = io;
    this.#options = options;
    this.#uveth = uveth;
  }

  async run(): Promise<number> {
    const stopListening = this.#io.onInterrupt(() => this.#stop());
    try {
      await this.#uveth.ping(this.#request(), (event) => this.#event(event));
    } catch (error) {
      if (!this.#isStopped) throw refusal(error, this.#options);
    } finally {
      stopListening();
    }
    this.#header();
    this.#io.stdout(this.#tally.summary(this.#options.target));
    return this.#tally.received > 0 ? 0 : EXIT_FAILURE;
  }

  #request(): PingRequest {
    const { destination, source, ifname, count, intervalNs, timeoutNs, size, ttl, tos } = this.#options;
    return { destination, source, ifname, count, intervalNs, timeoutNs, size, ttl, tos };
  }

  /** Ends the run early: what is on its way is no longer waited for. */
  #stop(): void {
    this.#isStopped = true;
    this.#uveth.close();
  }

  #event(event: UvethMessage): void {
    if (this.#isStopped) return;
    const { pingEvent, timeNs = 0 } = event;
    const { deadlineNs, isQuiet } = this.#options;
    const startNs = this.#tally.startNs ?? timeNs;
    if (pingEvent === uapi.UVETH_PING_SENT && deadlineNs !== undefined && timeNs - startNs >= deadlineNs) {
      this.#stop();
      return;
    }
    this.#header();
    const line = this.#count(event, timeNs);
    if (line !== undefined && !isQuiet) this.#io.stdout(`${this.#stamp()}${line}\n`);
  }

  /** Counts an event and gives the line it is worth. */
  #count(event: UvethMessage, timeNs: number): string | undefined {
    switch (event.pingEvent) {
      case uapi.UVETH_PING_SENT:
        this.#tally.sent(timeNs);
        return undefined;
      case uapi.UVETH_PING_REPLY:
        return this.#reply(event);
      case uapi.UVETH_PING_ICMP_ERROR:
        this.#tally.failed();
        return this.#icmpError(event);
      case uapi.UVETH_PING_SEND_ERROR:
        this.#tally.failed();
        this.#io.stderr(`ping: sendmsg: ${errnoText(event.errno ?? 0)}\n`);
        return undefined;
      default:
        return undefined;
    }
  }

  #reply(event: UvethMessage): string {
    const isTimed = this.#options.size >= timedSize;
    const rttNs = isTimed ? event.rttNs : undefined;
    const isDuplicate = event.isDuplicate === true;
    this.#tally.replied(rttNs, isDuplicate);
    const time = rttNs === undefined ? "" : ` time=${roundTripText(rttNs)} ms`;
    const from = this.#addressText(event.source);
    const line = `${event.size ?? 0} bytes from ${from}: icmp_seq=${event.pingSeq ?? 0} ttl=${event.ttl ?? 0}${time}`;
    return isDuplicate ? `${line} (DUP!)` : line;
  }

  #icmpError({ source, pingSeq = 0, icmpType = 0, icmpCode = 0, icmpInfo = 0 }: UvethMessage): string {
    const text = icmpText(source?.length === 16, icmpType, icmpCode, icmpInfo);
    return `From ${this.#addressText(source)} icmp_seq=${pingSeq} ${text}`;
  }

  /** The first line, once, before anything else. */
  #header(): void {
    if (this.#hasHeader) return;
    this.#hasHeader = true;
    const { target, destination, size, source, ifname, isDeviceGiven } = this.#options;
    const device = isDeviceGiven ? (ifname ?? "") : "";
    const origin = source === undefined ? "" : this.#addressText(source);
    const from = source === undefined && device === "" ? "" : `from ${origin} ${device}: `;
    if (destination.length === 16) this.#io.stdout(`PING ${target}(${target}) ${from}${size} data bytes\n`);
    else {
      const total = size + icmpHeaderSize + ipv4HeaderSize;
      this.#io.stdout(`PING ${target} (${target}) ${from}${size}(${total}) bytes of data.\n`);
    }
  }

  #stamp(): string {
    if (!this.#options.hasTimestamps) return "";
    return `[${(this.#io.now().getTime() / 1_000).toFixed(6)}] `;
  }

  /** An address in text; one of a link alone names its device. */
  #addressText(bytes: Uint8Array | undefined): string {
    if (bytes === undefined) return "";
    if (bytes.length === 4) return ipv4ToText(getBe32(bytes, 0));
    const { ifname } = this.#options;
    return isIpv6LinkLocal(bytes) && ifname !== undefined
      ? `${ipv6ToText(bytes)}%${ifname}`
      : ipv6ToText(bytes);
  }
}

/** What the machine refused, as ping says it: its text for a missing device is that of the socket option it sets. */
function refusal(error: unknown, { ifname, isDeviceGiven }: PingOptions): unknown {
  if (!(error instanceof NetlinkError)) return error;
  if (error.code === "ENODEV" && ifname !== undefined && isDeviceGiven) {
    return new CommandExit(EXIT_REFUSED, `ping: SO_BINDTODEVICE ${ifname}: ${errnoText(-error.errno)}\n`);
  }
  const call = error.code === "EADDRNOTAVAIL" ? "bind" : "connect";
  return new CommandExit(EXIT_REFUSED, `ping: ${call}: ${errnoText(-error.errno)}\n`);
}
