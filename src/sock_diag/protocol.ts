// NETLINK_SOCK_DIAG: which sockets there are, by family and protocol; what ss(8) asks.
//
// Mirrors net/core/sock_diag.c (sock_diag_rcv_msg) and net/ipv4/inet_diag.c (inet_diag_handler_cmd, inet_diag_dump, and the older
// question of inet_diag_rcv_msg_compat, which libnl asks). Omitted: the
// families but AF_INET and AF_INET6, protocols but TCP and UDP, closing sockets (SOCK_DESTROY), events.

import type { Dump, DumpControl, Handler, Protocol, Request } from "../af_netlink/handler.ts";
import { getBe16, getU32 } from "../bytes/endian.ts";
import type { IpNetns } from "../inet/netns.ts";
import { ipNetns } from "../inet/slots.ts";
import { invalid, NetlinkError } from "../netlink/error.ts";
import type { Message } from "../netlink/message.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { IPPROTO_TCP, IPPROTO_UDP } from "../uapi/in.ts";
import * as diag from "../uapi/inet_diag.ts";
import { NLM_F_DUMP, NLM_F_MULTI } from "../uapi/netlink.ts";
import { AF_INET, AF_INET6, AF_UNSPEC } from "../uapi/socket.ts";
import { checkBytecode, passesBytecode } from "./bytecode.ts";
import { fillSocket } from "./fill.ts";
import type { DiagSocket } from "./sockets.ts";
import { tcpSockets, udpSockets } from "./sockets.ts";

/** struct inet_diag_req_v2 */
const requestSize = 56;
const idAt = 8;
/** struct inet_diag_req, for TCP alone. */
const oldRequestSize = 60;
const oldIdAt = 4;
const oldStatesAt = 52;

/** What is asked. */
interface Question {
  /** AF_UNSPEC for both. */
  readonly family: number;
  readonly protocol: number;
  readonly extensions: number;
  /** A bit for each state. */
  readonly states: number;
  readonly localPort: number;
  readonly remotePort: number;
  readonly local: Uint8Array;
  readonly remote: Uint8Array;
}

/** NETLINK_SOCK_DIAG of one machine. */
export class SockDiag implements Protocol {
  readonly groups = 0;
  /** Numbers of sockets, given when somebody asks first (sock_gen_cookie). */
  readonly #cookies = new WeakMap<object, number>();
  #lastCookie = 0;

  /** Handles one request: EINVAL for what is none, ENOENT where nobody answers. */
  receive(request: Request, startDump: (handler: Handler) => void): void {
    const { flags, payloadLength, type } = request.message;
    const isOld = type === diag.TCPDIAG_GETSOCK;
    if (type !== diag.SOCK_DIAG_BY_FAMILY && !isOld) throw invalid();
    if (payloadLength < 2) throw invalid();
    const family = request.message.bytes[NLMSG_HDRLEN] ?? 0;
    if (!isOld && family !== AF_INET && family !== AF_INET6) throw new NetlinkError("ENOENT");
    if (payloadLength < sizeOf(request.message)) throw invalid();
    const question = questionOf(request.message);
    // Either bit asks for all.
    if ((flags & NLM_F_DUMP) !== 0) {
      startDump({ dump: (dumped, control) => this.#dump(dumped, control) });
      return;
    }
    if (family !== AF_INET && family !== AF_INET6) throw invalid();
    const socket = [...socketsOf(ipNetns(request.netns), question.protocol)].find((each) =>
      isOne(each, question),
    );
    if (socket === undefined) throw new NetlinkError("ENOENT");
    const { portId, seq } = request.origin;
    request.reply((writer) => {
      writer.begin(type, 0, seq, portId);
      fillSocket(writer, socket, question.extensions, this.#cookieOf(socket));
      writer.end();
    });
  }

  *#dump({ message, netns, origin }: Request, control: DumpControl): Dump {
    const question = questionOf(message);
    // The older dump is of both families, whatever it says.
    const family = message.type === diag.TCPDIAG_GETSOCK ? AF_UNSPEC : question.family;
    const code = message.attribute(diag.INET_DIAG_REQ_BYTECODE, sizeOf(message))?.copy();
    if (code !== undefined) checkBytecode(code);
    for (const socket of socketsOf(ipNetns(netns), question.protocol)) {
      if (family !== AF_UNSPEC && socket.family !== family) continue;
      if ((question.states & (1 << socket.state)) === 0) continue;
      if (question.localPort !== 0 && question.localPort !== socket.localPort) continue;
      if (question.remotePort !== 0 && question.remotePort !== socket.remotePort) continue;
      if (code !== undefined && !passesBytecode(code, socket)) continue;
      control.writer.begin(message.type, NLM_F_MULTI, origin.seq, origin.portId);
      fillSocket(control.writer, socket, question.extensions, this.#cookieOf(socket));
      control.writer.end();
      yield;
    }
  }

  #cookieOf({ source }: DiagSocket): number {
    const known = this.#cookies.get(source);
    if (known !== undefined) return known;
    this.#cookies.set(source, ++this.#lastCookie);
    return this.#lastCookie;
  }
}

/** Bytes of the question before its attributes. */
function sizeOf({ type }: Message): number {
  return type === diag.TCPDIAG_GETSOCK ? oldRequestSize : requestSize;
}

function questionOf({ bytes, type }: Message): Question {
  const at = NLMSG_HDRLEN;
  const isOld = type === diag.TCPDIAG_GETSOCK;
  const family = bytes[at] ?? 0;
  const size = family === AF_INET6 ? 16 : 4;
  const id = at + (isOld ? oldIdAt : idAt);
  return {
    family,
    protocol: isOld ? IPPROTO_TCP : (bytes[at + 1] ?? 0),
    extensions: bytes[at + (isOld ? 3 : 2)] ?? 0,
    states: getU32(bytes, at + (isOld ? oldStatesAt : 4)),
    localPort: getBe16(bytes, id),
    remotePort: getBe16(bytes, id + 2),
    local: bytes.slice(id + 4, id + 4 + size),
    remote: bytes.slice(id + 20, id + 20 + size),
  };
}

function socketsOf(ip: IpNetns, protocol: number): Generator<DiagSocket, void, void> {
  if (protocol === IPPROTO_TCP) return tcpSockets(ip);
  if (protocol === IPPROTO_UDP) return udpSockets(ip);
  throw new NetlinkError("ENOENT");
}

/** Whether a socket is the one whose ends are asked for. */
function isOne(socket: DiagSocket, { family, local, localPort, remote, remotePort }: Question): boolean {
  if (socket.family !== family || socket.localPort !== localPort || socket.remotePort !== remotePort)
    return false;
  return isSame(socket.local, local) && isSame(socket.remote, remote);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.every((byte, index) => byte === other[index]);
}
