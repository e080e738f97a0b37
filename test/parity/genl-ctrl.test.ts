// What: the controller of generic netlink answers as the kernel's does, byte for byte.
//
// A generic message is: nlmsghdr 16, genlmsghdr 4 (command, version, two reserved bytes), attributes from offset 20 on.
//
// Kernel reference: net/netlink/genetlink.c (genl_rcv_msg, genl_header_check, ctrl_getfamily, ctrl_dumppolicy),
// net/netlink/policy.c.

import { toHex } from "../../src/bytes/hex.ts";
import { NetlinkError } from "../../src/netlink/error.ts";
import type { Message } from "../../src/netlink/message.ts";
import { NLMSG_HDRLEN, parseAcknowledgement, messages as readMessages } from "../../src/netlink/message.ts";
import type { MessageWriter } from "../../src/netlink/writer.ts";
import * as genl from "../../src/uapi/genetlink.ts";
import * as nl from "../../src/uapi/netlink.ts";
import type { ParityContext } from "./context.ts";
import { expect, parity } from "./harness.ts";
import { makeMessage, RawSocket } from "./raw.ts";

const ACKED = nl.NLM_F_REQUEST | nl.NLM_F_ACK;
const DUMP = nl.NLM_F_REQUEST | nl.NLM_F_DUMP;
const POLICY = "Attribute failed policy validation";

/** Opens a generic netlink socket with extended acknowledgements. */
async function openGeneric(ctx: ParityContext): Promise<RawSocket> {
  const transport = await ctx.netns.openSocket(nl.NETLINK_GENERIC);
  transport.setOption(nl.NETLINK_EXT_ACK, 1);
  return new RawSocket(transport, (milliseconds) => ctx.sleep(milliseconds));
}

interface Question {
  readonly type?: number;
  readonly flags?: number;
  readonly cmd?: number;
  readonly version?: number;
  readonly reserved?: number;
  readonly attributes?: (writer: MessageWriter) => unknown;
}

function question({ type = 16, flags = ACKED, cmd = 3, version = 1, reserved = 0, attributes }: Question) {
  return makeMessage(type, flags, 7, (writer) => {
    const header = writer.reserve(genl.GENLMSGHDR_SIZE);
    writer.bytes.set([cmd, version, reserved & 0xff, reserved >> 8], header);
    attributes?.(writer);
  });
}

async function ask(ctx: ParityContext, asked: Question): Promise<Message[]> {
  const socket = await openGeneric(ctx);
  const answer = await socket.ask(question(asked));
  socket.transport.close();
  return answer;
}

const payload = (message: Message | undefined): string => {
  if (message === undefined) expect.fail("The answer holds no message");
  return toHex(message.bytes, NLMSG_HDRLEN);
};

/** Hexadecimal digits without spaces and remarks. */
const hex = (text: string): string => text.replaceAll(/#.*$|\s/gm, "");

/** What the answer refuses the request with; its NLMSG_ERROR comes alone. */
async function refusal(ctx: ParityContext, asked: Question) {
  const [message, ...more] = await ask(ctx, asked);
  if (message === undefined) expect.fail("The answer holds no message");
  expect([message.type, more]).toEqual([nl.NLMSG_ERROR, []]);
  const { errno, message: text, offset } = parseAcknowledgement(message);
  const { code } = NetlinkError.fromErrno(errno);
  return { code, text, offset };
}

const refused = (code: string, text = "", offset?: number) => ({ code, text, offset });

const nlctrl = hex(`
  01 02 0000                                 # CTRL_CMD_NEWFAMILY, version 2
  0b00 0200 6e6c6374726c00 00                # CTRL_ATTR_FAMILY_NAME "nlctrl"
  0600 0100 1000 0000                        # CTRL_ATTR_FAMILY_ID 16
  0800 0300 02000000                         # CTRL_ATTR_VERSION 2
  0800 0400 00000000                         # CTRL_ATTR_HDRSIZE 0
  0800 0500 00000000                         # CTRL_ATTR_MAXATTR 0
  2c00 0600                                  # CTRL_ATTR_OPS
    1400 0100
      0800 0100 03000000 0800 0200 0e000000  #   CTRL_CMD_GETFAMILY: do, dump, has a policy
    1400 0200
      0800 0100 0a000000 0800 0200 0c000000  #   CTRL_CMD_GETPOLICY: dump, has a policy
  1c00 0700                                  # CTRL_ATTR_MCAST_GROUPS
    1800 0100
      0800 0200 10000000                     #   CTRL_ATTR_MCAST_GRP_ID 16
      0b00 0100 6e6f7469667900 00            #   CTRL_ATTR_MCAST_GRP_NAME "notify"
`);

// --- The header -------------------------------------------------------------------------------------------------------

parity("a family that is not there is unknown, whatever the message holds", async (ctx) => {
  expect(await refusal(ctx, { type: 99 })).toEqual(refused("ENOENT"));
  const socket = await openGeneric(ctx);
  const [answer] = await socket.ask(makeMessage(99, ACKED, 7));
  expect(parseAcknowledgement(answer!).errno).toBe(-2);
});

parity("a message too short for the generic header is invalid", async (ctx) => {
  const socket = await openGeneric(ctx);
  const [answer] = await socket.ask(makeMessage(16, ACKED, 7));
  expect(parseAcknowledgement(answer!)).toMatchObject({ errno: -22, message: "" });
});

parity("a command that is not there, or cannot be done so, is not supported", async (ctx) => {
  expect(await refusal(ctx, { cmd: 99 })).toEqual(refused("EOPNOTSUPP"));
  expect(await refusal(ctx, { cmd: genl.CTRL_CMD_NEWFAMILY })).toEqual(refused("EOPNOTSUPP"));
  expect(await refusal(ctx, { cmd: genl.CTRL_CMD_GETPOLICY })).toEqual(refused("EOPNOTSUPP"));
  expect(await refusal(ctx, { cmd: genl.CTRL_CMD_GETMCAST_GRP, flags: DUMP })).toEqual(refused("EOPNOTSUPP"));
});

parity(
  "reserved bits are refused from the first new command on, before the command is looked up",
  async (ctx) => {
    const text = "genlmsghdr.reserved field is not 0";
    expect(await refusal(ctx, { cmd: 99, reserved: 5 })).toEqual(refused("EINVAL", text));
    const flags = ACKED | nl.NLM_F_CREATE;
    const ambiguous = "ambiguous or reserved bits set in nlmsg_flags";
    expect(await refusal(ctx, { cmd: 99, flags })).toEqual(refused("EINVAL", ambiguous));
  },
);

parity("reserved bits, the version and single dump bits mean nothing to old commands", async (ctx) => {
  const attributes = (writer: MessageWriter) => writer.string(genl.CTRL_ATTR_FAMILY_NAME, "nlctrl");
  for (const odd of [
    { reserved: 5 },
    { version: 9 },
    { flags: ACKED | nl.NLM_F_CREATE },
    { flags: ACKED | nl.NLM_F_ROOT },
  ]) {
    const [family] = await ask(ctx, { attributes, ...odd });
    expect(payload(family)).toBe(nlctrl);
  }
});

// --- CTRL_CMD_GETFAMILY -----------------------------------------------------------------------------------------------

parity("nlctrl describes itself, by name and by number", async (ctx) => {
  for (const attributes of [
    (writer: MessageWriter) => writer.string(genl.CTRL_ATTR_FAMILY_NAME, "nlctrl"),
    (writer: MessageWriter) => writer.u16(genl.CTRL_ATTR_FAMILY_ID, 16),
    (writer: MessageWriter) => writer.u32(genl.CTRL_ATTR_FAMILY_ID, 16),
    (writer: MessageWriter) => writer.u32(55, 1).string(genl.CTRL_ATTR_FAMILY_NAME, "nlctrl"),
  ]) {
    const [family, ack] = await ask(ctx, { attributes });
    expect([family?.type, family?.flags, payload(family)]).toEqual([16, 0, nlctrl]);
    expect([ack?.type, parseAcknowledgement(ack!).errno]).toEqual([nl.NLMSG_ERROR, 0]);
  }
});

parity("a family that is asked for and is not there is not found", async (ctx) => {
  const nosuch = (writer: MessageWriter) => writer.string(genl.CTRL_ATTR_FAMILY_NAME, "nosuch");
  expect(await refusal(ctx, { attributes: nosuch })).toEqual(refused("ENOENT"));
  const id = (writer: MessageWriter) => writer.u16(genl.CTRL_ATTR_FAMILY_ID, 999);
  expect(await refusal(ctx, { attributes: id })).toEqual(refused("ENOENT"));
  const both = (writer: MessageWriter) =>
    writer.u16(genl.CTRL_ATTR_FAMILY_ID, 16).string(genl.CTRL_ATTR_FAMILY_NAME, "nosuch");
  expect(await refusal(ctx, { attributes: both })).toEqual(refused("ENOENT"));
});

parity("a family must be named", async (ctx) => {
  expect(await refusal(ctx, {})).toEqual(refused("EINVAL"));
});

parity("a name without its NUL, or too long, and a short number are refused with an offset", async (ctx) => {
  const bare = (writer: MessageWriter) => writer.bareString(genl.CTRL_ATTR_FAMILY_NAME, "nlctrl");
  expect(await refusal(ctx, { attributes: bare })).toEqual(refused("EINVAL", POLICY, 20));
  const long = (writer: MessageWriter) => writer.string(genl.CTRL_ATTR_FAMILY_NAME, "nlctrlnlctrlnlctrl");
  expect(await refusal(ctx, { attributes: long })).toEqual(refused("EINVAL", POLICY, 20));
  const short = (writer: MessageWriter) => writer.u8(genl.CTRL_ATTR_FAMILY_ID, 16);
  expect(await refusal(ctx, { attributes: short })).toEqual(refused("ERANGE", POLICY, 20));
});

parity("a dump of families begins with nlctrl", async (ctx) => {
  const socket = await openGeneric(ctx);
  const [datagram] = await socket.dump(question({ flags: DUMP }));
  expect(toHex(datagram!, NLMSG_HDRLEN, NLMSG_HDRLEN + nlctrl.length / 2)).toBe(nlctrl);
});

// --- CTRL_CMD_GETPOLICY -----------------------------------------------------------------------------------------------

const u16Rule = "2400 0180  0c00 0400 0000000000000000  0c00 0500 ffff000000000000  0800 0100 03000000";
const nameRule = "1400 0280  0800 0700 0f000000  0800 0100 0c000000";
const u32Rule = "2400 0a80  0c00 0400 0000000000000000  0c00 0500 ffffffff00000000  0800 0100 04000000";
/** The start of every message of the dump: command 10, version 2, CTRL_ATTR_FAMILY_ID 16. */
const head = "0a02 0000  0600 0100 1000 0000";

async function policies(
  ctx: ParityContext,
  attributes: (writer: MessageWriter) => unknown,
): Promise<string[]> {
  const socket = await openGeneric(ctx);
  const datagrams = await socket.dump(question({ cmd: genl.CTRL_CMD_GETPOLICY, flags: DUMP, attributes }));
  const messages = datagrams.flatMap((datagram) => [...readMessages(datagram)]);
  return messages.slice(0, -1).map(payload);
}

parity("nlctrl's policies are told command by command, then attribute by attribute", async (ctx) => {
  const told = await policies(ctx, (writer) => writer.string(genl.CTRL_ATTR_FAMILY_NAME, "nlctrl"));
  expect(told).toEqual(
    [
      `${head} 1800 0980 1400 0380 0800 0100 00000000 0800 0200 00000000`,
      `${head} 1000 0980 0c00 0080 0800 0200 01000000`,
      `${head} 2c00 0880 2800 0080 ${u16Rule}`,
      `${head} 1c00 0880 1800 0080 ${nameRule}`,
      `${head} 2c00 0880 2800 0180 ${u16Rule}`,
      `${head} 1c00 0880 1800 0180 ${nameRule}`,
      `${head} 2c00 0880 2800 0180 ${u32Rule}`,
    ].map(hex),
  );
});

parity("the policy of one command can be asked for", async (ctx) => {
  const told = await policies(ctx, (writer) =>
    writer.u16(genl.CTRL_ATTR_FAMILY_ID, 16).u32(genl.CTRL_ATTR_OP, genl.CTRL_CMD_GETFAMILY),
  );
  expect(told).toEqual(
    [
      `${head} 1800 0980 1400 0380 0800 0100 00000000 0800 0200 00000000`,
      `${head} 2c00 0880 2800 0080 ${u16Rule}`,
      `${head} 1c00 0880 1800 0080 ${nameRule}`,
    ].map(hex),
  );
});

parity("a policy dump that cannot start is refused like any request, without NLMSG_DONE", async (ctx) => {
  const dump = (attributes?: (writer: MessageWriter) => unknown) =>
    refusal(ctx, { cmd: genl.CTRL_CMD_GETPOLICY, flags: DUMP, ...(attributes && { attributes }) });
  expect(await dump()).toEqual(refused("EINVAL"));
  expect(await dump((writer) => writer.string(genl.CTRL_ATTR_FAMILY_NAME, "nosuch"))).toEqual(
    refused("ENOENT"),
  );
  const op = (writer: MessageWriter) =>
    writer.string(genl.CTRL_ATTR_FAMILY_NAME, "nlctrl").u32(genl.CTRL_ATTR_OP, 99);
  expect(await dump(op)).toEqual(refused("ENOENT", "", 32));
  const unknown = (writer: MessageWriter) =>
    writer.string(genl.CTRL_ATTR_FAMILY_NAME, "nlctrl").u32(genl.CTRL_ATTR_VERSION, 1);
  expect(await dump(unknown)).toEqual(refused("EINVAL", "Unsupported attribute", 32));
});

// --- Groups -----------------------------------------------------------------------------------------------------------

parity("groups 1 to 64 can be joined, whether or not a family has them", async (ctx) => {
  const { transport } = await openGeneric(ctx);
  for (const group of [1, 2, 16, 33, 64]) transport.setOption(nl.NETLINK_ADD_MEMBERSHIP, group);
  for (const group of [0, 65]) {
    expect(() => transport.setOption(nl.NETLINK_ADD_MEMBERSHIP, group)).toThrow(NetlinkError);
  }
});
