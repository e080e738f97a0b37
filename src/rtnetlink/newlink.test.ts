// What: a link of a kind that is not there asks for the kind's module, once, and is made or refused afterwards; what was
// sent behind it waits its turn.
//
// Kernel reference: net/core/rtnetlink.c (rtnl_newlink, request_module("rtnl-link-%s")).

import { expect, test } from "vitest";
import { NetlinkSession } from "../af_netlink/session.ts";
import { dummy } from "../drivers/dummy.ts";
import { createMachine, SeededRandom, VirtualClock } from "../index.ts";
import type { LinkOps } from "../net/netdevice.ts";
import { NetlinkClient } from "../netlink/client.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { IFLA_IFNAME, IFLA_INFO_KIND, IFLA_LINKINFO, IFLA_MTU } from "../uapi/if_link.ts";
import { NETLINK_ROUTE, NLM_F_CREATE, NLM_F_EXCL } from "../uapi/netlink.ts";
import { IFINFOMSG_SIZE, RTM_NEWLINK, RTM_SETLINK } from "../uapi/rtnetlink.ts";

/** A machine, and a client whose modules are loaded by `load`. */
function setup(load: (kinds: Map<string, LinkOps>) => boolean) {
  const clock = new VirtualClock();
  const machine = createMachine({ clock, scheduler: clock, random: new SeededRandom(1) });
  const aliases: string[] = [];
  const session = new NetlinkSession(machine.table, {
    pid: 2,
    loadModule: async (alias) => {
      aliases.push(alias);
      return load(machine.core.kinds);
    },
  });
  const client = new NetlinkClient(session.openSocketIn(machine.core.initialNetns, NETLINK_ROUTE));
  const newLink = (name: string, kind: string) =>
    client.request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, (writer) => writeLink(writer, name, kind));
  return { machine, client, aliases, newLink };
}

function writeLink(writer: MessageWriter, name: string, kind: string): void {
  writer.reserve(IFINFOMSG_SIZE);
  writer.string(IFLA_IFNAME, name);
  const info = writer.nest(IFLA_LINKINFO);
  writer.bareString(IFLA_INFO_KIND, kind).endNest(info);
}

test("a kind that its module brings along is there for the request that asked", async () => {
  const { machine, aliases, newLink } = setup((kinds) => {
    kinds.set("warp", { ...dummy, kind: "warp" });
    return true;
  });
  await newLink("w0", "warp");
  await newLink("w1", "warp");
  expect(aliases).toEqual(["rtnl-link-warp"]);
  expect([...machine.core.initialNetns.names.keys()]).toEqual(["lo", "w0", "w1"]);
  machine.close();
});

test("a kind that no module knows is refused with the kernel's text", async () => {
  const { machine, aliases, newLink } = setup(() => false);
  await expect(newLink("w0", "warp")).rejects.toMatchObject({
    code: "EOPNOTSUPP",
    message: "Unknown device type",
  });
  expect(aliases).toEqual(["rtnl-link-warp"]);
  machine.close();
});

test("a request that needs no module is refused without asking for one", async () => {
  const { machine, aliases, newLink } = setup(() => true);
  await expect(newLink("lo", "warp")).rejects.toMatchObject({ code: "EEXIST" });
  expect(aliases).toEqual([]);
  machine.close();
});

test("requests behind one that waits for its module are done after it", async () => {
  const { machine, client, newLink } = setup((kinds) => {
    kinds.set("warp", { ...dummy, kind: "warp" });
    return true;
  });
  const made = newLink("w0", "warp");
  const changed = client.request(RTM_SETLINK, 0, (writer) => {
    writer.reserve(IFINFOMSG_SIZE);
    writer.string(IFLA_IFNAME, "w0").u32(IFLA_MTU, 1_234);
  });
  await Promise.all([made, changed]);
  expect(machine.core.initialNetns.names.get("w0")?.mtu).toBe(1_234);
  machine.close();
});
