// What a protocol above IP keeps with a namespace. The namespace knows no more of it than this.

/** Base of a protocol's state; narrow it with `instanceof`. */
export abstract class ProtocolSlot {
  /** IPPROTO_* */
  abstract readonly protocol: number;
}
