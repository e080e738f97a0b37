// Echo requests to a network of the kernel's by an ICMP socket, which Linux lets everybody open whose group is in
// net.ipv4.ping_group_range, or by a raw one; answers, and errors with who said so.
//
// Mirrors icmp(7), ip(7) and ipv6(7): SOCK_DGRAM with IPPROTO_ICMP or IPPROTO_ICMPV6, whose identifier is the kernel's choice, and
// the queue of errors (IP_RECVERR, MSG_ERRQUEUE). The kernel makes ICMPv6's checksum, and that of an ICMP socket; raw(7): what a
// raw socket of IPv4 reads begins with the IP header.

import { checksum } from "../../bytes/checksum.ts";
import { getBe16, getBe32, getU32, setBe16, setBe32, setS32, setU16 } from "../../bytes/endian.ts";
import { ipv4FromText, ipv4ToText } from "../../bytes/ipv4.ts";
import { ipv6FromText, ipv6ToText } from "../../bytes/ipv6.ts";
import { encodeUtf8 } from "../../bytes/utf8.ts";
import { invalid, NetlinkError } from "../../netlink/error.ts";
import { errnoNumber, errnoText } from "../../uapi/errno.ts";
import * as ee from "../../uapi/errqueue.ts";
import { ICMP_ECHO, ICMP_ECHOREPLY } from "../../uapi/icmp.ts";
import { ICMPV6_ECHO_REPLY, ICMPV6_ECHO_REQUEST } from "../../uapi/icmpv6.ts";
import * as ip4 from "../../uapi/in.ts";
import * as ip6 from "../../uapi/in6.ts";
import * as uapi from "../../uapi/socket.ts";
import type { Libc, Watch } from "./libc.ts";
import type { ReceiveBuffer } from "./msghdr.ts";

const headerSize = 8;
const checksumAt = 2;
const idAt = 4;
const sequenceAt = 6;
const EACCES = errnoNumber("EACCES");
const EAGAIN = errnoNumber("EAGAIN");
const ENETDOWN = errnoNumber("ENETDOWN");
const forbidden =
  "This process may open no ICMP sockets: none of its groups is in net.ipv4.ping_group_range " +
  "(sudo sysctl -w net.ipv4.ping_group_range='0 2147483647')";
/** Messages read in one go; then the event loop has its turn. */
const readBudget = 64;

/** Where the families differ. */
const families = {
  IPv4: {
    family: uapi.AF_INET,
    protocol: ip4.IPPROTO_ICMP,
    level: ip4.IPPROTO_IP,
    recvErr: ip4.IP_RECVERR,
    recvTtl: ip4.IP_RECVTTL,
    tos: ip4.IP_TOS,
    ttl: ip4.IP_TTL,
    ttlMessage: ip4.IP_TTL,
    origin: ee.SO_EE_ORIGIN_ICMP,
    request: ICMP_ECHO,
    reply: ICMP_ECHOREPLY,
    /** struct sockaddr_in, sockaddr_in6: their size, and where the address is. */
    sockaddrSize: 16,
    addressAt: 4,
    addressSize: 4,
  },
  IPv6: {
    family: uapi.AF_INET6,
    protocol: ip6.IPPROTO_ICMPV6,
    level: ip4.IPPROTO_IPV6,
    recvErr: ip6.IPV6_RECVERR,
    recvTtl: ip6.IPV6_RECVHOPLIMIT,
    tos: ip6.IPV6_TCLASS,
    ttl: ip6.IPV6_UNICAST_HOPS,
    ttlMessage: ip6.IPV6_HOPLIMIT,
    origin: ee.SO_EE_ORIGIN_ICMP6,
    request: ICMPV6_ECHO_REQUEST,
    reply: ICMPV6_ECHO_REPLY,
    sockaddrSize: 28,
    addressAt: 8,
    addressSize: 16,
  },
};

type Kind = (typeof families)["IPv4" | "IPv6"];

/** What a socket tells. `sequence` is that of the request. */
export interface EchoEvents {
  reply(sequence: number, payload: Uint8Array, ttl: number): void;
  /** An ICMP or ICMPv6 error about a request, which `from` sent; `info` is its second word. */
  error(sequence: number, from: string, type: number, code: number, info: number): void;
}

/** How it is made, when it is not by this process, an ICMP socket and as the kernel chooses. */
export interface EchoSocketOptions {
  /** Makes it (socket(2)): a descriptor, which becomes the EchoSocket's, or -errno. */
  readonly open?: Libc["socket"] | undefined;
  /** A raw socket is made, whose requests carry this identifier, of 16 bits. */
  readonly id?: number | undefined;
  /** The address it sends from. */
  readonly source?: string | undefined;
  /** The only device it sends and receives by. */
  readonly ifname?: string | undefined;
  readonly tos?: number | undefined;
}

/** An ICMP or raw socket that speaks to one address. */
export class EchoSocket {
  readonly #libc: Libc;
  readonly #events: EchoEvents;
  readonly #kind: Kind;
  readonly #fd: number;
  /** That of a raw socket. */
  readonly #id: number | undefined;
  readonly #buffer: ReceiveBuffer;
  readonly #watch: Watch;
  #ttl = 0;
  #isOpen = true;

  /** NetlinkError: EACCES with the cure where this process may open no such socket, EINVAL, ENETUNREACH, …. */
  constructor(
    libc: Libc,
    host: string,
    buffer: ReceiveBuffer,
    events: EchoEvents,
    { open = libc.socket, id, source, ifname, tos }: EchoSocketOptions = {},
  ) {
    const kind = host.includes(":") ? families.IPv6 : families.IPv4;
    this.#libc = libc;
    this.#kind = kind;
    this.#events = events;
    this.#buffer = buffer;
    this.#id = id;
    this.#fd = openSocket(open, kind, id === undefined ? uapi.SOCK_DGRAM : uapi.SOCK_RAW);
    try {
      this.#set(kind.recvErr, 1);
      this.#set(kind.recvTtl, 1);
      if (tos !== undefined) this.#set(kind.tos, tos);
      if (ifname !== undefined) this.#bindToDevice(ifname);
      if (source !== undefined)
        check(libc.bind(this.#fd, sockaddr(kind, source)), `Cannot send from ${source}`);
      check(libc.connect(this.#fd, sockaddr(kind, host)), `Cannot reach ${host}`);
    } catch (error) {
      libc.close(this.#fd);
      throw error;
    }
    this.#watch = libc.watch(this.#fd, () => this.#read());
  }

  /** Sends a request that may make `ttl` hops; 0: as many as the kernel lets it. Returns 0, or -errno where it does not go. */
  send(sequence: number, payload: Uint8Array, ttl = 0): number {
    if (!this.#isOpen) return -ENETDOWN;
    if (ttl !== this.#ttl) this.#set(this.#kind.ttl, ttl === 0 ? -1 : ttl);
    this.#ttl = ttl;
    const message = new Uint8Array(headerSize + payload.length);
    message[0] = this.#kind.request;
    setBe16(message, sequenceAt, sequence);
    message.set(payload, headerSize);
    if (this.#id !== undefined) {
      setBe16(message, idAt, this.#id);
      if (this.#kind.family === uapi.AF_INET)
        setBe16(message, checksumAt, checksum(message, 0, message.length));
    }
    // What came of requests before is told once, by the next call, which does nothing else.
    const sent = this.#libc.sendto(this.#fd, message, uapi.MSG_DONTWAIT);
    return Math.min(sent < 0 ? this.#libc.sendto(this.#fd, message, uapi.MSG_DONTWAIT) : sent, 0);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#watch.close();
    this.#libc.close(this.#fd);
  }

  #set(option: number, value: number): void {
    const bytes = new Uint8Array(4);
    setS32(bytes, 0, value);
    check(this.#libc.setsockopt(this.#fd, this.#kind.level, option, bytes), "Cannot set up an ICMP socket");
  }

  #bindToDevice(ifname: string): void {
    const result = this.#libc.setsockopt(
      this.#fd,
      uapi.SOL_SOCKET,
      uapi.SO_BINDTODEVICE,
      encodeUtf8(`${ifname}\0`),
    );
    check(result, `Cannot send by ${ifname}`);
  }

  #read(): void {
    // Whoever hears of an answer may close the socket.
    for (let count = 0; this.#isOpen && count < readBudget; count++) {
      const length = this.#buffer.receive(this.#fd, uapi.MSG_DONTWAIT);
      if (length === -EAGAIN) break;
      if (length >= headerSize) this.#reply(this.#withoutIp(this.#buffer.data(length)));
    }
    let errors = 0;
    while (this.#isOpen && errors < readBudget) {
      const length = this.#buffer.receive(this.#fd, uapi.MSG_DONTWAIT | uapi.MSG_ERRQUEUE);
      if (length < 0) break;
      errors++;
      if (length >= headerSize) this.#error(this.#buffer.data(length));
    }
    // An error of the socket has ended libuv's watch.
    if (this.#isOpen && errors > 0) this.#watch.restart();
  }

  /** What a raw socket reads, from the ICMP header on. */
  #withoutIp(bytes: Uint8Array): Uint8Array {
    if (this.#id === undefined || this.#kind.family !== uapi.AF_INET) return bytes;
    return bytes.subarray(4 * ((bytes[0] ?? 0) & 0xf));
  }

  /** Whether a message is of this socket's requests: a raw one sees those of others too. */
  #isOurs(message: Uint8Array): boolean {
    return message.length >= headerSize && (this.#id === undefined || getBe16(message, idAt) === this.#id);
  }

  #reply(message: Uint8Array): void {
    const { level, reply, ttlMessage } = this.#kind;
    if (message[0] !== reply || !this.#isOurs(message)) return;
    const ttl = this.#buffer.control(level, ttlMessage) ?? 0;
    this.#events.reply(getBe16(message, sequenceAt), message.subarray(headerSize), ttl);
  }

  /** `message` is the request; the error about it is in a control message. */
  #error(message: Uint8Array): void {
    const { addressAt, addressSize, level, origin, recvErr } = this.#kind;
    if (!this.#isOurs(message)) return;
    const words = this.#buffer.controlWords(level, recvErr);
    const bytes = new Uint8Array(Int32Array.from(words).buffer);
    const address = ee.SOCK_EXTENDED_ERR_SIZE + addressAt;
    if (bytes.length < address + addressSize || bytes[ee.SOCK_EXTENDED_ERR_ORIGIN] !== origin) return;
    this.#events.error(
      getBe16(message, sequenceAt),
      addressSize === 4 ? ipv4ToText(getBe32(bytes, address)) : ipv6ToText(bytes, address),
      bytes[ee.SOCK_EXTENDED_ERR_TYPE] ?? 0,
      bytes[ee.SOCK_EXTENDED_ERR_CODE] ?? 0,
      getU32(bytes, ee.SOCK_EXTENDED_ERR_INFO),
    );
  }
}

/** Throws what the constructor of EchoSocket would where this process may open none: NetlinkError, EACCES with the cure. */
export function checkEchoSockets(libc: Libc): void {
  libc.close(openSocket(libc.socket, families.IPv4, uapi.SOCK_DGRAM));
}

function openSocket(open: Libc["socket"], { family, protocol }: Kind, kind: number): number {
  const type = kind | uapi.SOCK_NONBLOCK | uapi.SOCK_CLOEXEC;
  const fd = open(family, type, protocol);
  if (fd === -EACCES) throw new NetlinkError("EACCES", forbidden);
  return check(fd, "Cannot open an ICMP socket");
}

function check(result: number, what: string): number {
  if (result < 0) throw NetlinkError.fromErrno(result, `${what}: ${errnoText(-result)}`);
  return result;
}

function sockaddr({ addressAt, family, sockaddrSize }: Kind, host: string): Uint8Array {
  const bytes = new Uint8Array(sockaddrSize);
  setU16(bytes, 0, family);
  if (family === uapi.AF_INET) {
    const address = ipv4FromText(host);
    if (address === undefined) throw invalid(`"${host}" is not an address`);
    setBe32(bytes, addressAt, address);
    return bytes;
  }
  const address = ipv6FromText(host);
  if (address === undefined) throw invalid(`"${host}" is not an address`);
  bytes.set(address, addressAt);
  return bytes;
}
