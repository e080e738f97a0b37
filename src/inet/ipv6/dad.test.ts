// What: an address of IPv6 is used only when nobody on the link has it.
//
//   a [v0] ────[v1] b, both with fd00::1
//
// Source: RFC 4862 5.4, RFC 7527; net/ipv6/addrconf.c.

import { describe, expect, test } from "vitest";
import { addressBytes, InetLab, S } from "../../../test/fixtures/inet.ts";
import { linkLocalFromMac } from "../../bytes/ipv6.ts";
import type { Device } from "../../net/netdevice.ts";
import * as ifa from "../../uapi/if_addr.ts";
import { setSysctl } from "../sysctl.ts";
import { In6Device } from "./device.ts";

function flagsOf(dev: Device, address: Uint8Array): number | undefined {
  if (!(dev.ip6 instanceof In6Device)) return undefined;
  return dev.ip6.addresses.find((each) => `${each.address}` === `${address}`)?.flags;
}

function pair() {
  const lab = new InetLab();
  const [a, b] = [lab.netns(), lab.netns()];
  const [v0, v1] = lab.pair(a, "v0", b, "v1");
  return { lab, a, b, v0, v1 };
}

describe("duplicate address detection", () => {
  test("tries an address for one to two seconds before it is used", async () => {
    const { lab, v0 } = pair();
    const own = linkLocalFromMac(v0.address);
    expect(flagsOf(v0, own)).toBe(ifa.IFA_F_PERMANENT | ifa.IFA_F_TENTATIVE);
    await lab.clock.advance(0.9 * S);
    expect(flagsOf(v0, own)).toBe(ifa.IFA_F_PERMANENT | ifa.IFA_F_TENTATIVE);
    await lab.clock.advance(1.2 * S);
    expect(flagsOf(v0, own)).toBe(ifa.IFA_F_PERMANENT);
    lab.close();
  });

  test("fails for an address that somebody has", async () => {
    const { lab, v0, v1 } = pair();
    lab.address(v0, "fd00::1/64");
    await lab.clock.advance(3 * S);
    lab.address(v1, "fd00::1/64");
    await lab.clock.advance(3 * S);
    expect(flagsOf(v0, addressBytes("fd00::1"))).toBe(ifa.IFA_F_PERMANENT);
    expect(flagsOf(v1, addressBytes("fd00::1"))).toBe(
      ifa.IFA_F_PERMANENT | ifa.IFA_F_TENTATIVE | ifa.IFA_F_DADFAILED,
    );
    lab.close();
  });

  test("lets one of two hosts that try at once have the address", async () => {
    const { lab, v0, v1 } = pair();
    lab.address(v0, "fd00::1/64");
    lab.address(v1, "fd00::1/64");
    await lab.clock.advance(3 * S);
    const flags = [v0, v1].map((dev) => flagsOf(dev, addressBytes("fd00::1")) ?? 0);
    expect(flags.sort((one, other) => one - other)).toEqual([
      ifa.IFA_F_PERMANENT,
      ifa.IFA_F_PERMANENT | ifa.IFA_F_TENTATIVE | ifa.IFA_F_DADFAILED,
    ]);
    lab.close();
  });

  test("is left out with IFA_F_NODAD, with dad_transmits 0 and with accept_dad 0", async () => {
    const { lab, a, v0 } = pair();
    lab.address(v0, "fd00::1/64", { flags: ifa.IFA_F_NODAD });
    expect(flagsOf(v0, addressBytes("fd00::1"))).toBe(ifa.IFA_F_PERMANENT | ifa.IFA_F_NODAD);
    setSysctl(a, "net.ipv6.conf.v0.accept_dad", "0");
    lab.address(v0, "fd00::2/64");
    expect(flagsOf(v0, addressBytes("fd00::2"))).toBe(ifa.IFA_F_PERMANENT);
    lab.close();
  });

  test("lets an optimistic address be used while it is tried", async () => {
    const { lab, a, v0 } = pair();
    await lab.clock.advance(3 * S);
    lab.address(lab.device(lab.machine.initialNetns, "lo"), "fd00::9/128");
    setSysctl(a, "net.ipv6.conf.v0.optimistic_dad", "1");
    lab.address(v0, "fd00::1/64", { flags: ifa.IFA_F_OPTIMISTIC });
    expect(flagsOf(v0, addressBytes("fd00::1"))).toBe(
      ifa.IFA_F_PERMANENT | ifa.IFA_F_TENTATIVE | ifa.IFA_F_OPTIMISTIC,
    );
    await lab.clock.advance(2 * S);
    expect(flagsOf(v0, addressBytes("fd00::1"))).toBe(ifa.IFA_F_PERMANENT);
    lab.close();
  });
});

describe("lifetimes", () => {
  test("deprecate an address and end it", async () => {
    const { lab, v0 } = pair();
    await lab.clock.advance(3 * S);
    lab.address(v0, "fd00::1/64", { flags: ifa.IFA_F_NODAD, validS: 20, preferredS: 10 });
    await lab.clock.advance(9.9 * S);
    expect(flagsOf(v0, addressBytes("fd00::1"))).toBe(ifa.IFA_F_NODAD);
    await lab.clock.advance(0.2 * S);
    expect(flagsOf(v0, addressBytes("fd00::1"))).toBe(ifa.IFA_F_NODAD | ifa.IFA_F_DEPRECATED);
    await lab.clock.advance(10 * S);
    expect(flagsOf(v0, addressBytes("fd00::1"))).toBeUndefined();
    lab.close();
  });
});
