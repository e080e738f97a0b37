// A capture straight into a pcapng file, without a reader in between that could be slow: for who lives in the machine's
// own process.

import { CaptureFile } from "../wire/capture-file.ts";
import { Filter } from "../wire/filter/filter.ts";
import type { CaptureRecord } from "./capture.ts";
import { Capture } from "./capture.ts";
import type { Device, MachineContext, Netns } from "./netdevice.ts";
import { CHECKSUM_PARTIAL, CHECKSUM_UNNECESSARY, GSO_NONE } from "./netdevice.ts";

/** What to capture, and where the file goes. */
export interface CaptureToPcapng {
  /** Devices, and namespaces with all that is in them. */
  readonly sources: readonly (Device | Netns)[];
  /** Bytes kept of a frame; all by default. */
  readonly snaplen?: number | undefined;
  /** Which frames, in the words of pcap-filter(7); all by default. FilterError when it cannot be understood. */
  readonly filter?: string | undefined;
  /** What the file says of itself, in its section header. */
  readonly comments?: readonly string[] | undefined;
  /** Asked before each frame for what has happened since the last one; it becomes that frame's comments. */
  readonly takeNotes?: (() => readonly string[]) | undefined;
  /** Takes the file block by block, from its header on. */
  readonly write: (block: Uint8Array) => void;
}

/** Captures until the function it returns is called, which writes what is left and the file's last blocks. */
export function captureToPcapng(
  machine: MachineContext,
  { sources, snaplen, filter, comments = [], takeNotes, write }: CaptureToPcapng,
): () => void {
  const file = new CaptureFile(write, { epochNs: machine.clock.epochNs, comments });
  const capture = new Capture(machine, {
    snaplen,
    filter: filter === undefined ? undefined : new Filter(filter),
  });
  const drain = () => {
    for (let record = capture.read(); record !== undefined; record = capture.read()) {
      file.add({
        ...record,
        netns: nameOf(record.dev.netns),
        timeNs: record.timestampNs,
        checksum: checksumOf(record),
        isSegmentedLater: record.gsoType !== GSO_NONE,
        comments: takeNotes?.(),
      });
    }
  };
  capture.onReadable = drain;
  for (const source of sources) capture.add(source);
  return () => {
    capture.close();
    drain();
    file.end();
  };
}

function checksumOf({ checksum }: CaptureRecord): "partial" | "verified" | undefined {
  if (checksum === CHECKSUM_PARTIAL) return "partial";
  return checksum === CHECKSUM_UNNECESSARY ? "verified" : undefined;
}

function nameOf(netns: Netns): string | undefined {
  for (const [name, each] of netns.machine.netnsNames) if (each === netns) return name;
  return undefined;
}
