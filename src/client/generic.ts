// Generic netlink, from the client's side: a family's number is asked for by its name, and every message begins with a
// small header of its own.
//
// Mirrors include/uapi/linux/genetlink.h and the controller's CTRL_CMD_GETFAMILY.

import type { Answer, NetlinkClient } from "../netlink/client.ts";
import type { Message } from "../netlink/message.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import {
  CTRL_ATTR_FAMILY_ID,
  CTRL_ATTR_FAMILY_NAME,
  CTRL_ATTR_MCAST_GROUPS,
  CTRL_ATTR_MCAST_GRP_ID,
  CTRL_ATTR_MCAST_GRP_NAME,
  CTRL_CMD_GETFAMILY,
  GENL_ID_CTRL,
  GENLMSGHDR_CMD,
  GENLMSGHDR_SIZE,
  GENLMSGHDR_VERSION,
} from "../uapi/genetlink.ts";
import { NLM_F_ACK } from "../uapi/netlink.ts";
import { onlyMessage } from "./answer.ts";

const controllerVersion = 2;

/** A family as the controller tells it. */
export interface GenericFamily {
  /** The message type of its requests. */
  readonly id: number;
  /** Its multicast groups by name. */
  readonly groups: ReadonlyMap<string, number>;
}

/** Asks the controller for the family `name`; rejects with ENOENT when nobody registered it. */
export async function getFamily(client: NetlinkClient, name: string): Promise<GenericFamily> {
  const answer = await client.request(GENL_ID_CTRL, 0, (writer) => {
    writeGenericHeader(writer, CTRL_CMD_GETFAMILY, controllerVersion);
    writer.string(CTRL_ATTR_FAMILY_NAME, name);
  });
  const message = onlyMessage(answer);
  const groups = new Map<string, number>();
  for (const group of message.attribute(CTRL_ATTR_MCAST_GROUPS, GENLMSGHDR_SIZE)?.children() ?? []) {
    const name = group.child(CTRL_ATTR_MCAST_GRP_NAME)?.text();
    if (name !== undefined) groups.set(name, group.child(CTRL_ATTR_MCAST_GRP_ID)?.u32() ?? 0);
  }
  return { id: message.attribute(CTRL_ATTR_FAMILY_ID, GENLMSGHDR_SIZE)?.u16() ?? 0, groups };
}

/** Writes the header behind the message header (struct genlmsghdr). */
export function writeGenericHeader(writer: MessageWriter, command: number, version: number): void {
  const header = writer.reserve(GENLMSGHDR_SIZE);
  writer.bytes[header + GENLMSGHDR_CMD] = command;
  writer.bytes[header + GENLMSGHDR_VERSION] = version;
}

/** The command of a message of a generic family. */
export function genericCommand(message: Message): number {
  return message.bytes[NLMSG_HDRLEN + GENLMSGHDR_CMD] ?? 0;
}

/** Requests of one family over one client. */
export class GenericClient {
  readonly client: NetlinkClient;
  readonly family: GenericFamily;
  readonly #version: number;

  constructor(client: NetlinkClient, family: GenericFamily, version: number) {
    this.client = client;
    this.family = family;
    this.#version = version;
  }

  /** Sends a command and resolves with its answer; `write` writes its attributes. */
  request(command: number, write: (writer: MessageWriter) => void): Promise<Answer> {
    return this.client.request(this.family.id, 0, this.#body(command, write));
  }

  dump(command: number, write: (writer: MessageWriter) => void): Promise<Answer> {
    return this.client.dump(this.family.id, this.#body(command, write));
  }

  /** Sends a command whose answer goes on; each message is handed over as it comes, the ACK ends it. */
  stream(
    command: number,
    write: (writer: MessageWriter) => void,
    onMessage: (message: Message) => void,
  ): Promise<Answer> {
    return this.client.stream(this.family.id, NLM_F_ACK, this.#body(command, write), onMessage);
  }

  #body(command: number, write: (writer: MessageWriter) => void) {
    return (writer: MessageWriter) => {
      writeGenericHeader(writer, command, this.#version);
      write(writer);
    };
  }
}
