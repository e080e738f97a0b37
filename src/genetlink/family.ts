// The contract between generic netlink and its families: a family is one table of commands, each with the policy of its
// attributes. Types and docs, and the header that every message of a family begins with.
//
// Mirrors include/net/genetlink.h (struct genl_family, struct genl_ops, struct genl_multicast_group, genlmsg_put).
// Omitted: headers of a family's own (hdrsize), hooks before and after every command, families of one namespace alone.

import type { Deferred, Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import type { NetlinkTable } from "../af_netlink/table.ts";
import type { Netns } from "../net/netdevice.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { attributeOf } from "../netlink/parsed.ts";
import type { Parsed, Policy } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { GENLMSGHDR_CMD, GENLMSGHDR_SIZE, GENLMSGHDR_VERSION } from "../uapi/genetlink.ts";
import { NETLINK_GENERIC, NLM_F_MULTI } from "../uapi/netlink.ts";

/** A family as it is written down (`struct genl_family`). */
export interface GenlFamily {
  readonly name: string;
  readonly version: number;
  /** The id it must have; the next free one by default. */
  readonly id?: number;
  readonly ops: readonly GenlOp[];
  /** Its multicast groups. */
  readonly groups: readonly GenlGroup[];
  /** Commands from this one on refuse set bits that mean nothing (resv_start_op): 0 for a new family. */
  readonly reservedStart: number;
}

/** A multicast group (`struct genl_multicast_group`). */
interface GenlGroup {
  readonly name: string;
  /** The number it must have; the next free one by default. */
  readonly id?: number;
}

/** What is done for one command (`struct genl_ops`). */
export interface GenlOp<P extends Policy = Policy> {
  /** The command; unique in its family. */
  readonly cmd: number;
  /** GENL_ADMIN_PERM: for administrators of the machine; GENL_UNS_ADMIN_PERM: of the sender's namespace. */
  readonly flags: number;
  /** The attributes it takes. */
  readonly policy: P;
  /** Unknown attributes and odd lengths are let pass, as before strict checking (GENL_DONT_VALIDATE_STRICT). */
  readonly isLiberal?: boolean;
  /** Does it; throws NetlinkError to refuse. */
  handle?(request: GenlRequest<P>): void;
  /** Checks a dump before it starts; what it throws is the answer, and there is no NLMSG_DONE (genl_start). */
  start?(request: GenlRequest<P>): void;
  dump?(request: GenlRequest<P>, control: DumpControl): Dump;
}

/** One request as its command's functions see it (`struct genl_info`). */
export class GenlRequest<P extends Policy = Policy> {
  readonly request: Request;
  readonly family: RegisteredFamily;
  readonly attrs: Parsed<P>;

  constructor(request: Request, family: RegisteredFamily, attrs: Parsed<P>) {
    this.request = request;
    this.family = family;
    this.attrs = attrs;
  }

  /** The attribute that became `name` in `attrs`, for errors that point at it. */
  attribute(name: keyof Parsed<P> & string): Attribute | undefined {
    return attributeOf(this.attrs, name);
  }

  /** Queues one message `cmd` to the sender; `body` writes its attributes. */
  reply(cmd: number, body: (writer: MessageWriter) => void): void {
    this.request.reply((writer) => {
      this.put(writer, cmd, 0);
      body(writer);
      writer.end();
    });
  }

  /** Queues one message `cmd` of an answer that goes on; false when it was lost (Deferred.reply). */
  replyLater(deferred: Deferred, cmd: number, body: (writer: MessageWriter) => void): boolean {
    return deferred.reply((writer) => {
      this.put(writer, cmd, 0);
      body(writer);
      writer.end();
    });
  }

  /** Begins one message of a dump; the caller writes its attributes and ends it. */
  begin(control: DumpControl, cmd: number): MessageWriter {
    this.put(control.writer, cmd, NLM_F_MULTI | control.answerFlags);
    return control.writer;
  }

  /** Begins a message that answers this request (genlmsg_put). */
  put(writer: MessageWriter, cmd: number, flags: number): void {
    const { portId, seq } = this.request.origin;
    this.family.put(writer, cmd, flags, seq, portId);
  }
}

/** A family with its place among the others. */
export class RegisteredFamily {
  readonly #table: NetlinkTable;
  readonly family: GenlFamily;
  /** The message type of its requests. */
  readonly id: number;
  /** The numbers of its groups, in the order of `family.groups`. */
  readonly groupIds: readonly number[];

  constructor(table: NetlinkTable, family: GenlFamily, id: number, groupIds: readonly number[]) {
    this.#table = table;
    this.family = family;
    this.id = id;
    this.groupIds = groupIds;
  }

  /** Begins a message of this family: the netlink header and the generic one (genlmsg_put). */
  put(writer: MessageWriter, cmd: number, flags: number, seq: number, portId: number): void {
    writer.begin(this.id, flags, seq, portId);
    const header = writer.reserve(GENLMSGHDR_SIZE);
    writer.bytes[header + GENLMSGHDR_CMD] = cmd;
    writer.bytes[header + GENLMSGHDR_VERSION] = this.family.version;
  }

  /** Sends an event to the group `name` in one namespace (genlmsg_multicast_netns). */
  notify(name: string, netns: Netns, cmd: number, seq: number, body: (writer: MessageWriter) => void): void {
    const group = this.#groupId(name);
    if (group === undefined) return;
    this.#table.notify(NETLINK_GENERIC, group, netns, undefined, (writer) => {
      this.put(writer, cmd, 0, seq, 0);
      body(writer);
      writer.end();
    });
  }

  /** Sends an event to the group `name` in every namespace (genlmsg_multicast_allns). */
  multicast(name: string, cmd: number, body: (writer: MessageWriter) => void): void {
    for (const netns of this.#table.machine.namespaces.values()) this.notify(name, netns, cmd, 0, body);
  }

  #groupId(name: string): number | undefined {
    return this.groupIds[this.family.groups.findIndex((each) => each.name === name)];
  }
}
