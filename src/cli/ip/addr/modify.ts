// `ip address add`, `change`, `replace`, `delete`: words → one request → the kernel's answer.

import type { AddressRequest } from "../../../client/addr.ts";
import { writeAddress } from "../../../client/addr.ts";
import * as ifa from "../../../uapi/if_addr.ts";
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "../../../uapi/netlink.ts";
import { RT_SCOPE_HOST, RTM_DELADDR, RTM_NEWADDR } from "../../../uapi/rtnetlink.ts";
import { AF_INET, AF_INET6, AF_UNSPEC } from "../../../uapi/socket.ts";
import { CommandExit, EXIT_FAILURE } from "../../exit.ts";
import type { Prefix } from "../../prefix.ts";
import { addressText } from "../../prefix.ts";
import type { Words } from "../../words.ts";
import type { IpContext } from "../context.ts";
import type { AddressWords } from "./parse.ts";
import { parseAddressWords } from "./parse.ts";

/** The message type and flags of each command. */
const REQUESTS = {
  add: [RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL],
  change: [RTM_NEWADDR, NLM_F_REPLACE],
  replace: [RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE],
  delete: [RTM_DELADDR, 0],
} as const;

/** Runs one of the commands that change addresses. */
export async function modifyAddress(
  ip: IpContext,
  words: Words,
  command: keyof typeof REQUESTS,
): Promise<number> {
  const [type, flags] = REQUESTS[command];
  const said = parseAddressWords(ip, words);
  if (said.dev === undefined) {
    throw new CommandExit(EXIT_FAILURE, 'Not enough information: "dev" argument is required.\n');
  }
  const request = requestOf(ip, said, command === "delete");
  request.ifindex = await ip.links.need(said.dev);
  checkLifetimes(said);
  if ((said.flags & ifa.IFA_F_MCAUTOJOIN) !== 0 && !isMulticast(said.local)) {
    throw new CommandExit(EXIT_FAILURE, "autojoin needs multicast address\n");
  }
  const client = await ip.rtnl();
  await ip.change(client.request(type, flags, (writer) => writeAddress(writer, request)));
  return 0;
}

/** Fills in what the words left open: the other end's address, the broadcast address, the scope. */
function requestOf(ip: IpContext, said: AddressWords, isDelete: boolean): AddressRequest {
  const { local, peer, flags, label, metric } = said;
  const isWildcard = isDelete && peer === undefined && local?.family === AF_INET && !local.hasLength;
  if (isWildcard) warnOfWildcard(ip, local);
  const remote = peer ?? (isWildcard ? undefined : local);
  const prefix = remote ?? local;
  return {
    family: said.family,
    ifindex: 0,
    prefixlen: prefix?.prefixLength || (local?.prefixLength ?? 0),
    scope: said.scope ?? (isDelete ? 0 : defaultScope(local)),
    flags,
    local: local?.address,
    address: remote?.address,
    broadcast: broadcastOf(said, prefix),
    anycast: said.anycast?.address,
    label,
    rtPriority: metric,
    validSeconds: said.validSeconds,
    preferredSeconds: said.preferredSeconds,
  };
}

function warnOfWildcard(ip: IpContext, local: Prefix): void {
  const text = addressText(local.address);
  ip.io.stderr(
    "Warning: Executing wildcard deletion to stay compatible with old scripts.\n" +
      `         Explicitly specify the prefix length (${text}/${local.address.length * 8}) to avoid this warning.\n` +
      "         This special behaviour is likely to disappear in further releases,\n" +
      "         fix your scripts!\n",
  );
}

/** 127.0.0.0/8 is for the host itself. */
function defaultScope(local: Prefix | undefined): number {
  return local?.family === AF_INET && local.address[0] === 127 ? RT_SCOPE_HOST : 0;
}

/** The broadcast address: as typed, or for `+` and `-` the prefix with all host bits set or clear. */
function broadcastOf(said: AddressWords, prefix: Prefix | undefined): Uint8Array | undefined {
  if (said.broadcast !== "+" && said.broadcast !== "-") return said.broadcast?.address;
  if (said.family !== AF_INET && said.family !== AF_UNSPEC) {
    throw new CommandExit(EXIT_FAILURE, "Broadcast can be set only for IPv4 addresses\n");
  }
  if (prefix === undefined || prefix.prefixLength > 30) return undefined;
  const broadcast = prefix.address.slice();
  for (let bit = prefix.prefixLength; bit < 32; bit++) {
    const mask = 0x80 >> (bit & 7);
    const byte = broadcast[bit >> 3] ?? 0;
    broadcast[bit >> 3] = said.broadcast === "+" ? byte | mask : byte & ~mask;
  }
  return broadcast;
}

function checkLifetimes({ validSeconds, preferredSeconds }: AddressWords): void {
  if (validSeconds === 0) throw new CommandExit(EXIT_FAILURE, "valid_lft is zero\n");
  if ((preferredSeconds ?? 0xffff_ffff) > (validSeconds ?? 0xffff_ffff)) {
    throw new CommandExit(EXIT_FAILURE, "preferred_lft is greater than valid_lft\n");
  }
}

function isMulticast(local: Prefix | undefined): boolean {
  const first = local?.address[0] ?? 0;
  return local?.family === AF_INET6 ? first === 0xff : first >> 4 === 0xe;
}
