// Names of devices: which are allowed, how a template becomes one, and alternative names.
//
// Mirrors net/core/dev.c (dev_valid_name, __dev_alloc_name, dev_prep_valid_name, dev_change_name, netdev_name_node_*).

import { encodeUtf8, utf8Length } from "../bytes/utf8.ts";
import { exists, NetlinkError } from "../netlink/error.ts";
import { IFNAMSIZ } from "../uapi/if.ts";
import { NET_NAME_RENAMED } from "../uapi/netdevice.ts";
import { notify } from "./device.ts";
import type { Device, Netns } from "./netdevice.ts";

/** Whether `name` may name a device: 1 to 15 bytes, not `.` or `..`, no slash, colon or white space (dev_valid_name). */
function isValidName(name: string): boolean {
  if (name === "" || utf8Length(name) >= IFNAMSIZ || name === "." || name === "..") return false;
  // White space is a matter of bytes in Latin-1 there, so that every character with the byte a0 in its UTF-8 is refused.
  return !/[/:\t\n\v\f\r ]/.test(name) && (isAscii(name) || !encodeUtf8(name).includes(0xa0));
}

function isAscii(name: string): boolean {
  for (let index = 0; index < name.length; index++) {
    if (name.charCodeAt(index) > 0x7f) return false;
  }
  return true;
}

/**
 * The name that `name`, perhaps a template with one `%d`, gives in `netns` (dev_prep_valid_name): EINVAL for a bad
 * one, EEXIST for a taken one, ENFILE when the template's numbers are used up.
 */
export function prepareName(netns: Netns, name: string): string {
  if (!isValidName(name)) throw new NetlinkError("EINVAL");
  if (name.includes("%")) return allocateName(netns, name);
  if (netns.names.has(name)) throw exists();
  return name;
}

/** The first free name of a template (__dev_alloc_name). */
function allocateName(netns: Netns, template: string): string {
  const percent = template.indexOf("%");
  if (template[percent + 1] !== "d" || template.includes("%", percent + 2)) throw new NetlinkError("EINVAL");
  const name = netns.templates.allocate(template, (taken) => netns.names.has(taken));
  if (name === undefined) throw new NetlinkError("ENFILE");
  return name;
}

/** Frees a name that a device of `netns` had. */
export function releaseName(netns: Netns, name: string): void {
  netns.names.delete(name);
  netns.templates.release(name);
}

/** Renames a device, up or down, and tells everybody (dev_change_name); the same name again is no change. */
export function devChangeName(dev: Device, pattern: string): void {
  if (pattern === dev.name) return;
  const name = prepareName(dev.netns, pattern);
  // A device that moved under the name of its own alternative name has it twice, as on Linux.
  if (dev.altnames?.includes(dev.name) !== true) releaseName(dev.netns, dev.name);
  dev.name = name;
  dev.nameAssign = NET_NAME_RENAMED;
  dev.netns.names.set(name, dev);
  notify("change-name", dev);
}

/** Adds an alternative name (netdev_name_node_alt_create): EEXIST when any device here has it. */
export function addAltname(dev: Device, name: string): void {
  if (dev.netns.names.has(name)) throw exists();
  dev.altnames ??= [];
  dev.altnames.push(name);
  dev.netns.names.set(name, dev);
}

/** Removes an alternative name (netdev_name_node_alt_destroy): ENOENT when nobody has it, EINVAL when it is not an alternative name of `dev`. */
export function removeAltname(dev: Device, name: string): void {
  const owner = dev.netns.names.get(name);
  if (owner === undefined) throw new NetlinkError("ENOENT");
  const place = dev.altnames?.indexOf(name) ?? -1;
  if (owner !== dev || place < 0) throw new NetlinkError("EINVAL");
  dev.altnames?.splice(place, 1);
  if (dev.altnames?.length === 0) dev.altnames = null;
  if (name !== dev.name) releaseName(dev.netns, name);
}
