// What: ARP packets for IPv4 over Ethernet are told from others, read and written.
//
// Source: RFC 826; the packet is a request as Linux 6.18 sends it.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex } from "../bytes/hex.ts";
import { ARPOP_REQUEST } from "../uapi/if_arp.ts";
import * as arp from "./arp.ts";

const request = fromHex(`
  0001  0800  06 04   // Ethernet, IPv4, lengths of their addresses
  0001                // request
  020000000001  0a000001
  000000000000  0a000002
`);

describe("isEthernetArp()", () => {
  test("wants 28 bytes, a hardware type of Ethernet's, IPv4 and fitting lengths", () => {
    expect(arp.isEthernetArp(request, 0, 28)).toBe(true);
    expect(arp.isEthernetArp(request, 0, 27)).toBe(false);
    for (const [at, value] of [
      [1, 2],
      [2, 9],
      [4, 8],
      [5, 16],
    ] as const) {
      const other = Uint8Array.from(request);
      other[at] = value;
      expect(arp.isEthernetArp(other, 0, 28)).toBe(false);
    }
    const ieee802 = Uint8Array.from(request);
    ieee802[1] = 6;
    expect(arp.isEthernetArp(ieee802, 0, 28)).toBe(true);
  });
});

describe("getters", () => {
  test("read a request", () => {
    expect(arp.arpOperation(request, 0)).toBe(ARPOP_REQUEST);
    expect(arp.arpSenderMac(request, 0)).toBe(0x020000000001);
    expect(arp.arpSenderIp(request, 0)).toBe(0x0a000001);
    expect(arp.arpTargetMac(request, 0)).toBe(0);
    expect(arp.arpTargetIp(request, 0)).toBe(0x0a000002);
  });
});

describe("emitArp()", () => {
  test("writes the kernel's request", () => {
    const bytes = new Uint8Array(28);
    const addresses = { senderMac: 0x020000000001, senderIp: 0x0a000001, targetMac: 0, targetIp: 0x0a000002 };
    arp.emitArp(bytes, 0, { operation: ARPOP_REQUEST, ...addresses });
    expect(bytes).toEqual(request);
  });

  test("is read back by the getters", () => {
    const mac = fc.nat(2 ** 48 - 1);
    const ip = fc.nat(2 ** 32 - 1);
    const any = fc.record({
      operation: fc.nat(0xffff),
      senderMac: mac,
      senderIp: ip,
      targetMac: mac,
      targetIp: ip,
    });
    fc.assert(
      fc.property(any, fc.nat(9), (packet, at) => {
        const bytes = new Uint8Array(40);
        arp.emitArp(bytes, at, packet);
        expect({
          operation: arp.arpOperation(bytes, at),
          senderMac: arp.arpSenderMac(bytes, at),
          senderIp: arp.arpSenderIp(bytes, at),
          targetMac: arp.arpTargetMac(bytes, at),
          targetIp: arp.arpTargetIp(bytes, at),
        }).toEqual(packet);
      }),
    );
  });
});
