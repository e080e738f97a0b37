// Builds a topology over netlink, the same requests for the kernel and for a machine.

import { setU16, setU32 } from "../../src/bytes/endian.ts";
import { macFromText, writeMac } from "../../src/bytes/mac.ts";
import type { NetlinkClient } from "../../src/netlink/client.ts";
import type { MessageWriter } from "../../src/netlink/writer.ts";
import { IFF_PROMISC, IFF_UP } from "../../src/uapi/if.ts";
import {
  IFA_ADDRESS,
  IFA_LOCAL,
  IFADDRMSG_FAMILY,
  IFADDRMSG_INDEX,
  IFADDRMSG_PREFIXLEN,
  IFADDRMSG_SIZE,
} from "../../src/uapi/if_addr.ts";
import * as il from "../../src/uapi/if_link.ts";
import * as nd from "../../src/uapi/neighbour.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../../src/uapi/netlink.ts";
import * as rt from "../../src/uapi/rtnetlink.ts";
import { AF_BRIDGE, AF_INET, AF_INET6 } from "../../src/uapi/socket.ts";
import type { LinkRequest } from "../parity/vocabulary/link.ts";
import { readLink, writeLink } from "../parity/vocabulary/link.ts";
import { ipBytes } from "../parity/vocabulary/text.ts";
import type { NeighbourSpec, Topology } from "./case.ts";
import { hex } from "./case.ts";
import type { FilterSpec } from "./filters.ts";
import { addFilters } from "./filters.ts";

const CREATE = NLM_F_CREATE | NLM_F_EXCL;
/** The group every device of a case is in, by which they all go. */
const GROUP = 77;

type Settings = readonly (readonly [type: number, bits: 8 | 16 | 32 | 64, value: number])[];

/** Builds `topology` in the namespace of `client`; its devices by name. */
export async function build(client: NetlinkClient, topology: Topology): Promise<Map<string, number>> {
  const builder = new Builder(client);
  if (topology.kind === "bridge") await builder.bridge(topology);
  else if (topology.kind === "veth") await builder.pair(0, topology.mtu, topology.peerMtu);
  else if (topology.kind === "ifb") await builder.ifb(topology.filters);
  else if (topology.kind === "vxlan") await builder.vxlan(topology);
  else {
    await builder.pair(0, 1_500, 1_500);
    for (const [index, mode] of topology.modes.entries()) await builder.macvlan(index, mode);
  }
  return builder.indexes;
}

/** Deletes all that `build` made. */
export async function tearDown(client: NetlinkClient): Promise<void> {
  await client.request(rt.RTM_DELLINK, 0, (writer) => writeLink(writer, { group: GROUP }));
}

class Builder {
  readonly #client: NetlinkClient;
  readonly indexes = new Map<string, number>();

  constructor(client: NetlinkClient) {
    this.#client = client;
  }

  async pair(index: number, mtu: number, peerMtu: number): Promise<void> {
    const [name, peer] = [`p${index}`, `e${index}`];
    await this.#new({
      name: peer,
      address: `02:00:00:00:00:${hex(index + 0x10)}`,
      mtu: peerMtu,
      group: GROUP,
      vethPeer: { name, address: `02:00:00:00:00:${hex(index)}`, mtu, group: GROUP },
    });
    await this.#find(name, peer);
    await this.#up(name, peer);
  }

  async macvlan(index: number, mode: number): Promise<void> {
    const name = `m${index}`;
    const link = this.indexes.get("p0") ?? 0;
    const address = `02:00:00:00:00:${hex(index + 0x12)}`;
    const more = (writer: MessageWriter): void => {
      writer.u32(il.IFLA_LINK, link);
      writeInfo(writer, "macvlan", (inner) => inner.u32(il.IFLA_MACVLAN_MODE, mode));
    };
    // One that takes the whole device over has the device's address.
    const own = mode === il.MACVLAN_MODE_PASSTHRU ? {} : { address };
    await this.#new({ name, ...own, group: GROUP, more });
    await this.#find(name);
    await this.#up(name);
  }

  async ifb(filters: readonly FilterSpec[]): Promise<void> {
    for (const index of [0, 1]) await this.pair(index, 1_500, 1_500);
    const more = (writer: MessageWriter): void => writeInfo(writer, "ifb", () => {});
    await this.#new({ name: "i0", address: "02:00:00:00:00:12", group: GROUP, more });
    await this.#find("i0");
    await this.#up("i0");
    await addFilters(this.#client, this.indexes, filters);
  }

  /** Both remotes are known neighbours behind `e0`, and every frame leaves by the same port. */
  async vxlan(topology: Extract<Topology, { kind: "vxlan" }>): Promise<void> {
    await this.pair(0, 1_500, 1_500);
    const link = this.indexes.get("p0") ?? 0;
    await this.#address(link);
    for (const remote of [2, 3]) {
      const neighbour = {
        address: `10.0.0.${remote}`,
        mac: "02:00:00:00:00:10",
        state: nd.NUD_PERMANENT,
        flags: 0,
      };
      await this.#neighbour(link, AF_INET, neighbour);
    }
    const more = (writer: MessageWriter): void =>
      writeInfo(writer, "vxlan", (inner) => {
        inner.u32(il.IFLA_VXLAN_ID, 5).u32(il.IFLA_VXLAN_LINK, link);
        inner.binary(il.IFLA_VXLAN_LOCAL, Uint8Array.of(10, 0, 0, 1));
        if (topology.hasRemote) inner.binary(il.IFLA_VXLAN_GROUP, Uint8Array.of(10, 0, 0, 2));
        inner.binary(il.IFLA_VXLAN_PORT, Uint8Array.of(0x12, 0xb5));
        inner.binary(il.IFLA_VXLAN_PORT_RANGE, Uint8Array.of(0x13, 0x88, 0x13, 0x89));
        writeSettings(inner, topology.settings);
      });
    await this.#new({ name: "vx0", address: "02:00:00:00:00:12", group: GROUP, more });
    await this.#find("vx0");
    await this.#up("vx0");
    const vxlan = this.indexes.get("vx0") ?? 0;
    for (const { mac, remote } of topology.entries) {
      const state = nd.NUD_NOARP | nd.NUD_PERMANENT;
      await this.#neighbour(vxlan, AF_BRIDGE, {
        address: `10.0.0.${remote}`,
        mac,
        state,
        flags: nd.NTF_SELF,
      });
    }
  }

  /** Gives a device the address 10.0.0.1/24. */
  async #address(ifindex: number): Promise<void> {
    await this.#client.request(rt.RTM_NEWADDR, CREATE, (writer) => {
      const at = writer.reserve(IFADDRMSG_SIZE);
      writer.bytes[at + IFADDRMSG_FAMILY] = AF_INET;
      writer.bytes[at + IFADDRMSG_PREFIXLEN] = 24;
      setU32(writer.bytes, at + IFADDRMSG_INDEX, ifindex);
      writer.binary(IFA_LOCAL, Uint8Array.of(10, 0, 0, 1)).binary(IFA_ADDRESS, Uint8Array.of(10, 0, 0, 1));
    });
  }

  /** An entry of a table of neighbours; a second one of the same address is refused by both sides. */
  async #neighbour(
    ifindex: number,
    family: number,
    { address, mac, state, flags }: NeighbourSpec,
  ): Promise<void> {
    await this.#client
      .request(rt.RTM_NEWNEIGH, CREATE, (writer) => {
        const at = writer.reserve(nd.NDMSG_SIZE);
        writer.bytes[at] = family;
        setU32(writer.bytes, at + nd.NDMSG_IFINDEX, ifindex);
        setU16(writer.bytes, at + nd.NDMSG_STATE, state);
        writer.bytes[at + nd.NDMSG_FLAGS] = flags;
        writeMac(writer.bytes, writer.attribute(nd.NDA_LLADDR, 6), macFromText(mac) ?? 0);
        writer.binary(nd.NDA_DST, ipBytes(address));
      })
      .catch(() => undefined);
  }

  async bridge(topology: Extract<Topology, { kind: "bridge" }>): Promise<void> {
    const more = (writer: MessageWriter): void =>
      writeInfo(writer, "bridge", (inner) => {
        inner.u16(il.IFLA_BR_VLAN_DEFAULT_PVID, 0);
        writeSettings(inner, topology.settings);
      });
    await this.#new({ name: "br0", address: "02:00:00:00:00:b0", group: GROUP, more });
    await this.#find("br0");
    const master = this.indexes.get("br0") ?? 0;
    for (const [index, port] of topology.ports.entries()) {
      await this.pair(index, port.mtu, 1_500);
      await this.#set({ name: `p${index}`, master });
    }
    const flags = (topology.isUp ? IFF_UP : 0) | (topology.isPromiscuous ? IFF_PROMISC : 0);
    await this.#set({ name: "br0", mtu: 1_500, flags, change: IFF_UP | IFF_PROMISC });
    // A port's carrier is noticed before its state is set by hand, which it would undo.
    await this.#find(...topology.ports.map((_, index) => `p${index}`));
    if (topology.lateSettings.length > 0) {
      const late = (writer: MessageWriter): void =>
        writeInfo(writer, "bridge", (inner) => writeSettings(inner, topology.lateSettings));
      await this.#set({ name: "br0", more: late });
    }
    if (topology.hasAddress) await this.#address(master);
    for (const neighbour of topology.neighbours) {
      const family = neighbour.address.includes(":") ? AF_INET6 : AF_INET;
      await this.#neighbour(master, family, neighbour);
    }
    for (const { port, mac, state } of topology.entries) await this.#entry(port, mac, state);
    for (const [index, { settings }] of topology.ports.entries()) {
      for (const setting of settings) await this.#portSetting(index, setting);
    }
  }

  /** A setting that is refused is refused by both sides. */
  async #portSetting(index: number, setting: Settings[number]): Promise<void> {
    const more = (writer: MessageWriter): void => {
      const info = writer.nest(il.IFLA_LINKINFO);
      writer.bareString(il.IFLA_INFO_SLAVE_KIND, "bridge");
      const data = writer.nest(il.IFLA_INFO_SLAVE_DATA);
      writeSettings(writer, [setting]);
      writer.endNest(data).endNest(info);
    };
    await this.#client
      .request(rt.RTM_NEWLINK, 0, (writer) => writeLink(writer, { name: `p${index}`, more }))
      .catch(() => undefined);
  }

  async #entry(port: number, mac: string, state: number): Promise<void> {
    const ifindex = this.indexes.get(`p${port}`) ?? 0;
    await this.#client
      .request(rt.RTM_NEWNEIGH, CREATE, (writer) => {
        const at = writer.reserve(nd.NDMSG_SIZE);
        writer.bytes[at] = AF_BRIDGE;
        setU16(writer.bytes, at + nd.NDMSG_IFINDEX, ifindex);
        setU16(writer.bytes, at + nd.NDMSG_STATE, state);
        writer.bytes[at + nd.NDMSG_FLAGS] = nd.NTF_MASTER;
        writeMac(writer.bytes, writer.attribute(nd.NDA_LLADDR, 6), macFromText(mac) ?? 0);
      })
      .catch(() => undefined);
  }

  async #new(request: LinkRequest): Promise<void> {
    await this.#client.request(rt.RTM_NEWLINK, CREATE, (writer) => writeLink(writer, request));
  }

  async #set(request: LinkRequest): Promise<void> {
    await this.#client.request(rt.RTM_NEWLINK, 0, (writer) => writeLink(writer, request));
  }

  async #up(...names: string[]): Promise<void> {
    for (const name of names) await this.#set({ name, flags: IFF_UP, change: IFF_UP });
  }

  /** Asks for the devices, which also makes the kernel catch up with changes of carrier. */
  async #find(...names: string[]): Promise<void> {
    for (const name of names) {
      const { messages } = await this.#client.request(rt.RTM_GETLINK, 0, (writer) =>
        writeLink(writer, { name }),
      );
      const [message] = messages;
      if (message !== undefined) this.indexes.set(name, readLink(message).index);
    }
  }
}

function writeInfo(writer: MessageWriter, kind: string, write: (writer: MessageWriter) => void): void {
  const info = writer.nest(il.IFLA_LINKINFO);
  writer.bareString(il.IFLA_INFO_KIND, kind);
  const data = writer.nest(il.IFLA_INFO_DATA);
  write(writer);
  writer.endNest(data).endNest(info);
}

function writeSettings(writer: MessageWriter, settings: Settings): void {
  for (const [type, bits, value] of settings) {
    if (bits === 8) writer.u8(type, value);
    else if (bits === 16) writer.u16(type, value);
    else if (bits === 32) writer.u32(type, value);
    else writer.u64(type, BigInt(value));
  }
}
