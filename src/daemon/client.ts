// The way to the daemon: one connection, over which a process opens as many netlink sockets and namespaces as it likes.
// The daemon is started when there is none.

import { NetlinkError } from "../netlink/error.ts";
import type { NetlinkProvider, NetlinkTransport, NetnsHandle, SocketRequest } from "../netlink/transport.ts";
import { errnoText } from "../uapi/errno.ts";
import { UVETH_VERSION } from "../uapi/uveth.ts";
import { ClientConnection } from "./client-connection.ts";
import { DaemonSocket } from "./client-socket.ts";
import { DaemonError } from "./daemon-error.ts";
import type { DaemonPlace } from "./place.ts";
import { checkSocketOwner, daemonPlace, ownUid } from "./place.ts";
import type { Frame, Hello } from "./protocol.ts";
import * as protocol from "./protocol.ts";
import type { DaemonStatus } from "./status.ts";
import { parseStatus } from "./status.ts";

/** How to get to the daemon. */
export interface ConnectOptions {
  /** Where UVETH_SOCKET, XDG_RUNTIME_DIR and UVETH_IDLE_MS are looked up; the process's own by default. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** How often a daemon that ends while it is being connected to is followed by another attempt. */
const MOST_ATTEMPTS = 8;
/** SO_RCVBUF of a socket, as kernelNetlink's: the answers to some thousand pipelined requests fit. */
const RECEIVE_BUFFER = 8 * 1024 * 1024;

/**
 * Connects to the daemon of this user, starting it when there is none. Rejects with a DaemonError: EPROTO when it speaks
 * another version of the protocol, EACCES when its place is not this user's, ECONNREFUSED when it cannot be started.
 */
export async function connectDaemon({ env = process.env }: ConnectOptions = {}): Promise<DaemonClient> {
  const place = daemonPlace({ env, uid: ownUid() });
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const client = await findDaemon(place);
    if (client !== undefined) return sameProtocol(client);
    const { bringUp } = await import("./bring-up.ts");
    await bringUp(env);
  }
  const text = `Cannot connect to ${place.socket}: the daemon ends as soon as it starts, see ${place.log}`;
  throw new DaemonError("ECONNREFUSED", text);
}

/** Connects to the daemon of `place`, whatever its version; undefined when there is none. */
export async function findDaemon(place: DaemonPlace): Promise<DaemonClient | undefined> {
  checkSocketOwner(place.socket, ownUid());
  const connection = await ClientConnection.open(place.socket);
  return connection === undefined ? undefined : new DaemonClient(connection);
}

function sameProtocol(client: DaemonClient): DaemonClient {
  const { version, protocol: spoken, pid } = client.peer;
  if (spoken === protocol.PROTOCOL_VERSION) return client;
  client.close();
  throw new DaemonError(
    "EPROTO",
    `The daemon (pid ${pid}) is uveth ${version} with protocol ${spoken}, this is uveth ${UVETH_VERSION} with ` +
      `protocol ${protocol.PROTOCOL_VERSION}; "uveth daemon restart" replaces it and says what that ends`,
  );
}

/** A connection to the daemon: one process, as the daemon sees it. Closing it closes all that was opened over it. */
export class DaemonClient implements NetlinkProvider {
  readonly #connection: ClientConnection;
  #status: Promise<DaemonStatus> | undefined;

  constructor(connection: ClientConnection) {
    this.#connection = connection;
  }

  /** What the daemon says of itself. */
  get peer(): Hello {
    return this.#connection.peer;
  }

  /** Resolves when the connection has ended, from whichever side. */
  get ended(): Promise<void> {
    return this.#connection.ended;
  }

  async openSocket({ protocol: number, netns }: SocketRequest): Promise<NetlinkTransport> {
    const [id, portId] = await this.#open(protocol.OP_OPEN, [number, RECEIVE_BUFFER], netns);
    const socket = new DaemonSocket(this.#connection, id, portId);
    this.#connection.setChannel(id, socket);
    return socket;
  }

  async openNetns(name: string): Promise<NetnsHandle> {
    const [id, fd] = await this.#open(protocol.OP_OPEN_NETNS, [], name);
    return { fd, close: () => this.#connection.closeChannel(id) };
  }

  /** What the daemon holds now. Whoever asks while an answer is under way gets that one. */
  status(): Promise<DaemonStatus> {
    this.#status ??= this.#connection
      .ask(0, protocol.newFrame(protocol.OP_STATUS, 0, 0))
      .then((answer) => parseStatus(answer.payload))
      .finally(() => {
        this.#status = undefined;
      });
    return this.#status;
  }

  /** Ends the daemon with everything in it; `ended` resolves when it no longer serves anybody. */
  stop(): void {
    this.#connection.send(protocol.newFrame(protocol.OP_STOP, 0, 0));
  }

  close(): void {
    this.#connection.close();
  }

  /** Opens a channel and returns it with the number that the daemon gave. */
  async #open(op: number, words: readonly number[], netns = ""): Promise<[id: number, number: number]> {
    const id = this.#connection.newChannel();
    const answer: Frame = await this.#connection.ask(id, protocol.wordsFrame(op, id, words, netns));
    const errno = answer.word(0) | 0;
    if (errno === 0) return [id, answer.word(1)];
    this.#connection.freeChannel(id);
    const what = netns === "" ? "Cannot open netlink" : `Cannot open network namespace "${netns}"`;
    throw NetlinkError.fromErrno(errno, `${what}: ${errnoText(-errno)}`);
  }
}
