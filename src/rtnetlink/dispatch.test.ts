// What: who may ask for what. Changes take CAP_NET_ADMIN over the sender's namespace, and over every other that a request
// names; to ask is free.
//
// Kernel reference: net/core/rtnetlink.c (rtnetlink_rcv_msg, rtnl_link_get_net_capable, rtnl_get_net_ns_capable).

import { expect, test } from "vitest";
import { NetlinkSession } from "../af_netlink/session.ts";
import { createMachine, SeededRandom, VirtualClock } from "../index.ts";
import { allocateNsid } from "../net/namespace.ts";
import type { Netns } from "../net/netdevice.ts";
import type { WriteBody } from "../netlink/client.ts";
import { NetlinkClient } from "../netlink/client.ts";
import {
  IFLA_IFNAME,
  IFLA_INFO_KIND,
  IFLA_LINK_NETNSID,
  IFLA_LINKINFO,
  IFLA_MTU,
  IFLA_NET_NS_FD,
  IFLA_TARGET_NETNSID,
} from "../uapi/if_link.ts";
import { NETLINK_ROUTE, NLM_F_ACK, NLM_F_CREATE, NLM_F_REQUEST } from "../uapi/netlink.ts";
import * as rt from "../uapi/rtnetlink.ts";

/** A session with rights over some namespaces only. */
class PartialSession extends NetlinkSession {
  readonly may = new Set<Netns>();

  override isAdmin(netns?: Netns): boolean {
    return netns !== undefined && this.may.has(netns);
  }
}

function setup() {
  const clock = new VirtualClock();
  const machine = createMachine({ clock, scheduler: clock, random: new SeededRandom(1) });
  const here = machine.core.initialNetns;
  const there = machine.core.newNetns();
  allocateNsid(here, there);
  const session = new PartialSession(machine.table, { pid: 2 });
  const client = new NetlinkClient(session.openSocketIn(here, NETLINK_ROUTE));
  const ask = (type: number, body: WriteBody, flags = 0) =>
    client.request(type, flags, (writer) => {
      writer.reserve(rt.IFINFOMSG_SIZE);
      body(writer);
    });
  return { machine, here, there, session, client, ask };
}

const aboutLo: WriteBody = (writer) => writer.string(IFLA_IFNAME, "lo");

test("without rights a link can be asked for, and not changed", async () => {
  const { machine, ask } = setup();
  await expect(ask(rt.RTM_GETLINK, aboutLo)).resolves.toMatchObject({ messages: [{}] });
  for (const type of [rt.RTM_NEWLINK, rt.RTM_SETLINK, rt.RTM_DELLINK, rt.RTM_NEWLINKPROP, rt.RTM_NEWNSID]) {
    await expect(ask(type, aboutLo)).rejects.toMatchObject({ code: "EPERM", message: "" });
  }
  machine.close();
});

test("rights come before whether there is such a request", async () => {
  const { machine, session, here, ask } = setup();
  await expect(ask(rt.RTM_NEWTUNNEL, aboutLo)).rejects.toMatchObject({ code: "EPERM" });
  session.may.add(here);
  await expect(ask(rt.RTM_NEWTUNNEL, aboutLo)).rejects.toMatchObject({ code: "EOPNOTSUPP" });
  machine.close();
});

test("a type above RTM_MAX is not supported, whoever asks", async () => {
  const { machine, ask } = setup();
  await expect(ask(rt.RTM_MAX + 1, aboutLo)).rejects.toMatchObject({ code: "EOPNOTSUPP" });
  machine.close();
});

test("asking in another namespace by its id takes rights there (EACCES)", async () => {
  const { machine, session, there, ask } = setup();
  const inThere: WriteBody = (writer) => writer.string(IFLA_IFNAME, "lo").s32(IFLA_TARGET_NETNSID, 0);
  await expect(ask(rt.RTM_GETLINK, inThere)).rejects.toMatchObject({ code: "EACCES" });
  session.may.add(there);
  await expect(ask(rt.RTM_GETLINK, inThere)).resolves.toMatchObject({ messages: [{}] });
  machine.close();
});

test("every namespace that a new link's request names takes rights (EPERM)", async () => {
  const { machine, session, here, there, ask } = setup();
  session.may.add(here);
  const fd = session.openNetns(there);
  const requests: WriteBody[] = [
    (writer) => writer.u32(IFLA_NET_NS_FD, fd),
    (writer) => writer.s32(IFLA_TARGET_NETNSID, 0),
    (writer) => writer.s32(IFLA_LINK_NETNSID, 0),
  ];
  for (const where of requests) {
    const body: WriteBody = (writer) => {
      where(writer);
      const info = writer.nest(IFLA_LINKINFO);
      writer.string(IFLA_INFO_KIND, "veth").endNest(info);
    };
    await expect(ask(rt.RTM_NEWLINK, body, NLM_F_CREATE)).rejects.toMatchObject({ code: "EPERM" });
  }
  expect([here.devices.size, there.devices.size]).toEqual([1, 1]);
  machine.close();
});

test("moving a link takes rights where it goes", async () => {
  const { machine, session, here, there, ask } = setup();
  session.may.add(here);
  const move: WriteBody = (writer) => aboutLo(writer.s32(IFLA_TARGET_NETNSID, 0).u32(IFLA_MTU, 100));
  await expect(ask(rt.RTM_SETLINK, move)).rejects.toMatchObject({ code: "EPERM" });
  session.may.add(there);
  await expect(ask(rt.RTM_SETLINK, move)).rejects.toMatchObject({
    code: "EINVAL",
    message: "The interface netns is immutable",
  });
  machine.close();
});

test("only an administrator hears of multicast routes", () => {
  const { machine, session, here } = setup();
  const socket = session.openRaw(here, NETLINK_ROUTE);
  expect(() => socket.setOption(1, rt.RTNLGRP_IPV4_MROUTE_R)).toThrow(
    expect.objectContaining({ code: "EPERM" }),
  );
  socket.setOption(1, rt.RTNLGRP_LINK);
  session.may.add(here);
  socket.setOption(1, rt.RTNLGRP_IPV4_MROUTE_R);
  machine.close();
});

test("a message without a family is acknowledged and does nothing", () => {
  const { machine, session, here } = setup();
  const socket = session.openRaw(here, NETLINK_ROUTE);
  const empty = Uint8Array.of(
    16,
    0,
    0,
    0,
    rt.RTM_NEWLINK,
    0,
    NLM_F_REQUEST | NLM_F_ACK,
    0,
    1,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
  );
  socket.send(empty);
  // The errno of the ACK stands behind its header.
  expect(socket.receive()?.bytes.slice(16, 20)).toEqual(Uint8Array.of(0, 0, 0, 0));
  machine.close();
});
