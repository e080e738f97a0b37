// `ip address flush`: deletes what `ip address show` with the same words would list, in rounds, until nothing is left.
//
// Facts: the behaviour of iproute2 6.1. Deleting a primary address takes its secondary ones along, or promotes one of them,
// so a deletion may find its address gone and another round may find new ones.

import type { AddressRequest, InterfaceAddress } from "../../../client/addr.ts";
import { dumpAddresses, writeAddress } from "../../../client/addr.ts";
import { NetlinkError } from "../../../netlink/error.ts";
import { errnoText } from "../../../uapi/errno.ts";
import { IFA_F_SECONDARY } from "../../../uapi/if_addr.ts";
import { RTM_DELADDR } from "../../../uapi/rtnetlink.ts";
import { AF_PACKET } from "../../../uapi/socket.ts";
import { CommandExit, EXIT_FAILURE } from "../../exit.ts";
import type { Words } from "../../words.ts";
import type { IpContext } from "../context.ts";
import { ADDRESS_USAGE } from "../help.ts";
import type { ShowFilter } from "../show-filter.ts";
import { parseFilter } from "../show-filter.ts";
import { wantsAddress } from "./filter.ts";
import { printAddress } from "./print.ts";

/** Flushes the addresses that the words ask for. */
export async function flushAddresses(ip: IpContext, words: Words): Promise<number> {
  if (words.count === 0) throw new CommandExit(EXIT_FAILURE, "Flush requires arguments.\n");
  if (ip.options.family === AF_PACKET) throw new CommandExit(EXIT_FAILURE, "Cannot flush link addresses.\n");
  const filter = await parseFilter(ip, words, ADDRESS_USAGE);
  await ip.links.loadAll();
  const { maxFlushRounds, stats } = ip.options;
  const isSingleRound = (filter.flagMask & ~filter.flags & IFA_F_SECONDARY) !== 0;
  for (let round = 0; maxFlushRounds === 0 || round < maxFlushRounds; round++) {
    const addresses = await readAddresses(ip, filter);
    if (addresses.length === 0) return complete(ip, round);
    if (stats > 1) await printAll(ip, addresses);
    await deleteAll(ip, addresses);
    if (stats > 0) ip.io.stdout(`\n*** Round ${round + 1}, deleting ${addresses.length} addresses ***\n`);
    if (isSingleRound) return complete(ip, round + 1);
  }
  ip.io.stderr(`*** Flush remains incomplete after ${maxFlushRounds} rounds. ***\n`);
  return 255;
}

function complete(ip: IpContext, rounds: number): number {
  if (ip.options.stats === 0) return 0;
  ip.io.stdout(
    rounds === 0
      ? "Nothing to flush.\n"
      : `*** Flush is complete after ${rounds} round${rounds > 1 ? "s" : ""} ***\n`,
  );
  return 0;
}

async function readAddresses(ip: IpContext, filter: ShowFilter): Promise<InterfaceAddress[]> {
  const client = await ip.rtnl();
  const addresses = await ip.dump(dumpAddresses(client, { family: filter.family, ifindex: filter.ifindex }));
  return addresses.filter((address) => wantsAddress(ip, filter, address));
}

function printAll(ip: IpContext, addresses: readonly InterfaceAddress[]): Promise<void> {
  return ip.print((out) => {
    for (const address of addresses) printAddress(ip, out, address, { hasDevice: true });
  });
}

async function deleteAll(ip: IpContext, addresses: readonly InterfaceAddress[]): Promise<void> {
  const client = await ip.rtnl();
  const deletions = client.pipeline(
    addresses.map((address) => ({
      type: RTM_DELADDR,
      flags: 0,
      body: (writer) => writeAddress(writer, requestOf(address)),
    })),
  );
  for (const deletion of await Promise.allSettled(deletions)) {
    if (deletion.status === "fulfilled") continue;
    const error: unknown = deletion.reason;
    if (!(error instanceof NetlinkError)) throw error;
    if (error.code === "EADDRNOTAVAIL") continue;
    throw new CommandExit(EXIT_FAILURE, `Failed to send flush request: ${errnoText(-error.errno)}\n`);
  }
}

function requestOf({
  family,
  ifindex,
  prefixlen,
  scope,
  local,
  address,
  label,
}: InterfaceAddress): AddressRequest {
  return { family, ifindex, prefixlen, scope, local, address, label };
}
