// Bridges, and hosts on them, in one machine, for tests of what takes time or what the live kernel lacks.

import { expect } from "vitest";
import { getBe16 } from "../../src/bytes/endian.ts";
import { run } from "../../src/cli/command.ts";
import type { Machine, VirtualClock } from "../../src/index.ts";
import { frameFrom } from "../../src/net/frame.ts";
import type { Device, Frame, PacketTap } from "../../src/net/netdevice.ts";
import { devQueueXmit } from "../../src/net/transmit.ts";
import type { TestMachineOptions } from "../../src/testkit/index.ts";
import { createTestMachine } from "../../src/testkit/index.ts";
import { closeAndFindLeaks } from "../../src/testkit/leaks.ts";
import { quietIo } from "../e2e/scenario.ts";

/** One machine under a virtual clock, worked on by the words of `ip` and `bridge`. */
export class World {
  readonly clock: VirtualClock;
  readonly machine: Machine;

  constructor(options: TestMachineOptions = {}) {
    const { clock, machine } = createTestMachine(options);
    this.clock = clock;
    this.machine = machine;
  }

  /** Runs lines of `ip …` and `bridge …`; each must succeed. */
  async do(...lines: string[]): Promise<void> {
    for (const line of lines) expect(await this.try(line)).toMatchObject({ line, code: 0, stderr: "" });
  }

  /** Runs one line. */
  async try(line: string): Promise<{ line: string; stdout: string; stderr: string; code: number }> {
    let stdout = "";
    let stderr = "";
    const io = {
      ...quietIo(this.machine),
      stdout: (text: string) => void (stdout += text),
      stderr: (text: string) => void (stderr += text),
    };
    const code = await run(line.split(" "), io);
    return { line, stdout, stderr, code };
  }

  /** A pair whose end `port` is a port of `master`, and whose other end `host` is up; both quiet. */
  async port(master: string, port: string, host: string, more = ""): Promise<void> {
    await this.do(
      `ip link add ${port}${more} type veth peer name ${host}`,
      `ip link set ${port} addrgenmode none`,
      `ip link set ${host} addrgenmode none`,
      `ip link set ${port} master ${master}`,
      `ip link set ${host} up`,
      `ip link set ${port} up`,
    );
  }

  device(name: string): Device {
    const dev = this.machine.core.initialNetns.names.get(name);
    if (dev === undefined) throw new Error(`There is no ${name}`);
    return dev;
  }

  /** Sends a frame, given as hexadecimal text, on a device, and lets it arrive everywhere. */
  async send(name: string, hex: string): Promise<void> {
    const bytes = bytesOf(hex);
    const dev = this.device(name);
    const frame = frameFrom(this.machine.core.frames, bytes);
    if (frame === null) throw new Error("The pool is exhausted");
    frame.dev = dev;
    frame.protocol = getBe16(bytes, 12);
    devQueueXmit(frame);
    await this.clock.advance(1_000);
  }

  /** Ends the machine, which must have leaked nothing. */
  close(): void {
    expect(closeAndFindLeaks(this.machine)).toEqual([]);
  }
}

/** What a device has received, as hexadecimal text, with the tag that travels beside the bytes put into them. */
export class Ear implements PacketTap {
  readonly heard: string[] = [];
  readonly #dev: Device;

  constructor(dev: Device) {
    this.#dev = dev;
    dev.taps = [...(dev.taps ?? []), this];
  }

  seen(frame: Frame, _dev: Device, isOutgoing: boolean): void {
    if (isOutgoing) return;
    const { bytes, macHeader, end, vlanProtocol, vlanTci } = frame;
    const tag = vlanProtocol === 0 ? "" : word(vlanProtocol) + word(vlanTci);
    const [addresses, rest] = [
      bytes.subarray(macHeader, macHeader + 12),
      bytes.subarray(macHeader + 12, end),
    ];
    this.heard.push(hexOf(addresses) + tag + hexOf(rest));
  }

  /** Takes what was heard so far. */
  take(): string[] {
    return this.heard.splice(0);
  }

  close(): void {
    const rest = (this.#dev.taps ?? []).filter((tap) => tap !== this);
    this.#dev.taps = rest.length > 0 ? rest : null;
  }
}

function word(number: number): string {
  return number.toString(16).padStart(4, "0");
}

function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function bytesOf(hex: string): Uint8Array {
  const digits = hex.replace(/\s/g, "");
  return Uint8Array.from({ length: digits.length / 2 }, (_, at) =>
    Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16),
  );
}
