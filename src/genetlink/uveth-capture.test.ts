// What: a capture over netlink tells every frame that passes, with what a reader needs to know of it, and keeps within bounds.
//
//   netns red [v0]──────[v1] netns blue
//
// Reference: net/packet/af_packet.c; pcapng's terms (draft-ietf-opsawg-pcapng 4.3.1) for direction and checksum.

import { describe, expect } from "vitest";
import { openUveth, test } from "../../test/fixtures.ts";
import { GenericClient, getFamily, writeGenericHeader } from "../client/generic.ts";
import type { UvethMessage } from "../client/uveth.ts";
import type { Machine } from "../index.ts";
import { frameFrom } from "../net/frame.ts";
import type { Device, Frame } from "../net/netdevice.ts";
import { CHECKSUM_PARTIAL, GSO_TCPV4 } from "../net/netdevice.ts";
import { devQueueXmit } from "../net/transmit.ts";
import { NetlinkClient } from "../netlink/client.ts";
import { NetlinkError } from "../netlink/error.ts";
import { Message } from "../netlink/message.ts";
import { MessageWriter } from "../netlink/writer.ts";
import { ethernetFrame } from "../testkit/index.ts";
import { GENLMSGHDR_SIZE } from "../uapi/genetlink.ts";
import { ETH_P_802_EX1, ETH_P_8021Q } from "../uapi/if_ether.ts";
import { PACKET_BROADCAST } from "../uapi/if_packet.ts";
import { NETLINK_GENERIC, NLM_F_REQUEST } from "../uapi/netlink.ts";
import * as uveth from "../uapi/uveth.ts";

const broadcast = (payload: number[]): Uint8Array =>
  ethernetFrame({}, ETH_P_802_EX1, Uint8Array.from(payload));

function send(dev: Device, bytes: Uint8Array, change: (frame: Frame) => void = () => {}): void {
  const frame = frameFrom(dev.machine.frames, bytes);
  if (frame === null) expect.fail("No memory for a frame");
  frame.dev = dev;
  change(frame);
  devQueueXmit(frame);
}

/** A capture that is running, and what it has told so far. */
async function start(
  machine: Machine,
  netns: string,
  request: { ifname?: string; count?: number; snaplen?: number; filter?: string } = {},
) {
  const client = await openUveth(machine, netns);
  const frames: UvethMessage[] = [];
  const end = client
    .capture(request, (frame) => frames.push(frame))
    .then(
      () => "done",
      (error: unknown) =>
        error instanceof NetlinkError ? `${error.code} ${error.message}`.trim() : String(error),
    );
  return { client, frames, end };
}

describe("frames", () => {
  test("are told where they go out and where they come in, under one packet id", async ({
    machine,
    clock,
    pair,
  }) => {
    const red = await start(machine, "red", { ifname: "v0" });
    const blue = await start(machine, "blue", { ifname: "v1" });
    await clock.advance(5_000);
    send(pair.red, broadcast([1, 2, 3]));
    await clock.advance(0);
    expect(red.frames).toMatchObject([
      {
        ifname: "v0",
        ifindex: pair.red.ifindex,
        direction: uveth.UVETH_DIRECTION_OUT,
        timeNs: 5_000,
        length: 17,
      },
    ]);
    expect(blue.frames).toMatchObject([
      {
        ifname: "v1",
        direction: uveth.UVETH_DIRECTION_IN,
        packetType: PACKET_BROADCAST,
        protocol: ETH_P_802_EX1,
        bytes: broadcast([1, 2, 3]),
      },
    ]);
    expect(red.frames[0]?.packetId).toBe(blue.frames[0]?.packetId);
    red.client.close();
    blue.client.close();
  });

  test("of every device of a namespace are told when no device is named", async ({
    machine,
    clock,
    pair,
  }) => {
    const capture = await start(machine, "blue");
    send(pair.red, broadcast([]));
    send(pair.blue, broadcast([]));
    await clock.advance(0);
    expect(capture.frames.map(({ direction }) => direction)).toEqual([
      uveth.UVETH_DIRECTION_IN,
      uveth.UVETH_DIRECTION_OUT,
    ]);
    capture.client.close();
  });

  test("are told when the filter lets them through: received ones, sent ones, tagged ones", async ({
    machine,
    clock,
    pair,
  }) => {
    const filter = "ether[14] = 7 or vlan 5";
    const red = await start(machine, "red", { filter });
    const blue = await start(machine, "blue", { filter });
    send(pair.red, broadcast([1]));
    send(pair.red, broadcast([7]));
    send(pair.red, broadcast([1]), (frame) =>
      Object.assign(frame, { vlanProtocol: ETH_P_8021Q, vlanTci: 5 }),
    );
    await clock.advance(0);
    expect(red.frames.map(({ length }) => length)).toEqual([15, 19]);
    expect(blue.frames.map(({ length }) => length)).toEqual([15, 19]);
    red.client.close();
    blue.client.close();
  });

  test("of a filter that cannot be read are refused in libpcap's words", async ({ machine, pair: _ }) => {
    const capture = await start(machine, "red", { filter: "tcp and" });
    expect(await capture.end).toBe("EINVAL can't parse filter expression: syntax error");
    capture.client.close();
  });

  test("say why they were dropped where they were seen", async ({ machine, clock, pair }) => {
    const capture = await start(machine, "blue");
    send(pair.red, broadcast([]));
    await clock.advance(0);
    expect(capture.frames).toMatchObject([{ dropReason: "unhandled-protocol" }]);
    capture.client.close();
  });

  test("are cut to what is asked for, and say how long they were", async ({ machine, clock, pair }) => {
    const capture = await start(machine, "red", { snaplen: 16 });
    send(pair.red, broadcast([1, 2, 3, 4]));
    await clock.advance(0);
    expect(capture.frames).toMatchObject([{ length: 18, bytes: broadcast([1, 2]) }]);
    capture.client.close();
  });

  test("show a VLAN tag that is carried beside them", async ({ machine, clock, pair }) => {
    const capture = await start(machine, "red");
    send(pair.red, broadcast([9]), (frame) => {
      frame.vlanProtocol = ETH_P_8021Q;
      frame.vlanTci = 0x2005;
    });
    await clock.advance(0);
    const plain = broadcast([9]);
    const tagged = Uint8Array.of(...plain.subarray(0, 12), 0x81, 0x00, 0x20, 0x05, ...plain.subarray(12));
    expect(capture.frames).toMatchObject([{ bytes: tagged, length: tagged.length }]);
    capture.client.close();
  });

  test("tell a checksum that is yet to be made and a packet that is yet to be cut", async ({
    machine,
    clock,
    pair,
  }) => {
    const capture = await start(machine, "red");
    send(pair.red, broadcast([1, 2, 3, 4]), (frame) => {
      frame.checksum = CHECKSUM_PARTIAL;
      frame.csumStart = frame.start + 14;
      frame.csumOffset = 2;
      frame.gsoType = GSO_TCPV4;
      frame.gsoSize = 1448;
    });
    await clock.advance(0);
    expect(capture.frames).toMatchObject([
      { csumState: uveth.UVETH_CSUM_PARTIAL, csumStart: 14, csumOffset: 2, gsoType: 1, gsoSize: 1448 },
    ]);
    capture.client.close();
  });
});

describe("the end", () => {
  test("comes after the frames that were asked for", async ({ machine, clock, pair }) => {
    const capture = await start(machine, "red", { count: 2 });
    for (let number = 0; number < 5; number++) send(pair.red, broadcast([number]));
    await clock.advance(0);
    expect(await capture.end).toBe("done");
    expect(capture.frames).toHaveLength(2);
    expect(pair.red.netns.taps).toBe(null);
    capture.client.close();
  });

  test("comes when the device goes, after what it had seen", async ({
    machine,
    uveth: family,
    clock,
    pair,
  }) => {
    const capture = await start(machine, "red", { ifname: "v0" });
    send(pair.red, broadcast([1]));
    await family.deleteNetns("blue");
    await clock.advance(0);
    expect(await capture.end).toBe("ENETDOWN The interface disappeared");
    expect(capture.frames).toHaveLength(1);
    capture.client.close();
  });

  test("comes when the namespace goes", async ({ machine, uveth: family, pair: _ }) => {
    const client = new NetlinkClient(await machine.openSocket({ protocol: NETLINK_GENERIC }));
    const generic = new GenericClient(client, await getFamily(client, uveth.UVETH_GENL_NAME), 1);
    const named = (writer: MessageWriter) => writer.string(uveth.UVETH_A_NETNS, "red");
    const end = generic.stream(uveth.UVETH_CMD_CAPTURE, named, () => {});
    const refusal = expect(end).rejects.toMatchObject({
      code: "ENETDOWN",
      message: "The network namespace disappeared",
    });
    await family.deleteNetns("red");
    await refusal;
    client.close();
  });

  test("comes with the socket, and nothing looks any longer", async ({ machine, pair }) => {
    const capture = await start(machine, "red");
    expect(pair.red.netns.taps).toHaveLength(1);
    capture.client.close();
    expect(pair.red.netns.taps).toBe(null);
  });

  test("comes at once when there is no such device", async ({ machine, pair: _ }) => {
    const capture = await start(machine, "red", { ifname: "v9" });
    expect(await capture.end).toBe("ENODEV");
    capture.client.close();
  });
});

describe("a slow reader", () => {
  test("loses frames beyond two megabytes, and is told how many", async ({ machine, clock, pair }) => {
    const client = new NetlinkClient(await machine.openSocket({ protocol: NETLINK_GENERIC }));
    const { id } = await getFamily(client, uveth.UVETH_GENL_NAME);
    client.close();
    const session = machine.openSession({ pid: 9 });
    const socket = session.openRaw(pair.red.netns, NETLINK_GENERIC);
    const request = new MessageWriter().begin(id, NLM_F_REQUEST, 1, 0);
    writeGenericHeader(request, uveth.UVETH_CMD_CAPTURE, uveth.UVETH_GENL_VERSION);
    socket.send(request.end().finish());
    let frames = 0;
    let lost = 0;
    const drain = () => {
      for (let received = socket.receive(); received !== undefined; received = socket.receive()) {
        frames++;
        lost += new Message(received.bytes).attribute(uveth.UVETH_A_LOST, GENLMSGHDR_SIZE)?.u32() ?? 0;
      }
    };
    for (let sent = 0; sent < 3_000; sent++) send(pair.red, broadcast(new Array(1_000).fill(0)));
    await clock.advance(0);
    drain();
    send(pair.red, broadcast([]));
    await clock.advance(0);
    drain();
    expect(frames).toBeGreaterThan(1_000);
    expect(lost).toBeGreaterThan(1_000);
    expect(frames + lost).toBe(3_001);
    session.close();
  });
});
