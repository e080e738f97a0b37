// What: the requests by ioctl(2) about bonds do what rtnetlink does, and refuse as a bond does.
//
// Source: drivers/net/bonding/bond_main.c (bond_do_ioctl, bond_enslave, __bond_release_one); the kernel here has no bond.

import { describe, expect } from "vitest";
import { test } from "../../test/fixtures.ts";
import { encodeUtf8Into } from "../bytes/utf8.ts";
import type { Machine } from "../index.ts";
import { IFLA_BOND_ACTIVE_SLAVE } from "../uapi/if_link.ts";
import { AF_INET } from "../uapi/socket.ts";
import * as ioctl from "../uapi/sockios.ts";
import { interfaceIoctl } from "./ioctl.ts";

/** A bond, two devices that may become its slaves and a bridge's port. */
async function setUp(machine: Machine) {
  const netns = await machine.netns("red");
  await netns.link.add({ kind: "bond", name: "bond0", bond: { mode: "active-backup" }, isUp: true });
  await netns.link.add({ kind: "bridge", name: "br0" });
  for (const name of ["d0", "d1"]) await netns.link.add({ kind: "dummy", name });
  await netns.link.add({ kind: "dummy", name: "p0" });
  await netns.link.set("p0", { master: "br0" });
  const ask = (request: number, dev: string, slave: string, isAdmin = true) => {
    const bytes = new Uint8Array(ioctl.IFREQ_SIZE);
    encodeUtf8Into(dev, bytes, 0);
    encodeUtf8Into(slave, bytes, ioctl.IFREQ_IFRU);
    return interfaceIoctl({ client: netns.rtnl, request, family: AF_INET, isAdmin, bytes }, 0);
  };
  return { netns, ask };
}

test("slaves come, send and go", async ({ machine }) => {
  const { netns, ask } = await setUp(machine);
  await ask(ioctl.SIOCBONDENSLAVE, "bond0", "d0");
  await ask(ioctl.SIOCBONDENSLAVE, "bond0", "d1");
  const bond = await netns.link.get("bond0");
  expect((await netns.link.get("d1")).master).toBe(bond.ifindex);
  await ask(ioctl.SIOCBONDCHANGEACTIVE, "bond0", "d1");
  const { linkinfo } = await netns.link.get("bond0");
  const { ifindex } = await netns.link.get("d1");
  expect(linkinfo?.data?.child(IFLA_BOND_ACTIVE_SLAVE)?.u32()).toBe(ifindex);
  await ask(ioctl.SIOCBONDRELEASE, "bond0", "d0");
  expect((await netns.link.get("d0")).master).toBeUndefined();
});

test("a bond takes the address of a device", async ({ machine }) => {
  const { netns, ask } = await setUp(machine);
  await ask(ioctl.SIOCBONDSETHWADDR, "bond0", "d1");
  expect((await netns.link.get("bond0")).address).toBe((await netns.link.get("d1")).address);
});

describe("is refused", () => {
  test.for([
    ["a slave that is not there", ioctl.SIOCBONDENSLAVE, "bond0", "nothing", "ENODEV"],
    ["a bond that is not there", ioctl.SIOCBONDENSLAVE, "nothing", "d0", "ENODEV"],
    ["a master that is no bond", ioctl.SIOCBONDENSLAVE, "br0", "d0", "EOPNOTSUPP"],
    ["a slave of another master", ioctl.SIOCBONDENSLAVE, "bond0", "p0", "EBUSY"],
    ["to release what is no slave", ioctl.SIOCBONDRELEASE, "bond0", "d0", "EINVAL"],
    ["to send by what is no slave", ioctl.SIOCBONDCHANGEACTIVE, "bond0", "d0", "EINVAL"],
    ["what is asked about a bond", ioctl.SIOCBONDINFOQUERY, "bond0", "", "EOPNOTSUPP"],
  ] as const)("%s", async ([, request, dev, slave, code], { machine }) => {
    const { ask } = await setUp(machine);
    await expect(ask(request, dev, slave)).rejects.toMatchObject({ code });
  });

  test("whoever has no rights", async ({ machine }) => {
    const { ask } = await setUp(machine);
    await expect(ask(ioctl.SIOCBONDENSLAVE, "bond0", "d0", false)).rejects.toMatchObject({ code: "EPERM" });
  });
});
