// What a device may be called, as far as iproute2 checks it before the kernel does.

import { ALTIFNAMSIZ, IFNAMSIZ } from "../../../uapi/if.ts";
import { wrongArgument } from "../../exit.ts";

/** Checks a name as iproute2 does before the kernel sees it (check_ifname); `key` is what it is called in the refusal. */
export function validName(name: string, key: string, isValid = isIfname): string {
  if (!isValid(name)) throw wrongArgument(name, `"${key}" not a valid ifname`);
  return name;
}

function isIfname(name: string): boolean {
  return name.length < IFNAMSIZ && isAltname(name);
}

/** What may be an alternative name: up to 127 characters, no slash, no white space (check_altifname). */
export function isAltname(name: string): boolean {
  return name !== "" && name.length < ALTIFNAMSIZ && !/[/\s]/.test(name);
}
