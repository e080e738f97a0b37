// The contract of a device kind (net/netdevice.ts, LinkOps and DeviceOps), which every kind is held to:
//
//   made     with everything it registers or not at all; told of once; deleted without a trace
//   lives    goes up and down, is renamed, moves to another namespace and back, dies with its namespace and its lower
//   tells    its IFLA_INFO_DATA can be sent back to it; rubbish in there is refused and changes nothing
//   carries  any bytes: each frame is delivered, kept or dropped with a reason, and none is lost

import { describe, expect } from "vitest";
import { addLink, deleteLink, dumpLinks, getLink, parseLink, setLink } from "../../src/client/link.ts";
import type { LinkRequest } from "../../src/client/link-request.ts";
import type { Machine } from "../../src/index.ts";
import { ethTypeTrans } from "../../src/net/ethernet.ts";
import { frameFrom } from "../../src/net/frame.ts";
import type { Device } from "../../src/net/netdevice.ts";
import { randomBelow, SeededRandom } from "../../src/net/random.ts";
import { netifRx } from "../../src/net/receive.ts";
import { devQueueXmit } from "../../src/net/transmit.ts";
import { NetlinkClient } from "../../src/netlink/client.ts";
import { NetlinkError } from "../../src/netlink/error.ts";
import type { MessageWriter } from "../../src/netlink/writer.ts";
import { IFF_UP } from "../../src/uapi/if.ts";
import { ARPHRD_ETHER } from "../../src/uapi/if_arp.ts";
import { NETLINK_ROUTE } from "../../src/uapi/netlink.ts";
import { RTM_DELLINK, RTM_NEWLINK, RTNLGRP_LINK } from "../../src/uapi/rtnetlink.ts";
import { SECOND, test } from "../fixtures.ts";

/** A kind, and what a request for one of it says. */
export interface KindUnderTest {
  readonly kind: string;
  /** Writes IFLA_INFO_DATA. */
  readonly data?: (writer: MessageWriter) => void;
  /** It stands on a device: IFLA_LINK names one, whose deletion deletes it. */
  readonly hasLower?: boolean;
  /** It comes with others: names that are there beside its own. */
  readonly companions?: readonly string[];
  /** Its IFLA_INFO_DATA as it tells it may be refused when it is sent back; why. */
  readonly refusesOwnData?: string;
  /** May not move to another namespace; why. */
  readonly isImmovable?: string;
  /** What is sent on it may be kept by the device for later: time until it is gone, in seconds. */
  readonly keepsFramesSeconds?: number;
}

/** Registers the tests of a kind. */
export function describeDeviceKind(subject: KindUnderTest): void {
  const { kind } = subject;
  describe(`${kind}, as any kind`, () => {
    test("is there once it is made, told of once, and gone without a trace", async ({ machine, route }) => {
      const before = (await dumpLinks(route)).length;
      const lower = await makeLower(route, subject);
      const told = await listen(machine);
      await addLink(route, requestFor(subject, lower));
      expect((await getLink(route, "k0")).linkinfo?.kind).toBe(kind);
      expect(told.filter(({ type, name }) => type === RTM_NEWLINK && name === "k0")).toHaveLength(1);
      await deleteLink(route, "k0");
      expect(told.filter(({ type, name }) => type === RTM_DELLINK && name === "k0")).toHaveLength(1);
      await removeLower(route, subject);
      expect(await dumpLinks(route)).toHaveLength(before);
    });

    test("leaves nothing behind when its name is taken", async ({ machine, route }) => {
      const lower = await makeLower(route, subject);
      await addLink(route, { ifname: "k0", linkinfo: { kind: "dummy" } });
      const names = (await dumpLinks(route)).map(({ ifname }) => ifname);
      await expect(addLink(route, requestFor(subject, lower))).rejects.toMatchObject({ code: "EEXIST" });
      expect((await dumpLinks(route)).map(({ ifname }) => ifname)).toEqual(names);
      await deleteLink(route, "k0");
      await addLink(route, requestFor(subject, lower));
      expect(deviceOf(machine, "k0").name).toBe("k0");
    });

    test("goes up and down and is renamed", async ({ machine, route }) => {
      await make(route, subject);
      for (let round = 0; round < 3; round++) {
        await up(route, "k0");
        expect(deviceOf(machine, "k0").flags & IFF_UP).toBe(IFF_UP);
        await setLink(route, { ifname: "k0", flags: 0, change: IFF_UP });
        expect(deviceOf(machine, "k0").flags & IFF_UP).toBe(0);
      }
      await setLink(route, { ifindex: (await getLink(route, "k0")).ifindex, ifname: "k9" });
      await up(route, "k9");
      await deleteLink(route, "k9");
    });

    test("moves to another namespace and back, and dies with it", async ({ machine, route, uveth }) => {
      await make(route, subject);
      await uveth.addNetns("red");
      const red = await machine.openNetns("red");
      const move = setLink(route, { ifname: "k0", netNsFd: red.fd });
      if (subject.isImmovable !== undefined) {
        await expect(move).rejects.toMatchObject({ code: "EINVAL" });
        red.close();
        return;
      }
      await move;
      red.close();
      expect(machine.core.netnsNames.get("red")?.names.has("k0")).toBe(true);
      await uveth.deleteNetns("red");
      await expect(getLink(route, "k0")).rejects.toMatchObject({ code: "ENODEV" });
    });

    test.skipIf(subject.hasLower !== true)("dies with the device below it", async ({ route }) => {
      await make(route, subject);
      await up(route, "k0");
      await deleteLink(route, "low");
      await expect(getLink(route, "k0")).rejects.toMatchObject({ code: "ENODEV" });
    });

    test("takes back what it tells of itself", async ({ route }) => {
      await make(route, subject);
      const told = (await getLink(route, "k0")).linkinfo?.data?.copy();
      if (told === undefined) return;
      const again = setLink(route, { ifname: "k0", linkinfo: { kind, data: (writer) => writer.raw(told) } });
      if (subject.refusesOwnData === undefined) await again;
      else await expect(again).rejects.toBeInstanceOf(NetlinkError);
      expect((await getLink(route, "k0")).linkinfo?.data?.copy()).toEqual(told);
    });

    test("refuses rubbish and lives on", async ({ route }) => {
      const lower = await make(route, subject);
      const random = new SeededRandom(5);
      for (let round = 0; round < 200; round++) {
        const rubbish = rubbishOf(random);
        const linkinfo = { kind, data: (writer: MessageWriter) => writer.raw(rubbish) };
        await ignoreRefusal(setLink(route, { ifname: "k0", linkinfo }));
        await ignoreRefusal(addLink(route, { ifname: "k1", link: lower, linkinfo }));
        await ignoreRefusal(deleteLink(route, "k1"));
      }
      expect((await getLink(route, "k0")).linkinfo?.kind).toBe(kind);
    });

    test("carries any bytes in both directions and loses no frame", async ({ machine, clock, route }) => {
      await make(route, subject);
      if (subject.hasLower === true) await up(route, "low");
      await up(route, "k0");
      for (const name of subject.companions ?? []) await up(route, name);
      await clock.advance(3 * SECOND);
      const dev = deviceOf(machine, "k0");
      const random = new SeededRandom(9);
      for (let round = 0; round < 300; round++) exercise(machine, dev, random);
      await clock.advance((subject.keepsFramesSeconds ?? 3) * SECOND);
      await deleteLink(route, "k0");
      expect(machine.core.frames.inUse).toBe(0);
    });
  });
}

/** Sends a random frame on `dev`, receives one on it, and one on the device below. */
function exercise(machine: Machine, dev: Device, random: SeededRandom): void {
  const frames = machine.core.frames;
  for (const receiver of [null, dev, ...(dev.lowers ?? [])]) {
    const frame = frameFrom(frames, frameBytes(dev, random));
    if (frame === null) expect.fail("The pool is exhausted");
    if (receiver === null) {
      frame.dev = dev;
      devQueueXmit(frame);
    } else if (receiver.type === ARPHRD_ETHER && (receiver.flags & IFF_UP) !== 0) {
      ethTypeTrans(frame, receiver);
      netifRx(frame, receiver);
    } else frames.free(frame);
  }
}

/** A frame of 14 to 400 bytes for the device, everybody, a group or anybody, of a type that is common or not. */
function frameBytes(dev: Device, random: SeededRandom): Uint8Array {
  const bytes = Uint8Array.from({ length: 14 + randomBelow(random, 386) }, () => randomBelow(random, 256));
  const destinations = [
    dev.address,
    0xffff_ffff_ffff,
    0x0100_5e00_0001,
    randomBelow(random, 0x1_0000_0000) * 2,
  ];
  const destination = destinations[randomBelow(random, 4)] ?? 0;
  for (let index = 0; index < 6; index++)
    bytes[index] = Math.floor(destination / 2 ** (40 - 8 * index)) & 0xff;
  const type = [0x0800, 0x0806, 0x86dd, 0x8100, 0x88a8, 0x88b5, 0x8809, 0x0026][randomBelow(random, 8)] ?? 0;
  bytes[12] = type >>> 8;
  bytes[13] = type & 0xff;
  return bytes;
}

/** Attributes with types that may exist, and payloads of the usual sizes and others. */
function rubbishOf(random: SeededRandom): Uint8Array {
  const bytes = new Uint8Array(8 + 4 * randomBelow(random, 12));
  for (let index = 0; index < bytes.length; index++) bytes[index] = randomBelow(random, 256);
  let offset = 0;
  while (offset + 4 <= bytes.length) {
    const room = bytes.length - offset;
    const length = Math.min(
      room,
      4 + ([1, 2, 4, 6, 8, 16, 0, randomBelow(random, 20)][randomBelow(random, 8)] ?? 0),
    );
    bytes[offset] = length;
    bytes[offset + 1] = 0;
    bytes[offset + 2] = randomBelow(random, 40);
    bytes[offset + 3] = randomBelow(random, 8) === 0 ? 0x80 : 0;
    offset += (length + 3) & ~3;
  }
  return bytes;
}

async function ignoreRefusal(answer: Promise<unknown>): Promise<void> {
  try {
    await answer;
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
  }
}

async function make(route: NetlinkClient, subject: KindUnderTest): Promise<number | undefined> {
  const lower = await makeLower(route, subject);
  await addLink(route, requestFor(subject, lower));
  return lower;
}

async function makeLower(route: NetlinkClient, { hasLower }: KindUnderTest): Promise<number | undefined> {
  if (hasLower !== true) return undefined;
  await addLink(route, { ifname: "low", linkinfo: { kind: "dummy" } });
  await up(route, "low");
  return (await getLink(route, "low")).ifindex;
}

async function removeLower(route: NetlinkClient, { hasLower }: KindUnderTest): Promise<void> {
  if (hasLower === true) await deleteLink(route, "low");
}

function requestFor({ kind, data }: KindUnderTest, link: number | undefined): LinkRequest {
  return { ifname: "k0", link, linkinfo: { kind, data } };
}

async function up(route: NetlinkClient, ifname: string): Promise<void> {
  await setLink(route, { ifname, flags: IFF_UP, change: IFF_UP });
}

function deviceOf(machine: Machine, name: string): Device {
  const dev = machine.core.initialNetns.names.get(name);
  if (dev === undefined) expect.fail(`No device ${name}`);
  return dev;
}

/** Notes the messages about links that are told from now on. */
async function listen(
  machine: Machine,
): Promise<{ readonly type: number; readonly name: string | undefined }[]> {
  const client = new NetlinkClient(await machine.openSocket({ protocol: NETLINK_ROUTE }));
  const told: { type: number; name: string | undefined }[] = [];
  client.onNotification = (message) => told.push({ type: message.type, name: parseLink(message).ifname });
  client.join(RTNLGRP_LINK);
  return told;
}
