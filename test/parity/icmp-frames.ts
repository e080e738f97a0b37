// A host with default routes of both families and a packet socket that plays the routers, and the ICMP packets they send.
//
//   a (index 2, 02:00:00:00:00:0a, 10.0.0.1/24, 2001:db8::1/64) ─────── b

import { setBe16, setBe32 } from "../../src/bytes/endian.ts";
import { ETH_P_IP } from "../../src/uapi/if_ether.ts";
import { AF_INET6 } from "../../src/uapi/socket.ts";
import { writeIcmp } from "../../src/wire/icmp.ts";
import { updateIpv4Checksum } from "../../src/wire/ipv4.ts";
import type { ParityContext } from "./context.ts";
import type { PacketPort } from "./targets.ts";
import { ipBytes, macBytes } from "./vocabulary.ts";

export const A = "02:00:00:00:00:0a";
export const B = "02:00:00:00:00:0b";

/** The host, and the port opposite of it. */
export async function connect(ctx: ParityContext): Promise<PacketPort> {
  const red = await ctx.otherNetns();
  await ctx.newLink({ name: "a", address: A, vethPeer: { name: "b", address: B, netnsFd: red.fd } });
  await ctx.quiet("a");
  await red.quiet("b");
  await red.up("b");
  const port = await red.openPacket("b");
  await ctx.addAddr("10.0.0.1/24", "a");
  await ctx.up("a");
  await ctx.settle("a");
  await ctx.addReadyAddr("2001:db8::1/64", "a");
  await ctx.addRoute("default", { gateway: "10.0.0.2" });
  await ctx.addRoute("default", { family: AF_INET6, gateway: "2001:db8::2" });
  return port;
}

function header4(frame: Uint8Array, at: number, size: number, from: string, to: string): void {
  frame.set([0x45, 0], at);
  setBe16(frame, at + 2, size);
  setBe16(frame, at + 6, 0x4000);
  frame.set([64, 1], at + 8);
  frame.set(ipBytes(from), at + 12);
  frame.set(ipBytes(to), at + 16);
  updateIpv4Checksum(frame, at);
}

/** An ICMP message of the router `from` about an answer of the host's to an echo request of `to`, in a frame. */
export function aboutReply4(
  { to, source = "10.0.0.1", from = "10.0.0.2" }: { to: string; source?: string; from?: string },
  type: number,
  code: number,
  rest: number,
): Uint8Array {
  const frame = new Uint8Array(14 + 20 + 8 + 20 + 8);
  frame.set(macBytes(A), 0);
  frame.set(macBytes(B), 6);
  setBe16(frame, 12, ETH_P_IP);
  header4(frame, 42, 1500, source, to);
  writeIcmp(frame, 62, 70, 0, 0, 0x0001_0001);
  writeIcmp(frame, 34, frame.length, type, code, rest);
  header4(frame, 14, 56, from, "10.0.0.1");
  return frame;
}

/** An IPv6 header of ICMPv6 at an offset, for so many bytes behind it. */
export function header6(frame: Uint8Array, at: number, size: number, from: string, to: string): void {
  setBe32(frame, at, 0x6000_0000);
  setBe16(frame, at + 4, size);
  frame.set([58, 64], at + 6);
  frame.set(ipBytes(from), at + 8);
  frame.set(ipBytes(to), at + 24);
}
