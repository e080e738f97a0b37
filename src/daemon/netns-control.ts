// What a program under `uveth run` asks of namespaces by system call: a new one, a name for one or none any more, another one
// to live in.
//
// Mirrors unshare(2), setns(2), mount(2) and umount2(2) on the files of namespaces.

import type { Machine } from "../index.ts";
import { NetlinkError } from "../netlink/error.ts";
import type { NetnsFiles } from "./netns-files.ts";
import type { Rights } from "./rights.ts";
import type { SeqpacketSender } from "./seqpacket-connection.ts";
import type { SeqpacketAnswer, SeqpacketRequest } from "./seqpacket-protocol.ts";
import * as protocol from "./seqpacket-protocol.ts";
import { textOf } from "./seqpacket-protocol.ts";

type MachineCore = Machine["core"];
type Netns = MachineCore["initialNetns"];

/** Does the requests about namespaces. */
export class NetnsControl {
  readonly #core: MachineCore;
  readonly #files: NetnsFiles;
  readonly #rights: Rights;

  constructor(core: MachineCore, files: NetnsFiles, rights: Rights) {
    this.#core = core;
    this.#files = files;
    this.#rights = rights;
  }

  /** Does the request of a process; undefined when it is about something else. NetlinkError for a refusal. */
  do(
    sender: SeqpacketSender,
    request: SeqpacketRequest,
    atEnd: (run: () => void) => void,
  ): SeqpacketAnswer | undefined {
    const { op, words } = request;
    const { pid } = sender;
    switch (op) {
      case protocol.OP_UNSHARE: {
        if (!this.#rights.mayMake(pid, words[0] === 1)) throw new NetlinkError("EPERM");
        const netns = this.#unshare();
        this.#rights.noteMaker(pid, netns);
        atEnd(() => this.#files.releaseUnused(netns));
        return { result: netns.id };
      }
      case protocol.OP_SETNS: {
        const netns = this.#netnsOfFd(sender, words[0]);
        this.#checkRights(pid, words[1], netns);
        return { result: netns.id };
      }
      case protocol.OP_MOUNT: {
        const netns = this.#netnsOfFd(sender, words[0]);
        this.#checkRights(pid, words[1], netns);
        this.#name(netns, textOf(request));
        return { result: 0 };
      }
      case protocol.OP_UMOUNT:
        this.#checkRights(
          pid,
          words[1],
          this.#core.netnsNames.get(textOf(request)) ?? this.#core.initialNetns,
        );
        this.#unname(textOf(request));
        return { result: 0 };
      default:
        return undefined;
    }
  }

  #checkRights(pid: number, hasRights: number, netns: Netns): void {
    if (!this.#rights.isAdmin(pid, hasRights === 1, netns)) throw new NetlinkError("EPERM");
  }

  /** Makes a namespace that nothing keeps but its open file. */
  #unshare(): Netns {
    const netns = this.#core.newNetns();
    this.#files.hold(netns);
    this.#core.release(netns);
    return netns;
  }

  #name(netns: Netns, name: string): void {
    if (name === "" || name.includes("/")) throw new NetlinkError("EINVAL");
    const { netnsNames } = this.#core;
    const former = netnsNames.get(name);
    if (former === netns) return;
    this.#core.hold(netns);
    netnsNames.set(name, netns);
    if (former !== undefined) this.#core.release(former);
    this.#files.showName(name);
    this.#core.announceNetnsName("new", name, netns);
  }

  /** Takes a name away: EINVAL when it has none, as for what is no mount point. Its file is the program's to remove. */
  #unname(name: string): void {
    const { netnsNames } = this.#core;
    const netns = netnsNames.get(name);
    if (netns === undefined) throw new NetlinkError("EINVAL");
    netnsNames.delete(name);
    this.#files.leaveName(name);
    this.#core.announceNetnsName("del", name, netns);
    this.#core.release(netns);
    this.#files.sweep();
  }

  #netnsOfFd(sender: SeqpacketSender, fd: number): Netns {
    const netns = fd === protocol.FD_GIVEN ? sender.netns : this.#files.netnsOfFd(sender.pid, fd);
    if (netns === undefined) throw new NetlinkError("EINVAL");
    return netns;
  }
}
