// The second socket of the daemon, for programs under `uveth run`: of type SOCK_SEQPACKET, accepted and read through FFI in
// the engine's thread, whose event loop sleeps on its descriptors as on all others.
//
// A connection is one netlink socket, or a single question about namespaces and interfaces. Whoever sends what is no request
// loses the connection and nothing else; the memory of a connection is bounded by its receive buffer and one datagram.

import { chmodSync, rmSync } from "node:fs";
import type { ReadPeerCredentials } from "../attach/node/peer-credentials.ts";
import type { Seqpacket, SeqpacketDatagram, SeqpacketWatch } from "../attach/node/seqpacket.ts";
import { NetlinkError } from "../netlink/error.ts";
import { errnoNumber } from "../uapi/errno.ts";
import type { Engine } from "./engine.ts";
import { askInterfaces } from "./interface-requests.ts";
import { openNativeSocket } from "./native-socket.ts";
import { NetnsControl } from "./netns-control.ts";
import type { NetnsFiles } from "./netns-files.ts";
import { OverrunCount } from "./overrun-count.ts";
import { checkSocketOwner } from "./place.ts";
import { Rights } from "./rights.ts";
import type { SeqpacketHost } from "./seqpacket-connection.ts";
import { EventScratch, SeqpacketConnection } from "./seqpacket-connection.ts";
import { largestReceiveBuffer } from "./seqpacket-options.ts";
import type { SeqpacketAnswer, SeqpacketRequest } from "./seqpacket-protocol.ts";
import {
  answerBytes,
  isOfSocket,
  OP_CONNECT,
  OP_OPEN,
  OP_SOCKET,
  parseRequest,
} from "./seqpacket-protocol.ts";

type Netns = Engine["machine"]["core"]["initialNetns"];

/** What it takes to serve. */
export interface SeqpacketServerOptions {
  readonly engine: Engine;
  readonly calls: Seqpacket;
  /** The path to listen on; a stale socket there is replaced. */
  readonly socket: string;
  /** The user who may connect, beside root. */
  /** The folder of the namespace files. */
  readonly folder: string;
  readonly uid: number;
  readonly readPeer: ReadPeerCredentials;
  readonly files: NetnsFiles;
  log(text: string): void;
  /** Somebody has come or gone. */
  onChange(): void;
}

const BACKLOG = 4_096;
/** Connections accepted, and requests of one connection done, before the event loop has its turn. */
const ACCEPT_BUDGET = 64;
const REQUEST_BUDGET = 64;
const EAGAIN = errnoNumber("EAGAIN");
const EINTR = errnoNumber("EINTR");

/** A connection that is open. */
interface Client {
  readonly fd: number;
  /** Who connected. */
  readonly pid: number;
  readonly connection: SeqpacketConnection;
  readonly watch: SeqpacketWatch;
}

/** The listening socket and its connections. */
export class SeqpacketServer {
  readonly #options: SeqpacketServerOptions;
  readonly #control: NetnsControl;
  readonly #clients = new Set<Client>();
  readonly #scratch = new EventScratch();
  readonly #largestBuffer = largestReceiveBuffer();
  readonly #rights = new Rights();
  readonly #overruns: OverrunCount;
  #fd = -1;
  #watch: SeqpacketWatch | undefined;

  constructor(options: SeqpacketServerOptions) {
    this.#options = options;
    this.#control = new NetnsControl(options.engine.machine.core, options.files, this.#rights);
    this.#overruns = new OverrunCount(options.folder);
  }

  /** Listens; NetlinkError when that cannot be. */
  listen(): void {
    const { calls, socket, uid } = this.#options;
    checkSocketOwner(socket, uid);
    rmSync(socket, { force: true });
    this.#fd = calls.listen(socket, BACKLOG);
    chmodSync(socket, 0o600);
    this.#watch = calls.watch(this.#fd, () => this.#accept());
  }

  /** How many sockets programs have open. */
  get clientCount(): number {
    return this.#clients.size;
  }

  /** Whether no program runs in any namespace. */
  get isIdle(): boolean {
    return this.#clients.size === 0 && !this.#options.files.isAnyOpen;
  }

  /** Stops listening and ends every connection. */
  close(): void {
    const { calls, socket, files } = this.#options;
    this.#watch?.close();
    calls.close(this.#fd);
    rmSync(socket, { force: true });
    for (const client of [...this.#clients]) this.#end(client);
    files.close();
    this.#overruns.close();
  }

  #accept(): void {
    const { calls, readPeer, uid, log } = this.#options;
    for (let count = 0; count < ACCEPT_BUDGET; count++) {
      const fd = calls.accept(this.#fd);
      if (fd < 0) {
        if (fd !== -EAGAIN && fd !== -EINTR) log(`Cannot accept: ${NetlinkError.fromErrno(fd).message}`);
        return;
      }
      const peer = readPeer(fd);
      if (peer === undefined || (peer.uid !== uid && peer.uid !== 0)) {
        log(`Refused process ${peer?.pid} of uid ${peer?.uid}: this is the daemon of uid ${uid}`);
        calls.close(fd);
      } else this.#try(fd, peer.pid);
    }
  }

  /** Welcomes a program, if its socket can be watched. */
  #try(fd: number, pid: number): void {
    const { calls, log } = this.#options;
    try {
      this.#welcome(fd, pid);
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
      log(`Refused process ${pid}: ${error.message}`);
      calls.close(fd);
    }
  }

  #welcome(fd: number, pid: number): void {
    const { calls } = this.#options;
    const watch = calls.watch(fd, ({ writable, readable }) => {
      if (writable) connection.onWritable();
      if (readable || !writable) this.#read(client);
    });
    const connection = new SeqpacketConnection(this.#hostOf(fd, watch));
    const client = { fd, pid, connection, watch };
    this.#clients.add(client);
    this.#options.onChange();
  }

  #hostOf(fd: number, watch: SeqpacketWatch): SeqpacketHost {
    const { engine, calls, files } = this.#options;
    const { machine } = engine;
    return {
      openSession: (pid, isAdmin, netnsByFd) =>
        machine.openSession({ pid, isAdmin, netnsByFd, netnsByPid: (other) => files.netnsOfPid(other) }),
      bind: (socket, portId) => machine.table.bind(socket, portId),
      netnsOfFd: (pid, other) => files.netnsOfFd(pid, other),
      control: (sender, request, atEnd) =>
        this.#connect(request) ??
        this.#control.do(sender, request, atEnd) ??
        (request.op === OP_SOCKET ? openNativeSocket : askInterfaces)(
          machine,
          files,
          this.#rights,
          sender,
          request,
        ),
      rights: this.#rights,
      largestBuffer: this.#largestBuffer,
      scratch: this.#scratch,
      send: (bytes, length) => calls.send(fd, bytes, length),
      noteError: () => this.#overruns.grow(),
      limit: (bytes) => calls.limit(fd, bytes),
      wantWritable: (isWanted) => watch.setWritable(isWanted),
    };
  }

  /** Hands a connection to a program that may no longer make one; undefined when that is not asked. */
  #connect({ op }: SeqpacketRequest): SeqpacketAnswer | undefined {
    if (op !== OP_CONNECT) return undefined;
    const fd = this.#options.calls.connect(this.#options.socket);
    return fd < 0 ? { result: fd } : { result: 0, fd };
  }

  #read(client: Client): void {
    for (let count = 0; count < REQUEST_BUDGET && this.#clients.has(client); count++) {
      const datagram = this.#options.calls.receive(client.fd);
      if (datagram === -EAGAIN || datagram === -EINTR) return;
      if (typeof datagram === "number" || datagram.bytes.length === 0) this.#end(client);
      else this.#serve(client, datagram);
    }
  }

  /** Does one request and answers it through the pipe that came with it, if the program waits for an answer. */
  #serve(client: Client, { bytes, isTruncated, pid: sender, fds }: SeqpacketDatagram): void {
    const { calls } = this.#options;
    // What is sent between accept and SO_PASSCRED names nobody; whoever connected has sent it.
    const pid = sender === 0 ? client.pid : sender;
    const request = parseRequest(bytes);
    const isForOther = request?.pid !== undefined;
    const hasNetns = request !== undefined && (isForOther ? !isOfSocket(request.op) : request.op === OP_OPEN);
    const netns = hasNetns ? this.#takeNetns(fds.pop()) : undefined;
    const [pipe, ...others] = fds;
    for (const fd of others) calls.close(fd);
    const answer = (given: SeqpacketAnswer): void => {
      if (pipe !== undefined) calls.answer(pipe, answerBytes(given), given.fd);
      if (given.fd !== undefined) calls.close(given.fd);
    };
    if (isTruncated) answer({ result: -errnoNumber("EMSGSIZE") });
    else if (request === undefined) {
      answer({ result: -errnoNumber("EINVAL") });
      this.#options.log(`Ended a connection of process ${pid}: it sent what is no request`);
      this.#end(client);
    } else if (isForOther && !this.#rights.maySpeakFor(pid, request.pid ?? 0)) {
      answer({ result: -errnoNumber("EPERM") });
    } else if (isForOther && hasNetns && netns === undefined) answer({ result: -errnoNumber("ENETDOWN") });
    else {
      // A request that asked for a module goes on in a microtask, its answer included.
      const done = client.connection.receive({ pid: request.pid ?? pid, netns }, request);
      if (pipe !== undefined || request.op === OP_SOCKET || request.op === OP_CONNECT)
        void done.then((given) => setImmediate(() => answer(given)));
    }
  }

  /** The namespace whose file a descriptor is open on, which is closed. */
  #takeNetns(fd: number | undefined): Netns | undefined {
    if (fd === undefined) return undefined;
    const netns = this.#options.files.netnsOfFile(fd);
    this.#options.calls.close(fd);
    return netns;
  }

  #end(client: Client): void {
    if (!this.#clients.delete(client)) return;
    client.watch.close();
    client.connection.close();
    this.#options.calls.close(client.fd);
    this.#options.onChange();
  }
}
