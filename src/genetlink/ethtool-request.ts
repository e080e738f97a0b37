// What all requests of the family `ethtool` have: a header that names the device, and answers for one device or for all.
//
// Mirrors net/ethtool/netlink.c (ethnl_parse_header_dev_get, ethnl_fill_reply_header, ethnl_default_doit,
// ethnl_default_dumpit, ethnl_default_set_doit, ethnl_default_notify), with its texts. Omitted: PHYs, of which there are none.

import type { Dump, DumpControl } from "../af_netlink/handler.ts";
import { deviceByIndex, deviceByName, devicesByIndex } from "../net/device.ts";
import type { Device, Netns } from "../net/netdevice.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { missing, NetlinkError } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import { attributeOf } from "../netlink/parsed.ts";
import type { AttrPolicy, Parsed, Policy } from "../netlink/policy.ts";
import { nested, nulString, policy, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as ethtool from "../uapi/ethtool_netlink.ts";
import { GENL_UNS_ADMIN_PERM } from "../uapi/genetlink.ts";
import { ALTIFNAMSIZ } from "../uapi/if.ts";
import type { GenlOp, GenlRequest } from "./family.ts";

const ordinaryFlags = ethtool.ETHTOOL_FLAG_COMPACT_BITSETS | ethtool.ETHTOOL_FLAG_OMIT_REPLY;

const headerRules = (mask: number) => ({
  [ethtool.ETHTOOL_A_HEADER_DEV_INDEX]: u32("devIndex"),
  [ethtool.ETHTOOL_A_HEADER_DEV_NAME]: nulString("devName", ALTIFNAMSIZ - 1),
  [ethtool.ETHTOOL_A_HEADER_FLAGS]: u32("flags", { mask }),
});

const headerPolicy = policy(ethtool.ETHTOOL_A_HEADER_FLAGS, headerRules(ordinaryFlags));
const statsHeaderPolicy = policy(
  ethtool.ETHTOOL_A_HEADER_FLAGS,
  headerRules(ordinaryFlags | ethtool.ETHTOOL_FLAG_STATS),
);
const phyRule = u32("phyIndex", { range: [1, 0xffff_ffff] });
const phyHeaderPolicy = policy(ethtool.ETHTOOL_A_HEADER_PHY_INDEX, {
  ...headerRules(ordinaryFlags),
  [ethtool.ETHTOOL_A_HEADER_PHY_INDEX]: phyRule,
});
/** Every header, once it has been found to be what its request may have. */
const anyHeaderPolicy = policy(ethtool.ETHTOOL_A_HEADER_PHY_INDEX, {
  ...headerRules(ordinaryFlags | ethtool.ETHTOOL_FLAG_STATS),
  [ethtool.ETHTOOL_A_HEADER_PHY_INDEX]: phyRule,
});

/** The header of a request: of most, of those with ETHTOOL_FLAG_STATS, and of those that may name a PHY. */
export const header: HeaderRule = nested("header", headerPolicy);
export const statsHeader: HeaderRule = nested("header", statsHeaderPolicy);
export const phyHeader: HeaderRule = nested("header", phyHeaderPolicy);

/** The rule of a header. */
type HeaderRule = AttrPolicy<"header", Attribute>;

/** What a request's header says. */
interface EthtoolHeader {
  /** Undefined when none was named, where none has to be. */
  readonly dev: Device | undefined;
  readonly isCompact: boolean;
  readonly omitsReply: boolean;
}

/** What of a request is looked at. */
type Asked = Pick<GenlRequest, "request"> & { readonly attrs: object };

/** Reads the header of a request, which must be there unless everything is dumped; `isDevNeeded` refuses one that names no device. */
function readHeader(request: Asked, type: number, isDevNeeded: boolean): EthtoolHeader {
  const attribute = attributeOf(request.attrs, "header");
  if (attribute === undefined) throw missing(type);
  const given = parseNested(attribute, anyHeaderPolicy, "strict");
  const { flags = 0 } = given;
  const dev = findDevice(request.request.netns, attribute, given);
  if (dev === undefined && isDevNeeded) {
    throw new NetlinkError("EINVAL", "neither ifindex nor name specified", { offset: attribute.offset });
  }
  if (given.phyIndex !== undefined) {
    if (dev === undefined) {
      throw new NetlinkError("EINVAL", "phy_index set without a netdev", { offset: attribute.offset });
    }
    throw new NetlinkError("ENODEV", "no phy matching phyindex", { offset: attribute.offset });
  }
  return {
    dev,
    isCompact: (flags & ethtool.ETHTOOL_FLAG_COMPACT_BITSETS) !== 0,
    omitsReply: (flags & ethtool.ETHTOOL_FLAG_OMIT_REPLY) !== 0,
  };
}

function findDevice(
  netns: Netns,
  attribute: Attribute,
  given: Parsed<typeof anyHeaderPolicy>,
): Device | undefined {
  const { devIndex, devName } = given;
  const absent = (text: string, name?: string): NetlinkError =>
    new NetlinkError("ENODEV", text, {
      offset: (name === undefined ? attribute : attributeOf(given, name))?.offset,
    });
  if (devIndex !== undefined) {
    const dev = deviceByIndex(netns, devIndex | 0);
    if (dev === undefined) throw absent("no device matches ifindex", "devIndex");
    if (devName !== undefined && deviceByName(netns, devName) !== dev) {
      throw absent("ifindex and name do not match");
    }
    return dev;
  }
  if (devName === undefined) return undefined;
  const dev = deviceByName(netns, devName);
  if (dev === undefined) throw absent("no device matches name", "devName");
  return dev;
}

/** Writes the header of an answer or event about `dev` (ethnl_fill_reply_header). */
export function writeHeader(writer: MessageWriter, type: number, dev: Device | undefined): void {
  if (dev === undefined) return;
  const nest = writer.nestFlagged(type);
  writer.u32(ethtool.ETHTOOL_A_HEADER_DEV_INDEX, dev.ifindex);
  writer.string(ethtool.ETHTOOL_A_HEADER_DEV_NAME, dev.name);
  writer.endNest(nest);
}

/** Writes what there is to tell behind the header. */
export type WriteBody = (writer: MessageWriter) => void;

/** A question: what it is asked by, and what is told of a device. */
export interface Question<P extends Policy> {
  readonly cmd: number;
  readonly replyCmd: number;
  readonly policy: P;
  /** The attribute of the header in question and answer. */
  readonly header: number;
  /** GENL_UNS_ADMIN_PERM for what not everybody may know. */
  readonly flags?: number;
  /** Whether it can be asked without a device; `prepare` is given none then. */
  readonly isDevOptional?: boolean;
  /** Checks the request itself, before any device is looked at (parse_request). */
  check?(request: GenlRequest<P>): void;
  /** Finds out what to tell; NetlinkError when the device has nothing of the kind (prepare_data). */
  prepare(dev: Device | undefined, header: EthtoolHeader, request: GenlRequest<P>): WriteBody;
}

/** The command of a question, for one device and for all. A dump leaves out what is not supported. */
export function question<P extends Policy>(asked: Question<P>): GenlOp<P> {
  const read = (request: GenlRequest<P>, isDevNeeded: boolean): EthtoolHeader => {
    const given = readHeader(request, asked.header, isDevNeeded);
    asked.check?.(request);
    return given;
  };
  const readDump = (request: GenlRequest<P>): EthtoolHeader => {
    if (attributeOf(request.attrs, "header") !== undefined) return read(request, false);
    asked.check?.(request);
    return { dev: undefined, isCompact: false, omitsReply: false };
  };
  return {
    cmd: asked.cmd,
    flags: asked.flags ?? 0,
    policy: asked.policy,
    handle(request) {
      const given = read(request, asked.isDevOptional !== true);
      const body = asked.prepare(given.dev, given, request);
      request.reply(asked.replyCmd, (writer) => {
        writeHeader(writer, asked.header, given.dev);
        body(writer);
      });
    },
    start(request) {
      readDump(request);
    },
    dump: (request, control) => dumpDevices(asked, readDump(request), request, control),
  };
}

function* dumpDevices<P extends Policy>(
  asked: Question<P>,
  given: EthtoolHeader,
  request: GenlRequest<P>,
  control: DumpControl,
): Dump {
  const { netns } = request.request;
  for (const dev of devicesByIndex(netns)) {
    if (dev.netns !== netns || dev.registration !== "registered") continue;
    const body = prepared(() => asked.prepare(dev, given, request));
    if (body === undefined) continue;
    const writer = request.begin(control, asked.replyCmd);
    writeHeader(writer, asked.header, dev);
    body(writer);
    writer.end();
    yield;
  }
}

/** What is to be told, unless it is not supported. */
function prepared(prepare: () => WriteBody): WriteBody | undefined {
  try {
    return prepare();
  } catch (error) {
    if (error instanceof NetlinkError && error.code === "EOPNOTSUPP") return undefined;
    throw error;
  }
}

/** A change: what it is asked by, and how it is done. */
export interface Change<P extends Policy> {
  readonly cmd: number;
  readonly policy: P;
  readonly header: number;
  /** Does it; NetlinkError for what is refused. */
  apply(dev: Device, request: GenlRequest<P>, header: EthtoolHeader): void;
  /** Looks at the request before its header is (features). */
  check?(request: GenlRequest<P>): void;
}

/** The command of a change. */
export function change<P extends Policy>(asked: Change<P>): GenlOp<P> {
  return {
    cmd: asked.cmd,
    flags: GENL_UNS_ADMIN_PERM,
    policy: asked.policy,
    handle(request) {
      asked.check?.(request);
      const given = readHeader(request, asked.header, true);
      if (given.dev !== undefined) asked.apply(given.dev, request, given);
    },
  };
}
