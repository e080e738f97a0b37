// Namespaces of the live kernel, as empty as a new one should be.
//
// Linux (seen with 6.18) keeps a proxy entry that names no device when its namespace dies, and tells namespaces apart by the
// address of their struct: one that is made later at the same address finds the entry. Whoever is handed a namespace
// here does not.
//
// Facts: net/core/neighbour.c (pneigh_create, pneigh_dump_table: pneigh_net).

import { openKernelSocket } from "../src/attach/node/kernel-netlink.ts";
import type { Libc } from "../src/attach/node/libc.ts";
import { openOwnNetns } from "../src/attach/node/netns.ts";
import { NetlinkClient } from "../src/netlink/client.ts";
import { NetlinkError } from "../src/netlink/error.ts";
import { NDA_DST, NDMSG_SIZE, NTF_PROXY } from "../src/uapi/neighbour.ts";
import { NETLINK_ROUTE } from "../src/uapi/netlink.ts";
import { RTM_DELNEIGH, RTM_GETNEIGH } from "../src/uapi/rtnetlink.ts";
import { CLONE_NEWNET } from "../src/uapi/sched.ts";
import { readNeigh, writeNeigh } from "./parity/vocabulary/neigh.ts";

const RECEIVE_BUFFER = 1024 * 1024;

/**
 * Makes a namespace that holds a `lo` and nothing else; returns a descriptor of it, which the caller closes. The calling
 * thread stays in it. NetlinkError with the errno of unshare(2).
 */
export async function newKernelNetns(libc: Libc): Promise<number> {
  const result = libc.unshare(CLONE_NEWNET);
  if (result < 0) throw NetlinkError.fromErrno(result, "Cannot make a network namespace");
  const fd = openOwnNetns();
  const client = new NetlinkClient(openKernelSocket(libc, NETLINK_ROUTE, RECEIVE_BUFFER));
  try {
    await deleteProxies(client);
  } finally {
    client.close();
  }
  return fd;
}

async function deleteProxies(client: NetlinkClient): Promise<void> {
  const flags = NTF_PROXY;
  const { messages } = await client.dump(RTM_GETNEIGH, (writer) => writeNeigh(writer, { flags }));
  for (const message of messages) {
    const { family, index } = readNeigh(message);
    const dst = message.attribute(NDA_DST, NDMSG_SIZE)?.copy();
    await client.request(RTM_DELNEIGH, 0, (writer) =>
      writeNeigh(writer, { family, index, flags, ...(dst !== undefined && { dst }) }),
    );
  }
}
