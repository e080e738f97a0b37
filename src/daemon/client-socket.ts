// A netlink socket in the daemon, as its user in this process holds it.

import { NetlinkError } from "../netlink/error.ts";
import type { DatagramInfo, NetlinkTransport } from "../netlink/transport.ts";
import { errnoText } from "../uapi/errno.ts";
import type { ClientChannel, ClientConnection } from "./client-connection.ts";
import type { Frame } from "./protocol.ts";
import * as protocol from "./protocol.ts";

/** One socket. An option that the daemon refuses closes it, with the errno, as there is nobody left to throw to. */
export class DaemonSocket implements NetlinkTransport, ClientChannel {
  readonly portId: number;
  onDatagram: (datagram: Uint8Array, info: DatagramInfo) => void = () => {};
  onOverrun: () => void = () => {};
  onClose: (reason?: Error) => void = () => {};
  readonly #connection: ClientConnection;
  readonly #id: number;
  #isOpen = true;

  /** `id` is its channel, which the daemon has opened. */
  constructor(connection: ClientConnection, id: number, portId: number) {
    this.#connection = connection;
    this.#id = id;
    this.portId = portId;
  }

  send(datagram: Uint8Array): void {
    if (datagram.length > protocol.LARGEST_DATAGRAM) {
      const text = `Cannot send ${datagram.length} bytes in one datagram, ${protocol.LARGEST_DATAGRAM} are possible`;
      throw new NetlinkError("EMSGSIZE", text);
    }
    if (!this.#isOpen) throw new NetlinkError("ENOTCONN", "The netlink socket is closed");
    this.#connection.send(protocol.dataFrame(this.#id, datagram));
  }

  setOption(option: number, value: number): void {
    if (!this.#isOpen) throw new NetlinkError("ENOTCONN", "The netlink socket is closed");
    this.#connection.send(protocol.wordsFrame(protocol.OP_SETOPTION, this.#id, [option, value]));
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#connection.closeChannel(this.#id);
  }

  receive(frame: Frame): void {
    if (frame.op === protocol.OP_DATA) this.#receiveData(frame);
    else if (frame.op === protocol.OP_OVERRUN) this.onOverrun();
    else if (frame.op === protocol.OP_CLOSE) {
      const errno = frame.word(0) | 0;
      this.#connection.freeChannel(this.#id);
      this.end(NetlinkError.fromErrno(errno, `The daemon has closed the socket: ${errnoText(-errno)}`));
    }
  }

  end(error: NetlinkError): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.onClose(error);
  }

  #receiveData(frame: Frame): void {
    if ((frame.flags & protocol.FLAG_EVENT) === 0) return this.onDatagram(frame.payload, { group: 0 });
    const group = frame.word(0);
    const nsid = frame.word(1) | 0;
    const datagram = frame.payload.subarray(protocol.EVENT_HEADER_SIZE);
    this.onDatagram(datagram, nsid < 0 ? { group } : { group, nsid });
  }
}
