// bridge: frames of 60 B to a known station, in by one port of a bridge and out by another, one core: what is sent on the outer
// end of a pair is counted by the packet handler of the other pair's outer end. Its peer is the kernel's bridge between two
// veths, driven by AF_PACKET sendmmsg in batches of 64 and received by a packet socket, netfilter kept out. Then: what 10,000
// entries in the table cost against 10, with frames to and from all of them.

import { kernelNetlink } from "../src/attach/node/index.ts";
import { setS32, setU16 } from "../src/bytes/endian.ts";
import { writeMac } from "../src/bytes/mac.ts";
import type { Machine } from "../src/index.ts";
import { createMachine, SeededRandom, VirtualClock } from "../src/index.ts";
import type { Device } from "../src/net/netdevice.ts";
import { devQueueXmit } from "../src/net/transmit.ts";
import { NetlinkClient } from "../src/netlink/client.ts";
import { ETH_P_802_EX1 } from "../src/uapi/if_ether.ts";
import { IFLA_IFNAME, IFLA_INFO_KIND, IFLA_LINKINFO, IFLA_MASTER } from "../src/uapi/if_link.ts";
import * as nd from "../src/uapi/neighbour.ts";
import { NETLINK_ROUTE, NLM_F_CREATE, NLM_F_EXCL } from "../src/uapi/netlink.ts";
import { IFINFOMSG_SIZE, RTM_NEWLINK, RTM_NEWNEIGH } from "../src/uapi/rtnetlink.ts";
import { AF_BRIDGE } from "../src/uapi/socket.ts";
import { kernelIfindex, PacketPair, quietBridges, quietKernel } from "./af-packet.ts";
import type { BenchContext } from "./main.ts";
import { addPair, setUp } from "./pairs.ts";
import { compare, seconds } from "./rounds.ts";

const defaultRounds = 9;
const roundSeconds = 0.3;
const framesPerTurn = 20_000;
const frameSize = 60;
/** The station behind the second port, and the one behind the first. */
const there = Uint8Array.of(2, 0, 0, 0, 1, 2);
const here = Uint8Array.of(2, 0, 0, 0, 1, 1);

export async function run({ rounds = defaultRounds, hasKernel, report, say }: BenchContext): Promise<void> {
  say("bridge/60 B known unicast");
  const one = await Walk.open(0);
  const uveth = () => one.deliveredPerSecond(roundSeconds);
  let pair: PacketPair | undefined;
  if (hasKernel) {
    quietKernel();
    quietBridges();
    const kernel = new NetlinkClient(await kernelNetlink().openSocket({ protocol: NETLINK_ROUTE }));
    await buildBridge(kernel, kernelIfindex);
    kernel.close();
    pair = new PacketPair(kernelIfindex("e0"), kernelIfindex("e1"), frameSize, { to: there, from: here });
  }
  const sides = pair;
  const peers =
    sides === undefined ? {} : { peers: { kernel: () => sides.deliveredPerSecond(roundSeconds) } };
  const name = "bridge/60 B known unicast";
  report(await compare({ name, unit: "frames/s", isMoreBetter: true, uveth, ...peers }, rounds));
  pair?.close();
  one.close();

  say("bridge/cost of 10,000 entries");
  const [few, many] = [await Walk.open(10), await Walk.open(10_000)];
  const row = {
    name: "bridge/60 B, 10000 entries",
    unit: "frames/s",
    isMoreBetter: true,
    uveth: () => many.deliveredPerSecond(roundSeconds),
    peers: { "10 entries": () => few.deliveredPerSecond(roundSeconds) },
  };
  report(await compare(row, rounds));
  few.close();
  many.close();
}

/** A bridge br0 of the ports p0 and p1, whose pairs' outer ends are e0 and e1; all up, a station entered behind p1. */
async function buildBridge(client: NetlinkClient, index: (name: string) => number): Promise<void> {
  await client.request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, (writer) => {
    writer.reserve(IFINFOMSG_SIZE);
    writer.string(IFLA_IFNAME, "br0");
    const info = writer.nest(IFLA_LINKINFO);
    writer.string(IFLA_INFO_KIND, "bridge").endNest(info);
  });
  for (const number of [0, 1]) {
    await addPair(client, `p${number}`, `e${number}`);
    await client.request(RTM_NEWLINK, 0, (writer) => {
      writer.reserve(IFINFOMSG_SIZE);
      writer.string(IFLA_IFNAME, `p${number}`);
      writer.u32(IFLA_MASTER, index("br0"));
    });
  }
  await setUp(client, ["br0", "p0", "e0", "p1", "e1"]);
  await addEntry(client, index("p1"), there);
}

/** Enters a station behind a port for good. */
async function addEntry(client: NetlinkClient, ifindex: number, mac: Uint8Array): Promise<void> {
  await client.request(RTM_NEWNEIGH, NLM_F_CREATE, (writer) => {
    const at = writer.reserve(nd.NDMSG_SIZE);
    writer.bytes[at + nd.NDMSG_FAMILY] = AF_BRIDGE;
    setS32(writer.bytes, at + nd.NDMSG_IFINDEX, ifindex);
    setU16(writer.bytes, at + nd.NDMSG_STATE, nd.NUD_NOARP);
    writer.bytes[at + nd.NDMSG_FLAGS] = nd.NTF_MASTER;
    writer.binary(nd.NDA_LLADDR, mac);
  });
}

/** The address of the numbered station behind the second port. */
function stationOf(number: number): Uint8Array {
  const mac = new Uint8Array(6);
  writeMac(mac, 0, 0x020000010000 + number * 0x101);
  return mac;
}

async function fillTable(client: NetlinkClient, ifindex: number, count: number): Promise<void> {
  for (let number = 0; number < count; number++) await addEntry(client, ifindex, stationOf(number));
}

/** A machine with a bridge: sends on one outer end and counts what comes out of the other. */
class Walk {
  readonly #machine: Machine;
  readonly #dev: Device;
  /** Send to so many stations in turn; 0: to the one. */
  readonly #spread: number;
  #next = 0;

  private constructor(machine: Machine, dev: Device, spread: number) {
    this.#machine = machine;
    this.#dev = dev;
    this.#spread = spread;
  }

  /** With `spread` stations in the table, which are sent to in turn; 0: one. */
  static async open(spread: number): Promise<Walk> {
    const clock = new VirtualClock();
    const machine = createMachine({ clock, scheduler: clock, random: new SeededRandom(1) });
    const client = new NetlinkClient(await machine.openSocket({ protocol: NETLINK_ROUTE }));
    const { names } = machine.core.initialNetns;
    const index = (name: string): number => names.get(name)?.ifindex ?? 0;
    await buildBridge(client, index);
    await fillTable(client, index("p1"), spread);
    client.close();
    const entry = names.get("e0");
    if (entry === undefined) throw new Error("The bridge was not made");
    return new Walk(machine, entry, spread);
  }

  close(): void {
    this.#machine.close();
  }

  deliveredPerSecond(duration: number): number {
    let delivered = 0;
    this.#dev.machine.packetHandlers.set(ETH_P_802_EX1, (frame) => {
      delivered++;
      frame.pool.free(frame);
    });
    const start = seconds();
    let elapsed = 0;
    while (elapsed < duration) {
      this.#send(framesPerTurn);
      elapsed = seconds() - start;
    }
    return delivered / elapsed;
  }

  #send(count: number): void {
    const { machine } = this.#dev;
    for (let sent = 0; sent < count; sent++) {
      const frame = machine.frames.alloc(frameSize);
      if (frame === null) throw new Error("The pool is exhausted");
      const { view, start } = frame;
      let low = 0x0102;
      let middle = 0;
      if (this.#spread > 0) {
        const number = this.#next;
        this.#next = number + 1 >= this.#spread ? 0 : number + 1;
        low = number * 0x101;
        middle = 0x0001 + (low >>> 16);
      }
      view.setUint32(start, 0x02000000 | middle);
      view.setUint32(start + 4, (low << 16) | 0x0200);
      view.setUint32(start + 8, 0x0101);
      view.setUint16(start + 12, ETH_P_802_EX1);
      frame.end = start + frameSize;
      frame.dev = this.#dev;
      devQueueXmit(frame);
    }
  }
}
