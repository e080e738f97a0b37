// Assertions for programmers' errors. They stay on in production and never judge input: what comes from
// outside is refused with an errno (netlink) or counted under a drop reason (frames).

/**
 * Throws an Error "assertion failed: …" unless `condition` holds, and narrows its type. For mistakes in our
 * own code only.
 */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}
