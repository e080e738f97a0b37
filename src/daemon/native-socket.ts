// A socket of the kernel's for a program under `uveth run` that wants to send or receive: made in the native namespace that its
// namespace becomes by it, as by `uveth exec`.
//
// Of netlink these are protocols that uveth does not speak (nft, iptables, ip xfrm), and the one that lists sockets, where those
// are the kernel's.
//
// Mirrors socket(2), whose socket belongs to the namespace it was made in, whoever uses it. CAP_NET_RAW of packet(7) and raw(7)
// goes with CAP_NET_ADMIN here, without which there is no socket of netfilter either.

import { Natives } from "../attach/node/native/natives.ts";
import { encodeUtf8 } from "../bytes/utf8.ts";
import type { Machine } from "../index.ts";
import { NetlinkError } from "../netlink/error.ts";
import { NETLINK_NETFILTER, NETLINK_SOCK_DIAG, NETLINK_XFRM } from "../uapi/netlink.ts";
import { AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, SOCK_RAW } from "../uapi/socket.ts";
import { homeOf } from "./interface-requests.ts";
import type { NetnsFiles } from "./netns-files.ts";
import type { Rights } from "./rights.ts";
import type { SeqpacketSender } from "./seqpacket-connection.ts";
import type { SeqpacketAnswer, SeqpacketRequest } from "./seqpacket-protocol.ts";
import { FAMILY_SHIFT } from "./seqpacket-protocol.ts";

/** What of a socket's type is no flag (SOCK_TYPE_MASK). */
const typeMask = 0xf;
const families: ReadonlySet<number> = new Set([AF_INET, AF_INET6, AF_PACKET, AF_NETLINK]);
/** Protocols of netlink about what is the kernel's in a native namespace. */
const outerProtocols: ReadonlySet<number> = new Set([NETLINK_NETFILTER, NETLINK_XFRM]);

/**
 * Makes one for a process; the descriptor is the receiver's to close. NetlinkError for what socket(2) refuses; where there can
 * be no native namespace the answer holds the reason as text.
 */
export async function openNativeSocket(
  machine: Machine,
  files: NetnsFiles,
  rights: Rights,
  sender: SeqpacketSender,
  { words }: SeqpacketRequest,
): Promise<SeqpacketAnswer> {
  const family = words[0] >>> FAMILY_SHIFT;
  const [, type, protocol] = words;
  const { pid } = sender;
  const netns = homeOf(sender, files);
  if (netns === undefined) throw new NetlinkError("ENETDOWN");
  if (!families.has(family)) throw new NetlinkError("EAFNOSUPPORT");
  const isDiag = family === AF_NETLINK && protocol === NETLINK_SOCK_DIAG;
  const isSpoken = isDiag ? netns.stack !== null : family !== AF_NETLINK || outerProtocols.has(protocol);
  if (!isSpoken) throw new NetlinkError("EPROTONOSUPPORT");
  const needsRights =
    !isDiag && (family === AF_PACKET || family === AF_NETLINK || (type & typeMask) === SOCK_RAW);
  if (needsRights && !rights.isAdmin(pid, (words[0] & 1) === 1, netns)) throw new NetlinkError("EPERM");
  const natives = await Natives.of(machine);
  try {
    const fd = natives.enter(netns).sockets.make(family, type, protocol);
    return fd < 0 ? { result: fd } : { result: 0, fd };
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    return { result: error.errno, payload: encodeUtf8(error.message) };
  }
}
