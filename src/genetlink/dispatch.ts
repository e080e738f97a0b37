// Generic netlink: families register here and get their numbers; a request is led to its family's command through the
// checks that all share.
//
// Mirrors net/netlink/genetlink.c (genl_register_family, genl_rcv_msg, genl_family_rcv_msg, genl_header_check).
// Omitted: families that leave again.

import type { Dump, Handler, Protocol, Request } from "../af_netlink/handler.ts";
import { ModuleNeeded } from "../af_netlink/handler.ts";
import type { NetlinkTable } from "../af_netlink/table.ts";
import { assert } from "../bytes/assert.ts";
import { getU16 } from "../bytes/endian.ts";
import { invalid, NetlinkError, notSupported } from "../netlink/error.ts";
import type { Message } from "../netlink/message.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { parseMessage } from "../netlink/parse.ts";
import {
  GENL_ADMIN_PERM,
  GENL_ID_CTRL,
  GENL_ID_PMCRAID,
  GENL_ID_VFS_DQUOT,
  GENL_UNS_ADMIN_PERM,
  GENLMSGHDR_CMD,
  GENLMSGHDR_RESERVED,
  GENLMSGHDR_SIZE,
} from "../uapi/genetlink.ts";
import { NLM_F_ACK, NLM_F_DUMP, NLM_F_ECHO, NLM_F_REQUEST } from "../uapi/netlink.ts";
import { UVETH_GENL_NAME } from "../uapi/uveth.ts";
import type { GenlFamily, GenlOp } from "./family.ts";
import { GenlRequest, RegisteredFamily } from "./family.ts";

/** The first id that families get which want none in particular (GENL_START_ALLOC). */
const firstFamilyId = GENL_ID_PMCRAID + 1;
/** Groups 0 and 1 and those of the reserved families are not given to others. */
const reservedGroups: readonly number[] = [0, 1, GENL_ID_CTRL, GENL_ID_VFS_DQUOT, GENL_ID_PMCRAID];
/** Flags that every command of a new family understands. */
const knownFlags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_ECHO;

/** NETLINK_GENERIC of one machine: its families. */
export class Genetlink implements Protocol {
  /** One word of the kernel's bitmap of groups. */
  readonly groups = 64;
  readonly #table: NetlinkTable;
  readonly #families = new Map<number, RegisteredFamily>();

  constructor(table: NetlinkTable) {
    this.#table = table;
  }

  /** Registers a family and gives it its numbers (genl_register_family). */
  register(family: GenlFamily): RegisteredFamily {
    assert(this.byName(family.name) === undefined, "A family registers once");
    const groupIds: number[] = [];
    for (const { id } of family.groups) groupIds.push(id ?? this.#freeGroup(groupIds));
    const registered = new RegisteredFamily(this.#table, family, family.id ?? this.#freeId(), groupIds);
    this.#families.set(registered.id, registered);
    return registered;
  }

  /** All families in ascending order of id. */
  families(): readonly RegisteredFamily[] {
    return [...this.#families.values()].sort((one, other) => one.id - other.id);
  }

  /** The family with `name`, else with `id`: EINVAL with neither, ENOENT when it is not there, a module asked for by name. */
  find(id: number | undefined, name: string | undefined): RegisteredFamily {
    if (id === undefined && name === undefined) throw invalid();
    const absent = new NetlinkError("ENOENT");
    const found = name === undefined ? this.byId(id ?? 0) : this.byName(name);
    if (found !== undefined) return found;
    if (name === undefined) throw absent;
    throw new ModuleNeeded(`net-pf-16-proto-16-family-${name}`, absent);
  }

  byId(id: number): RegisteredFamily | undefined {
    return this.#families.get(id);
  }

  byName(name: string): RegisteredFamily | undefined {
    for (const each of this.#families.values()) if (each.family.name === name) return each;
    return undefined;
  }

  /**
   * Leads one request to its command (genl_rcv_msg): ENOENT for an unknown family, EINVAL for a bad header, EOPNOTSUPP
   * for an unknown command, EPERM without the rights it needs, then what parsing its attributes says.
   */
  receive(request: Request, startDump: (handler: Handler) => void): void {
    const { message } = request;
    const registered = this.byId(message.type);
    if (registered === undefined) throw new NetlinkError("ENOENT");
    if (message.payloadLength < GENLMSGHDR_SIZE) throw invalid();
    const cmd = message.bytes[NLMSG_HDRLEN + GENLMSGHDR_CMD] ?? 0;
    if (cmd >= registered.family.reservedStart) checkReserved(message);
    const isDump = (message.flags & NLM_F_DUMP) === NLM_F_DUMP;
    const op = registered.family.ops.find((each) => each.cmd === cmd);
    if (op === undefined || (isDump ? op.dump : op.handle) === undefined) throw notSupported();
    checkRights(op, request);
    const genlRequest = parse(request, registered, op);
    if (!isDump) {
      op.handle?.(genlRequest);
      return;
    }
    op.start?.(genlRequest);
    startDump({ dump: (kept, control) => op.dump?.(parse(kept, registered, op), control) ?? nothing() });
  }

  /** The family `uveth` stands for system calls; shown, a capture of netlink would show itself for ever. */
  isHidden(datagram: Uint8Array): boolean {
    return this.byId(getU16(datagram, 4))?.family.name === UVETH_GENL_NAME;
  }

  #freeId(): number {
    let id = firstFamilyId;
    while (this.#families.has(id)) id++;
    return id;
  }

  #freeGroup(taken: readonly number[]): number {
    const all = [...this.#families.values()].flatMap((each) => each.groupIds);
    let group = 0;
    while (reservedGroups.includes(group) || taken.includes(group) || all.includes(group)) group++;
    return group;
  }
}

/** Refuses bits that mean nothing yet, with the kernel's texts (genl_header_check). */
function checkReserved({ bytes, flags }: Message): void {
  if (getU16(bytes, NLMSG_HDRLEN + GENLMSGHDR_RESERVED) !== 0) {
    throw invalid("genlmsghdr.reserved field is not 0");
  }
  const others = (flags & NLM_F_DUMP) === NLM_F_DUMP ? flags & ~NLM_F_DUMP : flags;
  if ((others & ~knownFlags) !== 0) throw invalid("ambiguous or reserved bits set in nlmsg_flags");
}

/** Reads the attributes by the command's policy (genl_family_rcv_msg_attrs_parse). */
function parse(request: Request, registered: RegisteredFamily, op: GenlOp): GenlRequest {
  const strictness = op.isLiberal === true ? "liberal" : "strict";
  return new GenlRequest(
    request,
    registered,
    parseMessage(request.message, GENLMSGHDR_SIZE, op.policy, strictness),
  );
}

function* nothing(): Dump {}

function checkRights(op: GenlOp, { sender, machine, netns }: Request): void {
  const { session } = sender;
  if ((op.flags & GENL_ADMIN_PERM) !== 0 && !session.isAdmin(machine.initialNetns))
    throw new NetlinkError("EPERM");
  if ((op.flags & GENL_UNS_ADMIN_PERM) !== 0 && !session.isAdmin(netns)) throw new NetlinkError("EPERM");
}
