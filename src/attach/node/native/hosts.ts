// /etc/hosts of native namespaces: each namespace of the machine that has a name is a host of that name, whatever stack it has,
// before what the system's own file says. /etc/resolv.conf names no server: the system's are not to be reached from there.
//
// As `ip netns exec` does, files in /etc/netns/NAME/ stand for those of the same name in /etc.

import { readdirSync, readFileSync } from "node:fs";
import { getBe32 } from "../../../bytes/endian.ts";
import { ipv4ToText } from "../../../bytes/ipv4.ts";
import { ipv6ToText } from "../../../bytes/ipv6.ts";
import type { Machine } from "../../../index.ts";
import type { Netns } from "../../../net/netdevice.ts";
import type { Message } from "../../../netlink/message.ts";
import { NLMSG_HDRLEN } from "../../../netlink/message.ts";
import { IFA_ADDRESS, IFA_LOCAL, IFADDRMSG_SCOPE, IFADDRMSG_SIZE } from "../../../uapi/if_addr.ts";
import { RT_SCOPE_UNIVERSE } from "../../../uapi/rtnetlink.ts";
import type { Holder } from "./holder.ts";
import { addressesOf } from "./snapshot.ts";

const MS_BIND = 4_096;
const resolvConf = "# uveth: names are in /etc/hosts; /etc/netns/NAME/resolv.conf would stand here\n";
const localhost = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";
/** How long changes are gathered before the files are written anew. */
const gatherMs = 50;

/** The files of all native namespaces of one machine. */
export class Hosts {
  readonly #machine: Machine;
  readonly #holders = new Set<Holder>();
  /** Lines of a namespace, as long as nothing is known to have changed there. */
  readonly #lines = new Map<Netns, string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Gives a new native namespace its files. */
  add(holder: Holder, netns: Netns): void {
    holder.write("/etc/resolv.conf", resolvConf);
    for (const [name, named] of this.#machine.core.netnsNames) if (named === netns) bindFiles(holder, name);
    this.#holders.add(holder);
    this.#lines.delete(netns);
    this.refresh();
    this.#write(holder);
  }

  remove(holder: Holder): void {
    this.#holders.delete(holder);
  }

  /**
   * What is known of addresses may no longer be so, in `netns` or wherever nobody tells of changes: the files are written soon.
   */
  refresh(netns?: Netns): void {
    if (netns !== undefined) this.#lines.delete(netns);
    else
      for (const each of this.#lines.keys())
        if (each.stack === null || !each.isAlive) this.#lines.delete(each);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      for (const holder of this.#holders) this.#write(holder);
    }, gatherMs).unref();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#holders.clear();
  }

  #write(holder: Holder): void {
    const { netnsNames } = this.#machine.core;
    const lines = [...netnsNames].map(([name, netns]) => this.#linesOf(name, netns));
    const system = readSystemHosts();
    holder.write("/etc/hosts", `${lines.join("")}${/\blocalhost\b/.test(system) ? "" : localhost}${system}`);
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
    for (const file of readdirSync(`/etc/netns/${name}`)) {
      holder.mount(`/etc/netns/${name}/${file}`, `/etc/${file}`, "", MS_BIND);
    }
  } catch {
    // There are none.
  }
}

function readSystemHosts(): string {
  try {
    return readFileSync("/etc/hosts", "utf8");
  } catch {
    return "";
  }
}
