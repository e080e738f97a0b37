// The public door `uveth/netlink`: netlink bytes ⇄ values, and a client over any netlink socket.

export { Attribute, attributes, NLA_HDRLEN } from "./attribute.ts";
export type { Answer, WriteBody } from "./client.ts";
export { NetlinkClient } from "./client.ts";
export type { ErrorDetail } from "./error.ts";
export { exists, invalid, missing, NetlinkError, noDevice, notSupported, refused } from "./error.ts";
export type { Acknowledgement } from "./message.ts";
export { Message, messages, NLMSG_HDRLEN, parseAcknowledgement } from "./message.ts";
export type { Strictness } from "./parse.ts";
export { parseMessage, parseNested } from "./parse.ts";
export { attributeOf } from "./parsed.ts";
export * from "./policy.ts";
export type {
  DatagramInfo,
  NetlinkProvider,
  NetlinkTransport,
  NetnsHandle,
  SocketRequest,
} from "./transport.ts";
export { MessageWriter } from "./writer.ts";
