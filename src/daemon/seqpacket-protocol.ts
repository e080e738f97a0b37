// What the preload library of `uveth run` (native/preload.h) and the daemon say to each other. A connection is one netlink
// socket of a program; library and daemon are of one build, so there is no version.
//
//   request  u32 op, three u32 words, payload; with it, as SCM_RIGHTS, the end of a pipe that takes the answer, if any is awaited
//   answer   s32 result (-errno for a refusal), u32 length of the payload, payload
//   event    u32 flags, s32 errno of the socket, u32 group, s32 nsid; then a datagram, unless it is an error
//
// An error is to be told before what is queued, which lies in the connection already: the number in the file of overruns grows,
// at which readers ask (OP_ERROR). As an event it comes to those who could not know.
//
// All integers are in host order.

import { rmSync } from "node:fs";
import { getU32, setS32, setU32 } from "../bytes/endian.ts";
import { decodeUtf8 } from "../bytes/utf8.ts";
import { errnoNumber } from "../uapi/errno.ts";

/** Makes a netlink socket: protocol, socket type, 1 for CAP_NET_ADMIN; the last descriptor is the namespace's file. */
export const OP_OPEN = 1;
/** The size of the largest buffer that the socket was read with, or 0; payload: a datagram of requests. */
export const OP_SEND = 2;
/** Port id, groups, 1 if the program takes that port id for its own already; answered with those it has. */
export const OP_BIND = 3;
/** Answered with port id and groups. */
export const OP_NAME = 4;
/** Level, option, value. */
export const OP_SETOPTION = 5;
/** Level, option; answered with the value, whose size is the result. */
export const OP_GETOPTION = 6;
/** The size of the largest buffer that the socket was read with; not answered. */
export const OP_READSIZE = 7;
/** 1 for CAP_SYS_ADMIN. Makes a namespace; the result is its id. It goes with the connection if the file is not open by then. */
export const OP_UNSHARE = 8;
/** A descriptor of a namespace's file, 1 for CAP_SYS_ADMIN; payload: the name that it gets. */
export const OP_MOUNT = 9;
/** Nothing, 1 for CAP_SYS_ADMIN; payload: the name to take away. */
export const OP_UMOUNT = 10;
/** A request of ioctl(2), the room for its answer, 1 for CAP_NET_ADMIN and the socket's family << 8; payload and answer: its argument. */
export const OP_IOCTL = 11;
/** A descriptor that is to become the namespace of the process, 1 for CAP_SYS_ADMIN: EINVAL when it is no namespace's file. */
export const OP_SETNS = 12;
/** The program has emptied the connection; answered when what it did not take before is in it. */
export const OP_FLUSH = 13;
/** Payload: a path of /sys or /proc that shows interfaces or settings; the result is the id of the namespace whose copy is to be read. */
export const OP_SHOW = 14;
/** 1 for CAP_NET_ADMIN; payload: the path of a file that acts when it is written, NUL, what was written. */
export const OP_WRITE = 15;
/** The result is the errno that the socket has to tell, or 0; it is taken with it. With 1 it is looked at, and stays. */
export const OP_ERROR = 16;
/**
 * 1 for CAP_NET_RAW (of netlink CAP_NET_ADMIN) and a family << 8, type, protocol; answered through a socket with one of the kernel's beside the answer, or
 * with a text that says why there is none.
 */
export const OP_SOCKET = 17;
/** Answered in the same way with a connection to the daemon, for a program that may no longer open its socket. */
export const OP_CONNECT = 18;

/**
 * Added to an operation that is asked for another process (`native/supervise/`): its id goes in front of the payload, and unless
 * `isOfSocket`, the file of the namespace that it lives in is the last descriptor.
 */
const OP_FOR = 0x80000000;
/** In place of a descriptor's number: the namespace's file that came with the request. */
export const FD_GIVEN = 0xffffffff;

/** Whether an operation is one of a socket that is open, which is in its namespace for good. */
export function isOfSocket(op: number): boolean {
  return (op >= OP_SEND && op <= OP_READSIZE) || op === OP_FLUSH || op === OP_ERROR;
}

/** Where the family of a socket lies in a word whose lowest bit stands for CAP_NET_ADMIN. */
export const FAMILY_SHIFT = 8;

export const REQUEST_HEADER_SIZE = 16;
export const EVENT_HEADER_SIZE = 16;
const ANSWER_HEADER_SIZE = 8;
const EMPTY = new Uint8Array(0);

/** The datagram is of another namespace, whose id the header holds. */
export const EVENT_HAS_NSID = 1;
/** The socket wants to know groups (NETLINK_PKTINFO). */
export const EVENT_HAS_PKTINFO = 2;

/** The descriptor of a process that is open on the file of the namespace it lives in. */
export const NETNS_FD = 1_023;

/** The largest request; a larger one is refused with EMSGSIZE. */
export const LARGEST_REQUEST = 1024 * 1024;

/** The largest answer: a pipe that nobody has written to takes so much without waiting. */
const LARGEST_ANSWER = 65_000;

/** What a client asks. */
export interface SeqpacketRequest {
  readonly op: number;
  readonly words: readonly [number, number, number];
  readonly payload: Uint8Array;
  /** The process or thread that it is asked for, if not for the one that asks. */
  readonly pid?: number;
}

/** Reads a request; undefined when it is too short to be one. */
export function parseRequest(bytes: Uint8Array): SeqpacketRequest | undefined {
  if (bytes.length < REQUEST_HEADER_SIZE) return undefined;
  const op = getU32(bytes, 0);
  const words = [getU32(bytes, 4), getU32(bytes, 8), getU32(bytes, 12)] as const;
  const payload = bytes.subarray(REQUEST_HEADER_SIZE);
  if (op < OP_FOR) return { op, words, payload };
  if (payload.length < 4) return undefined;
  return { op: op - OP_FOR, words, payload: payload.subarray(4), pid: getU32(payload, 0) };
}

/** The payload as text. */
export function textOf({ payload }: SeqpacketRequest): string {
  return decodeUtf8(payload);
}

/** What a request is answered with. */
export interface SeqpacketAnswer {
  /** Zero or more; -errno for a refusal. */
  readonly result: number;
  readonly payload?: Uint8Array;
  /** A descriptor that goes with it, and is closed here once it has gone. */
  readonly fd?: number;
}

/** Writes an answer; one that is longer than a pipe takes at once becomes EMSGSIZE. */
export function answerBytes(answer: SeqpacketAnswer): Uint8Array {
  const isTooLong = (answer.payload?.length ?? 0) > LARGEST_ANSWER;
  const { result, payload = EMPTY } = isTooLong ? { result: -errnoNumber("EMSGSIZE") } : answer;
  const bytes = new Uint8Array(ANSWER_HEADER_SIZE + payload.length);
  setS32(bytes, 0, result);
  setU32(bytes, 4, payload.length);
  bytes.set(payload, ANSWER_HEADER_SIZE);
  return bytes;
}

/** Some u32 as a payload. */
export function wordBytes(...words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * words.length);
  for (const [index, word] of words.entries()) setU32(bytes, 4 * index, word);
  return bytes;
}

/** Where the library finds the daemon of a Unix socket. */
export interface RunPlace {
  /** The socket of type SOCK_SEQPACKET. */
  readonly socket: string;
  /** The folder of the namespace files (netns-files.ts). */
  readonly folder: string;
}

/** The place beside the daemon's socket. */
export function runPlace(socket: string): RunPlace {
  const base = socket.replace(/\.sock$/, "");
  return { socket: `${base}.run`, folder: `${base}.ns` };
}

/** Removes what an engine that failed left at the place. */
export function removeRunPlace(socket: string): void {
  const place = runPlace(socket);
  rmSync(place.socket, { force: true });
  rmSync(place.folder, { recursive: true, force: true });
}
