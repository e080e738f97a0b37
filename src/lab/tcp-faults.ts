// What may be wrong with the TCP connections over a link, by the names Toxiproxy's users know: slow_close, timeout, reset_peer, slicer,
// limit_data. (Its latency and bandwidth are netem's delay and rate, its down is `link.down()`.)
//
// Where Toxiproxy, a proxy, closes a connection, the wire resets it: both ends are sent a reset that they believe (RFC 9293,
// section 3.10.7.4; RFC 5961, section 3.2), which is what "connection reset by peer" stands for.
//
// Facts: README.md of Shopify/toxiproxy, "Toxics".

import type { Random, Time, WireFunction, WireHook, WirePiece, WireVerdict } from "../index.ts";
import { nanoseconds } from "../index.ts";
import type { Filter } from "../wire/filter/filter.ts";
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from "../wire/tcp.ts";
import { LabError } from "./lab-error.ts";
import type { Segment } from "./tcp-segment.ts";
import { segmentOf } from "./tcp-segment.ts";

/** What is wrong with TCP connections. */
export interface TcpFaults {
  /** A connection's end (FIN) is late by so long. */
  readonly slowClose?: Time;
  /** No data gets through, and so long after the first the connection is reset; 0: it is not. */
  readonly timeout?: Time;
  /** So long after its first segment a connection is reset; 0: at once. */
  readonly resetPeer?: Time;
  /** So many bytes get through in a direction, then the connection is reset. */
  readonly limitData?: number;
  /** Data comes in small segments. */
  readonly slicer?: {
    /** Bytes of a segment. */
    readonly averageSize: number;
    /** More or less, by chance; less than averageSize, 0 by default. */
    readonly sizeVariation?: number;
    /** Between one and the next; 0 by default. */
    readonly delay?: Time;
  };
}

/** Faults in numbers: times in nanoseconds. */
interface Wrong {
  readonly slowClose: number | undefined;
  readonly timeout: number | undefined;
  readonly resetPeer: number | undefined;
  readonly limitData: number | undefined;
  readonly slicer:
    | { readonly averageSize: number; readonly sizeVariation: number; readonly delay: number }
    | undefined;
}

/** What it takes to bring them about. */
export interface TcpFaultsWorld {
  readonly random: Random;
  /** Bytes of the largest packet of the link. */
  readonly mtu: number;
  now(): number;
  after(delayNs: number, run: () => void): () => void;
}

/** Which connections: of those that match, a share. */
export interface TcpFaultsChoice {
  readonly filter: Filter | undefined;
  /** 0 to 1. */
  readonly toxicity: number;
}

/** What is known of one direction of a connection. */
interface Way {
  readonly hook: WireHook;
  readonly run: WireFunction;
  /** The sequence number of its first byte. */
  first: number | undefined;
  /** Behind the last byte that was sent, and the last acknowledgement: undefined before there is one. */
  end: number | undefined;
  acknowledgement: number | undefined;
  /** Behind the last byte that got through, as far as these faults are concerned. */
  passed: number | undefined;
  /** When what has been cut is gone: what comes behind it waits as long. */
  freeAtNs: number;
}

interface Connection {
  readonly ways: Map<WireHook, Way>;
  readonly isHit: boolean;
  isDead: boolean;
  /** A segment to make resets of, with the way it went. */
  template: { readonly bytes: Uint8Array; readonly hook: WireHook } | undefined;
  /** When it is to be reset, and how to take that back. */
  dueNs: number;
  cancel: () => void;
}

/** Connections that are kept; the oldest is forgotten first. */
const mostConnections = 65_536;

/** Those of one link, until they are stopped. */
export class TcpFaulter {
  readonly #wrong: Wrong;
  readonly #world: TcpFaultsWorld;
  readonly #choice: TcpFaultsChoice;
  readonly #connections = new Map<string, Connection>();
  readonly #hooks = new Map<WireHook, WireFunction>();
  readonly #stops: (() => void)[] = [];

  /** `affected` are the ends whose data is, of `hooks`, both ends. */
  constructor(
    faults: TcpFaults,
    choice: TcpFaultsChoice,
    world: TcpFaultsWorld,
    hooks: readonly WireHook[],
    affected: ReadonlySet<WireHook>,
  ) {
    this.#wrong = readFaults(faults);
    this.#choice = choice;
    this.#world = world;
    for (const hook of hooks) {
      const run: WireFunction = (bytes) => this.#judge(bytes, hook, run, affected.has(hook));
      this.#hooks.set(hook, run);
      this.#stops.push(hook.add(run));
    }
  }

  /** Takes them away. Connections that are reset stay so. */
  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
    for (const { cancel } of this.#connections.values()) cancel();
    this.#connections.clear();
  }

  #judge(bytes: Uint8Array, hook: WireHook, run: WireFunction, isAffected: boolean): WireVerdict {
    const segment = segmentOf(bytes);
    if (segment === undefined) return "pass";
    const connection = this.#connectionOf(bytes, segment);
    if (connection === undefined || !connection.isHit) return "pass";
    if (connection.isDead) return "drop";
    const way = wayOf(connection, hook, run);
    note(way, segment);
    if (segment.has(TCP_RST)) return "pass";
    connection.template ??= { bytes: bytes.slice(), hook };
    if (this.#wrong.resetPeer === 0) {
      this.#reset(connection);
      return "drop";
    }
    const verdict = isAffected ? this.#harm(segment, connection, way) : "pass";
    if (verdict === "pass") way.passed = segment.end;
    return verdict;
  }

  #harm(segment: Segment, connection: Connection, way: Way): WireVerdict {
    const { limitData, slicer, slowClose, timeout } = this.#wrong;
    if (timeout !== undefined && segment.length > 0) {
      if (timeout > 0) this.#resetLater(connection, timeout);
      return "drop";
    }
    let length = segment.length;
    if (limitData !== undefined && length > 0) {
      const offset = (segment.sequence - (way.first ?? segment.sequence)) | 0;
      if (offset + length > limitData) {
        length = Math.max(0, limitData - offset);
        // As soon as what is left has gone.
        this.#resetLater(connection, Math.max(0, way.freeAtNs - this.#world.now()));
        if (length === 0) return "drop";
      }
    }
    const isLate = slowClose !== undefined && segment.has(TCP_FIN);
    const isCut = slicer !== undefined && segment.length > 0;
    const waitNs = Math.max(0, way.freeAtNs - this.#world.now());
    if (!isLate && !isCut && length === segment.length) return waitNs > 0 ? { delayNs: waitNs } : "pass";
    return this.#pieces(segment, length, way, isLate ? slowClose : 0);
  }

  /** The first `length` bytes in pieces, and the end of the connection later by `closeNs`. */
  #pieces(segment: Segment, length: number, way: Way, closeNs: number): WirePiece[] {
    const now = this.#world.now();
    const pieces: WirePiece[] = [];
    let at = 0;
    let delayNs = Math.max(0, way.freeAtNs - now);
    while (at < length) {
      const size = Math.min(length - at, this.#pieceSize(segment));
      const isLast = at + size === segment.length;
      pieces.push({ bytes: segment.slice(at, at + size, !isLast || closeNs > 0), delayNs });
      at += size;
      if (at < length) delayNs += this.#wrong.slicer?.delay ?? 0;
    }
    if (closeNs > 0) pieces.push({ bytes: segment.slice(length, length), delayNs: delayNs + closeNs });
    way.freeAtNs = now + delayNs;
    way.passed = (segment.sequence + length) >>> 0;
    return pieces;
  }

  #pieceSize(segment: Segment): number {
    const largest = this.#world.mtu - segment.headerLength;
    const { slicer } = this.#wrong;
    if (slicer === undefined) return largest;
    const { averageSize, sizeVariation } = slicer;
    const more = (this.#world.random.u32() % (2 * sizeVariation + 1)) - sizeVariation;
    return Math.min(largest, averageSize + more);
  }

  /** What a segment belongs to; undefined where nobody asked for it. A new one begins with a SYN, or in the middle. */
  #connectionOf(bytes: Uint8Array, segment: Segment): Connection | undefined {
    const key = segment.connection;
    const known = this.#connections.get(key);
    const isNew = segment.has(TCP_SYN) && !segment.has(TCP_ACK);
    if (known !== undefined && !(isNew && known.isDead)) return known;
    const { filter, toxicity } = this.#choice;
    if (filter !== undefined && !filter.matches(bytes)) return undefined;
    if (this.#connections.size >= mostConnections) this.#forgetOldest();
    const isHit = this.#world.random.u32() < toxicity * 2 ** 32;
    const connection: Connection = {
      ways: new Map(),
      isHit,
      isDead: false,
      template: undefined,
      dueNs: Number.POSITIVE_INFINITY,
      cancel: () => {},
    };
    this.#connections.set(key, connection);
    const { resetPeer } = this.#wrong;
    if (isHit && resetPeer !== undefined && resetPeer > 0) this.#resetLater(connection, resetPeer);
    return connection;
  }

  #forgetOldest(): void {
    for (const [key, { cancel }] of this.#connections) {
      cancel();
      this.#connections.delete(key);
      return;
    }
  }

  /** Sees to a reset after so long, if there is to be none before. */
  #resetLater(connection: Connection, delayNs: number): void {
    const dueNs = this.#world.now() + delayNs;
    if (connection.isDead || dueNs >= connection.dueNs) return;
    connection.cancel();
    connection.dueNs = dueNs;
    connection.cancel = this.#world.after(delayNs, () => this.#reset(connection));
  }

  /** Sends both ends a reset. */
  #reset(connection: Connection): void {
    connection.isDead = true;
    connection.cancel();
    const { template, ways } = connection;
    const segment = template === undefined ? undefined : segmentOf(template.bytes);
    if (template === undefined || segment === undefined) return;
    for (const [hook, run] of this.#hooks) {
      const isBack = hook !== template.hook;
      const here = ways.get(hook);
      const there = [...ways.values()].find((way) => way.hook !== hook);
      // What the receiver expects is what it last acknowledged, or, when its acknowledgement is under way, what comes
      // behind what it got; where nothing got through, the first.
      const sequences = new Set(
        [there?.acknowledgement, here?.passed ?? here?.first].filter((each) => each !== undefined),
      );
      for (const sequence of sequences.size > 0 ? sequences : [0])
        hook.send(segment.reset(sequence, there?.end ?? 0, isBack), run);
    }
  }
}

function wayOf({ ways }: Connection, hook: WireHook, run: WireFunction): Way {
  const known = ways.get(hook);
  if (known !== undefined) return known;
  const way = {
    hook,
    run,
    first: undefined,
    end: undefined,
    acknowledgement: undefined,
    passed: undefined,
    freeAtNs: 0,
  };
  ways.set(hook, way);
  return way;
}

function note(way: Way, segment: Segment): void {
  way.first ??= (segment.sequence + (segment.has(TCP_SYN) ? 1 : 0)) >>> 0;
  if (way.end === undefined || ((segment.end - way.end) | 0) > 0) way.end = segment.end;
  if (segment.has(TCP_ACK)) way.acknowledgement = segment.acknowledgement;
}

function readFaults({ limitData, resetPeer, slicer, slowClose, timeout, ...others }: TcpFaults): Wrong {
  const [other] = Object.keys(others);
  if (other !== undefined)
    throw new LabError(`There is no "${other}": slowClose, timeout, resetPeer, limitData, slicer`);
  if (limitData !== undefined && !(Number.isSafeInteger(limitData) && limitData >= 0))
    throw new LabError(`limitData is a number of bytes, not ${limitData}`);
  return {
    limitData,
    resetPeer: timeOf(resetPeer),
    slowClose: timeOf(slowClose),
    timeout: timeOf(timeout),
    slicer: slicer === undefined ? undefined : readSlicer(slicer),
  };
}

function readSlicer({ averageSize, delay = 0, sizeVariation = 0 }: NonNullable<TcpFaults["slicer"]>) {
  if (!(Number.isSafeInteger(averageSize) && averageSize > 0))
    throw new LabError(`slicer.averageSize is a number of bytes, not ${averageSize}`);
  if (!(Number.isSafeInteger(sizeVariation) && sizeVariation >= 0 && sizeVariation < averageSize))
    throw new LabError(`slicer.sizeVariation is less than averageSize, not ${sizeVariation}`);
  return { averageSize, sizeVariation, delay: nanoseconds(delay) };
}

function timeOf(time: Time | undefined): number | undefined {
  return time === undefined ? undefined : nanoseconds(time);
}
