// What: hosts get addresses by DHCP, each its own, keep them, give them back; wrong messages harm nobody.
//
//   server [lan] 10.0.0.1/24 ──────[eth0] host
//
// Source: RFC 2131, RFC 2132; RFC 1035.

import { expect, test } from "vitest";
import { createTestMachine } from "../testkit/index.ts";
import { DNS_A, DNS_AAAA, DNS_PTR, encodeDnsName } from "../wire/dns.ts";
import type { DhcpServerOptions } from "./dhcp-server.ts";

const S = 1e9;
const range: DhcpServerOptions["range"] = ["10.0.0.100", "10.0.0.101"];

async function connect() {
  const { machine, clock } = createTestMachine();
  const [server, host] = [await machine.netns("server"), await machine.netns("host")];
  await server.link.add({ kind: "veth", name: "lan", peer: { name: "eth0", netns: "host" } });
  await server.addr.add("10.0.0.1/24", { dev: "lan" });
  await server.link.set("lan", { isUp: true });
  await host.link.set("eth0", { isUp: true });
  return { machine, clock, server, host };
}

test("a host gets an address, a default route, and what else the server tells", async () => {
  const { machine, clock, server, host } = await connect();
  const dhcp = server.dhcpServer({ dev: "lan", range, dnsServers: ["10.0.0.1"], domain: "lab", leaseS: 100 });
  const asked = host.dhcp({ dev: "eth0", hostname: "one" });
  await clock.advance(S);
  const { close, ...offer } = await asked;
  expect(offer).toEqual({
    address: "10.0.0.100",
    prefixLength: 24,
    server: "10.0.0.1",
    routers: ["10.0.0.1"],
    dnsServers: ["10.0.0.1"],
    domain: "lab",
    leaseS: 100,
  });
  const routes = (await host.route.list({ family: 2 })).map(({ dst }) => dst);
  expect(routes).toContain("default");
  expect(dhcp.leases).toMatchObject([{ address: "10.0.0.100", hostname: "one" }]);
  await clock.advance(500 * S);
  expect(dhcp.leases).toHaveLength(1);
  close();
  await clock.advance(S);
  expect(dhcp.leases).toEqual([]);
  machine.close();
});

test("a reserved address goes to its host alone", async () => {
  const { machine, clock, server, host } = await connect();
  const { address: mac = "" } = (await host.link.list()).find(({ ifname }) => ifname === "eth0") ?? {};
  server.dhcpServer({ dev: "lan", range, reservations: { [mac]: "10.0.0.7" } });
  const asked = host.dhcp({ dev: "eth0" });
  await clock.advance(S);
  expect((await asked).address).toBe("10.0.0.7");
  machine.close();
});

test("without a server the promise rejects with ETIMEDOUT", async () => {
  const { machine, clock, host } = await connect();
  const asked = host.dhcp({ dev: "eth0", timeoutS: 20 }).catch((error: { code: string }) => error.code);
  await clock.advance(30 * S);
  expect(await asked).toBe("ETIMEDOUT");
  machine.close();
});

test("messages that are none are passed over", async () => {
  const { machine, clock, server, host } = await connect();
  const dhcp = server.dhcpServer({ dev: "lan", range });
  const udp = host.udp({ host: "0.0.0.0", port: 68, dev: "eth0", broadcast: true, reuseAddress: true });
  for (let size = 0; size < 300; size += 7) {
    const bytes = new Uint8Array(size).fill(size & 0xff);
    udp.send(bytes, { host: "255.255.255.255", port: 67 });
  }
  await clock.advance(S);
  expect(dhcp.leases).toEqual([]);
  udp.close();
  machine.close();
});

/** A question for `name`. */
function question(name: string, type: number): Uint8Array {
  const wire = encodeDnsName(name);
  return Uint8Array.of(0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...wire, 0, type, 0, 1);
}

test("names are answered with their addresses, addresses with their names", async () => {
  const { machine, clock, server, host } = await connect();
  await host.addr.add("10.0.0.2/24", { dev: "eth0" });
  const records = {
    "web.lab": ["10.0.0.1", "2001:db8::1"],
    "www.lab": { cname: "web.lab" },
    "*.any.lab": "10.0.0.9",
  };
  const dns = server.dnsServer({ records });
  const udp = host.udp({ host: "10.0.0.2" });
  const ask = async (name: string, type: number): Promise<string> => {
    udp.send(question(name, type), { host: "10.0.0.1", port: 53 });
    await clock.advance(S / 10);
    const bytes = (await udp.receive())?.payload ?? new Uint8Array();
    return `${(bytes[3] ?? 0) & 0xf}/${bytes[7]} ${bytes.slice(-4).join(".")}`;
  };
  expect(await ask("web.lab", DNS_A)).toBe("0/1 10.0.0.1");
  expect(await ask("WEB.lab", DNS_AAAA)).toBe("0/1 0.0.0.1");
  expect(await ask("www.lab", DNS_A)).toBe("0/2 10.0.0.1");
  expect(await ask("x.any.lab", DNS_A)).toBe("0/1 10.0.0.9");
  expect(await ask("1.0.0.10.in-addr.arpa", DNS_PTR)).toMatch(/^0\/1 /);
  expect(await ask("nothing.lab", DNS_A)).toMatch(/^3\/0 /);
  expect(await ask("web.lab", DNS_PTR)).toMatch(/^0\/0 /);
  dns.close();
  machine.close();
});
