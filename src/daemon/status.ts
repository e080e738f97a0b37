// What a daemon tells of itself when asked: a JSON object that grows, so that the commands of one version can read the
// answer of another.

import { decodeUtf8 } from "../bytes/utf8.ts";
import { ProtocolError } from "./protocol.ts";

/** The state of a daemon. */
export interface DaemonStatus {
  readonly pid: number;
  /** Version of its package. */
  readonly version: string;
  readonly protocol: number;
  readonly uptimeMs: number;
  /** Network namespaces beside the initial one. */
  readonly namespaces: number;
  /** Devices in all namespaces beside the `lo` of each. */
  readonly devices: number;
  /** Connected clients but the one who asks. */
  readonly clients: number;
  /** Resident memory in bytes. */
  readonly memoryBytes: number;
}

/** Reads the answer to OP_STATUS; what another version leaves out is 0. ProtocolError for what is no JSON object. */
export function parseStatus(payload: Uint8Array): DaemonStatus {
  const members = parseObject(decodeUtf8(payload));
  const number = (key: string): number => {
    const value = members.get(key);
    return typeof value === "number" ? value : 0;
  };
  return {
    pid: number("pid"),
    version: String(members.get("version") ?? ""),
    protocol: number("protocol"),
    uptimeMs: number("uptimeMs"),
    namespaces: number("namespaces"),
    devices: number("devices"),
    clients: number("clients"),
    memoryBytes: number("memoryBytes"),
  };
}

function parseObject(text: string): Map<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return new Map(Object.entries(value));
  } catch {
    // Answered below.
  }
  throw new ProtocolError("The daemon's status is not a JSON object");
}
