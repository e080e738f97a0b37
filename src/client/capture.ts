// `netns.capture()` and `link.capture()`: frames while they pass, to be looked at, waited for, or kept as a pcapng file.

import * as uapi from "../uapi/uveth.ts";
import type { Sighting } from "../wire/capture-file.ts";
import { CaptureFile } from "../wire/capture-file.ts";
import { describe } from "../wire/describe.ts";
import type { NetnsSockets } from "./netns-sockets.ts";
import type { UvethClient, UvethMessage } from "./uveth.ts";

/** What to capture. */
export interface CaptureOptions {
  /** One device; all of the namespace by default. */
  readonly dev?: string | undefined;
  /** Bytes kept of each frame; all by default. */
  readonly snaplen?: number | undefined;
  /** Which frames, in the words of pcap-filter(7); all by default. */
  readonly filter?: string | undefined;
}

/** A frame as a message of the family uveth tells it. */
export function sightingOf(frame: UvethMessage): Sighting {
  const bytes = frame.bytes ?? new Uint8Array(0);
  return {
    netns: frame.netns,
    ifname: frame.ifname ?? "",
    isOutgoing: frame.direction === uapi.UVETH_DIRECTION_OUT,
    packetType: frame.packetType ?? 0,
    timeNs: frame.timeNs ?? 0,
    bytes,
    length: frame.length ?? bytes.length,
    packetId: frame.packetId ?? 0,
    dropReason: frame.dropReason,
    checksum: checksumOf(frame.csumState),
    isSegmentedLater: (frame.gsoType ?? 0) !== 0,
    lost: frame.lost,
  };
}

function checksumOf(state: number | undefined): Sighting["checksum"] {
  if (state === uapi.UVETH_CSUM_PARTIAL) return "partial";
  return state === uapi.UVETH_CSUM_VERIFIED ? "verified" : undefined;
}

/** A running capture, and after `stop()` what it caught. */
export class Captured {
  /** Everything seen so far, in order. */
  readonly frames: Sighting[] = [];
  readonly #uveth: UvethClient;
  readonly #epochNs: bigint;
  #ended: Promise<void> = Promise.resolve();
  #isStopped = false;

  private constructor(uveth: UvethClient, epochNs: bigint) {
    this.#uveth = uveth;
    this.#epochNs = epochNs;
  }

  /** Starts a capture over a client of its own; resolves when the tap is in place. ENODEV for a device there is not, EINVAL for a bad filter. */
  static async start(netns: NetnsSockets, { dev, snaplen, filter }: CaptureOptions): Promise<Captured> {
    const uveth = await netns.openUveth();
    const { epochNs = 0n } = await uveth.info();
    const captured = new Captured(uveth, epochNs);
    const ended = uveth.capture({ ifname: dev, snaplen, filter }, (frame) =>
      captured.frames.push(sightingOf(frame)),
    );
    captured.#ended = ended.catch((error: unknown) => {
      if (!captured.#isStopped) throw error;
    });
    // A request sent behind the capture's is answered when that is in place; a refusal comes before.
    await Promise.race([captured.#ended, uveth.info()]);
    return captured;
  }

  /** The frames as lines in tcpdump's words. */
  get lines(): string[] {
    return this.frames.map(({ bytes, length }) => describe(bytes, 0, bytes.length, { wireLength: length }));
  }

  /** Ends the capture when all that was seen until now has come in. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    await this.#uveth.info();
    this.#isStopped = true;
    this.#uveth.close();
    await this.#ended;
  }

  /** The frames as a pcapng file. */
  pcapng(): Uint8Array {
    const blocks: Uint8Array[] = [];
    const file = new CaptureFile((block) => blocks.push(block), { epochNs: this.#epochNs });
    for (const frame of this.frames) file.add(frame);
    file.end();
    const bytes = new Uint8Array(blocks.reduce((size, block) => size + block.length, 0));
    let at = 0;
    for (const block of blocks) {
      bytes.set(block, at);
      at += block.length;
    }
    return bytes;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
