// A frame's whole way from one TAP to another, gone where nobody sees it: through a pair of a machine of its own, whose ends
// are sockets in place of TAPs. After a pause of some milliseconds most of what that way takes is no longer in the caches of the
// processor, and a frame that finds it there is several times as fast (keep-warm.ts).
//
//   socket ── TapLoop ── v0 ═ v1 ── TapLoop ── socket

import { setBe16 } from "../../bytes/endian.ts";
import { writeMac } from "../../bytes/mac.ts";
import type { Machine } from "../../index.ts";
import { createMachine } from "../../index.ts";
import type { Device } from "../../net/netdevice.ts";
import { setOuterStack } from "../../net/outer-stack.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { ETH_ALEN, ETH_P_IP } from "../../uapi/if_ether.ts";
import { AF_UNIX, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK } from "../../uapi/socket.ts";
import { VIRTIO_NET_HDR_SHORT_SIZE } from "../../uapi/virtio_net.ts";
import { realTime } from "../real-time.ts";
import { restoreHeader, transmit } from "./attach-tap.ts";
import type { TapCalls } from "./tap-calls.ts";
import { TapLoop } from "./tap-loop.ts";

const socketType = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
const headerSize = VIRTIO_NET_HDR_SHORT_SIZE;
/** As long as a ping is by default. */
const frameSize = 98;
const frameMemoryBytes = 2 * 1024 * 1024;

/** One such way, to be gone any number of times. */
export class Rehearsal {
  readonly #calls: TapCalls;
  readonly #machine: Machine;
  readonly #loop: TapLoop;
  /** The ends of the sockets that are not the loop's, in the order they are made. */
  readonly #ends: number[] = [];
  /** A frame behind its header, and where what arrives is read into. */
  readonly #sent = new Uint8Array(new ArrayBuffer(headerSize + frameSize));
  readonly #arrived = new Uint8Array(new ArrayBuffer(headerSize + frameSize));
  readonly #sentAddress: number;
  readonly #arrivedAddress: number;

  private constructor(calls: TapCalls, machine: Machine, loop: TapLoop) {
    this.#calls = calls;
    this.#machine = machine;
    this.#loop = loop;
    this.#sentAddress = calls.address(this.#sent);
    this.#arrivedAddress = calls.address(this.#arrived);
  }

  /** Makes one; whoever does closes it. Rejects with a NetlinkError when there are no descriptors left (EMFILE, ENFILE). */
  static async open(calls: TapCalls): Promise<Rehearsal> {
    const machine = createMachine({ ...realTime(), frameMemoryBytes });
    const loop = await TapLoop.open(calls, machine.core).catch((error: unknown) => {
      machine.close();
      throw error;
    });
    const rehearsal = new Rehearsal(calls, machine, loop);
    try {
      await rehearsal.#build();
      return rehearsal;
    } catch (error) {
      rehearsal.close();
      throw error;
    }
  }

  async #build(): Promise<void> {
    const [red, blue] = [await this.#machine.netns("red"), await this.#machine.netns("blue")];
    await red.link.add({ kind: "veth", name: "v0", isUp: true, peer: { name: "v1", netns: "blue" } });
    await blue.link.set("v1", { isUp: true });
    this.#lead("red", "v0");
    writeMac(this.#sent, headerSize, this.#lead("blue", "v1").address);
    setBe16(this.#sent, headerSize + 2 * ETH_ALEN, ETH_P_IP);
  }

  /** Leads a device to a socket, as a native namespace leads its devices to TAPs. */
  #lead(netnsName: string, name: string): Device {
    const netns = this.#machine.core.netnsNames.get(netnsName);
    const dev = netns?.names.get(name);
    if (netns === undefined || dev === undefined) throw new NetlinkError("ENODEV");
    const { libc } = this.#calls;
    const pair = new Int32Array(2);
    const result = libc.socketpair(AF_UNIX, socketType, pair);
    if (result < 0) throw NetlinkError.fromErrno(result);
    const [fd = -1, end = -1] = pair;
    this.#ends.push(end);
    const file = { fd, headerSize, close: () => void libc.close(fd) };
    const port = this.#loop.add(file, (frame) => transmit(frame, dev));
    setOuterStack(netns, {
      pid: 0,
      receive(frame) {
        if (restoreHeader(frame)) port.send(frame);
        else frame.pool.free(frame);
      },
      openEcho: refuse,
      request: refuse,
      getSysctl: refuse,
      setSysctl: refuse,
    });
    return dev;
  }

  /** Sends a frame on its way, which has arrived after a turn of the event loop. Says whether the one before has. */
  play(): boolean {
    const { read, write } = this.#calls;
    const [near = -1, far = -1] = this.#ends;
    const length = read(far, this.#arrivedAddress, this.#arrived.length);
    write(near, this.#sentAddress, this.#sent.length);
    return length === this.#arrived.length;
  }

  close(): void {
    this.#loop.close();
    for (const fd of this.#ends) this.#calls.libc.close(fd);
    this.#machine.close();
  }
}

function refuse(): never {
  throw new NetlinkError("EOPNOTSUPP");
}
