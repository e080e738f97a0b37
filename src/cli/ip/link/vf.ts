// `vf NUM …`: what is asked of a virtual function of a network card. No device here has any, so the kernel's answer is a
// refusal; the words and the bytes are iproute2's all the same.
//
// Facts: ip-link(8), <linux/if_link.h> and what iproute2 6.1 sends and says.

import { setBe16, setU32, setU64 } from "../../../bytes/endian.ts";
import type { VirtualFunctionSetting } from "../../../client/link-request.ts";
import { ETH_P_8021AD, ETH_P_8021Q } from "../../../uapi/if_ether.ts";
import * as uapi from "../../../uapi/if_link.ts";
import { EXIT_FAILURE, incomplete, wrongArgument } from "../../exit.ts";
import { linkAddress } from "../../ll-address.ts";
import { signed, unsigned } from "../../numbers.ts";
import { protocolOf } from "../../protocol.ts";
import type { Words } from "../../words.ts";
import { firstMatch, matches } from "../../words.ts";
import type { LinkParse } from "./link-parse.ts";
import { offOrOn } from "./values.ts";

/** The most that struct ifla_vf_mac holds. */
const MAX_ADDRESS_LENGTH = 32;
const VLAN_MAX = 4095;
const STATES = ["auto", "enable", "disable"] as const;

/** The words behind the number, in the order in which they are tried. */
const KEYWORDS = [
  "mac",
  "vlan",
  "rate",
  "max_tx_rate",
  "min_tx_rate",
  "spoofchk",
  "query_rss",
  "trust",
  "state",
  "node_guid",
  "port_guid",
] as const;

/** Reads `vf NUM` and the settings behind it, at least one, into the request. */
export function virtualFunction(parse: LinkParse): void {
  const { words } = parse;
  const number = words.value();
  const vf = signed(number);
  if (vf === undefined) throw wrongArgument(number, 'Invalid "vf" value\n');
  const settings = new Settings(parse, vf);
  const before = words.count;
  while (settings.take());
  if (words.count === before) throw incomplete();
  parse.request.virtualFunctions = [...(parse.request.virtualFunctions ?? []), settings.finish()];
}

/** The settings of one function as they are read. */
class Settings {
  readonly #parse: LinkParse;
  readonly #words: Words;
  readonly #vf: number;
  readonly #said: VirtualFunctionSetting[] = [];
  /** They are said in two words and sent as one setting. */
  #rates: { min: number; max: number } | undefined;

  constructor(parse: LinkParse, vf: number) {
    this.#parse = parse;
    this.#words = parse.words;
    this.#vf = vf;
  }

  /** Takes a word and its value; false when the next word is none of a virtual function. */
  take(): boolean {
    const typed = this.#words.peek;
    const keyword = typed === undefined ? undefined : firstMatch(typed, KEYWORDS);
    if (keyword === undefined) return false;
    this.#words.take();
    this.#takeValue(keyword);
    return true;
  }

  finish(): VirtualFunctionSetting[] {
    if (this.#rates !== undefined) {
      const { min, max } = this.#rates;
      this.#say(uapi.IFLA_VF_RATE, 8, (bytes) => {
        setU32(bytes, 4, min);
        setU32(bytes, 8, max);
      });
    }
    return this.#said;
  }

  #takeValue(keyword: (typeof KEYWORDS)[number]): void {
    switch (keyword) {
      case "mac":
        return this.#mac();
      case "vlan":
        return this.#vlan();
      case "rate":
        return this.#number(uapi.IFLA_VF_TX_RATE, this.#unsigned("rate"));
      case "max_tx_rate":
        this.#rates = { min: this.#rates?.min ?? 0, max: this.#unsigned("max tx rate") };
        return;
      case "min_tx_rate":
        this.#rates = { min: this.#unsigned("min tx rate"), max: this.#rates?.max ?? 0 };
        return;
      case "spoofchk":
        return this.#number(uapi.IFLA_VF_SPOOFCHK, this.#onOff(keyword));
      case "query_rss":
        return this.#number(uapi.IFLA_VF_RSS_QUERY_EN, this.#onOff(keyword));
      case "trust":
        return this.#number(uapi.IFLA_VF_TRUST, this.#onOff(keyword));
      case "state":
        return this.#number(uapi.IFLA_VF_LINK_STATE, this.#state());
      case "node_guid":
        return this.#guid(uapi.IFLA_VF_IB_NODE_GUID);
      case "port_guid":
        return this.#guid(uapi.IFLA_VF_IB_PORT_GUID);
    }
  }

  #mac(): void {
    const address = linkAddress(this.#words.value());
    this.#parse.vfAddress = address;
    this.#say(uapi.IFLA_VF_MAC, MAX_ADDRESS_LENGTH, (bytes) =>
      bytes.set(address.subarray(0, MAX_ADDRESS_LENGTH), 4),
    );
  }

  /** `vlan ID [ qos BITS ] [ proto 802.1Q|802.1ad ]`: with another tag than 802.1Q's it is a list of one. */
  #vlan(): void {
    const vlan = this.#unsigned("vlan", VLAN_MAX);
    let qos: number | undefined;
    let protocol: number | undefined;
    for (let typed = this.#words.peek; typed !== undefined; typed = this.#words.peek) {
      if (qos === undefined && matches(typed, "qos")) {
        this.#words.take();
        qos = this.#unsigned("qos");
      } else if (protocol === undefined && matches(typed, "proto")) {
        this.#words.take();
        protocol = vlanProtocol(this.#words.value());
      } else break;
    }
    const isList = protocol === ETH_P_8021AD;
    const fill = (bytes: Uint8Array): void => {
      setU32(bytes, 4, vlan);
      setU32(bytes, 8, qos ?? 0);
      if (isList) setBe16(bytes, 12, ETH_P_8021AD);
    };
    if (isList) this.#say(uapi.IFLA_VF_VLAN_INFO, 12, fill, uapi.IFLA_VF_VLAN_LIST);
    else this.#say(uapi.IFLA_VF_VLAN, 8, fill);
  }

  #state(): number {
    const word = this.#words.value();
    const state = STATES.findIndex((name) => matches(word, name));
    if (state < 0) throw wrongArgument(word, 'Invalid "state" value\n');
    return state;
  }

  #onOff(key: string): number {
    return offOrOn(key, this.#words.value(), EXIT_FAILURE) ? 1 : 0;
  }

  #unsigned(key: string, maximum = 0xffff_ffff): number {
    const word = this.#words.value();
    const value = unsigned(word);
    if (value === undefined || value > maximum) throw wrongArgument(word, `Invalid "${key}" value\n`);
    return value;
  }

  /** A number of 64 bits as eight bytes with colons between them. */
  #guid(type: number): void {
    const word = this.#words.value();
    if (!/^[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){7}$/.test(word))
      throw wrongArgument(word, "Invalid GUID format\n");
    const guid = BigInt(`0x${word.replaceAll(":", "")}`);
    this.#say(type, 12, (bytes) => setU64(bytes, 8, guid));
  }

  #number(type: number, value: number): void {
    this.#say(type, 4, (bytes) => setU32(bytes, 4, value));
  }

  /** A setting, in a list where there may be several: the function's number, and `size` bytes that `fill` writes behind it. */
  #say(type: number, size: number, fill: (bytes: Uint8Array) => void, list?: number): void {
    const value = new Uint8Array(4 + size);
    setU32(value, 0, this.#vf >>> 0);
    fill(value);
    this.#said.push({ type, value, list });
  }
}

function vlanProtocol(word: string): number {
  const protocol = protocolOf(word);
  if (protocol === undefined) throw wrongArgument(word, "protocol is invalid\n");
  if (protocol !== ETH_P_8021Q && protocol !== ETH_P_8021AD) {
    throw wrongArgument(word, 'Invalid "vlan protocol" value - supported 802.1Q, 802.1ad\n');
  }
  return protocol;
}
