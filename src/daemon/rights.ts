// Who rules a namespace: a program that has CAP_NET_ADMIN in the user namespace that made it.
//
// Programs that live in the daemon's own user namespace have it everywhere, unless they were started with --no-admin; those in
// one that they made themselves have it over the network namespaces that were made from there, and over no other.
//
// Mirrors net->user_ns of include/net/net_namespace.h and ns_capable. Omitted: user namespaces inside user namespaces, which
// the outer one would rule too; capabilities that a program gives up.

import { statSync } from "node:fs";
import type { Machine } from "../index.ts";

type Netns = Machine["core"]["initialNetns"];

/** The user namespaces of programs and of what they made. */
export class Rights {
  readonly #own = usernsOf("self");
  /** Namespaces made from another user namespace than the daemon's. */
  readonly #owners = new WeakMap<Netns, number>();

  /** Notes that process `pid` has made `netns`. */
  noteMaker(pid: number, netns: Netns): void {
    const userns = usernsOf(pid);
    if (userns !== undefined && userns !== this.#own) this.#owners.set(netns, userns);
  }

  /** Whether process `pid`, which has kept its rights or not, has CAP_NET_ADMIN over `netns`. */
  isAdmin(pid: number, hasRights: boolean, netns: Netns): boolean {
    return this.isAdminFrom(this.foreignUserns(pid), hasRights, netns);
  }

  /** The same of a process whose `foreignUserns` is known. */
  isAdminFrom(userns: number | undefined, hasRights: boolean, netns: Netns): boolean {
    return userns === undefined ? hasRights : this.#owners.get(netns) === userns;
  }

  /** Whether process `pid` may make network namespaces: where it lives it rules what it makes. */
  mayMake(pid: number, hasRights: boolean): boolean {
    return hasRights || this.foreignUserns(pid) !== undefined;
  }

  /** Whether process `pid` may ask for another: where it rules all, or for one of its own user namespace. */
  maySpeakFor(pid: number, other: number): boolean {
    const userns = this.foreignUserns(pid);
    return userns === undefined || userns === usernsOf(other);
  }

  /** The user namespace of a process that does not live in the daemon's; one that may not be looked at does. */
  foreignUserns(pid: number): number | undefined {
    const userns = usernsOf(pid);
    return userns === this.#own ? undefined : userns;
  }
}

function usernsOf(pid: number | "self"): number | undefined {
  try {
    return statSync(`/proc/${pid}/ns/user`).ino;
  } catch {
    return undefined;
  }
}
