// UDP sockets of the live kernel as sockets of a parity body, groups by the options that both families share (RFC 3678 5).
//
// Facts: <linux/in.h> (struct group_req, group_source_req, group_filter; MCAST_*) of a 64-bit Linux.

import type { Libc } from "../../../src/attach/node/libc.ts";
import { ReceiveBuffer } from "../../../src/attach/node/msghdr.ts";
import { setBe16, setU16, setU32 } from "../../../src/bytes/endian.ts";
import { NetlinkError } from "../../../src/netlink/error.ts";
import { errnoName } from "../../../src/uapi/errno.ts";
import { IPPROTO_IP, IPPROTO_IPV6 } from "../../../src/uapi/in.ts";
import { AF_INET, AF_INET6, MSG_DONTWAIT, SOCK_CLOEXEC, SOCK_DGRAM } from "../../../src/uapi/socket.ts";
import type { GroupSocket, LinkName } from "../targets.ts";
import { ipBytes } from "../vocabulary.ts";

const MCAST_JOIN_GROUP = 42;
const MCAST_BLOCK_SOURCE = 43;
const MCAST_UNBLOCK_SOURCE = 44;
const MCAST_LEAVE_GROUP = 45;
const MCAST_JOIN_SOURCE_GROUP = 46;
const MCAST_LEAVE_SOURCE_GROUP = 47;
const MCAST_MSFILTER = 48;
const MCAST_INCLUDE = 1;

const storageSize = 128;
const groupAt = 8;
const sourceAt = groupAt + storageSize;
const listAt = sourceAt + 8;

/** Opens it in the namespace of the calling thread. */
export function openKernelGroupSocket(libc: Libc, family: 4 | 6, port: number): GroupSocket {
  const level = family === 4 ? IPPROTO_IP : IPPROTO_IPV6;
  const fd = check(libc.socket(family === 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  check(libc.bind(fd, sockaddr(family === 4 ? "0.0.0.0" : "::", port, family === 4 ? 16 : 28)));
  const buffer = new ReceiveBuffer(libc, 2_048);
  const set = (option: number, value: Uint8Array): string => {
    const result = libc.setsockopt(fd, level, option, value);
    return result < 0 ? (errnoName(-result) ?? String(result)) : "";
  };
  const of = (option: number, group: string, dev: LinkName, source?: string): string =>
    set(option, request(group, dev, source));
  return {
    join: (group, dev, source) =>
      of(source === undefined ? MCAST_JOIN_GROUP : MCAST_JOIN_SOURCE_GROUP, group, dev, source),
    leave: (group, dev, source) =>
      of(source === undefined ? MCAST_LEAVE_GROUP : MCAST_LEAVE_SOURCE_GROUP, group, dev, source),
    block: (group, dev, source) => of(MCAST_BLOCK_SOURCE, group, dev, source),
    unblock: (group, dev, source) => of(MCAST_UNBLOCK_SOURCE, group, dev, source),
    filter: (group, dev, mode, sources) => {
      const value = new Uint8Array(listAt + storageSize * sources.length);
      value.set(request(group, dev));
      setU32(value, sourceAt, mode === "include" ? MCAST_INCLUDE : 0);
      setU32(value, sourceAt + 4, sources.length);
      for (const [index, source] of sources.entries())
        value.set(sockaddr(source), listAt + storageSize * index);
      return set(MCAST_MSFILTER, value);
    },
    received: () => {
      const texts: string[] = [];
      for (;;) {
        const length = buffer.receive(fd, MSG_DONTWAIT);
        if (length < 0) return texts;
        texts.push(new TextDecoder().decode(buffer.data(length)));
      }
    },
    close: () => void libc.close(fd),
  };
}

/** struct group_req, or with a source struct group_source_req. */
function request(group: string, { ifindex }: LinkName, source?: string): Uint8Array {
  const value = new Uint8Array(source === undefined ? sourceAt : sourceAt + storageSize);
  setU32(value, 0, ifindex);
  value.set(sockaddr(group), groupAt);
  if (source !== undefined) value.set(sockaddr(source), sourceAt);
  return value;
}

/** A struct sockaddr_in or sockaddr_in6, padded to `size`. */
export function sockaddr(host: string, port = 0, size = storageSize): Uint8Array {
  const address = ipBytes(host);
  const bytes = new Uint8Array(size);
  setU16(bytes, 0, address.length === 4 ? AF_INET : AF_INET6);
  setBe16(bytes, 2, port);
  bytes.set(address, address.length === 4 ? 4 : 8);
  return bytes;
}

function check(result: number): number {
  if (result < 0) throw NetlinkError.fromErrno(result, "Cannot open a socket");
  return result;
}
