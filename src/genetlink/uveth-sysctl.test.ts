// What: the family `uveth` reads, sets and lists a namespace's settings under the names of /proc/sys/net.
//
// Reference: sysctl(8); /proc/sys/net of a fresh network namespace on Linux 6.18.

import { expect } from "vitest";
import { openUveth, test } from "../../test/fixtures.ts";
import { GenericClient, getFamily } from "../client/generic.ts";
import { parseUveth } from "../client/uveth.ts";
import { NetlinkClient } from "../netlink/client.ts";
import { NETLINK_GENERIC } from "../uapi/netlink.ts";
import * as uapi from "../uapi/uveth.ts";

test("a setting is read and set by its dotted name", async ({ uveth }) => {
  expect(await uveth.getSysctl("net.ipv4.ip_forward")).toBe("0");
  await uveth.setSysctl("net.ipv4.ip_forward", "1");
  expect(await uveth.getSysctl("net.ipv4.ip_forward")).toBe("1");
  expect(await uveth.getSysctl("net.ipv4.conf.all.forwarding")).toBe("1");
});

test("each namespace has its own", async ({ machine, uveth, pair: _ }) => {
  await uveth.setSysctl("net.ipv4.ip_forward", "1");
  const red = await openUveth(machine, "red");
  expect(await red.getSysctl("net.ipv4.ip_forward")).toBe("0");
  red.close();
});

test("a name that is not there is not found, and a value that cannot be is refused", async ({ uveth }) => {
  await expect(uveth.getSysctl("net.ipv4.nosuch")).rejects.toMatchObject({ code: "ENOENT" });
  await expect(uveth.setSysctl("net.ipv4.nosuch", "1")).rejects.toMatchObject({ code: "ENOENT" });
  await expect(uveth.setSysctl("net.ipv4.ip_forward", "x")).rejects.toMatchObject({ code: "EINVAL" });
});

test("a list holds every setting with its value, those of devices among them", async ({
  machine,
  pair: _,
}) => {
  const client = new NetlinkClient(await machine.openSocket({ protocol: NETLINK_GENERIC, netns: "red" }));
  const generic = new GenericClient(client, await getFamily(client, uapi.UVETH_GENL_NAME), 1);
  const { messages } = await generic.dump(uapi.UVETH_CMD_SYSCTL_GET, () => {});
  const values = new Map(
    messages.map(parseUveth).map(({ sysctlName, sysctlValue }) => [sysctlName, sysctlValue]),
  );
  expect(values.get("net.ipv4.ip_default_ttl")).toBe("64");
  expect(values.get("net.ipv6.conf.v0.disable_ipv6")).toBe("0");
  expect(values.size).toBe(messages.length);
  client.close();
});
