// A filter expression that cannot be understood, in libpcap's words.

/** A bad filter expression; `message` is what tcpdump(8) says of it. */
export class FilterError extends Error {
  override readonly name = "FilterError";
  /** Where in the expression, in characters from its start. */
  readonly position: number;

  constructor(message: string, position: number) {
    super(message);
    this.position = position;
  }
}

/** Libpcap's one text for whatever its grammar does not know. */
export function syntaxError(position: number): FilterError {
  return new FilterError("can't parse filter expression: syntax error", position);
}
