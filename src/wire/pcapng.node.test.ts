// What: other programs read our capture files: tshark the options of a pcapng file, tcpdump both formats.
//
// Source: tshark and tcpdump themselves; their field names are Wireshark's.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fromHex } from "../bytes/hex.ts";
import { pcapFileHeader, pcapRecord } from "./pcap.ts";
import * as pcapng from "./pcapng.ts";

const has = (program: string): boolean => spawnSync(program, ["--version"]).error === undefined;

const request = fromHex(
  "ffffffffffff0200000000010806 0001080006040001 020000000001 0a000001 000000000000 0a000002",
);
const stamp = 1_700_000_000_123_456_789n;
const blocks = [
  pcapng.pcapngSectionHeader({ application: "uveth" }),
  pcapng.pcapngInterface({ name: "v0", description: "end in red", mac: 0x020000000001 }),
  pcapng.pcapngInterface({ name: "v1", description: "end in blue", mac: 0x020000000002 }),
  pcapng.pcapngPacket({
    interfaceId: 0,
    timestampNs: stamp,
    bytes: request,
    flags: pcapng.EPB_OUTBOUND | pcapng.EPB_BROADCAST,
    packetId: 77n,
  }),
  pcapng.pcapngPacket({
    interfaceId: 1,
    timestampNs: stamp + 1n,
    bytes: request,
    flags: pcapng.EPB_INBOUND | pcapng.EPB_BROADCAST | pcapng.EPB_CHECKSUM_NOT_READY,
    packetId: 77n,
    dropCount: 3n,
    verdict: { kind: pcapng.VERDICT_TC, value: pcapng.TC_ACT_SHOT },
    comments: ["dropped: no-peer", "größer"],
  }),
  pcapng.pcapngStatistics({ interfaceId: 1, timestampNs: stamp + 2n, received: 1n, dropped: 3n }),
];

function withFile<Result>(parts: readonly Uint8Array[], use: (path: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), "uveth-wire-"));
  try {
    const path = join(folder, "capture");
    writeFileSync(path, Buffer.concat(parts));
    return use(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test.skipIf(!has("tshark"))(
  "tshark finds every option (skipped without tshark)",
  () => {
    const fields = [
      "frame.time_epoch",
      "frame.interface_name",
      "frame.interface_description",
      "frame.packet_flags_direction",
      "frame.packet_flags_reception_type",
      "frame.packet_id",
      "frame.drop_count",
      "frame.comment",
    ];
    const options = ["-T", "fields", "-E", "separator=;", ...fields.flatMap((field) => ["-e", field])];
    const lines = withFile(blocks, (path) =>
      execFileSync("tshark", ["-r", path, ...options], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      }),
    );
    expect(lines.trimEnd().split("\n")).toEqual([
      "1700000000.123456789;v0;end in red;0x00000002;3;77;;",
      "1700000000.123456790;v1;end in blue;0x00000001;3;77;3;dropped: no-peer,größer",
    ]);
  },
  60_000,
);

test.skipIf(!has("tcpdump"))("tcpdump reads both formats to the nanosecond (skipped without tcpdump)", () => {
  const read = (parts: readonly Uint8Array[]): string[] =>
    withFile(parts, (path) => {
      const options = ["-nn", "-tt", "--nano", "-r", path];
      return execFileSync("tcpdump", options, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    })
      .trimEnd()
      .split("\n");
  const line = "1700000000.123456789 ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28";
  expect(read(blocks)[0]).toBe(line);
  expect(read([pcapFileHeader(), pcapRecord(stamp, request)])).toEqual([line]);
});
