// Refusals, spelled out in full: what is not named in the expectation must not be in the acknowledgement.

import { expect } from "vitest";
import { NetlinkError } from "../../../src/netlink/error.ts";
import type { ErrnoName } from "../../../src/uapi/errno.ts";

/** What a refusal must say. */
export interface Refusal {
  readonly code: ErrnoName;
  /** The extended-ack text, byte for byte; none when absent. */
  readonly message?: string;
  /** NLMSGERR_ATTR_OFFS: from the start of the request's header. */
  readonly offset?: number;
  /** NLMSGERR_ATTR_MISS_TYPE and _NEST. */
  readonly missing?: { readonly type: number; readonly nest?: number };
}

/** Expects that a request is refused, and how. */
export async function expectError(answer: Promise<unknown>, expected: Refusal): Promise<void> {
  const error: unknown = await answer.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof NetlinkError)) {
    expect.fail(`Expected ${expected.code}, got ${error === undefined ? "success" : String(error)}`);
  }
  const { code, message, offset, missing } = error;
  expect({ code, message, offset, missing }).toEqual({ message: "", ...expected });
}
