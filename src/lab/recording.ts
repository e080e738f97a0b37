// A lab's flight recorder: every frame of every device from the start on, with what was done to the wires as comments and the
// seed in the file's header; as a pcapng file, and as a timeline to read.

import type { Machine } from "../index.ts";
import { describe } from "../wire/describe.ts";
import { readPcapng } from "../wire/pcapng-reader.ts";
import type { LinkCaptureOptions, LinkEnd } from "./link.ts";

/** What happened to a lab. */
export interface LabEvent {
  /** Of the lab's clock. */
  readonly atNs: number;
  readonly event: "lab" | "node" | "link" | "fault" | "program";
  readonly text: string;
}

/** Lines of a timeline; the middle of a longer one is left out. */
const maxLines = 400;
const nsPerMs = 1_000_000;

/** Frames and events of one lab. */
export class Recording {
  readonly #machine: Machine;
  readonly #seed: number;
  readonly #events: readonly LabEvent[];
  readonly #blocks: Uint8Array[] = [];
  #noted = 0;
  #stop: (() => void) | undefined;
  #hasStarted = false;

  constructor(machine: Machine, seed: number, events: readonly LabEvent[]) {
    this.#machine = machine;
    this.#seed = seed;
    this.#events = events;
  }

  /** Begins with the namespaces there are now; once. */
  start(): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    this.#stop = this.#machine.captureToPcapng({
      comments: [`seed ${this.#seed}`],
      takeNotes: () => this.#takeNotes(),
      write: (block) => this.#blocks.push(block.slice()),
    });
  }

  /** Ends the file. */
  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  /** The file so far; whole once stopped. */
  file(): Uint8Array {
    return joinBytes(this.#blocks);
  }

  /** Frames and events by time, one line each. */
  timeline(): string {
    const capture = readPcapng(this.file());
    const epoch = this.#machine.core.clock.epochNs;
    const lines = this.#events.map(({ atNs, text }) => ({ atNs, text: `— ${text}` }));
    for (const { interfaceId, timestampNs, bytes, comments } of capture?.packets ?? []) {
      const told = comments
        .filter((comment) => comment.startsWith("dropped: "))
        .map((comment) => ` [${comment}]`);
      const device = capture?.interfaces[interfaceId]?.name ?? "?";
      lines.push({ atNs: Number(timestampNs - epoch), text: `${device} ${describe(bytes)}${told.join("")}` });
    }
    lines.sort((one, other) => one.atNs - other.atNs);
    const texts = lines.map(({ atNs, text }) => `${(atNs / nsPerMs).toFixed(6).padStart(16)} ms  ${text}`);
    if (texts.length <= maxLines) return `seed ${this.#seed}\n${texts.join("\n")}\n`;
    const half = maxLines / 2;
    const left = texts.length - maxLines;
    return `seed ${this.#seed}\n${texts.slice(0, half).join("\n")}\n   … ${left} more …\n${texts.slice(-half).join("\n")}\n`;
  }

  #takeNotes(): string[] {
    const fresh = this.#events.slice(this.#noted).map(({ text }) => text);
    this.#noted = this.#events.length;
    return fresh;
  }
}

/**
 * Captures ends of links, an interface for each, until the function it returns is called, which gives the file; `write` gets it
 * block by block instead.
 */
export function captureEnds(
  machine: Machine,
  seed: number,
  ends: readonly LinkEnd[],
  { filter, snaplen, write }: LinkCaptureOptions,
): () => Uint8Array {
  const blocks: Uint8Array[] = [];
  const stop = machine.captureToPcapng({
    devices: ends.map(({ node, ifname }) => ({ netns: node.name, dev: ifname })),
    comments: [`seed ${seed}`],
    ...(filter === undefined ? {} : { filter }),
    ...(snaplen === undefined ? {} : { snaplen }),
    write: write ?? ((block) => blocks.push(block.slice())),
  });
  let file: Uint8Array | undefined;
  return () => {
    if (file === undefined) stop();
    file ??= joinBytes(blocks);
    return file;
  };
}

/** Pieces as one. */
function joinBytes(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
