// The multicast database of a case's bridge as text, a line for each entry, in an order that does not depend on the sides.

import { getBe16, getU32 } from "../../src/bytes/endian.ts";
import type { Attribute } from "../../src/netlink/attribute.ts";
import type { NetlinkClient } from "../../src/netlink/client.ts";
import * as mdb from "../../src/uapi/if_bridge.ts";
import { RTM_GETMDB } from "../../src/uapi/rtnetlink.ts";
import { AF_BRIDGE } from "../../src/uapi/socket.ts";

/** The bridge's own memberships are entered when its stack says so, at times of its own. */
const groupsOfCases = [0xef, 0xff];

/** The groups that frames of a case have joined. */
export async function groupsOf(
  client: NetlinkClient,
  indexes: ReadonlyMap<string, number>,
): Promise<string[]> {
  const names = new Map([...indexes].map(([name, index]) => [index, name]));
  const { messages } = await client.dump(RTM_GETMDB, (writer) => {
    writer.bytes[writer.reserve(mdb.BR_PORT_MSG_SIZE) + mdb.BR_PORT_MSG_FAMILY] = AF_BRIDGE;
  });
  return messages
    .flatMap((message) => message.attribute(mdb.MDBA_MDB, mdb.BR_PORT_MSG_SIZE)?.children() ?? [])
    .flatMap((entry) => entry.children())
    .filter(({ bytes, start }) => groupsOfCases.includes(bytes[start + mdb.BR_MDB_ENTRY_ADDR] ?? 0))
    .map((info) => lineOf(info, names))
    .sort();
}

function lineOf(info: Attribute, names: ReadonlyMap<number, string>): string {
  const { bytes, start } = info;
  const child = (type: number) => info.child(type, mdb.BR_MDB_ENTRY_SIZE);
  const at = start + mdb.BR_MDB_ENTRY_ADDR;
  const size = getBe16(bytes, at + 16) === 0x0800 ? 4 : 16;
  const sources = (child(mdb.MDBA_MDB_EATTR_SRC_LIST)?.children() ?? []).map((source) => {
    const address = hexOf(source.child(mdb.MDBA_MDB_SRCATTR_ADDRESS)?.copy());
    return `${address}/${seconds(source.child(mdb.MDBA_MDB_SRCATTR_TIMER)?.u32())}`;
  });
  return [
    names.get(getU32(bytes, start + mdb.BR_MDB_ENTRY_IFINDEX)),
    hexOf(bytes.subarray(at, at + size)),
    `source ${hexOf(child(mdb.MDBA_MDB_EATTR_SOURCE)?.copy())}`,
    `flags ${bytes[start + mdb.BR_MDB_ENTRY_FLAGS]}`,
    `mode ${child(mdb.MDBA_MDB_EATTR_GROUP_MODE)?.u8()}`,
    `timer ${seconds(child(mdb.MDBA_MDB_EATTR_TIMER)?.u32())}`,
    `sources ${sources.join(" ")}`,
  ].join(" ");
}

/** Hundredths of a second as whole ones, since one side's time goes on. */
function seconds(hundredths = 0): number {
  return Math.ceil(hundredths / 100);
}

function hexOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? "-" : Buffer.from(bytes).toString("hex");
}
