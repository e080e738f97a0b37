// What: a filter lets the same frames through as tcpdump's compiler does, and refuses the same expressions with its words.
//
//   random frames ─▶ pcap ─▶ tcpdump -r … EXPRESSION ─▶ which came through
//                 ─▶ Filter(EXPRESSION).matches       ─▶ the same
//
// Source: libpcap, asked by the distribution's tcpdump.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { setBe16, setBe32 } from "../../bytes/endian.ts";
import { fromHex } from "../../bytes/hex.ts";
import { SeededRandom } from "../../net/random.ts";
import { FilterError } from "./error.ts";
import { Filter } from "./filter.ts";

const hasTcpdump = spawnSync("tcpdump", ["--version"], { stdio: "ignore" }).status === 0;
const folder = mkdtempSync(join(tmpdir(), "uveth-filter-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const random = new SeededRandom(11);
const below = (limit: number): number => random.u32() % limit;
function pick<T>(choices: readonly T[]): T {
  const choice = choices[below(choices.length)];
  if (choice === undefined) throw new Error("Nothing to pick from");
  return choice;
}

/** Few addresses, ports and identifiers, so that expressions meet them. */
const macs = ["020000000001", "020000000002", "ffffffffffff", "01005e000001", "333300000001"].map(fromHex);
const addresses4 = [0x0a000001, 0x0a000002, 0x0a010203, 0xc0a80001, 0xe0000001, 0x01020304];
const addresses6 = [
  "fe800000000000000000000000000001",
  "fd000000000000000000000000000002",
  "ff020000000000000000000000000001",
  "00000000000000000000000000000001",
].map(fromHex);
const ports = [22, 53, 80, 443, 8080, 40_000];
const protocols = [1, 2, 6, 17, 58, 89, 132, 50];

/** A frame of some kind, with a tag or two, cut off anywhere. */
function randomFrame(): Uint8Array {
  const bytes = new Uint8Array(14 + 8 + 100);
  for (let index = 0; index < bytes.length; index++) bytes[index] = below(256);
  bytes.set(pick(macs), 0);
  bytes.set(pick(macs), 6);
  let at = 12;
  for (let tags = pick([0, 0, 0, 1, 2]); tags > 0; tags--, at += 4) {
    setBe16(bytes, at, pick([0x8100, 0x88a8]));
    setBe16(bytes, at + 2, pick([5, 6, 0x2005]));
  }
  const type = pick([0x0800, 0x0800, 0x0800, 0x86dd, 0x86dd, 0x0806, 0x8035, 0x88cc, 38]);
  setBe16(bytes, at, type);
  fillPacket(bytes, at + 2, type);
  return bytes.subarray(0, pick([bytes.length, bytes.length, bytes.length, 14 + below(60)]));
}

function fillPacket(bytes: Uint8Array, at: number, type: number): void {
  if (type === 38) bytes.set(pick([fromHex("424203"), fromHex("e0e003")]), at);
  if (type === 0x0806 || type === 0x8035) {
    setBe32(bytes, at + 14, pick(addresses4));
    setBe32(bytes, at + 24, pick(addresses4));
  }
  if (type === 0x0800) {
    const words = pick([5, 5, 5, 6]);
    bytes[at] = 0x40 | words;
    setBe16(bytes, at + 6, pick([0, 0, 0x4000, 0x2000, 0x0010]));
    bytes[at + 9] = pick(protocols);
    setBe32(bytes, at + 12, pick(addresses4));
    setBe32(bytes, at + 16, pick(addresses4));
    fillTransport(bytes, at + words * 4);
  }
  if (type === 0x86dd) {
    bytes[at] = 0x60;
    const isFragment = below(5) === 0;
    bytes[at + 6] = isFragment ? 44 : pick(protocols);
    bytes.set(pick(addresses6), at + 8);
    bytes.set(pick(addresses6), at + 24);
    if (isFragment) bytes[at + 40] = pick(protocols);
    fillTransport(bytes, isFragment ? at + 48 : at + 40);
  }
}

function fillTransport(bytes: Uint8Array, at: number): void {
  setBe16(bytes, at, pick([...ports, 0x0800, 0x8000]));
  setBe16(bytes, at + 2, pick(ports));
  bytes[at + 13] = pick([0x02, 0x12, 0x10, 0x11, 0x18]);
}

const frames = Array.from({ length: 3_000 }, randomFrame);

/** A classic capture file whose timestamps are the frames' numbers. */
function pcapFile(): string {
  const header = new Uint8Array(24);
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  for (const [at, value] of [
    [0, 0xa1b2c3d4],
    [4, 0x00040002],
    [16, 65_535],
    [20, 1],
  ] as const) {
    view.setUint32(at, value, true);
  }
  const parts: Uint8Array[] = [header];
  frames.forEach((frame, index) => {
    const record = new Uint8Array(16);
    const words = new DataView(record.buffer, record.byteOffset, record.byteLength);
    words.setUint32(0, index, true);
    words.setUint32(8, frame.length, true);
    words.setUint32(12, frame.length, true);
    parts.push(record, frame);
  });
  const path = join(folder, "frames.pcap");
  writeFileSync(path, Buffer.concat(parts));
  return path;
}

const path = pcapFile();

/**
 * The numbers of the frames that tcpdump lets through, or what it says of the expression. Its optimizer changes the order
 * of loads, and so what becomes of frames that are cut off: it is left out.
 */
function askTcpdump(expression: string): number[] | string {
  const { stdout, stderr, status } = spawnSync("tcpdump", ["-O", "-r", path, "-w", "-", "--", expression], {
    maxBuffer: 1 << 24,
  });
  const complaint = /^tcpdump: (?!.*reading from)(.*)$/m.exec(String(stderr))?.[1];
  if (status !== 0) return complaint ?? String(stderr);
  const numbers: number[] = [];
  for (let at = 24; at < stdout.length; at += 16 + stdout.readUInt32LE(at + 8)) {
    numbers.push(stdout.readUInt32LE(at));
  }
  return numbers;
}

function askFilter(expression: string): number[] | string {
  try {
    const filter = new Filter(expression);
    return frames.flatMap((frame, index) => (filter.matches(frame) ? [index] : []));
  } catch (error) {
    if (error instanceof FilterError) return error.message;
    throw error;
  }
}

describe("frames", () => {
  test.for([
    "",
    "tcp",
    "udp or icmp",
    "icmp6",
    "igmp",
    "esp",
    "sctp",
    "stp",
    "arp",
    "rarp",
    "ip and not tcp",
    "not ip and not ip6",
    "host 10.0.0.1",
    "src host 10.0.0.1",
    "dst 10.0.0.2",
    "src and dst host 10.0.0.1",
    "src or dst host 10.0.0.1",
    "ip host 10.0.0.1",
    "arp host 10.0.0.1",
    "rarp src host 10.0.0.1",
    "host 10.0.0.1 and not 10.0.0.2",
    "host 10.0.0.1 or 10.0.0.2 or 1.2.3.4",
    "host fe80::1",
    "src host fd00::2 and dst host fe80::1",
    "ip6 host ::1",
    "net 10",
    "net 10.0",
    "net 10.0.0.0/16",
    "src net 192.168.0.0 mask 255.255.0.0",
    "ip net 10.0.0.0/8",
    "arp net 10.0.0.0/8",
    "net fe80::/10",
    "dst net fd00::/8",
    "net ::/0",
    "port 80",
    "tcp port 80",
    "udp port 53",
    "tcp src port 80 or 443",
    "src and dst port 80",
    "port domain",
    "port ssh",
    "portrange 50-90",
    "tcp portrange 400-9000",
    "udp portrange 80",
    "proto 6",
    "ip proto 17",
    "ip6 proto 58",
    "ip proto \\udp",
    "ether proto 0x88cc",
    "ether proto \\arp",
    "broadcast",
    "ether broadcast",
    "multicast",
    "ether multicast",
    "ip multicast",
    "ip6 multicast",
    "ether host 02:00:00:00:00:01",
    "ether src 02-00-00-00-00-01",
    "ether dst 2:0:0:0:0:2",
    "less 100",
    "greater 100",
    "len = 60",
    "len > 50 and len <= 70",
    "vlan",
    "vlan 5",
    "vlan 5 and tcp",
    "vlan and vlan 6",
    "vlan and port 80",
    "tcp or (vlan and udp)",
    "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
    "tcp[13] = 0x12",
    "tcp[0:2] > 50 and tcp[2:2] < 1000",
    "icmp[icmptype] = icmp-echo",
    "icmp6[icmp6type] = icmp6-echo",
    "ip[0] & 0xf != 5",
    "ip[6:2] & 0x1fff = 0",
    "ip[2:2] - 20 > 4000 << 2",
    "ip6[6] = 6",
    "ether[0] & 1 = 0 and ether[12:2] = 0x800",
    "ether[100] > 128",
    "ip[8] % 3 = 1",
    "ip[8] / 3 ^ 7 > 20",
    "ip[8] * 3 % 7 + 1 > 5",
    "ip[8] ^ 3 + 7 | 1 > 20",
    "ip[8] & 12 | 3 > 12",
    "ip[ip[8] & 3] = 0x45",
    "(ip[0] + 1) * 2 = 140",
    "-1 = 0xffffffff",
    "5 = 5",
    "! tcp && ! udp || host 1.2.3.4",
    "not (tcp or udp) and net 10.0.0.0/8",
    "udp port 53 and (host 10.0.0.1 or 10.0.0.2)",
    "tcp and port 80 or udp and port 53",
    "ip src 10.0.0.1 and tcp dst port 80",
    "ah or pim or vrrp",
  ])("%s", (expression, { skip }) => {
    if (!hasTcpdump) skip("tcpdump is not installed");
    expect(askFilter(expression)).toEqual(askTcpdump(expression));
  });
});

describe("refusals", () => {
  test.for([
    "ip 1.2.3.4",
    "tcp 80",
    "1.2.3.4",
    "80",
    "port 99999",
    "host nosuch.invalid.",
    "host fe80::1%eth0",
    "proto tcp",
    "ether proto ip",
    "net 10.0.0.1/8",
    "host 10.0.0.1/24",
    "host 10.0.0.0/24",
    "net 10.0.0.0/33",
    "(tcp",
    "tcp)",
    "tcp and",
    "and tcp",
    "foo",
    "tcp[",
    "tcp[0",
    "ip[0:3] = 1",
    "port",
    "src",
    "not",
    "1:2:3:4:5:6",
    "src host 1:2:3:4:5:6",
    "tcp host 1.2.3.4",
    "ip6 net 10.0.0.0/8",
    "ip host fe80::1",
    "vlan 5000",
    "tcp port 80-90",
    "tcp $ udp",
    "len >",
    "less tcp",
  ])("%s", (expression, { skip }) => {
    if (!hasTcpdump) skip("tcpdump is not installed");
    const said = askTcpdump(expression);
    expect(said).toBeTypeOf("string");
    expect(askFilter(expression)).toBe(said);
  });

  test("a refusal says where", () => {
    expect(() => new Filter("tcp and $")).toThrow(expect.objectContaining({ position: 8 }));
    expect(() => new Filter("tcp and")).toThrow(expect.objectContaining({ position: 7 }));
  });
});

describe("beyond libpcap's files", () => {
  test("a name is the addresses that the resolver knows", () => {
    const resolve = (name: string): string[] => (name === "h1" ? ["10.0.0.1", "fe80::1"] : []);
    const named = new Filter("host h1", { resolve });
    const spelled = new Filter("host 10.0.0.1 or host fe80::1");
    expect(frames.filter((frame) => named.matches(frame))).toEqual(
      frames.filter((frame) => spelled.matches(frame)),
    );
  });

  test("inbound and outbound ask for the direction, len for the length on the wire", () => {
    const frame = frames[0] ?? new Uint8Array(60);
    expect(new Filter("outbound").matches(frame, 0, frame.length, frame.length, true)).toBe(true);
    expect(new Filter("inbound").matches(frame, 0, frame.length, frame.length, true)).toBe(false);
    expect(new Filter("len = 9000").matches(frame, 0, 20, 9_000)).toBe(true);
  });
});
