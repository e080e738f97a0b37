// A native namespace: the devices of a namespace of the machine appear as TAPs in a namespace of the kernel, which has the
// addresses and routes and runs programs. What happens to a link on either side happens on the other, at once in one
// direction and when the kernel tells of it in the other.
//
//   machine:  netns red ── v0 ═══ receive / transmit ═══ TAP v0 ── the kernel's namespace, kept by a holder
//
// Requests about addresses, routes, neighbours and rules of the machine's namespace are answered by the kernel, and its events
// go to the machine's groups, so there is one truth.

import type { Machine } from "../../../index.ts";
import type {
  Device,
  DeviceEvent,
  Frame,
  NativeProcess,
  Netns,
  OuterAnswer,
  OuterSender,
  OuterStack,
} from "../../../net/netdevice.ts";
import type { EchoListener, EchoWay, OuterEcho } from "../../../net/outer-echo.ts";
import { setOuterStack } from "../../../net/outer-stack.ts";
import { NetlinkError } from "../../../netlink/error.ts";
import type { ReceiveBuffer } from "../msghdr.ts";
import type { TapCalls } from "../tap-calls.ts";
import type { TapLoop } from "../tap-loop.ts";
import type { Holder } from "./holder.ts";
import { ask } from "./holder.ts";
import { InnerEvents } from "./inner-events.ts";
import * as inner from "./inner-link.ts";
import { NativeEchoes } from "./native-echoes.ts";
import { NativeSockets } from "./native-sockets.ts";
import { isOuterDevice } from "./outer-device.ts";
import type { SetUp } from "./set-up.ts";
import type { Snapshot } from "./snapshot.ts";
import { moveAddresses, moveRoutes } from "./snapshot.ts";
import { openNetlink, readdress, SyncNetlink } from "./sync-netlink.ts";

/** What native namespaces of one machine share. */
export interface NativeParts {
  readonly machine: Machine;
  readonly calls: TapCalls;
  readonly loop: TapLoop;
  /** Memory for one netlink datagram. */
  readonly buffer: ReceiveBuffer;
  log(text: string): void;
}

/** One of them. */
export class NativeNetns implements OuterStack, NativeProcess {
  readonly netns: Netns;
  readonly holder: Holder;
  readonly mapsRange: boolean;
  /** Sockets of this process there. */
  readonly sockets: NativeSockets;
  readonly #echoes: NativeEchoes;
  readonly #parts: NativeParts;
  readonly #rtnl: SyncNetlink;
  readonly #events: InnerEvents;
  readonly #links = new Map<Device, inner.InnerLink>();
  /** Files for devices to be made with. */
  readonly #taps: inner.KeptFile[];
  /** Sockets for requests of others that nobody uses at the moment, by their options. */
  readonly #idle = new Map<number, SyncNetlink[]>();
  #isOpen = true;
  /** Called when addresses have come or gone. */
  onAddresses: () => void = () => {};

  /**
   * Takes `netns` over, and all that was set up for it: its links appear in the kernel's namespace, and what it has, the
   * snapshot, moves there.
   */
  constructor(
    parts: NativeParts,
    netns: Netns,
    { holder, mapsRange, rtnl, events, taps }: SetUp,
    snapshot: Snapshot,
  ) {
    const { libc } = parts.calls;
    this.#parts = parts;
    this.netns = netns;
    this.holder = holder;
    this.mapsRange = mapsRange;
    this.sockets = new NativeSockets(libc, holder);
    this.#echoes = new NativeEchoes(libc, holder);
    this.#taps = [...taps];
    this.#rtnl = new SyncNetlink(libc, parts.buffer, rtnl);
    try {
      this.#events = new InnerEvents(parts, events, netns);
    } catch (error) {
      for (const fd of [rtnl, events, ...taps.map((tap) => tap.fd)]) libc.close(fd);
      throw error;
    }
    try {
      for (const dev of netns.devices.values()) this.#attempt(dev, () => this.#make(dev), isOutOfDescriptors);
    } catch (error) {
      // Nothing has moved yet.
      this.close();
      throw error;
    }
    setOuterStack(netns, this);
    moveAddresses(snapshot, this.#rtnl);
    for (const dev of netns.devices.values()) this.#attempt(dev, () => inner.setInnerFlags(this.#rtnl, dev));
    moveRoutes(snapshot, this.#rtnl);
    this.#events.skip();
    // What the kernel makes in every namespace.
    inner.eachInner(this.#rtnl, (message) => this.#events.followLink(message));
    this.#events.onAddresses = () => this.onAddresses();
    this.#events.onGone = (dev) => this.#remove(dev);
  }

  /** False once it has ended, for whatever reason. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  get pid(): number {
    return this.holder.pid;
  }

  receive(frame: Frame, dev: Device): void {
    const link = this.#links.get(dev);
    if (link === undefined) frame.pool.free(frame);
    else link.receive(frame);
  }

  request(message: Uint8Array, sender: OuterSender): OuterAnswer {
    this.holder.settle();
    const key = (sender.isStrict ? 1 : 0) | (sender.hasExtendedAck ? 2 : 0) | (sender.hasCappedAck ? 4 : 0);
    const { calls, buffer } = this.#parts;
    const idle = this.#idle.get(key) ?? [];
    this.#idle.set(key, idle);
    const socket = idle.pop() ?? new SyncNetlink(calls.libc, buffer, openNetlink(this.holder), sender);
    const { portId } = sender;
    let isDone = false;
    try {
      socket.send(message);
    } catch (error) {
      socket.close();
      throw error;
    }
    return {
      next: () => {
        const datagram = isDone ? undefined : socket.receive();
        if (datagram !== undefined) readdress(datagram, portId);
        else if (!isDone) {
          isDone = true;
          if (this.#isOpen) idle.push(socket);
          else socket.close();
          // What the request has changed is told before anything else is asked.
          this.#events.read();
        }
        return datagram;
      },
      close: () => {
        if (!isDone) socket.close();
        isDone = true;
      },
    };
  }

  getSysctl(path: readonly string[]): string {
    const value = this.holder.read(sysctlFile(path));
    if (typeof value === "number") throw NetlinkError.fromErrno(value);
    return value.trimEnd();
  }

  setSysctl(path: readonly string[], value: string): void {
    const result = this.holder.do(ask.write(sysctlFile(path), value));
    if (result < 0) throw NetlinkError.fromErrno(result);
  }

  openEcho(way: EchoWay, listener: EchoListener): OuterEcho {
    this.holder.settle();
    return this.#echoes.open(way, listener);
  }

  /** Lets the kernel's namespace follow what happens to a device of the machine's. */
  follow(event: DeviceEvent, dev: Device): void {
    if (!this.#isOpen) return;
    if (event === "register") {
      if (!this.#events.isFollowing(dev)) this.#register(dev);
      return;
    }
    if (event === "unregister") {
      if (dev === this.netns.loopback) return this.close();
      if (!this.netns.isAlive) return this.#abandon(dev);
      this.#remove(dev);
      return this.#events.read();
    }
    const link = this.#links.get(dev);
    if (link === undefined && dev !== this.netns.loopback && !isOuterDevice(dev)) return;
    const rtnl = this.#rtnl;
    this.#attempt(dev, () => link?.syncCarrier());
    if (this.#events.isFollowing(dev)) return;
    switch (event) {
      case "up":
      case "down":
      case "change":
        return this.#tell(dev, () => inner.setInnerFlags(rtnl, dev));
      case "change-mtu":
        return this.#tell(dev, () => inner.setInnerMtu(rtnl, dev));
      case "change-address":
        return this.#tell(dev, () => inner.setInnerAddress(rtnl, dev));
      case "change-name":
        return this.#tell(dev, () => inner.setInnerName(rtnl, dev));
      case "change-tx-queue-length":
        return this.#tell(dev, () => inner.setInnerQueueLength(rtnl, dev));
      default:
        return;
    }
  }

  /** Ends it, with every program there. The machine's namespace is left with its links alone. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.sockets.close();
    this.#echoes.close();
    this.#events.close();
    for (const link of this.#links.values()) link.abandon();
    this.#links.clear();
    for (const { fd } of this.#taps.splice(0)) this.#parts.calls.libc.close(fd);
    for (const idle of this.#idle.values()) for (const socket of idle.splice(0)) socket.close();
    this.#rtnl.close();
    this.holder.close();
  }

  #remove(dev: Device): void {
    if (isOuterDevice(dev) && !this.#events.isFollowing(dev)) {
      this.#attempt(dev, () => inner.deleteInner(this.#rtnl, dev));
    }
    this.#links.get(dev)?.remove();
    this.#links.delete(dev);
  }

  /** The namespace goes, and takes it along. */
  #abandon(dev: Device): void {
    this.#links.get(dev)?.abandon();
    this.#links.delete(dev);
  }

  #register(dev: Device): void {
    this.#tell(dev, () => {
      this.#make(dev);
      inner.setInnerFlags(this.#rtnl, dev);
    });
  }

  #make(dev: Device): void {
    if (dev === this.netns.loopback) return;
    const { calls, loop } = this.#parts;
    const link = new inner.InnerLink(dev, {
      calls,
      loop,
      holder: this.holder,
      rtnl: this.#rtnl,
      taps: this.#taps,
    });
    this.#links.set(dev, link);
    inner.configureInner(this.#rtnl, dev);
  }

  /** Changes something inside, between what happened there before and what comes of it. */
  #tell(dev: Device, change: () => void): void {
    this.holder.settle();
    this.#events.read();
    this.#attempt(dev, change);
    this.#events.settle(dev);
  }

  /** Changes something inside. A refusal is logged, unless it `isFatal`: the two sides differ from then on. */
  #attempt(dev: Device, change: () => void, isFatal = (_error: NetlinkError): boolean => false): void {
    try {
      change();
    } catch (error) {
      if (!(error instanceof NetlinkError) || isFatal(error)) throw error;
      this.#parts.log(
        `The kernel refuses ${dev.name} as it is in the machine: ${error.message || error.code}`,
      );
    }
  }
}

/** Whether something failed that closing files would cure. */
function isOutOfDescriptors({ code }: NetlinkError): boolean {
  return code === "EMFILE" || code === "ENFILE";
}

/** The file of a setting; ENOENT for a name that leads elsewhere. */
function sysctlFile(path: readonly string[]): string {
  if (path.some((part) => part === "" || part === "." || part === ".." || part.includes("/"))) {
    throw new NetlinkError("ENOENT");
  }
  return `/proc/sys/net/${path.join("/")}`;
}
