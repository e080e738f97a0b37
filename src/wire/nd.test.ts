// What: neighbour discovery messages and their options are read and written as the kernel's.
//
// Source: RFC 4861 4; the solicitations and the advertisement were sent by Linux 6.18.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex } from "../bytes/hex.ts";
import { ipv6FromText, ipv6ToText } from "../bytes/ipv6.ts";
import { writeIcmpv6 } from "./icmpv6.ts";
import * as nd from "./nd.ts";
import * as option from "./nd-option.ts";

const address = (text: string): Uint8Array => ipv6FromText(text) ?? new Uint8Array(0);
const header = "60000000 0020 3a ff fe80000000000000000000fffe000002 fe80000000000000000000fffe000001";
const advertisement = fromHex(`
  ${header}
  88 00 1b1a 60000000                        // solicited, override
  fe80000000000000000000fffe000002           // target
  02 01 020000000002                         // target link-layer address
`);

describe("neighbour advertisement", () => {
  test("is read", () => {
    expect(nd.naFlags(advertisement, 40)).toBe(nd.NA_SOLICITED + nd.NA_OVERRIDE);
    expect(ipv6ToText(nd.ndTarget(advertisement, 40))).toBe("fe80::ff:fe00:2");
    const options = option.parseNdOptions(advertisement, 40 + nd.ND_NEIGHBOUR_SIZE, advertisement.length);
    expect(options).toEqual([{ type: option.ND_OPT_TARGET_LL_ADDR, start: 64, length: 8 }]);
    expect(option.ndLinkLayerAddress(advertisement, options![0]!)).toBe(0x020000000002);
  });

  test("is written as the kernel writes it", () => {
    const bytes = Uint8Array.from(advertisement).fill(0, 40);
    let end = nd.emitNeighbourTarget(bytes, 40, address("fe80::ff:fe00:2"));
    end = option.emitNdLinkLayerAddress(bytes, end, option.ND_OPT_TARGET_LL_ADDR, 0x020000000002);
    writeIcmpv6(bytes, 40, end, 0, nd.ND_NEIGHBOUR_ADVERTISEMENT, 0, nd.NA_SOLICITED | nd.NA_OVERRIDE);
    expect(end).toBe(bytes.length);
    expect(bytes).toEqual(advertisement);
  });
});

describe("neighbour solicitation of duplicate detection", () => {
  test("carries a nonce and is written as the kernel writes it", () => {
    const wanted = fromHex(`
      60000000 0020 3a ff 00000000000000000000000000000000 ff0200000000000000000001ff000002
      87 00 3e54 00000000 fe80000000000000000000fffe000002
      0e 01 082d8e609a38                     // nonce
    `);
    const bytes = Uint8Array.from(wanted).fill(0, 40);
    let end = nd.emitNeighbourTarget(bytes, 40, address("fe80::ff:fe00:2"));
    end = option.emitNdNonce(bytes, end, fromHex("082d8e609a38"));
    writeIcmpv6(bytes, 40, end, 0, nd.ND_NEIGHBOUR_SOLICITATION, 0, 0);
    expect(bytes).toEqual(wanted);
  });
});

describe("router advertisement", () => {
  const bytes = fromHex(`
    86 00 0000 40 c0 0708 00007530 000003e8  // hop limit 64, managed and other, 1800 s, 30 s, 1 s
    05 01 0000 000005dc                      // MTU 1500
    03 04 40 c0 00015180 00003840 00000000 20010db8000000000000000000000000
  `);

  test("is read with its MTU and its prefix", () => {
    expect(nd.parseRouterAdvertisement(bytes, 0)).toEqual({
      hopLimit: 64,
      flags: nd.RA_MANAGED | nd.RA_OTHER,
      lifetimeS: 1800,
      reachableTimeMs: 30_000,
      retransTimerMs: 1000,
    });
    const [mtu, prefix] = option.parseNdOptions(bytes, nd.ND_ROUTER_ADVERTISEMENT_SIZE, bytes.length)!;
    expect(option.ndMtu(bytes, mtu!)).toBe(1500);
    expect(option.ndPrefixInfo(bytes, prefix!)).toEqual({
      prefixLength: 64,
      flags: option.PREFIX_ON_LINK | option.PREFIX_AUTONOMOUS,
      validS: 86_400,
      preferredS: 14_400,
      prefix: address("2001:db8::"),
    });
  });

  test("emitNdPrefixInfo() writes the prefix back", () => {
    const [, prefix] = option.parseNdOptions(bytes, nd.ND_ROUTER_ADVERTISEMENT_SIZE, bytes.length)!;
    const copy = new Uint8Array(option.ND_OPT_PREFIX_INFO_SIZE);
    expect(option.emitNdPrefixInfo(copy, 0, option.ndPrefixInfo(bytes, prefix!)!)).toBe(copy.length);
    expect(copy).toEqual(bytes.subarray(prefix!.start));
  });

  test("options of another length than theirs are not read", () => {
    const odd = fromHex("05 02 0000 000005dc 0000000000000000");
    const [only] = option.parseNdOptions(odd, 0, odd.length)!;
    expect([
      option.ndMtu(odd, only!),
      option.ndPrefixInfo(odd, only!),
      option.ndLinkLayerAddress(odd, only!),
    ]).toEqual([undefined, undefined, undefined]);
  });
});

test("a redirect names its target and its destination", () => {
  const bytes = new Uint8Array(nd.ND_REDIRECT_SIZE);
  expect(nd.emitRedirect(bytes, 0, address("fe80::9"), address("2001:db8::5"))).toBe(nd.ND_REDIRECT_SIZE);
  expect(ipv6ToText(nd.ndTarget(bytes, 0))).toBe("fe80::9");
  expect(ipv6ToText(nd.ndRedirectDestination(bytes, 0))).toBe("2001:db8::5");
});

describe("parseNdOptions()", () => {
  test("refuses a length of zero and an option that is cut off", () => {
    expect(option.parseNdOptions(fromHex("01 00 000000000000"), 0, 8)).toBeUndefined();
    expect(option.parseNdOptions(fromHex("01 02 000000000000"), 0, 8)).toBeUndefined();
    expect(option.parseNdOptions(fromHex("0101000000000000 01"), 0, 9)).toBeUndefined();
  });

  test("finds options that fill the bytes without a gap, or refuses them", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 1, 2, 3), { maxLength: 64 }), (list) => {
        const bytes = Uint8Array.from(list);
        const options = option.parseNdOptions(bytes, 0, bytes.length);
        if (options !== undefined)
          expect(options.reduce((sum, { length }) => sum + length, 0)).toBe(bytes.length);
      }),
    );
  });
});
