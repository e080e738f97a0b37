// Link-layer addresses as they are typed: hexadecimal numbers with colons between them, of any length, or an IPv4 address for
// the tunnels whose addresses those are.
//
// The counterpart of iproute2's ll_addr_a2n; what sscanf("%x") stops at is ignored, as there ("02-11" is the one byte 2).

import { setBe32 } from "../bytes/endian.ts";
import { ipv4FromText } from "../bytes/ipv4.ts";
import { CommandExit, EXIT_FAILURE } from "./exit.ts";

/** Reads an address; CommandExit with iproute2's text if it is none. */
export function linkAddress(text: string): Uint8Array {
  return text.includes(".") ? dotted(text) : Uint8Array.from(text.split(":"), hexByteOf);
}

function dotted(text: string): Uint8Array {
  const bytes = new Uint8Array(4);
  const parts = text.split(".");
  while (parts.length < 4) parts.push("0");
  const address = ipv4FromText(parts.join("."));
  if (address === undefined) throw invalid(text);
  setBe32(bytes, 0, address);
  return bytes;
}

function hexByteOf(part: string): number {
  const form = /^\s*([+-]?)(?:0[xX])?([0-9a-fA-F]+)/.exec(part);
  const value = form === null ? undefined : Number.parseInt(form[2] ?? "", 16);
  if (value === undefined || value > 0xff || (form?.[1] === "-" && value !== 0)) throw invalid(part);
  return value;
}

function invalid(text: string): CommandExit {
  return new CommandExit(EXIT_FAILURE, `"${text}" is invalid lladdr.\n`);
}
