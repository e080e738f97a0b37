// A peer of TCP that is played by hand over a packet socket: it says what a body has it say, and notes what comes back.
//
// A line is a segment of the host's: flags, sequence numbers counted from the initial ones, how many bytes, and options but the
// values of timestamps, which are kept apart.

import { getBe16, getBe32, setBe32 } from "../../src/bytes/endian.ts";
import { IFA_F_NODAD } from "../../src/uapi/if_addr.ts";
import { NUD_PERMANENT } from "../../src/uapi/neighbour.ts";
import type { ParityContext } from "./context.ts";
import {
  ACK,
  host,
  icmp4,
  packet4,
  packet6,
  RST,
  SYN,
  stranger,
  strangersWire,
  tcp,
  textBytes,
} from "./odd-packets.ts";
import type { PacketPort, StreamListener, StreamOptions, StreamSocket } from "./targets.ts";

const firstSeq = 100_000;

/** What the peer says; numbers are counted from the initial ones. */
export interface Said {
  readonly seq?: number;
  readonly ack?: number;
  readonly body?: string;
  readonly window?: number;
  readonly urgent?: number;
  readonly options?: readonly number[];
  readonly tos?: number;
}

/** Where the peer is: its port, the host's, and the family. */
export interface PeerPlace {
  readonly sport: number;
  readonly dport?: number;
  readonly family?: 4 | 6;
  /** Windows stand in the lines. */
  readonly showsWindow?: boolean;
}

/** One connection's peer. */
export class Peer {
  readonly lines: string[] = [];
  /** The host's timestamp in each line's segment, in milliseconds; NaN where there is none. */
  readonly stamps: number[] = [];
  readonly #ctx: ParityContext;
  readonly #wire: PacketPort;
  readonly #heard: Uint8Array[];
  readonly #place: Required<PeerPlace>;
  #theirFirst: number | undefined;
  #lastStamp = 0;

  constructor(ctx: ParityContext, wire: PacketPort, heard: Uint8Array[], place: PeerPlace) {
    this.#ctx = ctx;
    this.#wire = wire;
    this.#heard = heard;
    this.#place = { dport: 80, family: 4, showsWindow: false, ...place };
  }

  /** The host's latest timestamp, for an echo. */
  get echo(): number {
    return this.#lastStamp;
  }

  async say(flags: number, said: Said = {}): Promise<void> {
    this.send(flags, said);
    await this.hear();
  }

  /** As `say`, without a pause to hear what comes back. */
  send(flags: number, { ack, seq = 0, body = "", tos = 0, ...more }: Said = {}): void {
    const { dport, family, sport } = this.#place;
    const ends = family === 4 ? {} : { from: stranger.ip6, to: host.ip6 };
    const segment = tcp({
      sport,
      dport,
      seq: firstSeq + seq,
      ack: ack === undefined ? 0 : (this.#theirFirst ?? 0) + ack,
      flags,
      body: textBytes(body),
      ...ends,
      ...more,
    });
    this.#wire.send(family === 4 ? packet4(6, segment, { tos }) : packet6(6, segment));
  }

  /** An error of ICMP about what the host has sent last. */
  async complain(type: number, code: number, rest: number, seq = 0): Promise<void> {
    const { dport, sport } = this.#place;
    const quoted = packet4(
      6,
      tcp({
        sport: dport,
        dport: sport,
        seq: (this.#theirFirst ?? 0) + seq,
        flags: ACK,
        from: host.ip4,
        to: stranger.ip4,
      }),
      { from: host.ip4, to: stranger.ip4 },
    ).subarray(14, 14 + 28);
    this.#wire.send(packet4(1, icmp4(type, code, rest, quoted)));
    await this.hear();
  }

  async hear(milliseconds = 20): Promise<void> {
    await this.#ctx.sleep(milliseconds);
    // What is for another peer stays.
    for (const frame of this.#heard.splice(0)) if (!this.#note(frame)) this.#heard.push(frame);
  }

  /** Notes a frame that is for this peer; false for others. */
  #note(frame: Uint8Array): boolean {
    const { dport, family, showsWindow, sport } = this.#place;
    const isFour = family === 4;
    const ip = 14;
    const at = isFour ? ip + 20 : ip + 40;
    if (getBe16(frame, 12) !== (isFour ? 0x0800 : 0x86dd) || frame[isFour ? 23 : 20] !== 6) return false;
    if (getBe16(frame, at) !== dport || getBe16(frame, at + 2) !== sport) return false;
    const flags = frame[at + 13] ?? 0;
    if ((flags & SYN) !== 0) this.#theirFirst ??= getBe32(frame, at + 4);
    const names = ["F", "S", "R", "P", "A", "U"].filter((_, bit) => ((flags >> bit) & 1) === 1).join("");
    const isReset = (flags & RST) !== 0 && (flags & ACK) !== 0 && this.#theirFirst === undefined;
    const sequence = getBe32(frame, at + 4);
    // A reset that no sequence number is known for has 0.
    const seq = isReset || sequence === 0 ? sequence : (sequence - (this.#theirFirst ?? 0)) >>> 0;
    const ack = (flags & ACK) === 0 ? "" : ` ack ${(getBe32(frame, at + 8) - firstSeq) | 0}`;
    const headerSize = ((frame[at + 12] ?? 0) >> 4) * 4;
    const size = (isFour ? getBe16(frame, 16) - 20 : getBe16(frame, 18)) - headerSize;
    const window = showsWindow ? ` win ${getBe16(frame, at + 14)}` : "";
    const urgent = names.includes("U") ? ` urg ${getBe16(frame, at + 18)}` : "";
    const stamp = stampOf(frame, at, headerSize);
    if (!Number.isNaN(stamp)) this.#lastStamp = stamp;
    this.stamps.push(stamp);
    const options = optionText(frame, at, headerSize);
    this.lines.push(
      `${names} seq ${seq | 0}${ack}${size > 0 ? ` +${size}` : ""}${window}${urgent}${options}`,
    );
    return true;
  }

  /** A SACK option of one block of the host's bytes, from `start` up to `end`. */
  sackBlock(start: number, end: number): number[] {
    const bytes = new Uint8Array(10);
    bytes.set([5, 10]);
    setBe32(bytes, 2, ((this.#theirFirst ?? 0) + start) >>> 0);
    setBe32(bytes, 6, ((this.#theirFirst ?? 0) + end) >>> 0);
    return [...bytes];
  }

  /** Counts the host's sequence numbers anew, from those of its next SYN. */
  renew(): void {
    this.#theirFirst = undefined;
  }

  /** Forgets what was noted. */
  forget(): void {
    this.lines.length = 0;
    this.stamps.length = 0;
  }

  /** The handshake, with options of the SYN; then the connection is open. */
  async open(options: readonly number[] = [], said: Said = {}): Promise<void> {
    await this.say(SYN, { options, ...said });
    await this.say(ACK, {
      seq: 1,
      ack: 1,
      ...said,
      ...(options[2] === 8 || options[0] === 8 ? { options: stamp(10) } : {}),
    });
    this.forget();
  }

  /** Answers the SYN of a host that connects, and lets it acknowledge that; then the connection is open. */
  async answer(options: readonly number[] = [], said: Said = {}): Promise<void> {
    await this.hear();
    await this.say(SYN | ACK, { ack: 1, options, ...said });
    this.forget();
  }
}

/** The value of a segment's timestamp; NaN without one. */
function stampOf(frame: Uint8Array, at: number, headerSize: number): number {
  for (let next = at + 20; next < at + headerSize; ) {
    const kind = frame[next] ?? 0;
    if (kind === 8) return getBe32(frame, next + 2);
    if (kind === 0) break;
    next += kind === 1 ? 1 : Math.max(frame[next + 1] ?? 2, 2);
  }
  return Number.NaN;
}

/** Options of a segment but the values of its timestamps: kinds, and of SACK the blocks. */
function optionText(frame: Uint8Array, start: number, headerSize: number): string {
  const end = start + headerSize;
  const texts: string[] = [];
  for (let at = start + 20; at < end; ) {
    const kind = frame[at] ?? 0;
    if (kind === 0) break;
    if (kind === 1) {
      at++;
      continue;
    }
    const length = frame[at + 1] ?? 2;
    const blocks = Array.from({ length: (length - 2) / 8 }, (_, index) =>
      [0, 4].map((offset) => getBe32(frame, at + 2 + 8 * index + offset) - firstSeq).join("-"),
    );
    const names: Record<number, string> = {
      2: `mss ${getBe16(frame, at + 2)}`,
      3: "wscale",
      4: "sackok",
      5: `sack ${blocks.join(" ")}`,
      8: "ts",
    };
    texts.push(names[kind] ?? `option ${kind}`);
    at += Math.max(length, 2);
  }
  return texts.length === 0 ? "" : ` <${texts.join(",")}>`;
}

/** A timestamp option, padded. */
export function stamp(value: number, echo = 0): number[] {
  const bytes = new Uint8Array(12);
  bytes.set([1, 1, 8, 10]);
  setBe32(bytes, 4, value);
  setBe32(bytes, 8, echo);
  return [...bytes];
}

/** What trials are made with: a listener of the host's on port 80, and peers. */
export interface Stage {
  readonly ctx: ParityContext;
  readonly listener: StreamListener;
  /** A peer at a port of its own, of the listener if it does not say otherwise. */
  peer(place?: Omit<PeerPlace, "sport">): Peer;
  /** Has a peer of the listener open a connection; resolves with what was accepted, which is its own whoever opens meanwhile. */
  accept(open: () => Promise<void>): Promise<StreamSocket>;
  /** A connection that the host begins, and its peer. */
  connect(options?: StreamOptions, place?: Omit<PeerPlace, "sport" | "dport">): Promise<[StreamSocket, Peer]>;
}

/** A wire, the host's neighbour, and its listener. */
export async function setStage(ctx: ParityContext, options: StreamOptions = {}): Promise<Stage> {
  const { wire, heard } = await strangersWire(ctx);
  await ctx.addNeigh(stranger.ip4, "a", { state: NUD_PERMANENT, lladdr: stranger.mac });
  await ctx.addAddr(`${host.ip6}/64`, "a", { flags: IFA_F_NODAD });
  await ctx.addNeigh(stranger.ip6, "a", { state: NUD_PERMANENT, lladdr: stranger.mac });
  await ctx.netns.setSysctl("net.ipv4.tcp_invalid_ratelimit", 0);
  const listener = await ctx.listenTcp(80, options);
  await ctx.sleep(50);
  let sport = 4_000;
  let opening: Promise<unknown> = Promise.resolve();
  return {
    ctx,
    listener,
    peer: (place = {}) => new Peer(ctx, wire, heard, { sport: ++sport, ...place }),
    accept: (open) => {
      const socket = opening.then(async () => {
        await open();
        const accepted = listener.accept();
        if (accepted === undefined) throw new Error("Nobody is to be accepted");
        return accepted;
      });
      opening = socket.catch(() => {});
      return socket;
    },
    connect: async (socketOptions = {}, place = {}) => {
      const localPort = ++sport;
      const address = place.family === 6 ? stranger.ip6 : stranger.ip4;
      const socket = await ctx.connectTcp({ host: address, port: 7_000, localPort }, socketOptions);
      return [socket, new Peer(ctx, wire, heard, { sport: 7_000, dport: localPort, ...place })];
    },
  };
}

/** What trials have seen, a line each; connections are closed by them. */
export type StageTrial = readonly [name: string, run: (stage: Stage) => Promise<readonly string[]>];

export async function playOn(stage: Stage, trials: readonly StageTrial[]): Promise<string[]> {
  const results: string[] = [];
  for (const trial of trials) results.push(await playOne(stage, trial));
  return results;
}

/** As playOn; on the kernel, whose time passes by itself, all trials at once. */
export async function playTogether(stage: Stage, trials: readonly StageTrial[]): Promise<string[]> {
  if (stage.ctx.target !== "kernel") return playOn(stage, trials);
  return Promise.all(trials.map((trial) => playOne(stage, trial)));
}

async function playOne(stage: Stage, [name, run]: StageTrial): Promise<string> {
  const lines = await run(stage);
  return `${name}: ${lines.length === 0 ? "–" : lines.join(" | ")}`;
}
