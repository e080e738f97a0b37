// What: a capture keeps frames as they would stand on a wire, says what became of them, and stays within its bounds.
//
//   netns red [v0]──────[v1] netns blue
//
// Reference: net/packet/af_packet.c (tpacket_rcv); pcapng (draft-ietf-opsawg-pcapng 4.3).

import { describe, expect } from "vitest";
import { test } from "../../test/fixtures.ts";
import { ethernetFrame } from "../testkit/index.ts";
import { ETH_P_802_EX1, ETH_P_IP } from "../uapi/if_ether.ts";
import { readPcapng } from "../wire/pcapng-reader.ts";
import type { CaptureRecord } from "./capture.ts";
import { Capture } from "./capture.ts";
import { captureToPcapng } from "./capture-file.ts";
import { dropTx, frameFrom } from "./frame.ts";
import type { Device, Frame } from "./netdevice.ts";
import { devQueueXmit } from "./transmit.ts";

function frameOn(dev: Device, bytes: Uint8Array): Frame {
  const frame = frameFrom(dev.machine.frames, bytes);
  if (frame === null) expect.fail("No memory for a frame");
  frame.dev = dev;
  return frame;
}

function readAll(capture: Capture): CaptureRecord[] {
  const records: CaptureRecord[] = [];
  for (let record = capture.read(); record !== undefined; record = capture.read()) records.push(record);
  return records;
}

const broadcast = (size: number): Uint8Array => ethernetFrame({}, ETH_P_802_EX1, new Uint8Array(size));

describe("a dropped frame", () => {
  test("has its reason in the record of its last sight", ({ machine, pair }) => {
    const capture = new Capture(machine.core);
    capture.add(pair.red);
    pair.blue.mtu = 100;
    devQueueXmit(frameOn(pair.red, broadcast(200)));
    capture.close();
    expect(readAll(capture)).toMatchObject([{ isOutgoing: true, dropReason: "oversize", length: 214 }]);
  });

  test("has a record of its own when that has been read", ({ machine, pair }) => {
    const capture = new Capture(machine.core);
    capture.add(pair.red);
    const frame = frameOn(pair.red, broadcast(0));
    frame.macHeader = frame.start;
    capture.seen(frame, pair.red, true);
    expect(readAll(capture)).toMatchObject([{ dropReason: undefined }]);
    const { packetId } = frame;
    dropTx(frame, pair.red, "qdisc");
    capture.close();
    expect(readAll(capture)).toMatchObject([{ packetId, isOutgoing: true, dropReason: "qdisc" }]);
  });

  test("that never had a link header gets one of zeros, its protocol aside", ({ machine, pair }) => {
    const capture = new Capture(machine.core);
    capture.add(pair.red);
    const frame = machine.core.frames.alloc(20);
    if (frame === null) expect.fail("No memory for a frame");
    frame.end = frame.start + 4;
    frame.bytes.set([0x45, 0, 0, 20], frame.start);
    frame.dev = pair.red;
    frame.protocol = ETH_P_IP;
    dropTx(frame, pair.red, "neigh-failed");
    capture.close();
    const bytes = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x08, 0, 0x45, 0, 0, 20);
    expect(readAll(capture)).toMatchObject([{ bytes, isOutgoing: true, dropReason: "neigh-failed" }]);
  });

  test("that is too short for a link header is kept as it is", ({ machine, pair }) => {
    const capture = new Capture(machine.core);
    capture.add(pair.red);
    devQueueXmit(frameOn(pair.red, Uint8Array.of(1, 2, 3)));
    capture.close();
    expect(readAll(capture)).toMatchObject([
      { bytes: Uint8Array.of(1, 2, 3), length: 3, dropReason: "runt" },
    ]);
  });
});

describe("bounds", () => {
  test("frames that find no room are counted in the next record", ({ machine, pair }) => {
    const capture = new Capture(machine.core, { limitBytes: 1_000 });
    capture.add(pair.red);
    for (let sent = 0; sent < 5; sent++) devQueueXmit(frameOn(pair.red, broadcast(300)));
    const kept = readAll(capture).length;
    expect(kept).toBeGreaterThan(0);
    devQueueXmit(frameOn(pair.red, broadcast(0)));
    capture.close();
    expect(readAll(capture)).toMatchObject([{ lost: 5 - kept }]);
  });

  test("nothing is kept after close(), and the device looks at nobody", ({ machine, pair }) => {
    const capture = new Capture(machine.core);
    capture.add(pair.red);
    capture.add(pair.red.netns);
    capture.close();
    devQueueXmit(frameOn(pair.red, broadcast(0)));
    expect(capture.isEmpty).toBe(true);
    expect([pair.red.taps, pair.red.netns.taps]).toEqual([null, null]);
  });
});

describe("a file", () => {
  test("has an interface per device, and drops with their reason as a comment", ({ machine, pair }) => {
    const blocks: Uint8Array[] = [];
    const stop = captureToPcapng(machine.core, {
      sources: [pair.red, pair.blue],
      write: (block) => blocks.push(block),
    });
    devQueueXmit(frameOn(pair.red, broadcast(0)));
    stop();
    const file = readPcapng(Uint8Array.from(blocks.flatMap((block) => [...block])));
    expect(file?.interfaces.map(({ name }) => name)).toEqual(["v0", "v1"]);
    expect(file?.packets.map(({ comments }) => comments)).toEqual([[], ["dropped: unhandled-protocol"]]);
  });
});
