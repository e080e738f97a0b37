// What: sightings of frames become a pcapng file whose reader sees devices, directions, ids and drops.
//
// Source: draft-ietf-opsawg-pcapng 4.2-4.6.

import { expect, test } from "vitest";
import { getU32, getU64 } from "../bytes/endian.ts";
import { PACKET_BROADCAST, PACKET_HOST } from "../uapi/if_packet.ts";
import { CaptureFile } from "./capture-file.ts";
import { EPB_DROPCOUNT, EPB_FLAGS, EPB_PACKETID, ISB_IFDROP, ISB_IFRECV } from "./pcapng.ts";
import type { PcapngOption } from "./pcapng-block.ts";
import { readPcapng } from "./pcapng-reader.ts";

function u32Of(options: readonly PcapngOption[], code: number): number | undefined {
  const value = options.find((option) => option.code === code)?.value;
  return value && getU32(value, 0);
}

function u64Of(options: readonly PcapngOption[], code: number): bigint | undefined {
  const value = options.find((option) => option.code === code)?.value;
  return value && getU64(value, 0);
}

function concatenate(blocks: readonly Uint8Array[]): Uint8Array {
  const file = new Uint8Array(blocks.reduce((sum, block) => sum + block.length, 0));
  let at = 0;
  for (const block of blocks) {
    file.set(block, at);
    at += block.length;
  }
  return file;
}

test("a frame seen on both ends of a pair is two packets with one id and opposite directions", () => {
  const blocks: Uint8Array[] = [];
  const file = new CaptureFile((block) => blocks.push(block), { epochNs: 1_000_000_000n });
  const seen = { bytes: new Uint8Array(14).fill(0xff), length: 60, packetId: 7 };
  file.add({
    ...seen,
    ifname: "v0",
    isOutgoing: true,
    packetType: PACKET_HOST,
    timeNs: 5,
    checksum: "partial",
  });
  file.add({ ...seen, ifname: "v1", isOutgoing: false, packetType: PACKET_BROADCAST, timeNs: 6 });
  file.end();
  const read = readPcapng(concatenate(blocks));
  expect(read?.interfaces.map(({ name }) => name)).toEqual(["v0", "v1"]);
  const packets = read?.packets.map(({ interfaceId, timestampNs, options }) => [
    interfaceId,
    timestampNs,
    u32Of(options, EPB_FLAGS),
    u64Of(options, EPB_PACKETID),
  ]);
  expect(packets).toEqual([
    [0, 1_000_000_005n, 2 | (1 << 9), 7n],
    [1, 1_000_000_006n, 1 | (3 << 2), 7n],
  ]);
  expect(
    read?.statistics.map(({ options }) => [u64Of(options, ISB_IFRECV), u64Of(options, ISB_IFDROP)]),
  ).toEqual([
    [1n, 0n],
    [1n, 0n],
  ]);
  expect(file.count).toBe(2);
});

test("a dropped frame says why, and frames lost before one are counted on it", () => {
  const blocks: Uint8Array[] = [];
  const file = new CaptureFile((block) => blocks.push(block), { epochNs: 0n, comments: ["seed 1"] });
  const seen = {
    ifname: "v0",
    isOutgoing: true,
    packetType: PACKET_HOST,
    timeNs: 1,
    length: 14,
    packetId: 0,
  };
  file.add({ ...seen, bytes: new Uint8Array(14), dropReason: "no-carrier", lost: 3 });
  file.end();
  const packet = readPcapng(concatenate(blocks))?.packets[0];
  expect(packet?.comments).toEqual(["dropped: no-carrier"]);
  expect(u64Of(packet?.options ?? [], EPB_DROPCOUNT)).toBe(3n);
});
