// What: settings are found by their names, follow one another as the kernel's do, and refuse what they cannot be.
//
// Source: /proc/sys/net of Linux 6.18; net/ipv4/devinet.c, net/ipv6/addrconf.c, net/core/neighbour.c.

import { expect, test } from "vitest";
import { InetLab } from "../../test/fixtures/inet.ts";
import { getSysctl, setSysctl, sysctlNames } from "./sysctl.ts";

function pair() {
  const lab = new InetLab();
  const netns = lab.netns();
  lab.pair(netns, "v0", netns, "v.1");
  return { lab, netns, get: (name: string) => getSysctl(netns, name) };
}

test("a fresh namespace has the kernel's defaults", () => {
  const { lab, get } = pair();
  expect(get("net.ipv4.ip_forward")).toBe("0");
  expect(get("net.ipv4.ip_default_ttl")).toBe("64");
  expect(get("net.ipv4.conf.lo.disable_policy")).toBe("1");
  expect(get("net.ipv4.conf.all.accept_source_route")).toBe("0");
  expect(get("net.ipv4.conf.v0.accept_source_route")).toBe("1");
  expect(get("net.ipv6.conf.lo.accept_dad")).toBe("-1");
  expect(get("net.ipv6.conf.v0.router_solicitation_interval")).toBe("4");
  expect(get("net.ipv6.conf.v0.ioam6_id_wide")).toBe("4294967295");
  expect(get("net.ipv6.conf.v0.mtu")).toBe("1500");
  expect(get("net.ipv4.neigh.default.locktime")).toBe("100");
  expect(get("net.ipv6.neigh.v0.base_reachable_time_ms")).toBe("30000");
  lab.close();
});

test("a name may have slashes, and a device's dots are slashes between dots", () => {
  const { lab, get } = pair();
  expect(get("net/ipv4/conf/v.1/forwarding")).toBe("0");
  expect(get("net.ipv4.conf.v/1.forwarding")).toBe("0");
  expect(() => get("net.ipv4.conf.v.1.forwarding")).toThrow(expect.objectContaining({ code: "ENOENT" }));
  lab.close();
});

test("every name that is listed can be read, but for a secret that is not set, and what only acts", () => {
  const { lab, netns, get } = pair();
  const names = sysctlNames(netns);
  expect(names).toContain("net.ipv6.conf.v/1.accept_dad");
  const [secrets, others] = [names.filter((name) => name.endsWith(".stable_secret")), new Set(names)];
  for (const secret of secrets) {
    others.delete(secret);
    expect(() => get(secret)).toThrow(expect.objectContaining({ code: "EIO" }));
  }
  for (const name of ["net.ipv4.route.flush", "net.ipv6.route.flush"]) {
    expect(others.delete(name)).toBe(true);
    expect(() => get(name)).toThrow(expect.objectContaining({ code: "EINVAL" }));
  }
  for (const name of others) expect(get(name)).toMatch(/^(-?\d+(\t\d+)*|[a-z]+( [a-z]+)*)$/);
  lab.close();
});

test("forwarding for all is forwarding for each, and for those to come", () => {
  const { lab, netns, get } = pair();
  setSysctl(netns, "net.ipv4.ip_forward", "1");
  for (const who of ["all", "default", "v0", "lo"]) expect(get(`net.ipv4.conf.${who}.forwarding`)).toBe("1");
  expect(get("net.ipv4.conf.all.accept_redirects")).toBe("0");
  setSysctl(netns, "net.ipv6.conf.all.forwarding", "1");
  for (const who of ["all", "default", "v0", "lo"]) expect(get(`net.ipv6.conf.${who}.forwarding`)).toBe("1");
  lab.close();
});

test("IPv4 devices without an address follow the default, IPv6 devices keep what they came with", () => {
  const { lab, netns, get } = pair();
  lab.address(lab.device(netns, "v0"), "10.0.0.1/24");
  setSysctl(netns, "net.ipv4.conf.default.rp_filter", "1");
  setSysctl(netns, "net.ipv6.conf.default.accept_dad", "0");
  expect(get("net.ipv4.conf.v0.rp_filter")).toBe("0");
  expect(get("net.ipv4.conf.v/1.rp_filter")).toBe("1");
  expect(get("net.ipv6.conf.v/1.accept_dad")).toBe("1");
  lab.close();
});

test("what cannot be is refused", () => {
  const { lab, netns } = pair();
  const set = (name: string, value: string) => () => setSysctl(netns, name, value);
  expect(set("net.ipv4.ip_forward", "yes")).toThrow(expect.objectContaining({ code: "EINVAL" }));
  expect(set("net.ipv4.ip_default_ttl", "0")).toThrow(expect.objectContaining({ code: "EINVAL" }));
  expect(set("net.ipv6.conf.v0.mtu", "1279")).toThrow(expect.objectContaining({ code: "EINVAL" }));
  expect(set("net.ipv4.nothing", "1")).toThrow(expect.objectContaining({ code: "ENOENT" }));
  expect(set("kernel.hostname", "x")).toThrow(expect.objectContaining({ code: "ENOENT" }));
  lab.close();
});
