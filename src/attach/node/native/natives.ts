// The native namespaces of one machine: each is made when a program is first to run there, and goes when the machine's
// namespace goes.

import type { Machine } from "../../../index.ts";
import { VirtualClock } from "../../../index.ts";
import type { Device, DeviceEvent, Netns, OuterStacks } from "../../../net/netdevice.ts";
import { setOuterStack } from "../../../net/outer-stack.ts";
import { NetlinkError } from "../../../netlink/error.ts";
import { KeepWarm } from "../keep-warm.ts";
import { Rehearsal } from "../rehearsal.ts";
import { loadTapCalls } from "../tap-calls.ts";
import { TapLoop } from "../tap-loop.ts";
import { forbiddenTun, withDescriptorCure } from "./forbidden.ts";
import { HolderServer } from "./holder.ts";
import { Hosts } from "./hosts.ts";
import type { NativeParts } from "./native-netns.ts";
import { NativeNetns } from "./native-netns.ts";
import type { SetUp, SetUpOptions } from "./set-up.ts";
import { setUpNamespace } from "./set-up.ts";
import { emptySnapshot, takeSnapshot } from "./snapshot.ts";
import { netlinkBuffer } from "./sync-netlink.ts";

/** All of them: what `core.outerStacks` of the machine is, which closes it in the end. */
export class Natives implements OuterStacks {
  readonly #parts: NativeParts;
  readonly #warm: KeepWarm;
  readonly #server: HolderServer;
  readonly #hosts: Hosts;
  readonly #all = new Map<Netns, NativeNetns>();
  readonly #follow = (event: DeviceEvent, dev: Device): void => this.#see(event, dev);

  private constructor(parts: NativeParts) {
    this.#parts = parts;
    this.#warm = new KeepWarm(parts.loop, () => Rehearsal.open(parts.calls));
    this.#server = new HolderServer(parts.calls.libc);
    this.#hosts = new Hosts(parts.machine, parts.calls.libc);
    parts.machine.core.notifiers.push(this.#follow);
  }

  /** Those of `machine`, made when it has none yet. */
  static async of(machine: Machine): Promise<Natives> {
    const { outerStacks } = machine.core;
    if (outerStacks instanceof Natives) return outerStacks;
    const natives = await Natives.open(machine, () => {});
    // Somebody else may have been quicker.
    const { outerStacks: others } = machine.core;
    if (!(others instanceof Natives)) machine.core.outerStacks = natives;
    else natives.close();
    return others instanceof Natives ? others : natives;
  }

  /**
   * Makes the place for them on a machine; rejects with a NetlinkError: ENOSYS where there is no FFI, EINVAL for a machine in
   * virtual time, which no program of the system can follow.
   */
  static async open(machine: Machine, log: (text: string) => void): Promise<Natives> {
    if (machine.core.clock instanceof VirtualClock) {
      throw new NetlinkError(
        "EINVAL",
        "Programs of the system cannot run in virtual time: give the machine realTime()",
      );
    }
    const calls = await loadTapCalls();
    const loop = await TapLoop.open(calls, machine.core);
    return new Natives({ machine, calls, loop, buffer: netlinkBuffer(calls.libc), log });
  }

  /** As `turn`, for a program that is about to start there. */
  enter(netns: Netns, options: SetUpOptions = {}): NativeNetns {
    const native = this.turn(netns, options);
    this.settle(native);
    return native;
  }

  /** Sees to it that a program finds everything as it is now. */
  settle({ holder }: NativeNetns): void {
    holder.settle();
    this.#hosts.refresh();
    this.#hosts.settle();
  }

  /** The native namespace of `netns`, made when it is not there yet; NetlinkError with cause and cure where that cannot be. */
  turn(netns: Netns, options: SetUpOptions = {}): NativeNetns {
    const known = this.#all.get(netns);
    if (known !== undefined) return known;
    const tun = forbiddenTun();
    if (tun !== undefined) throw tun;
    if (netns.stack !== null) throw new NetlinkError("EBUSY", "The namespace has another stack");
    const { native, hosts } = this.#make(netns, options);
    const { holder } = native;
    this.#all.set(netns, native);
    if (hosts >= 0) this.#hosts.add(holder, hosts, netns);
    native.onAddresses = () => this.#hosts.refresh(netns);
    holder.onEnd = () => this.#lose(native);
    return native;
  }

  /** Makes one, whole or not at all. */
  #make(netns: Netns, options: SetUpOptions): { native: NativeNetns; hosts: number } {
    const { libc } = this.#parts.calls;
    let made: SetUp | undefined;
    try {
      let snapshot = emptySnapshot;
      made = setUpNamespace(libc, this.#server, options, netns.devices.size - 1, () => {
        snapshot = takeSnapshot(this.#parts.machine, netns);
      });
      return { native: new NativeNetns(this.#parts, netns, made, snapshot), hosts: made.hosts };
    } catch (error) {
      if (made !== undefined && made.hosts >= 0) libc.close(made.hosts);
      made?.holder.close();
      throw withDescriptorCure(error);
    }
  }

  /** Ends one, with its programs: the namespace is the machine's own again, with its links alone. */
  leave(native: NativeNetns): void {
    const { netns } = native;
    if (!this.#all.delete(netns)) return;
    this.#hosts.remove(native.holder);
    native.close();
    setOuterStack(netns, null);
  }

  /** Ends all of them, with their programs. */
  close(): void {
    const { notifiers } = this.#parts.machine.core;
    const index = notifiers.indexOf(this.#follow);
    if (index >= 0) notifiers.splice(index, 1);
    for (const native of this.#all.values()) native.close();
    this.#all.clear();
    this.#hosts.close();
    this.#warm.close();
    this.#parts.loop.close();
    this.#server.close();
  }

  /** A holder was killed, and every program with it. */
  #lose(native: NativeNetns): void {
    this.leave(native);
    this.#parts.log(
      `The first process of a native namespace (pid ${native.holder.pid}) was killed, and its programs with it`,
    );
  }

  #see(event: DeviceEvent, dev: Device): void {
    const native = this.#all.get(dev.netns);
    if (native === undefined) return;
    native.follow(event, dev);
    if (event !== "unregister" || dev !== dev.netns.loopback) return;
    this.#all.delete(dev.netns);
    this.#hosts.remove(native.holder);
    this.#hosts.refresh();
  }
}
