// What programs write to files of interfaces, done by the request of rtnetlink that does the same.
//
//   echo 1400 > /sys/class/net/v0/mtu                    IFLA_MTU
//   echo 1 > /sys/class/net/br0/bridge/stp_state         IFLA_BR_STP_STATE
//   echo 5 > /sys/class/net/v0/brport/path_cost          IFLA_BRPORT_COST
//
// Mirrors net/core/net-sysfs.c (netdev_store and what it calls), net/bridge/br_sysfs_br.c (store_bridge_parm) and
// net/bridge/br_sysfs_if.c (brport_store). Omitted: settings of NAPI, which there is none of here.

import { macFromText, macToBytes } from "../bytes/mac.ts";
import type { Link } from "../client/link.ts";
import { getLink, setLink } from "../client/link.ts";
import type { LinkRequest } from "../client/link-request.ts";
import type { Attribute } from "../netlink/attribute.ts";
import type { NetlinkClient } from "../netlink/client.ts";
import { NetlinkError } from "../netlink/error.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as uapi from "../uapi/if_link.ts";
import { bridgeRules, FLUSH, portRules } from "./interface-bridge-files.ts";
import { behindDevices } from "./interface-files.ts";

const BRIDGE = "bridge";
const PORT = "brport";
/** Every flag is as written. */
const ALL_FLAGS = 0xffff_ffff;

/** What a text written to a file of a device asks for. */
const changes: ReadonlyMap<string, (text: string) => LinkRequest> = new Map<
  string,
  (text: string) => LinkRequest
>([
  ["carrier", (text) => ({ carrier: numberOf(text) !== 0n })],
  ["flags", (text) => ({ flags: u32Of(text), change: ALL_FLAGS })],
  ["ifalias", (text) => ({ ifalias: text.replace(/\n$/, "") })],
  ["mtu", (text) => ({ mtu: u32Of(text) })],
  ["netdev_group", (text) => ({ group: u32Of(text) })],
  ["proto_down", (text) => ({ protoDown: numberOf(text) !== 0n })],
  ["tx_queue_len", (text) => ({ txqlen: queueLengthOf(text) })],
]);

/** Does what was written to a file; NetlinkError is the errno of the write. */
export async function writeInterface(
  client: NetlinkClient,
  path: string,
  text: string,
  isAdmin: boolean,
): Promise<void> {
  if (!isAdmin) throw new NetlinkError("EPERM");
  const [name = "", ...rest] = behindDevices(path) ?? [];
  const link = await getLink(client, name);
  const { ifindex, linkinfo = {} } = link;
  const [folder = "", file = ""] = rest;
  if (folder === BRIDGE && file !== "" && linkinfo.kind === BRIDGE) {
    const data = await attributeOf(client, linkinfo.data, bridgeRules, uapi.IFLA_BR_FDB_FLUSH, file, text);
    await setLink(client, { ifindex, linkinfo: { kind: BRIDGE, data } });
  } else if (folder === PORT && file !== "" && linkinfo.slaveKind === BRIDGE) {
    const data = await attributeOf(client, linkinfo.slaveData, portRules, uapi.IFLA_BRPORT_FLUSH, file, text);
    await setLink(client, { ifindex, linkinfo: { kind: BRIDGE, data, isSlave: true } });
  } else if (file === "") await changeLink(client, link, folder, text);
  else throw new NetlinkError("EOPNOTSUPP");
}

async function changeLink(
  client: NetlinkClient,
  { ifindex }: Link,
  file: string,
  text: string,
): Promise<void> {
  // Nobody here listens to such events.
  if (file === "uevent") return;
  const change = changes.get(file);
  if (change === undefined) throw new NetlinkError("EOPNOTSUPP");
  await setLink(client, { ifindex, ...change(text) });
}

type WriteData = (writer: MessageWriter) => void;

/** What writes the attribute that a file of a bridge or a port stands for, as wide as the one that is shown. */
async function attributeOf(
  client: NetlinkClient,
  data: Attribute | undefined,
  rules: typeof bridgeRules,
  flush: number,
  file: string,
  text: string,
): Promise<WriteData> {
  if (file === FLUSH) return (writer) => writer.flag(flush);
  if (file === "backup_port") return backupPort(client, text.trim());
  const type = rules.find(([name]) => name === file)?.[1];
  const shown = type === undefined ? undefined : data?.child(type);
  if (type === undefined || shown === undefined) throw new NetlinkError("EOPNOTSUPP");
  if (type === uapi.IFLA_BR_GROUP_ADDR) {
    const address = macFromText(text.trim());
    if (address === undefined) throw new NetlinkError("EINVAL");
    return (writer) => writer.binary(type, macToBytes(address));
  }
  const value = numberOf(text);
  if (type === uapi.IFLA_BR_MULTI_BOOLOPT) return (writer) => writeOption(writer, type, value !== 0n);
  if (type === uapi.IFLA_BR_VLAN_PROTOCOL) return (writer) => writer.binary(type, networkOrder(value));
  return writeNumber(type, shown.length, value);
}

async function backupPort(client: NetlinkClient, name: string): Promise<WriteData> {
  const ifindex = name === "" ? 0 : (await getLink(client, name)).ifindex;
  return (writer) => writer.u32(uapi.IFLA_BRPORT_BACKUP_PORT, ifindex);
}

/** Struct br_boolopt_multi: the value and the mask of the first option. */
function writeOption(writer: MessageWriter, type: number, isSet: boolean): void {
  writer.binary(type, new Uint8Array([isSet ? 1 : 0, 0, 0, 0, 1, 0, 0, 0]));
}

function networkOrder(value: bigint): Uint8Array {
  return new Uint8Array([Number((value >> 8n) & 0xffn), Number(value & 0xffn)]);
}

/** A number wider than its attribute is cut, as by a conversion in C; what only can be on or off is on. */
function writeNumber(type: number, length: number, value: bigint): WriteData {
  return (writer) => {
    if (length === 1) writer.u8(type, Number(value < 0xffn ? value : 0xffn));
    else if (length === 2) writer.u16(type, Number(BigInt.asUintN(16, value)));
    else if (length === 4) writer.u32(type, Number(BigInt.asUintN(32, value)));
    else writer.u64(type, value);
  };
}

/** The number that a text is (kstrtoul, base 0): decimal, with 0x hexadecimal, with 0 octal; EINVAL when it is none, ERANGE above 64 bits. */
function numberOf(text: string): bigint {
  const [, digits] = /^\+?(0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)\n?$/i.exec(text) ?? [];
  if (digits === undefined) throw new NetlinkError("EINVAL");
  const value = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  if (value !== BigInt.asUintN(64, value)) throw new NetlinkError("ERANGE");
  return value;
}

function u32Of(text: string): number {
  return Number(BigInt.asUintN(32, numberOf(text)));
}

function queueLengthOf(text: string): number {
  const value = numberOf(text);
  if (value !== BigInt.asUintN(32, value)) throw new NetlinkError("ERANGE");
  return Number(value);
}
