// What: the live kernel behind the transport contract: sockets in namespaces by name, answers, notifications, overruns.
//
// Facts: netlink(7). The namespaces are the test's own; without the right to make them (root, or `unshare -Urn`) the
// tests that need one are skipped.

import { closeSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { NetlinkClient } from "../../netlink/client.ts";
import { Message } from "../../netlink/message.ts";
import { MessageWriter } from "../../netlink/writer.ts";
import { IFLA_IFNAME, IFLA_TXQLEN } from "../../uapi/if_link.ts";
import { NETLINK_ADD_MEMBERSHIP, NETLINK_ROUTE, NLM_F_REQUEST } from "../../uapi/netlink.ts";
import { IFINFOMSG_SIZE, RTM_GETLINK, RTM_NEWLINK, RTM_SETLINK, RTNLGRP_LINK } from "../../uapi/rtnetlink.ts";
import { CLONE_NEWNET } from "../../uapi/sched.ts";
import { kernelNetlink, openKernelSocket } from "./kernel-netlink.ts";
import { loadLibc } from "./libc.ts";
import { inNetns, openOwnNetns } from "./netns.ts";

const canMakeNamespaces = process.geteuid?.() === 0;
const BUFFER = 106_496;

/** Moves this thread into a fresh namespace. */
async function enterFreshNetns() {
  const libc = await loadLibc();
  expect(libc.unshare(CLONE_NEWNET)).toBe(0);
  return libc;
}

function byName(name: string) {
  return (writer: MessageWriter): void => {
    writer.reserve(IFINFOMSG_SIZE);
    writer.string(IFLA_IFNAME, name);
  };
}

/** A request without an ACK that sets lo's txqlen. */
function setTxqlen(length: number): Uint8Array {
  const writer = new MessageWriter().begin(RTM_SETLINK, NLM_F_REQUEST, length, 0);
  byName("lo")(writer);
  return writer.u32(IFLA_TXQLEN, length).end().finish();
}

describe("kernelNetlink()", () => {
  test("openSocket() reaches the namespace of the caller", async () => {
    const client = new NetlinkClient(await kernelNetlink().openSocket({ protocol: NETLINK_ROUTE }));
    const { messages } = await client.request(RTM_GETLINK, 0, byName("lo"));
    expect(messages.map(({ type }) => type)).toEqual([RTM_NEWLINK]);
    client.close();
  });

  test("openSocket() and openNetns() refuse a name that is not there as ip does", async () => {
    const provider = kernelNetlink();
    const refusal = {
      name: "NetlinkError",
      code: "ENOENT",
      message: 'Cannot open network namespace "no-such-namespace": No such file or directory',
    };
    const netns = "no-such-namespace";
    await expect(provider.openSocket({ protocol: NETLINK_ROUTE, netns })).rejects.toMatchObject(refusal);
    await expect(provider.openNetns(netns)).rejects.toMatchObject(refusal);
  });

  test("openSocket() refuses a protocol the kernel has not", async () => {
    await expect(kernelNetlink().openSocket({ protocol: 77 })).rejects.toMatchObject({
      name: "NetlinkError",
      code: "EPROTONOSUPPORT",
      message: "Cannot open a netlink socket: Protocol not supported",
    });
  });

  test("two sockets have two port ids, the kernel's choice", async () => {
    const provider = kernelNetlink();
    const sockets = [
      await provider.openSocket({ protocol: NETLINK_ROUTE }),
      await provider.openSocket({ protocol: NETLINK_ROUTE }),
    ];
    const [first, second] = sockets.map(({ portId }) => portId);
    expect(first).not.toBe(0);
    expect(second).not.toBe(first);
    for (const socket of sockets) socket.close();
  });

  test("setOption() refuses an option the kernel has not", async () => {
    const socket = await kernelNetlink().openSocket({ protocol: NETLINK_ROUTE });
    expect(() => socket.setOption(99, 1)).toThrow(
      "Cannot set option 99 of a netlink socket: Protocol not available",
    );
    socket.close();
  });

  test("a closed socket sends nothing, receives nothing and can be closed again", async () => {
    const socket = await kernelNetlink().openSocket({ protocol: NETLINK_ROUTE });
    let received = 0;
    socket.onDatagram = () => received++;
    socket.send(setTxqlen(1_000));
    socket.close();
    socket.close();
    socket.send(setTxqlen(1_000));
    await new Promise((resolve) => setImmediate(resolve));
    expect(received).toBe(0);
  });
});

describe.skipIf(!canMakeNamespaces)("openKernelSocket(), which needs the right to make namespaces", () => {
  test("stays in the namespace it was opened in, and the thread in its own", async () => {
    const libc = await enterFreshNetns();
    const red = openOwnNetns();
    await enterFreshNetns();
    const client = new NetlinkClient(inNetns(libc, red, () => openKernelSocket(libc, NETLINK_ROUTE, BUFFER)));
    const here = new NetlinkClient(openKernelSocket(libc, NETLINK_ROUTE, BUFFER));
    await client.request(RTM_SETLINK, 0, (writer) => {
      byName("lo")(writer);
      writer.u32(IFLA_TXQLEN, 77);
    });
    const lengths = [];
    for (const asked of [client, here]) {
      const { messages } = await asked.request(RTM_GETLINK, 0, byName("lo"));
      lengths.push(messages[0]?.attribute(IFLA_TXQLEN, IFINFOMSG_SIZE)?.u32());
    }
    expect(lengths).toEqual([77, 1000]);
    client.close();
    here.close();
    closeSync(red);
  });

  test("comes back to its namespace when the body throws", async () => {
    const libc = await enterFreshNetns();
    const red = openOwnNetns();
    await enterFreshNetns();
    const failing = () => {
      throw new TypeError("inside");
    };
    expect(() => inNetns(libc, red, failing)).toThrow("inside");
    const client = new NetlinkClient(openKernelSocket(libc, NETLINK_ROUTE, BUFFER));
    await client.request(RTM_SETLINK, 0, (writer) => {
      byName("lo")(writer);
      writer.u32(IFLA_TXQLEN, 78);
    });
    const there = new NetlinkClient(inNetns(libc, red, () => openKernelSocket(libc, NETLINK_ROUTE, BUFFER)));
    const { messages } = await there.request(RTM_GETLINK, 0, byName("lo"));
    expect(messages[0]?.attribute(IFLA_TXQLEN, IFINFOMSG_SIZE)?.u32()).toBe(1000);
    client.close();
    there.close();
    closeSync(red);
  });

  test("hears of what others change, and says by which group", async () => {
    const libc = await enterFreshNetns();
    const listener = openKernelSocket(libc, NETLINK_ROUTE, BUFFER);
    const sender = openKernelSocket(libc, NETLINK_ROUTE, BUFFER);
    listener.setOption(NETLINK_ADD_MEMBERSHIP, RTNLGRP_LINK);
    const heard = new Promise<[number, number | undefined]>((resolve) => {
      listener.onDatagram = (datagram, { group }) => resolve([new Message(datagram).type, group]);
    });
    sender.send(setTxqlen(42));
    expect(await heard).toEqual([RTM_NEWLINK, RTNLGRP_LINK]);
    listener.close();
    sender.close();
  });

  test("tells of an overrun, and goes on hearing", async () => {
    const libc = await enterFreshNetns();
    const listener = openKernelSocket(libc, NETLINK_ROUTE, BUFFER);
    const sender = openKernelSocket(libc, NETLINK_ROUTE, BUFFER);
    listener.setOption(NETLINK_ADD_MEMBERSHIP, RTNLGRP_LINK);
    const overrun = new Promise<void>((resolve) => {
      listener.onOverrun = resolve;
    });
    for (let length = 1; length <= 1_000; length++) sender.send(setTxqlen(length));
    await overrun;
    const last = new Promise<void>((resolve) => {
      listener.onDatagram = (datagram) => {
        const length = new Message(datagram).attribute(IFLA_TXQLEN, IFINFOMSG_SIZE)?.u32();
        if (length === 5_000) resolve();
      };
    });
    await new Promise((resolve) => setImmediate(resolve));
    sender.send(setTxqlen(5_000));
    await last;
    listener.close();
    sender.close();
  });

  test("receives the echo of a request larger than any answer", async () => {
    const libc = await enterFreshNetns();
    const client = new NetlinkClient(openKernelSocket(libc, NETLINK_ROUTE, BUFFER), { strict: false });
    const answer = client.request(RTM_GETLINK, 0, (writer) => {
      byName("no-such-link")(writer);
      for (let part = 0; part < 6; part++) writer.binary(200, new Uint8Array(60_000));
    });
    await expect(answer).rejects.toMatchObject({ name: "NetlinkError", code: "ENODEV" });
    client.close();
  });
});
