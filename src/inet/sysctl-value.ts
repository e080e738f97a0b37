// Numbers as sysctl files take them.
//
// Mirrors kernel/sysctl.c (proc_dointvec_minmax).

import { NetlinkError } from "../netlink/error.ts";

const maxInt = 0x7fff_ffff;
const minInt = -0x8000_0000;

/** Reads a decimal, octal (0…) or hexadecimal (0x…) number: EINVAL for anything else and outside the bounds. */
export function parseNumber(text: string, min = minInt, max = maxInt): number {
  const match = /^(-?)(0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)$/i.exec(text);
  if (match === null) throw new NetlinkError("EINVAL");
  const [, sign = "", digits = ""] = match;
  const isOctal = digits.length > 1 && digits.startsWith("0") && !/^0x/i.test(digits);
  const magnitude = isOctal ? Number.parseInt(digits, 8) : Number(digits);
  const value = sign === "-" ? -magnitude : magnitude;
  if (value < min || value > max) throw new NetlinkError("EINVAL");
  return value;
}
