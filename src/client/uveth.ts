// The family `uveth` from the client's side: namespaces, ping, captures and sysctls, which Linux has system calls, raw
// sockets and files for.
//
// Attributes are in uapi/uveth.ts; the machine's side is genetlink/.

import type { NetlinkClient } from "../netlink/client.ts";
import type { Message } from "../netlink/message.ts";
import { parseMessage } from "../netlink/parse.ts";
import type { Parsed } from "../netlink/policy.ts";
import { binary, flag, policy, string, u8, u16, u32, u64 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { GENLMSGHDR_SIZE } from "../uapi/genetlink.ts";
import * as uapi from "../uapi/uveth.ts";
import { onlyMessage, reads } from "./answer.ts";
import { GenericClient, getFamily } from "./generic.ts";

/** Everything the family sends. */
const uvethAttributes = policy(uapi.UVETH_A_MAX, {
  [uapi.UVETH_A_NETNS]: string("netns"),
  [uapi.UVETH_A_NETNS_ID]: u32("netnsId"),
  [uapi.UVETH_A_VERSION]: string("version"),
  [uapi.UVETH_A_EPOCH_NS]: u64("epochNs"),
  [uapi.UVETH_A_TIME_NS]: reads("timeNs", (attribute) => attribute.u64Number()),
  [uapi.UVETH_A_NETNS_COUNT]: u32("netnsCount"),
  [uapi.UVETH_A_LINK_COUNT]: u32("linkCount"),
  [uapi.UVETH_A_SYSCTL_NAME]: string("sysctlName"),
  [uapi.UVETH_A_SYSCTL_VALUE]: string("sysctlValue"),
  [uapi.UVETH_A_SOURCE]: binary("source"),
  [uapi.UVETH_A_IFNAME]: string("ifname"),
  [uapi.UVETH_A_IFINDEX]: u32("ifindex"),
  [uapi.UVETH_A_SIZE]: u32("size"),
  [uapi.UVETH_A_TTL]: u8("ttl"),
  [uapi.UVETH_A_PING_EVENT]: u8("pingEvent"),
  [uapi.UVETH_A_PING_SEQ]: u32("pingSeq"),
  [uapi.UVETH_A_RTT_NS]: reads("rttNs", (attribute) => attribute.u64Number()),
  [uapi.UVETH_A_DUPLICATE]: flag("isDuplicate"),
  [uapi.UVETH_A_ICMP_TYPE]: u8("icmpType"),
  [uapi.UVETH_A_ICMP_CODE]: u8("icmpCode"),
  [uapi.UVETH_A_ICMP_INFO]: u32("icmpInfo"),
  [uapi.UVETH_A_ERRNO]: u32("errno"),
  [uapi.UVETH_A_DIRECTION]: u8("direction"),
  [uapi.UVETH_A_PACKET_TYPE]: u8("packetType"),
  [uapi.UVETH_A_PROTOCOL]: u16("protocol"),
  [uapi.UVETH_A_LENGTH]: u32("length"),
  [uapi.UVETH_A_BYTES]: binary("bytes"),
  [uapi.UVETH_A_PACKET_ID]: reads("packetId", (attribute) => attribute.u64Number()),
  [uapi.UVETH_A_DROP_REASON]: string("dropReason"),
  [uapi.UVETH_A_CSUM_STATE]: u8("csumState"),
  [uapi.UVETH_A_CSUM_START]: u16("csumStart"),
  [uapi.UVETH_A_CSUM_OFFSET]: u16("csumOffset"),
  [uapi.UVETH_A_GSO_TYPE]: u8("gsoType"),
  [uapi.UVETH_A_GSO_SIZE]: u16("gsoSize"),
  [uapi.UVETH_A_LOST]: u32("lost"),
  [uapi.UVETH_A_PID]: u32("pid"),
  [uapi.UVETH_A_MAPS_RANGE]: flag("mapsRange"),
});

/** A message of the family, decoded. Times are nanoseconds since the machine's start. */
export type UvethMessage = Parsed<typeof uvethAttributes>;

/** What to ping, and how; unset fields have ping(8)'s defaults. */
export interface PingRequest {
  /** 4 or 16 bytes, network order. */
  readonly destination: Uint8Array;
  readonly source?: Uint8Array | undefined;
  /** The device to send on. */
  readonly ifname?: string | undefined;
  /** How many requests to send; without end when absent. */
  readonly count?: number | undefined;
  readonly intervalNs?: number | undefined;
  /** How long one answer is waited for. */
  readonly timeoutNs?: number | undefined;
  /** Payload bytes. */
  readonly size?: number | undefined;
  readonly ttl?: number | undefined;
  readonly tos?: number | undefined;
}

/** What to capture: the frames of one device, or of all of the namespace. */
export interface CaptureRequest {
  readonly ifname?: string | undefined;
  /** Bytes kept of each frame; all when absent. */
  readonly snaplen?: number | undefined;
  /** Frames after which the capture ends by itself. */
  readonly count?: number | undefined;
  /** Which frames, in the words of pcap-filter(7); all when absent. */
  readonly filter?: string | undefined;
}

/** How a namespace has become native. */
export interface NativeAnswer {
  /** Its first process, which is followed into it. */
  readonly pid: number;
  /** Whether its users are root and a range of ids. */
  readonly mapsRange: boolean;
  readonly warning: string;
}

/** The family's commands over one NETLINK_GENERIC client; they act in the namespace of its socket unless told otherwise. */
export class UvethClient {
  readonly #generic: GenericClient;

  private constructor(generic: GenericClient) {
    this.#generic = generic;
  }

  /** Looks the family up; ENOENT on a peer that is no uveth (the live kernel). */
  static async open(client: NetlinkClient): Promise<UvethClient> {
    const family = await getFamily(client, uapi.UVETH_GENL_NAME);
    return new UvethClient(new GenericClient(client, family, uapi.UVETH_GENL_VERSION));
  }

  /** The group of namespace events, for NetlinkClient.join. */
  get netnsGroup(): number | undefined {
    return this.#generic.family.groups.get("netns");
  }

  close(): void {
    this.#generic.client.close();
  }

  /** Version, start of time, and how much there is. */
  async info(): Promise<UvethMessage> {
    return parseUveth(onlyMessage(await this.#generic.request(uapi.UVETH_CMD_INFO, () => {})));
  }

  /** Makes the namespace `name`; EEXIST when there is one. */
  async addNetns(name: string): Promise<void> {
    await this.#generic.request(uapi.UVETH_CMD_NETNS_NEW, (writer) =>
      writer.string(uapi.UVETH_A_NETNS, name),
    );
  }

  /** Deletes the namespace `name` with all that is in it; ENOENT when there is none. */
  async deleteNetns(name: string): Promise<void> {
    await this.#generic.request(uapi.UVETH_CMD_NETNS_DEL, (writer) =>
      writer.string(uapi.UVETH_A_NETNS, name),
    );
  }

  /** The namespaces that have a name, in no order. */
  async listNetns(): Promise<UvethMessage[]> {
    const answer = await this.#generic.dump(uapi.UVETH_CMD_NETNS_GET, () => {});
    return answer.messages.map(parseUveth);
  }

  /** Makes the namespace `name` native for programs to run in; resolves with its first process and a warning, if there is one. */
  async makeNative(name: string, mapsRange: boolean): Promise<NativeAnswer> {
    const answer = await this.#generic.request(uapi.UVETH_CMD_NATIVE, (writer) => {
      writer.string(uapi.UVETH_A_NETNS, name);
      if (mapsRange) writer.flag(uapi.UVETH_A_MAPS_RANGE);
    });
    const { pid = 0, mapsRange: isRange = false } = parseUveth(onlyMessage(answer));
    return { pid, mapsRange: isRange, warning: answer.warning };
  }

  /**
   * Makes a TAP in the namespace `netns`, the socket's own without, whose wire leads to `endpoint`; resolves when it does.
   * EOPNOTSUPP where nothing can.
   */
  async attach(netns: string | undefined, ifname: string, endpoint: string, mtu?: number): Promise<void> {
    await this.#generic.request(uapi.UVETH_CMD_ATTACH, (writer) => {
      if (netns !== undefined) writer.string(uapi.UVETH_A_NETNS, netns);
      writer.string(uapi.UVETH_A_IFNAME, ifname).string(uapi.UVETH_A_ENDPOINT, endpoint);
      if (mtu !== undefined) writer.u32(uapi.UVETH_A_MTU, mtu);
    });
  }

  /** Reads a sysctl by its dotted name; ENOENT when there is none. */
  async getSysctl(name: string): Promise<string> {
    const answer = await this.#generic.request(uapi.UVETH_CMD_SYSCTL_GET, (writer) =>
      writer.string(uapi.UVETH_A_SYSCTL_NAME, name),
    );
    return parseUveth(onlyMessage(answer)).sysctlValue ?? "";
  }

  /** Every sysctl by name, with its value; undefined for one that cannot be read. */
  async listSysctls(): Promise<readonly (readonly [name: string, value: string | undefined])[]> {
    const answer = await this.#generic.dump(uapi.UVETH_CMD_SYSCTL_GET, () => {});
    return answer.messages
      .map(parseUveth)
      .map(({ sysctlName = "", sysctlValue }) => [sysctlName, sysctlValue] as const);
  }

  /** Sets a sysctl; EINVAL for a value it cannot have. */
  async setSysctl(name: string, value: string): Promise<void> {
    await this.#generic.request(uapi.UVETH_CMD_SYSCTL_SET, (writer) =>
      writer.string(uapi.UVETH_A_SYSCTL_NAME, name).string(uapi.UVETH_A_SYSCTL_VALUE, value),
    );
  }

  /** Pings until `count` requests have been answered or given up; closing the client ends it early. */
  async ping(request: PingRequest, onEvent: (event: UvethMessage) => void): Promise<void> {
    await this.#generic.stream(
      uapi.UVETH_CMD_PING,
      (writer) => writePing(writer, request),
      (message) => onEvent(parseUveth(message)),
    );
  }

  /** Hands over every frame until the capture ends or the client is closed. */
  async capture(request: CaptureRequest, onFrame: (frame: UvethMessage) => void): Promise<void> {
    await this.#generic.stream(
      uapi.UVETH_CMD_CAPTURE,
      (writer) => writeCapture(writer, request),
      (message) => onFrame(parseUveth(message)),
    );
  }
}

/** Reads a message of the family. */
export function parseUveth(message: Message): UvethMessage {
  return parseMessage(message, GENLMSGHDR_SIZE, uvethAttributes);
}

function writePing(writer: MessageWriter, request: PingRequest): void {
  writer.binary(uapi.UVETH_A_DESTINATION, request.destination);
  if (request.source !== undefined) writer.binary(uapi.UVETH_A_SOURCE, request.source);
  if (request.ifname !== undefined) writer.string(uapi.UVETH_A_IFNAME, request.ifname);
  if (request.count !== undefined) writer.u32(uapi.UVETH_A_COUNT, request.count);
  if (request.intervalNs !== undefined) writer.u64(uapi.UVETH_A_INTERVAL_NS, request.intervalNs);
  if (request.timeoutNs !== undefined) writer.u64(uapi.UVETH_A_TIMEOUT_NS, request.timeoutNs);
  if (request.size !== undefined) writer.u32(uapi.UVETH_A_SIZE, request.size);
  if (request.ttl !== undefined) writer.u8(uapi.UVETH_A_TTL, request.ttl);
  if (request.tos !== undefined) writer.u8(uapi.UVETH_A_TOS, request.tos);
}

function writeCapture(writer: MessageWriter, { ifname, snaplen, count, filter }: CaptureRequest): void {
  if (ifname !== undefined) writer.string(uapi.UVETH_A_IFNAME, ifname);
  if (snaplen !== undefined) writer.u32(uapi.UVETH_A_SNAPLEN, snaplen);
  if (count !== undefined) writer.u32(uapi.UVETH_A_COUNT, count);
  if (filter !== undefined) writer.string(uapi.UVETH_A_FILTER, filter);
}
