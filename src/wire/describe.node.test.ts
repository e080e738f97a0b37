// What: of any well-formed frame that our emitters write, describe() says what the tcpdump on this machine says.
//
//   emitters ─▶ frames ─▶ capture file ─▶ tcpdump ─┐
//                 └─────▶ describe() ──────────────┴─▶ equal, line by line
//
// Source: tcpdump itself. Ports are from 50000 on, where it expects no protocol above UDP and TCP.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, describe as group, test } from "vitest";
import { pseudoHeader4, pseudoHeader6 } from "../bytes/checksum.ts";
import { ETH_P_8021AD, ETH_P_8021Q, ETH_P_ARP, ETH_P_IP, ETH_P_IPV6 } from "../uapi/if_ether.ts";
import { IPPROTO_ICMP, IPPROTO_IGMP, IPPROTO_TCP, IPPROTO_UDP } from "../uapi/in.ts";
import { IPPROTO_HOPOPTS, IPPROTO_ICMPV6 } from "../uapi/in6.ts";
import { emitArp } from "./arp.ts";
import { describe } from "./describe.ts";
import { ETHERNET_SIZE, writeEthernet } from "./ethernet.ts";
import { writeIcmp } from "./icmp.ts";
import { writeIcmpv6 } from "./icmpv6.ts";
import { emitIgmp3Report } from "./igmp.ts";
import { emitIpv4, IP_DF, IP_MF, IPV4_SIZE } from "./ipv4.ts";
import { emitIpv6, IPV6_HEADER_SIZE, IPV6_SOURCE } from "./ipv6.ts";
import { emitMld2Records, emitRouterAlertHeader, MLD2_REPORT } from "./mld.ts";
import {
  emitNeighbourTarget,
  ND_HOP_LIMIT,
  ND_NEIGHBOUR_ADVERTISEMENT,
  ND_NEIGHBOUR_SOLICITATION,
} from "./nd.ts";
import { emitNdLinkLayerAddress } from "./nd-option.ts";
import { pcapFileHeader, pcapRecord } from "./pcap.ts";
import { TCP_SIZE, writeTcp } from "./tcp.ts";
import { UDP_SIZE, writeUdp } from "./udp.ts";
import { pushVlanTag, VLAN_TAG_SIZE } from "./vlan.ts";
import { emitVxlan, VXLAN_PORT, VXLAN_SIZE } from "./vxlan.ts";

const mac = fc.nat(2 ** 48 - 1);
const ip4 = fc.nat(2 ** 32 - 1);
const ip6 = fc
  .tuple(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat(16), fc.nat(16))
  .map(([bytes, from, to]) => bytes.fill(0, from, to));
const port = fc.integer({ min: 50_000, max: 65_535 });
const size = fc.nat(64);
const word = fc.nat(0xffff_ffff);

/** A payload and how to finish it once the network header in front is there. */
interface Upper {
  readonly protocol: number;
  readonly length: number;
  readonly write: (bytes: Uint8Array, at: number, header: number) => void;
}

const pseudo = (bytes: Uint8Array, header: number, protocol: number, length: number): number => {
  const isV4 = (bytes[header] ?? 0) >> 4 === 4;
  return isV4
    ? pseudoHeader4(0, 0, protocol, length)
    : pseudoHeader6(bytes, header + IPV6_SOURCE, protocol, length);
};

const udp = fc.tuple(port, port, size).map(
  ([source, destination, payload]): Upper => ({
    protocol: IPPROTO_UDP,
    length: UDP_SIZE + payload,
    write: (bytes, at, header) => {
      const sum = pseudo(bytes, header, IPPROTO_UDP, UDP_SIZE + payload);
      writeUdp(bytes, at, at + UDP_SIZE + payload, source, destination, sum);
    },
  }),
);

const tcpOption = fc.oneof(
  fc.constantFrom([1], [4, 2]),
  fc.nat(0xffff).map((mss) => [2, 4, mss >> 8, mss & 0xff]),
  fc.nat(14).map((shift) => [3, 3, shift]),
  fc.uint8Array({ minLength: 8, maxLength: 8 }).map((stamps) => [8, 10, ...stamps]),
  fc.uint8Array({ minLength: 8, maxLength: 8 }).map((edges) => [5, 10, ...edges]),
);
const tcp = fc
  .record({ ports: fc.tuple(port, port), numbers: fc.tuple(word, word), flags: fc.nat(0xff), size })
  .chain(({ ports, numbers, flags, size: payload }) =>
    fc.array(tcpOption, { maxLength: 3 }).map((options): Upper => {
      const bytesOfOptions = options.flat();
      while (bytesOfOptions.length % 4 !== 0) bytesOfOptions.push(1);
      const headerLength = TCP_SIZE + bytesOfOptions.length;
      return {
        protocol: IPPROTO_TCP,
        length: headerLength + payload,
        write: (bytes, at, header) => {
          bytes.set(bytesOfOptions, at + TCP_SIZE);
          const [sequence, acknowledgement] = numbers;
          const fields = { sequence, acknowledgement, flags, window: 512, urgent: 9 };
          const [sourcePort, destinationPort] = ports;
          const sum = pseudo(bytes, header, IPPROTO_TCP, headerLength + payload);
          writeTcp(
            bytes,
            at,
            at + headerLength + payload,
            { sourcePort, destinationPort, ...fields },
            headerLength,
            sum,
          );
        },
      };
    }),
  );

const icmpTypes = fc.constantFrom(0, 3, 4, 5, 8, 11, 12);
const icmp = fc.tuple(icmpTypes, fc.nat(5), word, size).map(
  ([type, code, rest, payload]): Upper => ({
    protocol: IPPROTO_ICMP,
    length: 8 + 28 + payload,
    write: (bytes, at) => {
      const inner = { totalLength: 28, ttl: 1, protocol: rest % 2 === 0 ? IPPROTO_UDP : IPPROTO_TCP };
      emitIpv4(bytes, at + 8, { ...inner, source: 1, destination: rest });
      writeIcmp(bytes, at, at + 36 + payload, type, code, rest);
    },
  }),
);

const igmp = fc.array(ip4, { minLength: 1, maxLength: 4 }).map(
  (groups): Upper => ({
    protocol: IPPROTO_IGMP,
    length: 8 + 8 * groups.length,
    write: (bytes, at) => {
      const records = groups.map((group) => ({ type: 4, group }));
      emitIgmp3Report(bytes, at, records);
    },
  }),
);

const icmpv6 = fc.tuple(fc.constantFrom(1, 2, 3, 4, 128, 129, 133, 134), fc.nat(4), word, ip6).map(
  ([type, code, rest, destination]): Upper => ({
    protocol: IPPROTO_ICMPV6,
    length: 8 + IPV6_HEADER_SIZE + UDP_SIZE,
    write: (bytes, at, header) => {
      const inner = at + 8;
      const numbers = { payloadLength: UDP_SIZE, nextHeader: IPPROTO_UDP, hopLimit: 1 };
      emitIpv6(bytes, inner, { ...numbers, source: destination, destination });
      writeUdp(bytes, inner + IPV6_HEADER_SIZE, inner + IPV6_HEADER_SIZE + UDP_SIZE, 50_000, 50_001, 0);
      writeIcmpv6(bytes, at, inner + IPV6_HEADER_SIZE + UDP_SIZE, header, type, code, rest);
    },
  }),
);

const neighbour = fc.tuple(fc.boolean(), ip6, mac).map(
  ([isSolicitation, target, address]): Upper => ({
    protocol: IPPROTO_ICMPV6,
    length: 32,
    write: (bytes, at, header) => {
      const end = emitNdLinkLayerAddress(
        bytes,
        emitNeighbourTarget(bytes, at, target),
        isSolicitation ? 1 : 2,
        address,
      );
      const type = isSolicitation ? ND_NEIGHBOUR_SOLICITATION : ND_NEIGHBOUR_ADVERTISEMENT;
      writeIcmpv6(bytes, at, end, header, type, 0, 0);
    },
  }),
);

const mld = fc.array(ip6, { minLength: 1, maxLength: 3 }).map(
  (groups): Upper => ({
    protocol: IPPROTO_HOPOPTS,
    length: 16 + 20 * groups.length,
    write: (bytes, at, header) => {
      const start = emitRouterAlertHeader(bytes, at);
      const records = groups.map((group) => ({ type: 4, group }));
      const end = emitMld2Records(bytes, start, records);
      writeIcmpv6(bytes, start, end, header, MLD2_REPORT, 0, groups.length);
    },
  }),
);

/** Frames start at offset 8 of their buffer, so that two tags fit in front. */
const START = 8;

const fragment = fc.constantFrom(0, 0, IP_DF, IP_MF, 185);
const ipv4Frame = fc
  .tuple(mac, mac, ip4, ip4, fragment, fc.oneof(udp, tcp, icmp, igmp))
  .map(([destinationMac, sourceMac, source, destination, flags, upper]) => {
    const bytes = new Uint8Array(START + ETHERNET_SIZE + IPV4_SIZE + upper.length);
    const header = START + ETHERNET_SIZE;
    writeEthernet(bytes, START, destinationMac, sourceMac, ETH_P_IP);
    const numbers = {
      totalLength: IPV4_SIZE + upper.length,
      fragment: flags,
      ttl: 64,
      protocol: upper.protocol,
    };
    emitIpv4(bytes, header, { ...numbers, source, destination });
    upper.write(bytes, header + IPV4_SIZE, header);
    return bytes;
  });
const ipv6Frame = fc
  .tuple(mac, mac, ip6, ip6, fc.oneof(udp, tcp, icmpv6, neighbour, mld))
  .map(([destinationMac, sourceMac, source, destination, upper]) => {
    const bytes = new Uint8Array(START + ETHERNET_SIZE + IPV6_HEADER_SIZE + upper.length);
    const header = START + ETHERNET_SIZE;
    writeEthernet(bytes, START, destinationMac, sourceMac, ETH_P_IPV6);
    const numbers = { payloadLength: upper.length, nextHeader: upper.protocol, hopLimit: ND_HOP_LIMIT };
    emitIpv6(bytes, header, { ...numbers, source, destination });
    upper.write(bytes, header + IPV6_HEADER_SIZE, header);
    return bytes;
  });
const arpFrame = fc
  .tuple(fc.constantFrom(1, 2, 3, 4, 8, 9), mac, mac, ip4, ip4)
  .map(([operation, senderMac, targetMac, senderIp, targetIp]) => {
    const bytes = new Uint8Array(START + ETHERNET_SIZE + 28);
    writeEthernet(bytes, START, targetMac, senderMac, ETH_P_ARP);
    emitArp(bytes, START + ETHERNET_SIZE, { operation, senderMac, senderIp, targetMac, targetIp });
    return bytes;
  });
const plainFrame = fc.oneof(ipv4Frame, ipv6Frame, arpFrame);
const taggedFrame = fc.tuple(plainFrame, fc.array(fc.nat(0xffff), { maxLength: 2 })).map(([bytes, tags]) => {
  let start = START;
  for (const tci of tags) {
    pushVlanTag(bytes, start, start === START ? ETH_P_8021Q : ETH_P_8021AD, tci);
    start -= VLAN_TAG_SIZE;
  }
  return bytes.subarray(start);
});
const vxlanFrame = fc
  .tuple(plainFrame, fc.nat(0xffffff), ip4, ip4)
  .map(([inner, vni, source, destination]) => {
    const payload = VXLAN_SIZE + inner.length - START;
    const bytes = new Uint8Array(ETHERNET_SIZE + IPV4_SIZE + UDP_SIZE + payload);
    const at = ETHERNET_SIZE + IPV4_SIZE;
    writeEthernet(bytes, 0, 1, 2, ETH_P_IP);
    const numbers = { totalLength: bytes.length - ETHERNET_SIZE, ttl: 64, protocol: IPPROTO_UDP };
    emitIpv4(bytes, ETHERNET_SIZE, { ...numbers, source, destination });
    bytes.set(inner.subarray(START), at + UDP_SIZE + VXLAN_SIZE);
    emitVxlan(bytes, at + UDP_SIZE, vni);
    writeUdp(bytes, at, bytes.length, 50_000, VXLAN_PORT, 0);
    return bytes;
  });

/** One line a frame; tcpdump's dumps of bytes are left out, and the frame inside VXLAN is joined to its line. */
function tcpdump(frames: readonly Uint8Array[], options: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), "uveth-describe-"));
  try {
    const path = join(folder, "frames.pcap");
    writeFileSync(path, Buffer.concat([pcapFileHeader(), ...frames.map((frame) => pcapRecord(0n, frame))]));
    const args = ["-#", "-nn", "-t", "-S", ...options, "-r", path];
    const text = execFileSync("tcpdump", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return text
      .replace(/\n\t.*/g, "")
      .replace(/\n(?! *\d+ {2})/g, ": ")
      .replace(/: $/, "")
      .split("\n")
      .map((line) => line.replace(/^ *\d+ {2}/, ""));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const isMissing = spawnSync("tcpdump", ["--version"]).error !== undefined;

group.skipIf(isMissing)("describe() against tcpdump (skipped without tcpdump)", () => {
  test.each([
    ["without the link level", []],
    ["with the link level", ["-e"]],
  ])("%s", (_name, options) => {
    const frames = fc.sample(fc.oneof({ arbitrary: taggedFrame, weight: 9 }, vxlanFrame), {
      numRuns: 1500,
      seed: 2007,
    });
    const linkLevel = options.length > 0;
    const ours = frames.map((frame) => describe(frame, 0, frame.length, { linkLevel }));
    expect(ours).toEqual(tcpdump(frames, options));
  });
});
