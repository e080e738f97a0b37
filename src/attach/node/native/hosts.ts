// /etc/hosts of native namespaces: each namespace of the machine that has a name is a host of that name, whatever stack it has,
// before what the system's own file says. /etc/resolv.conf names no server: the system's are not to be reached from there.
//
// As `ip netns exec` does, files in /etc/netns/NAME/ stand for those of the same name in /etc.

import { ftruncateSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { getBe32 } from "../../../bytes/endian.ts";
import { ipv4ToText } from "../../../bytes/ipv4.ts";
import { ipv6ToText } from "../../../bytes/ipv6.ts";
import type { Machine } from "../../../index.ts";
import type { Netns } from "../../../net/netdevice.ts";
import type { Message } from "../../../netlink/message.ts";
import { NLMSG_HDRLEN } from "../../../netlink/message.ts";
import { IFA_ADDRESS, IFA_LOCAL, IFADDRMSG_SCOPE, IFADDRMSG_SIZE } from "../../../uapi/if_addr.ts";
import { RT_SCOPE_UNIVERSE } from "../../../uapi/rtnetlink.ts";
import type { Libc } from "../libc.ts";
import type { Holder } from "./holder.ts";
import { ask } from "./holder.ts";
import { addressesOf } from "./snapshot.ts";

const MS_BIND = 4_096;
const localhost = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";
/** How long changes are gathered before the files are written anew. */
const gatherMs = 50;

/** The files of all native namespaces of one machine. */
export class Hosts {
  readonly #machine: Machine;
  readonly #libc: Libc;
  /** The files, and what they say. */
  readonly #files = new Map<Holder, { readonly fd: number; text: string }>();
  /** Lines of a namespace, as long as nothing is known to have changed there. */
  readonly #lines = new Map<Netns, string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(machine: Machine, libc: Libc) {
    this.#machine = machine;
    this.#libc = libc;
  }

  /** Gives a new native namespace its files; `fd`, which it takes over, is open for writing and is /etc/hosts there. */
  add(holder: Holder, fd: number, netns: Netns): void {
    for (const [name, named] of this.#machine.core.netnsNames) if (named === netns) bindFiles(holder, name);
    this.#files.set(holder, { fd, text: "" });
    this.#lines.delete(netns);
    this.refresh();
  }

  remove(holder: Holder): void {
    const file = this.#files.get(holder);
    if (file !== undefined) this.#libc.close(file.fd);
    this.#files.delete(holder);
  }

  /**
   * What is known of addresses may no longer be so, in `netns` or wherever nobody tells of changes: the files are written soon.
   */
  refresh(netns?: Netns): void {
    if (netns !== undefined) this.#lines.delete(netns);
    else
      for (const each of this.#lines.keys())
        if (each.stack === null || !each.isAlive) this.#lines.delete(each);
    this.#timer ??= setTimeout(() => this.settle(), gatherMs).unref();
  }

  /** Writes the files now, if anything may have changed. */
  settle(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#text();
    for (const file of this.#files.values()) {
      if (file.text !== text) write(file.fd, text);
      file.text = text;
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const holder of [...this.#files.keys()]) this.remove(holder);
  }

  /** What all of them say. */
  #text(): string {
    const { netnsNames } = this.#machine.core;
    const lines = [...netnsNames].map(([name, netns]) => this.#linesOf(name, netns));
    const system = readSystemHosts();
    return `${lines.join("")}${/\blocalhost\b/.test(system) ? "" : localhost}${system}`;
  }

  #linesOf(name: string, netns: Netns): string {
    const known = this.#lines.get(netns);
    if (known !== undefined) return known;
    const texts = addressesOf(this.#machine, netns).flatMap(textOf);
    const lines = texts.map((text) => `${text}\t${name}\n`).join("");
    this.#lines.set(netns, lines);
    return lines;
  }
}

/** An address that others can reach; none otherwise. */
function textOf(message: Message): string[] {
  if (message.bytes[NLMSG_HDRLEN + IFADDRMSG_SCOPE] !== RT_SCOPE_UNIVERSE) return [];
  const attribute =
    message.attribute(IFA_LOCAL, IFADDRMSG_SIZE) ?? message.attribute(IFA_ADDRESS, IFADDRMSG_SIZE);
  if (attribute === undefined) return [];
  const { bytes, start } = attribute;
  return [attribute.length === 4 ? ipv4ToText(getBe32(bytes, start)) : ipv6ToText(bytes, start)];
}

function bindFiles(holder: Holder, name: string): void {
  try {
    const files = readdirSync(`/etc/netns/${name}`);
    for (const file of files) {
      holder.do(ask.mount(`/etc/netns/${name}/${file}`, `/etc/${file}`, "", MS_BIND));
    }
  } catch {
    // There are none.
  }
}

/** Writes a file anew, as much of it as there is room for. */
function write(fd: number, text: string): void {
  try {
    ftruncateSync(fd, writeSync(fd, text, 0));
  } catch {
    // No room at all.
  }
}

function readSystemHosts(): string {
  try {
    return readFileSync("/etc/hosts", "utf8");
  } catch {
    return "";
  }
}
