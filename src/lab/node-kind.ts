// The kinds of nodes a lab has.

/** What a node is. */
export type NodeKind = "host" | "router" | "switch" | "outside";

/** Whether frames pass a node of this kind on their way between its links, so that those are one segment. */
export function isBridging(kind: NodeKind): boolean {
  return kind === "switch" || kind === "outside";
}
