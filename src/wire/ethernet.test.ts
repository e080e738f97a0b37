// What: Ethernet headers and VLAN tags are read and written at any place of an arena, and a pushed tag comes off again.
//
// Source: IEEE 802.3-2018 3.2; IEEE 802.1Q-2018 9.6. The frame is an ARP request's as Linux 6.18 sends it.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../bytes/hex.ts";
import { BROADCAST_MAC } from "../bytes/mac.ts";
import * as ethernet from "./ethernet.ts";
import * as vlan from "./vlan.ts";

const frame = fromHex(`
  ffffffffffff  // destination
  020000000001  // source
  0806          // ARP
  0001          // payload
`);

describe("Ethernet", () => {
  test("getters read the header at an offset", () => {
    const arena = new Uint8Array(20);
    arena.set(frame, 3);
    expect(ethernet.ethernetDestination(arena, 3)).toBe(BROADCAST_MAC);
    expect(ethernet.ethernetSource(arena, 3)).toBe(0x020000000001);
    expect(ethernet.ethernetType(arena, 3)).toBe(0x0806);
    expect(ethernet.isEthernetGroup(arena, 3)).toBe(true);
    expect(ethernet.isEthernetGroup(arena, 9)).toBe(false);
  });

  test("writeEthernet() and the setters write it", () => {
    const bytes = new Uint8Array(ethernet.ETHERNET_SIZE);
    ethernet.writeEthernet(bytes, 0, 1, 2, 0x0806);
    ethernet.setEthernetDestination(bytes, 0, BROADCAST_MAC);
    ethernet.setEthernetSource(bytes, 0, 0x020000000001);
    expect(bytes).toEqual(frame.subarray(0, 14));
  });
});

describe("VLAN tag", () => {
  test("a TCI is priority, drop eligibility and identifier", () => {
    expect([vlan.vlanPriority(0xf005), vlan.isVlanDropEligible(0xf005), vlan.vlanId(0xf005)]).toEqual([
      7,
      true,
      5,
    ]);
    expect([vlan.vlanPriority(0x6fff), vlan.isVlanDropEligible(0x6fff), vlan.vlanId(0x6fff)]).toEqual([
      3,
      false,
      4095,
    ]);
  });

  test("pushVlanTag() writes it behind the addresses", () => {
    const bytes = new Uint8Array(20);
    bytes.set(frame, 4);
    vlan.pushVlanTag(bytes, 4, 0x8100, 0xa064);
    expect(toHex(bytes)).toBe("ffffffffffff020000000001" + "8100a064" + "08060001");
    expect(vlan.isVlanType(ethernet.ethernetType(bytes, 0))).toBe(true);
    expect(vlan.vlanTci(bytes, 14)).toBe(0xa064);
    expect(vlan.vlanInnerType(bytes, 14)).toBe(0x0806);
  });

  test("popVlanTag() undoes pushVlanTag()", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 14, maxLength: 40 }), fc.nat(0xffff), (payload, tci) => {
        const bytes = new Uint8Array(8 + payload.length);
        bytes.set(payload, 8);
        vlan.pushVlanTag(bytes, 8, 0x88a8, tci);
        vlan.popVlanTag(bytes, 4);
        expect(bytes.subarray(8)).toEqual(payload);
      }),
    );
  });
});
