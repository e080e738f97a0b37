// A TAP as its user holds it: frames in, frames out, and whether the wire is connected.

import { macFromText } from "../bytes/mac.ts";
import type { TapDevice } from "../drivers/tun.ts";
import { makeTap, receiveFromTap, setTapCarrier } from "../drivers/tun.ts";
import type { Netns } from "../net/netdevice.ts";
import { unregisterDevice } from "../net/register.ts";
import { invalid } from "../netlink/error.ts";

/** What a TAP is to be. */
export interface TapOptions {
  /** Its name, or a template with `%d`. */
  readonly name: string;
  /** 1500 by default; at most 65521. */
  readonly mtu?: number | undefined;
  /** Its MAC address; a random one by default. */
  readonly address?: string | undefined;
  /** Whether its wire is connected from the start; true by default. */
  readonly hasCarrier?: boolean | undefined;
}

/** A TAP. Whoever makes it closes it, and with it the device goes; it goes with the device too. */
export class Tap {
  readonly #dev: TapDevice;
  #isOpen = true;
  /**
   * Takes a frame that is sent on the device, from its Ethernet header on, cut to the MTU and with its checksum. The bytes are valid
   * during the call only. False when there is no room for it: the frame is dropped, and counted so.
   */
  onFrame: (frame: Uint8Array) => unknown = () => {};
  /** The device is gone: it was deleted, or its namespace, or closed. */
  onGone: () => void = () => {};

  /** See MachineNetns.tap. */
  constructor(netns: Netns, { name, mtu, address, hasCarrier = true }: TapOptions) {
    const mac = address === undefined ? undefined : macFromText(address);
    if (address !== undefined && mac === undefined) throw invalid(`"${address}" is no MAC address`);
    this.#dev = makeTap(
      netns,
      {
        take: (bytes, start, end) => this.onFrame(bytes.subarray(start, end)) !== false,
        released: () => this.#released(),
      },
      { name, mtu, address: mac },
    );
    this.setCarrier(hasCarrier);
  }

  /** What it is called now. */
  get name(): string {
    return this.#dev.name;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** A text that `ip link` shows with it (IFLA_IFALIAS). */
  set alias(text: string) {
    this.#dev.alias = text;
  }

  /**
   * Has the device receive a frame, a copy of `frame`. False when it does not: it is down or gone, the frame is shorter than an
   * Ethernet header or longer than any can be, or too many wait to be received.
   */
  deliver(frame: Uint8Array): boolean {
    return this.deliverPart(frame, 0, frame.length);
  }

  /** As `deliver`, for the bytes from `start` to `end`. */
  deliverPart(bytes: Uint8Array, start: number, end: number): boolean {
    if (!this.#isOpen) return false;
    const { loop } = this.#dev.machine;
    loop.enter();
    const isTaken = receiveFromTap(this.#dev, bytes, start, end);
    loop.leave();
    return isTaken;
  }

  /** Connects the wire, or not: the namespace sees NO-CARRIER. */
  setCarrier(hasCarrier: boolean): void {
    if (this.#isOpen) setTapCarrier(this.#dev, hasCarrier);
  }

  /** Deletes the device. */
  close(): void {
    if (this.#isOpen) unregisterDevice(this.#dev);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #released(): void {
    this.#isOpen = false;
    this.onGone();
  }
}
