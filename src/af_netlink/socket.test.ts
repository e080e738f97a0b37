// What: a netlink socket whose reader is slow loses messages and says so once.
//
//   40 events ──▶ [queue of SO_RCVBUF] ──▶ ENOBUFS first, then what is queued; nothing new before all is read
//
// Kernel reference: net/netlink/af_netlink.c (netlink_overrun, netlink_rcv_wake, netlink_dump), tried with changes of lo.

import { expect, test } from "vitest";
import { getU16, getU32, setU16, setU32 } from "../bytes/endian.ts";
import { createMachine, SeededRandom, VirtualClock } from "../index.ts";
import { NetlinkError } from "../netlink/error.ts";
import { NETLINK_NO_ENOBUFS, NETLINK_ROUTE, NLM_F_DUMP, NLM_F_REQUEST } from "../uapi/netlink.ts";
import { RTM_GETLINK, RTM_NEWLINK } from "../uapi/rtnetlink.ts";
import { NetlinkSession } from "./session.ts";
import type { NetlinkSocket } from "./socket.ts";

const EVENT = new Uint8Array(700);

function setup() {
  const clock = new VirtualClock();
  const machine = createMachine({ clock, scheduler: clock, random: new SeededRandom(1) });
  const session = new NetlinkSession(machine.table, { pid: 2 });
  const socket = session.openRaw(machine.core.initialNetns, NETLINK_ROUTE);
  socket.receiveBuffer = 8_000;
  return { machine, socket };
}

/** How many of `count` events are taken. */
function queue(socket: NetlinkSocket, count: number): number {
  let taken = 0;
  for (let at = 0; at < count; at++) taken += Number(socket.queue(EVENT));
  return taken;
}

/** What one call of recv(2) gives. */
function receive(socket: NetlinkSocket): string {
  try {
    return socket.receive() === undefined ? "EAGAIN" : "event";
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    return error.code;
  }
}

test("an overrun is one ENOBUFS, and nothing is taken until all has been read", () => {
  const { machine, socket } = setup();
  const taken = queue(socket, 40);
  expect(taken).toBeGreaterThan(2);
  expect(taken).toBeLessThan(40);
  expect([receive(socket), receive(socket)]).toEqual(["ENOBUFS", "event"]);
  expect(queue(socket, 5)).toBe(0);
  for (let at = 1; at < taken; at++) expect(receive(socket)).toBe("event");
  expect(receive(socket)).toBe("EAGAIN");
  expect(queue(socket, 1)).toBe(1);
  expect([receive(socket), receive(socket)]).toEqual(["event", "EAGAIN"]);
  machine.close();
});

test("with NETLINK_NO_ENOBUFS nothing is said, and each reading makes room", () => {
  const { machine, socket } = setup();
  socket.setOption(NETLINK_NO_ENOBUFS, 1);
  const taken = queue(socket, 40);
  expect(receive(socket)).toBe("event");
  expect(queue(socket, 5)).toBe(1);
  for (let at = 0; at < taken; at++) expect(receive(socket)).toBe("event");
  expect(receive(socket)).toBe("EAGAIN");
  machine.close();
});

test("NETLINK_NO_ENOBUFS ends a congestion", () => {
  const { machine, socket } = setup();
  queue(socket, 40);
  expect([receive(socket), receive(socket)]).toEqual(["ENOBUFS", "event"]);
  socket.setOption(NETLINK_NO_ENOBUFS, 1);
  expect(queue(socket, 5)).toBe(1);
  machine.close();
});

test("a dump asked for in a congestion comes when there is room", () => {
  const { machine, socket } = setup();
  const taken = queue(socket, 40);
  expect([receive(socket), receive(socket)]).toEqual(["ENOBUFS", "event"]);
  const request = new Uint8Array(32);
  setU32(request, 0, 32);
  setU16(request, 4, RTM_GETLINK);
  setU16(request, 6, NLM_F_REQUEST | NLM_F_DUMP);
  setU32(request, 8, 77);
  socket.send(request);
  for (let at = 1; at < taken; at++) receive(socket);
  // The sequence number stands at offset 8 of the message.
  const answer = socket.receive()?.bytes ?? new Uint8Array(16);
  expect([getU16(answer, 4), getU32(answer, 8)]).toEqual([RTM_NEWLINK, 77]);
  machine.close();
});
