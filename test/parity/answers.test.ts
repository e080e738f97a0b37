// What: how requests are framed and answered, byte by byte: ACK, error, echo, extended acknowledgement.
//
// The request most bodies refuse is RTM_GETLINK of a link that is not there: 16 bytes of message header, 16 of struct
// ifinfomsg, 8 of IFLA_IFNAME "x": 40 bytes.
//
// Kernel reference: net/netlink/af_netlink.c (netlink_rcv_skb, netlink_ack), net/core/rtnetlink.c (rtnetlink_rcv_msg).

import { getS32, getU32, setU32 } from "../../src/bytes/endian.ts";
import type { Message } from "../../src/netlink/message.ts";
import { NLMSG_HDRLEN } from "../../src/netlink/message.ts";
import { errnoNumber } from "../../src/uapi/errno.ts";
import * as il from "../../src/uapi/if_link.ts";
import * as nl from "../../src/uapi/netlink.ts";
import * as rt from "../../src/uapi/rtnetlink.ts";
import { expect, parity } from "./harness.ts";
import type { RawSocket } from "./raw.ts";
import { concat, makeMessage } from "./raw.ts";
import type { LinkRequest } from "./vocabulary.ts";
import { expectError, writeLink } from "./vocabulary.ts";

const { NLM_F_ACK, NLM_F_ACK_TLVS, NLM_F_CAPPED, NLM_F_REQUEST, NLMSG_ERROR } = nl;
const ERROR_HEADER = NLMSG_HDRLEN + 4;

/** A link request with sequence number `seq`. */
function link(type: number, flags: number, seq: number, request: LinkRequest): Uint8Array {
  return makeMessage(type, NLM_F_REQUEST | flags, seq, (writer) => writeLink(writer, request));
}

const missing = link(rt.RTM_GETLINK, 0, 7, { name: "x" });

/** What an answer says in its header and, if it is an error, its errno. */
function summary(answers: readonly Message[]): object[] {
  return answers.map(({ type, flags, seq, bytes }) =>
    type === NLMSG_ERROR ? { type, flags, seq, errno: getS32(bytes, NLMSG_HDRLEN) } : { type, flags, seq },
  );
}

/** Type and text or number of each extended-acknowledgement attribute behind `start`. */
function extended(message: Message | undefined, start: number): unknown[] | undefined {
  return message
    ?.attributes(start - NLMSG_HDRLEN)
    .map((attribute) => [
      attribute.type,
      attribute.type === nl.NLMSGERR_ATTR_MSG ? attribute.text() : attribute.u32(),
    ]);
}

async function only(raw: RawSocket, request: Uint8Array): Promise<Message> {
  const answers = await raw.ask(request);
  expect(answers).toHaveLength(1);
  const [answer] = answers;
  if (answer === undefined) throw new TypeError("No answer");
  return answer;
}

// --- ACK and error ----------------------------------------------------------------------------------------------------

parity("an ACK is an error of 0 with the request's header alone, and says it is capped", async (ctx) => {
  const raw = await ctx.openRaw();
  const request = link(rt.RTM_SETLINK, NLM_F_ACK, 5, { name: "lo", mtu: 65536 });
  const ack = await only(raw, request);
  expect(summary([ack])).toEqual([{ type: NLMSG_ERROR, flags: NLM_F_CAPPED, seq: 5, errno: 0 }]);
  expect(ack.bytes.subarray(ERROR_HEADER)).toEqual(request.subarray(0, NLMSG_HDRLEN));
  expect(ack.pid).toBe(raw.transport.portId);
});

parity("a request that succeeds without NLM_F_ACK is not answered", async (ctx) => {
  const raw = await ctx.openRaw();
  expect(await raw.exchange(link(rt.RTM_SETLINK, 0, 5, { name: "lo", mtu: 65536 }))).toEqual([]);
});

parity("an error echoes the whole request", async (ctx) => {
  const raw = await ctx.openRaw();
  const error = await only(raw, missing);
  expect(summary([error])).toEqual([{ type: NLMSG_ERROR, flags: 0, seq: 7, errno: -errnoNumber("ENODEV") }]);
  expect(error.bytes.subarray(ERROR_HEADER)).toEqual(missing);
  expect(error.pid).toBe(raw.transport.portId);
});

parity("NETLINK_CAP_ACK leaves the request's header of the echo", async (ctx) => {
  const raw = await ctx.openRaw();
  raw.transport.setOption(nl.NETLINK_CAP_ACK, 1);
  const error = await only(raw, missing);
  expect(summary([error])).toEqual([
    { type: NLMSG_ERROR, flags: NLM_F_CAPPED, seq: 7, errno: -errnoNumber("ENODEV") },
  ]);
  expect(error.bytes.subarray(ERROR_HEADER)).toEqual(missing.subarray(0, NLMSG_HDRLEN));
});

parity("the port id a request claims is of no account, the echo keeps it", async (ctx) => {
  const raw = await ctx.openRaw();
  const request = missing.slice();
  setU32(request, 12, 12_345);
  const error = await only(raw, request);
  expect(error.pid).toBe(raw.transport.portId);
  expect(getU32(error.bytes, ERROR_HEADER + 12)).toBe(12_345);
});

parity(
  "a get is answered by one message without NLM_F_MULTI, then the ACK, in two datagrams",
  async (ctx) => {
    const raw = await ctx.openRaw();
    const datagrams = await raw.exchange(link(rt.RTM_GETLINK, NLM_F_ACK, 9, { name: "lo" }));
    expect(datagrams).toHaveLength(2);
    const answers = await raw.ask(link(rt.RTM_GETLINK, NLM_F_ACK, 10, { name: "lo" }));
    expect(summary(answers)).toEqual([
      { type: rt.RTM_NEWLINK, flags: 0, seq: 10 },
      { type: NLMSG_ERROR, flags: NLM_F_CAPPED, seq: 10, errno: 0 },
    ]);
    expect(answers.map(({ pid }) => pid)).toEqual([raw.transport.portId, raw.transport.portId]);
  },
);

// --- Extended acknowledgement -----------------------------------------------------------------------------------------

parity("without NETLINK_EXT_ACK an error has no attributes", async (ctx) => {
  const raw = await ctx.openRaw();
  const request = link(rt.RTM_NEWLINK, nl.NLM_F_CREATE, 3, { name: "a", kind: "warp" });
  const error = await only(raw, request);
  expect(summary([error])).toEqual([
    { type: NLMSG_ERROR, flags: 0, seq: 3, errno: -errnoNumber("EOPNOTSUPP") },
  ]);
  expect(error.bytes.length).toBe(ERROR_HEADER + request.length);
});

parity("with NETLINK_EXT_ACK the text stands behind the echo, ended by a NUL", async (ctx) => {
  const raw = await ctx.openRaw();
  raw.transport.setOption(nl.NETLINK_EXT_ACK, 1);
  const request = link(rt.RTM_NEWLINK, nl.NLM_F_CREATE, 3, { name: "a", kind: "warp" });
  const error = await only(raw, request);
  expect(error.flags).toBe(NLM_F_ACK_TLVS);
  expect(extended(error, ERROR_HEADER + request.length)).toEqual([
    [nl.NLMSGERR_ATTR_MSG, "Unknown device type"],
  ]);
  const [text] = error.attributes(4 + request.length);
  expect(text?.length).toBe("Unknown device type".length + 1);
});

parity("with NETLINK_CAP_ACK too it stands behind the echoed header", async (ctx) => {
  const raw = await ctx.openRaw();
  raw.transport.setOption(nl.NETLINK_EXT_ACK, 1);
  raw.transport.setOption(nl.NETLINK_CAP_ACK, 1);
  const error = await only(raw, link(rt.RTM_NEWLINK, nl.NLM_F_CREATE, 3, { name: "a", kind: "warp" }));
  expect(error.flags).toBe(NLM_F_CAPPED | NLM_F_ACK_TLVS);
  expect(extended(error, ERROR_HEADER + NLMSG_HDRLEN)).toEqual([
    [nl.NLMSGERR_ATTR_MSG, "Unknown device type"],
  ]);
});

parity("an error that has nothing to add has no attributes", async (ctx) => {
  const raw = await ctx.openRaw();
  raw.transport.setOption(nl.NETLINK_EXT_ACK, 1);
  const error = await only(raw, missing);
  expect(error.flags).toBe(0);
  expect(error.bytes.length).toBe(ERROR_HEADER + missing.length);
});

parity("a policy failure tells text, offset and what would have been accepted", async (ctx) => {
  const raw = await ctx.openRaw();
  raw.transport.setOption(nl.NETLINK_EXT_ACK, 1);
  const request = link(rt.RTM_NEWLINK, nl.NLM_F_CREATE, 3, { name: "abcdefghijklmnop" });
  const error = await only(raw, request);
  const attributes = error.attributes(4 + request.length);
  expect(attributes.map(({ type, isNested }) => [type, isNested])).toEqual([
    [nl.NLMSGERR_ATTR_MSG, false],
    [nl.NLMSGERR_ATTR_OFFS, false],
    [nl.NLMSGERR_ATTR_POLICY, true],
  ]);
  expect(attributes[0]?.text()).toBe("Attribute failed policy validation");
  expect(attributes[1]?.u32()).toBe(32);
  expect(attributes[2]?.children().map((rule) => [rule.type, rule.u32()])).toEqual([
    [nl.NL_POLICY_TYPE_ATTR_MAX_LENGTH, 15],
    [nl.NL_POLICY_TYPE_ATTR_TYPE, nl.NL_ATTR_TYPE_STRING],
  ]);
});

parity("the policy of a number tells its range as 64 bits", async (ctx) => {
  const raw = await ctx.openRaw();
  raw.transport.setOption(nl.NETLINK_EXT_ACK, 1);
  const request = link(rt.RTM_NEWLINK, nl.NLM_F_CREATE, 3, {
    name: "a",
    more: (writer) => writer.u16(il.IFLA_MTU, 1),
  });
  const error = await only(raw, request);
  const policy = error.attributes(4 + request.length).at(-1);
  expect(policy?.type).toBe(nl.NLMSGERR_ATTR_POLICY);
  expect(policy?.children().map(({ type, length }) => [type, length])).toEqual([
    [nl.NL_POLICY_TYPE_ATTR_MIN_VALUE_U, 8],
    [nl.NL_POLICY_TYPE_ATTR_MAX_VALUE_U, 8],
    [nl.NL_POLICY_TYPE_ATTR_TYPE, 4],
  ]);
  expect(policy?.child(nl.NL_POLICY_TYPE_ATTR_TYPE)?.u32()).toBe(nl.NL_ATTR_TYPE_U32);
  expect(policy?.child(nl.NL_POLICY_TYPE_ATTR_MAX_VALUE_U)?.u64()).toBe(0xffff_ffffn);
});

parity("the policy of a read-only attribute is not told", async (ctx) => {
  const raw = await ctx.openRaw();
  raw.transport.setOption(nl.NETLINK_EXT_ACK, 1);
  const request = link(rt.RTM_NEWLINK, nl.NLM_F_CREATE, 3, {
    name: "a",
    more: (writer) => writer.u32(il.IFLA_TSO_MAX_SEGS, 1),
  });
  const error = await only(raw, request);
  expect(extended(error, ERROR_HEADER + request.length)).toEqual([
    [nl.NLMSGERR_ATTR_MSG, "Attribute failed policy validation"],
    [nl.NLMSGERR_ATTR_OFFS, 40],
  ]);
});

// --- Framing ----------------------------------------------------------------------------------------------------------

parity("several messages in one datagram are answered one by one, in order", async (ctx) => {
  const raw = await ctx.openRaw();
  const answers = await raw.ask(
    concat(
      link(rt.RTM_SETLINK, NLM_F_ACK, 1, { name: "lo", mtu: 65536 }),
      link(rt.RTM_GETLINK, NLM_F_ACK, 2, { name: "x" }),
      link(rt.RTM_SETLINK, NLM_F_ACK, 3, { name: "lo", mtu: 65536 }),
    ),
  );
  expect(summary(answers)).toEqual([
    { type: NLMSG_ERROR, flags: NLM_F_CAPPED, seq: 1, errno: 0 },
    { type: NLMSG_ERROR, flags: 0, seq: 2, errno: -errnoNumber("ENODEV") },
    { type: NLMSG_ERROR, flags: NLM_F_CAPPED, seq: 3, errno: 0 },
  ]);
});

parity("a length below 16 or beyond the datagram ends the reading without a word", async (ctx) => {
  const raw = await ctx.openRaw();
  for (const length of [0, 15, 33]) {
    const broken = link(rt.RTM_GETLINK, NLM_F_ACK, 2, {});
    setU32(broken, 0, length);
    const answers = await raw.ask(concat(link(rt.RTM_GETLINK, 0, 1, { name: "x" }), broken));
    expect(answers.map(({ seq }) => seq)).toEqual([1]);
  }
});

parity("a datagram shorter than a message header is not answered", async (ctx) => {
  const raw = await ctx.openRaw();
  expect(await raw.exchange(new Uint8Array(15))).toEqual([]);
});

parity("a message whose length is no multiple of four may be the last", async (ctx) => {
  const raw = await ctx.openRaw();
  const request = link(rt.RTM_SETLINK, NLM_F_ACK, 4, { name: "lo", more: (writer) => writer.u8(200, 0) });
  setU32(request, 0, request.length - 3);
  expect(summary(await raw.ask(request.subarray(0, request.length - 3)))).toEqual([
    { type: NLMSG_ERROR, flags: NLM_F_CAPPED, seq: 4, errno: 0 },
  ]);
});

parity(
  "a message without NLM_F_REQUEST does nothing, and is acknowledged if it asks for that",
  async (ctx) => {
    const raw = await ctx.openRaw();
    const body = { name: "a", kind: "veth" };
    const flags = nl.NLM_F_CREATE;
    const silent = makeMessage(rt.RTM_NEWLINK, flags, 1, (writer) => writeLink(writer, body));
    const loud = makeMessage(rt.RTM_NEWLINK, flags | NLM_F_ACK, 2, (writer) => writeLink(writer, body));
    expect(summary(await raw.ask(concat(silent, loud)))).toEqual([
      { type: NLMSG_ERROR, flags: NLM_F_CAPPED, seq: 2, errno: 0 },
    ]);
    expect(await ctx.linkNames()).toEqual(["lo"]);
  },
);

parity("control messages do nothing, and are acknowledged if they ask for that", async (ctx) => {
  const raw = await ctx.openRaw();
  for (const type of [nl.NLMSG_NOOP, nl.NLMSG_ERROR, nl.NLMSG_DONE, nl.NLMSG_OVERRUN, 15]) {
    expect(await raw.ask(makeMessage(type, NLM_F_REQUEST, 1))).toEqual([]);
    expect(summary(await raw.ask(makeMessage(type, NLM_F_REQUEST | NLM_F_ACK, 1)))).toEqual([
      { type: NLMSG_ERROR, flags: NLM_F_CAPPED, seq: 1, errno: 0 },
    ]);
  }
});

parity("a message type beyond the last, or without a handler, is not supported", async (ctx) => {
  const raw = await ctx.openRaw();
  for (const type of [rt.RTM_MAX + 1, 1_000, rt.RTM_BASE + 11, rt.RTM_GETLINKPROP]) {
    const answers = await raw.ask(makeMessage(type, NLM_F_REQUEST, 1, (writer) => writer.reserve(16)));
    expect(summary(answers)).toEqual([
      { type: NLMSG_ERROR, flags: 0, seq: 1, errno: -errnoNumber("EOPNOTSUPP") },
    ]);
  }
});

parity("a request without a family does nothing and succeeds", async (ctx) => {
  const raw = await ctx.openRaw();
  const ack = { type: NLMSG_ERROR, flags: NLM_F_CAPPED, seq: 1, errno: 0 };
  for (const type of [rt.RTM_GETLINK, rt.RTM_NEWLINK, rt.RTM_NEWADDR]) {
    expect(summary(await raw.ask(makeMessage(type, NLM_F_REQUEST | NLM_F_ACK, 1)))).toEqual([ack]);
  }
  const flags = NLM_F_REQUEST | nl.NLM_F_DUMP | NLM_F_ACK;
  expect(summary(await raw.ask(makeMessage(rt.RTM_GETLINK, flags, 1)))).toEqual([ack]);
});

parity("a family without a handler of its own falls back to the one for all", async (ctx) => {
  expect(await ctx.getLink({ family: 77, name: "lo" })).toMatchObject({ family: 0, name: "lo" });
});

parity("NLM_F_DUMP on anything but a get is no dump", async (ctx) => {
  const raw = await ctx.openRaw();
  const request = link(rt.RTM_SETLINK, nl.NLM_F_DUMP | NLM_F_ACK, 1, { name: "lo", mtu: 65536 });
  expect(summary(await raw.ask(request))).toEqual([
    { type: NLMSG_ERROR, flags: NLM_F_CAPPED, seq: 1, errno: 0 },
  ]);
});

parity("NLM_F_BULK on a delete that has no bulk form is not supported", async (ctx) => {
  await ctx.addVeth("a", "b");
  const answer = ctx.request(rt.RTM_DELLINK, nl.NLM_F_BULK, (writer) => writeLink(writer, { name: "a" }));
  await expectError(answer, { code: "EOPNOTSUPP", message: "Bulk delete is not supported" });
  expect(await ctx.linkNames()).toEqual(["lo", "b", "a"]);
});

parity("bytes left over behind the attributes are ignored in an old request", async (ctx) => {
  await ctx.newLink({ name: "a", kind: "veth", more: (writer) => writer.raw(Uint8Array.of(2, 0, 1, 0)) });
  expect(await ctx.linkNames()).toEqual(["lo", "veth0", "a"]);
});

parity("answers that are not read in time are lost, which is told once", async (ctx) => {
  const raw = await ctx.openRaw();
  for (let seq = 1; seq <= 3_000; seq++) raw.send(link(rt.RTM_GETLINK, 0, seq, { name: "lo" }));
  await ctx.until(() => raw.overruns > 0, "the overrun");
  expect(raw.overruns).toBe(1);
  expect((await raw.ask(missing)).length).toBeLessThan(3_000);
});
