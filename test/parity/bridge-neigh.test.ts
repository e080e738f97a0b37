// What: a bridge answers neighbour discovery for hosts it knows behind ports that suppress it; what is about its own address,
// or about nobody it knows, takes its usual way, and its own address is not looked for behind such ports.
//
//   e0 ── p0 ┐
//            ├ br (02:00:00:00:00:b0, fd00::1)      fd00::2 is 02:00:00:00:00:0c, behind p1
//   e1 ── p1 ┘ neigh_suppress
//
// Kernel reference: net/bridge/br_arp_nd_proxy.c (br_do_suppress_nd, br_nd_send); RFC 4861. ARP, and questions of all sorts, are
// in test/frames.

import { setBe16, setBe32 } from "../../src/bytes/endian.ts";
import { toHex } from "../../src/bytes/hex.ts";
import type { MessageWriter } from "../../src/netlink/writer.ts";
import { ETH_P_IPV6 } from "../../src/uapi/if_ether.ts";
import * as link from "../../src/uapi/if_link.ts";
import * as nd from "../../src/uapi/neighbour.ts";
import { NLM_F_CREATE } from "../../src/uapi/netlink.ts";
import { RTM_NEWNEIGH } from "../../src/uapi/rtnetlink.ts";
import { AF_BRIDGE } from "../../src/uapi/socket.ts";
import { writeIcmpv6 } from "../../src/wire/icmpv6.ts";
import type { ParityContext } from "./context.ts";
import { expect, parity } from "./harness.ts";
import type { PacketPort } from "./targets.ts";
import { ipBytes, macBytes, writeNeigh } from "./vocabulary.ts";

const BRIDGE = "02:00:00:00:00:b0";
const ASKER = "02:00:00:00:00:0e";
const KNOWN = "02:00:00:00:00:0c";

async function build(ctx: ParityContext): Promise<PacketPort[]> {
  const data = (writer: MessageWriter): void => void writer.u8(link.IFLA_BR_MCAST_SNOOPING, 0);
  await ctx.newLink({ name: "br", address: BRIDGE, info: { kind: "bridge", data } });
  await ctx.quiet("br");
  const red = await ctx.otherNetns();
  const ports: PacketPort[] = [];
  for (const number of [0, 1]) {
    const [port, end] = [`p${number}`, `e${number}`];
    await ctx.newLink({ name: port, vethPeer: { name: end, netnsFd: red.fd } });
    await ctx.quiet(port);
    await red.quiet(end);
    await red.up(end);
    await ctx.setLink({ name: port, master: await ctx.index("br") });
    await ctx.up(port);
    ports.push(await red.openPacket(end, ETH_P_IPV6));
  }
  await ctx.up("br");
  await ctx.settle("br", "p0", "p1");
  await ctx.addReadyAddr("fd00::1/64", "br");
  await ctx.addNeigh("fd00::2", "br", { lladdr: KNOWN, state: nd.NUD_PERMANENT, flags: nd.NTF_ROUTER });
  const port = { family: AF_BRIDGE, index: await ctx.index("p1"), flags: nd.NTF_MASTER };
  await ctx.request(RTM_NEWNEIGH, NLM_F_CREATE, (writer) =>
    writeNeigh(writer, { ...port, lladdr: KNOWN, state: nd.NUD_NOARP }),
  );
  const suppresses = (writer: MessageWriter): void => void writer.u8(link.IFLA_BRPORT_NEIGH_SUPPRESS, 1);
  await ctx.newLink({ name: "p1", slaveInfo: { kind: "bridge", data: suppresses } }, 0);
  return ports;
}

/** A solicitation from fd00::e, with the address it is from as an option. */
function solicitation(target: string): Uint8Array {
  const frame = new Uint8Array(14 + 40 + 32);
  const address = ipBytes(target);
  frame.set([0x33, 0x33, 0xff, ...address.subarray(13)]);
  frame.set(macBytes(ASKER), 6);
  setBe16(frame, 12, ETH_P_IPV6);
  setBe32(frame, 14, 0x6000_0000);
  setBe16(frame, 18, 32);
  frame.set([58, 255], 20);
  frame.set(ipBytes("fd00::e"), 22);
  frame.set(ipBytes("ff02::1:ff00:0"), 38);
  frame.set(address.subarray(13), 51);
  frame.set(address, 62);
  frame.set([1, 1, ...macBytes(ASKER)], 78);
  writeIcmpv6(frame, 54, frame.length, 14, 135, 0, 0);
  return frame;
}

/** What is heard of neighbour discovery from here on, questions and answers. */
function listen(port: PacketPort): string[] {
  const heard: string[] = [];
  const loop = async (): Promise<void> => {
    for (;;) {
      const { bytes } = await port.receive();
      if (bytes[20] === 58 && (bytes[54] === 135 || bytes[54] === 136)) heard.push(toHex(bytes));
    }
  };
  void loop();
  return heard;
}

parity("neighbours that a bridge knows behind a suppressing port are answered for", async (ctx) => {
  const [asker, other] = await build(ctx);
  if (asker === undefined || other === undefined) throw new Error("There are two ports");
  const [answers, questions] = [listen(asker), listen(other)];
  asker.send(solicitation("fd00::2"));
  asker.send(solicitation("fd00::1"));
  await ctx.until(() => answers.length === 2, "two answers");
  asker.send(solicitation("fd00::9"));
  await ctx.until(() => questions.length > 0, "a question");
  expect(answers).toEqual([
    // From 02:00:00:00:00:0c itself, as a router, solicited, overriding.
    "02000000000e02000000000c86dd" +
      "6000000000203afffd000000000000000000000000000002fd00000000000000000000000000000e" +
      "88009c82e0000000fd000000000000000000000000000002020102000000000c",
    // From the bridge's own stack.
    "02000000000e0200000000b086dd" +
      "6000000000203afffd000000000000000000000000000001fd00000000000000000000000000000e" +
      "88001be160000000fd00000000000000000000000000000102010200000000b0",
  ]);
  expect(questions).toEqual([toHex(solicitation("fd00::9"))]);
});
