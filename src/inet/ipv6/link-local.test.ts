// What: the link-local address a device gives itself.
//
// Source: RFC 4291 appendix A; the address for a secret is what Linux 6.18 made for it, on a veth without a permanent hardware
// address: `echo 2001:db8::1234 > /proc/sys/net/ipv6/conf/v0/stable_secret; ip link set v0 up`.

import { expect, test } from "vitest";
import { InetLab } from "../../../test/fixtures/inet.ts";
import { ipv6ToText } from "../../bytes/ipv6.ts";
import type { Device } from "../../net/netdevice.ts";
import { getSysctl, setSysctl } from "../sysctl.ts";
import { In6Device } from "./device.ts";

function addressesOf(dev: Device): string[] {
  return dev.ip6 instanceof In6Device ? dev.ip6.addresses.map(({ address }) => ipv6ToText(address)) : [];
}

function downPair() {
  const lab = new InetLab();
  const netns = lab.netns();
  const [v0] = lab.pair(netns, "v0", netns, "v1");
  lab.down(netns, "v0");
  v0.address = 0x0200_0000_0010;
  return { lab, netns, v0 };
}

test("is made from the hardware address, its universal bit turned", () => {
  const { lab, netns, v0 } = downPair();
  lab.up(netns, "v0");
  expect(addressesOf(v0)).toEqual(["fe80::ff:fe00:10"]);
  lab.close();
});

test("is made from a secret when there is one", () => {
  const { lab, netns, v0 } = downPair();
  setSysctl(netns, "net.ipv6.conf.v0.stable_secret", "2001:db8::1234");
  expect(getSysctl(netns, "net.ipv6.conf.v0.addr_gen_mode")).toBe("2");
  lab.up(netns, "v0");
  expect(addressesOf(v0)).toEqual(["fe80::d820:30f:5afc:84be"]);
  lab.close();
});

test("is not made in mode none", () => {
  const { lab, netns, v0 } = downPair();
  setSysctl(netns, "net.ipv6.conf.v0.addr_gen_mode", "1");
  lab.up(netns, "v0");
  expect(addressesOf(v0)).toEqual([]);
  lab.close();
});
