// Which protocol takes frames of which EtherType. Frames of one protocol come in rows, so the last answer is kept at hand.
//
// Mirrors net/core/dev.c (ptype_base, dev_add_pack).

import type { PacketHandler } from "./netdevice.ts";

/** Handlers by EtherType. */
export class PacketHandlers extends Map<number, PacketHandler> {
  #lastProtocol = -1;
  #last: PacketHandler | undefined;

  /** As `get`, quick for the protocol that was asked for last. */
  find(protocol: number): PacketHandler | undefined {
    if (protocol !== this.#lastProtocol) {
      this.#last = this.get(protocol);
      this.#lastProtocol = protocol;
    }
    return this.#last;
  }

  override set(protocol: number, handler: PacketHandler): this {
    this.#lastProtocol = -1;
    return super.set(protocol, handler);
  }

  override delete(protocol: number): boolean {
    this.#lastProtocol = -1;
    return super.delete(protocol);
  }

  override clear(): void {
    this.#lastProtocol = -1;
    super.clear();
  }
}
