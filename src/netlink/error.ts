// The one error of the control path: a request that was refused as the kernel refuses it, by errno and extended
// acknowledgement. Its message is the extended-ack text byte for byte, and empty where the kernel sends none.
//
// Mirrors net/netlink/af_netlink.c (netlink_ack) and include/linux/netlink.h (struct netlink_ext_ack).

import type { ErrnoName } from "../uapi/errno.ts";
import { errnoName, errnoNumber } from "../uapi/errno.ts";
import { attributeOf } from "./parsed.ts";
import type { AttrPolicy } from "./policy.ts";

/** What an extended acknowledgement says beside the errno and the text. */
export interface ErrorDetail {
  /** Bytes from the start of the request to the attribute at fault (NLMSGERR_ATTR_OFFS). */
  readonly offset?: number | undefined;
  /** The attribute that should have been there, and the offset of the nest it belongs in (NLMSGERR_ATTR_MISS_TYPE, _NEST). */
  readonly missing?: { readonly type: number; readonly nest?: number | undefined } | undefined;
  /** What would have been accepted (NLMSGERR_ATTR_POLICY). */
  readonly policy?: AttrPolicy | undefined;
}

/** A refused request, as the kernel would refuse it: errno plus extended acknowledgement. */
export class NetlinkError extends Error {
  override readonly name = "NetlinkError";
  /** The symbolic errno, the field Node users already match on. */
  readonly code: ErrnoName;
  /** The errno, negative as on the wire. */
  readonly errno: number;
  readonly offset: number | undefined;
  readonly missing: ErrorDetail["missing"];
  readonly policy: AttrPolicy | undefined;

  constructor(code: ErrnoName, message = "", detail: ErrorDetail = {}) {
    super(message);
    this.code = code;
    this.errno = -errnoNumber(code);
    this.offset = detail.offset;
    this.missing = detail.missing;
    this.policy = detail.policy;
  }

  /** Makes the error that answers `errno` (negative, as NLMSG_ERROR carries it); unknown numbers become EINVAL's kin EIO. */
  static fromErrno(errno: number, message = "", detail: ErrorDetail = {}): NetlinkError {
    return new NetlinkError(errnoName(-errno) ?? "EIO", message, detail);
  }
}

/** Bytes an extended-ack text that was put together may have, its NUL counted (NETLINK_MAX_FMTMSG_LEN). */
const maxFormattedText = 80;

/** Any errno with a text that was put together, cut where the kernel cuts it (NL_SET_ERR_MSG_FMT). */
export function formatted(code: ErrnoName, text: string): NetlinkError {
  return new NetlinkError(code, text.slice(0, maxFormattedText - 1));
}

/** Runs `parse` where nobody asks the kernel's parser for a text: what it refuses is refused by errno alone. */
export function withoutDetail<Value>(parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    throw error instanceof NetlinkError ? new NetlinkError(error.code) : error;
  }
}

/** EINVAL with the kernel's text, pointing at the attribute `name` of the parsed set `attrs` when both are given. */
export function invalid(message = "", attrs?: object, name?: string): NetlinkError {
  return refused("EINVAL", message, attrs, name);
}

/** Any errno with the kernel's text, pointing at the attribute `name` of `attrs` when both are given (NL_SET_ERR_MSG_ATTR). */
export function refused(code: ErrnoName, message = "", attrs?: object, name?: string): NetlinkError {
  const attribute = attrs !== undefined && name !== undefined ? attributeOf(attrs, name) : undefined;
  return new NetlinkError(code, message, { offset: attribute?.offset });
}

/** EEXIST, with a text where the kernel sends one. */
export function exists(message = ""): NetlinkError {
  return new NetlinkError("EEXIST", message);
}

/** ENODEV: the device that was named is not there. */
export function noDevice(message = ""): NetlinkError {
  return new NetlinkError("ENODEV", message);
}

/** EOPNOTSUPP, with a text where the kernel sends one. */
export function notSupported(message = "", attrs?: object, name?: string): NetlinkError {
  return refused("EOPNOTSUPP", message, attrs, name);
}

/** EINVAL for an attribute that must be there and is not (NL_REQ_ATTR_CHECK); `nest` is the offset of the nest it belongs in. */
export function missing(type: number, nest?: number): NetlinkError {
  return new NetlinkError("EINVAL", "", { missing: { type, nest } });
}
