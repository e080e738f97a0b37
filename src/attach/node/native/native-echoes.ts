// Echo requests from a native namespace, by raw sockets that its holder makes, which has CAP_NET_RAW there. ICMP sockets it may make
// none: net.ipv4.ping_group_range of a new namespace lets nobody, and takes no group that the namespace of users does not map.

import { getBe32, setBe32 } from "../../../bytes/endian.ts";
import { ipv4FromText, ipv4ToText } from "../../../bytes/ipv4.ts";
import { ipv6FromText, ipv6ToText } from "../../../bytes/ipv6.ts";
import type { EchoListener, EchoWay, OuterEcho } from "../../../net/outer-echo.ts";
import { EchoSocket } from "../echo-socket.ts";
import type { Libc } from "../libc.ts";
import { ReceiveBuffer } from "../msghdr.ts";
import type { Holder } from "./holder.ts";
import { ask } from "./holder.ts";

const largestMessage = 0xffff;
const icmpHeaderSize = 8;

/** Those of one namespace. */
export class NativeEchoes {
  readonly #libc: Libc;
  readonly #holder: Holder;
  readonly #buffer: ReceiveBuffer;
  readonly #open = new Set<EchoSocket>();
  #nextId = 1;

  constructor(libc: Libc, holder: Holder) {
    this.#libc = libc;
    this.#holder = holder;
    this.#buffer = new ReceiveBuffer(libc, largestMessage);
  }

  /** Opens one that sends as `way` says; NetlinkError: what connect(2) and bind(2) say. */
  open({ destination, source, ifname, tos, ttl }: EchoWay, listener: EchoListener): OuterEcho {
    const socket = new EchoSocket(
      this.#libc,
      addressText(destination),
      this.#buffer,
      {
        reply(sequence, payload, hops) {
          const size = icmpHeaderSize + payload.length;
          listener.reply({ sequence, source: destination, ttl: hops, size, payload });
        },
        error(sequence, from, type, code, info) {
          listener.error({ sequence, source: addressBytes(from), type, code, info });
        },
      },
      {
        open: (...given) => this.#holder.do(ask.socket(...given)),
        id: this.#nextId++ & 0xffff,
        source: source === undefined ? undefined : addressText(source),
        ifname,
        tos,
      },
    );
    this.#open.add(socket);
    return {
      send: (sequence, payload) => socket.send(sequence, payload, ttl),
      close: () => {
        this.#open.delete(socket);
        socket.close();
      },
    };
  }

  /** Closes all of them. */
  close(): void {
    for (const socket of this.#open) socket.close();
    this.#open.clear();
  }
}

function addressText(bytes: Uint8Array): string {
  return bytes.length === 4 ? ipv4ToText(getBe32(bytes, 0)) : ipv6ToText(bytes);
}

function addressBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(4);
  setBe32(bytes, 0, ipv4FromText(text) ?? 0);
  return ipv6FromText(text) ?? bytes;
}
