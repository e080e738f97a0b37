// Bridges, and hosts on them, in one machine, for tests of what takes time or what the live kernel lacks.

import { expect } from "vitest";
import { getBe16, getS32, setS32, setU32 } from "../../src/bytes/endian.ts";
import { run } from "../../src/cli/command.ts";
import { BR_BOOLOPT_MST_ENABLE } from "../../src/drivers/bridge/state.ts";
import type { Machine, VirtualClock } from "../../src/index.ts";
import { frameFrom } from "../../src/net/frame.ts";
import type { Device, Frame, PacketTap } from "../../src/net/netdevice.ts";
import { devQueueXmit } from "../../src/net/transmit.ts";
import { NetlinkClient } from "../../src/netlink/client.ts";
import { NLMSG_HDRLEN } from "../../src/netlink/message.ts";
import type { TestMachineOptions } from "../../src/testkit/index.ts";
import { createTestMachine } from "../../src/testkit/index.ts";
import { closeAndFindLeaks } from "../../src/testkit/leaks.ts";
import * as br from "../../src/uapi/if_bridge.ts";
import * as il from "../../src/uapi/if_link.ts";
import { NETLINK_ROUTE } from "../../src/uapi/netlink.ts";
import * as rt from "../../src/uapi/rtnetlink.ts";
import { AF_BRIDGE } from "../../src/uapi/socket.ts";
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

  /** Turns multiple spanning trees on or off, for which iproute2 6.1 has no word. */
  async setMst(bridge: string, isOn: boolean): Promise<void> {
    const client = await this.openClient();
    await client.request(rt.RTM_NEWLINK, 0, (writer) => {
      setS32(
        writer.bytes,
        writer.reserve(rt.IFINFOMSG_SIZE) + rt.IFINFOMSG_INDEX,
        this.device(bridge).ifindex,
      );
      const info = writer.nest(il.IFLA_LINKINFO);
      writer.string(il.IFLA_INFO_KIND, "bridge");
      const data = writer.nest(il.IFLA_INFO_DATA);
      const at = writer.attribute(il.IFLA_BR_MULTI_BOOLOPT, 8);
      setU32(writer.bytes, at, isOn ? BR_BOOLOPT_MST_ENABLE : 0);
      setU32(writer.bytes, at + 4, BR_BOOLOPT_MST_ENABLE);
      writer.endNest(data).endNest(info);
    });
    client.close();
  }

  /** Puts a VLAN into a tree. */
  async setMsti(bridge: string, vid: number, msti: number): Promise<void> {
    const client = await this.openClient();
    await client.request(rt.RTM_NEWVLAN, 0, (writer) => {
      const at = writer.reserve(br.BR_VLAN_MSG_SIZE);
      writer.bytes[at] = AF_BRIDGE;
      setS32(writer.bytes, at + br.BR_VLAN_MSG_IFINDEX, this.device(bridge).ifindex);
      const nest = writer.nestFlagged(br.BRIDGE_VLANDB_GLOBAL_OPTIONS);
      writer.u16(br.BRIDGE_VLANDB_GOPTS_ID, vid).u16(br.BRIDGE_VLANDB_GOPTS_MSTI, msti).endNest(nest);
    });
    client.close();
  }

  /** Gives a port a state in a tree. */
  async setMstState(port: string, msti: number, state: number): Promise<void> {
    const client = await this.openClient();
    await client.request(rt.RTM_SETLINK, 0, (writer) => {
      const at = writer.reserve(rt.IFINFOMSG_SIZE);
      writer.bytes[at] = AF_BRIDGE;
      setS32(writer.bytes, at + rt.IFINFOMSG_INDEX, this.device(port).ifindex);
      const spec = writer.nest(il.IFLA_AF_SPEC);
      const mst = writer.nestFlagged(br.IFLA_BRIDGE_MST);
      const entry = writer.nestFlagged(br.IFLA_BRIDGE_MST_ENTRY);
      writer.u16(br.IFLA_BRIDGE_MST_ENTRY_MSTI, msti).u8(br.IFLA_BRIDGE_MST_ENTRY_STATE, state);
      writer.endNest(entry).endNest(mst).endNest(spec);
    });
    client.close();
  }

  /** The states a port has in its trees: their numbers and BR_STATE_*. */
  async mstStates(port: string): Promise<number[][]> {
    const client = await this.openClient();
    const { messages } = await client.dump(rt.RTM_GETLINK, (writer) => {
      writer.bytes[writer.reserve(rt.IFINFOMSG_SIZE)] = AF_BRIDGE;
      writer.u32(il.IFLA_EXT_MASK, rt.RTEXT_FILTER_MST);
    });
    client.close();
    const index = this.device(port).ifindex;
    return messages
      .filter(({ bytes }) => getS32(bytes, NLMSG_HDRLEN + rt.IFINFOMSG_INDEX) === index)
      .flatMap((message) => message.attribute(il.IFLA_AF_SPEC, rt.IFINFOMSG_SIZE)?.children() ?? [])
      .flatMap((mst) => mst.children())
      .map((entry) => [
        entry.child(br.IFLA_BRIDGE_MST_ENTRY_MSTI)?.u16() ?? -1,
        entry.child(br.IFLA_BRIDGE_MST_ENTRY_STATE)?.u8() ?? -1,
      ]);
  }

  /** A netlink client, for what the commands have no words for. */
  async openClient(): Promise<NetlinkClient> {
    return new NetlinkClient(await this.machine.openSocket({ protocol: NETLINK_ROUTE }));
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
