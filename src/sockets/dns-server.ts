// A DNS server for a lab segment: names and their addresses as they are given, addresses and their names the other way about.
//
// Omitted: DNS over TCP (answers are short), asking other servers: what is not known does not exist.

import { ipv4FromText } from "../bytes/ipv4.ts";
import { ipv6FromText } from "../bytes/ipv6.ts";
import { encodeUtf8 } from "../bytes/utf8.ts";
import type { Netns } from "../net/netdevice.ts";
import { invalid, NetlinkError } from "../netlink/error.ts";
import type { DnsQuestion, DnsRecord } from "../wire/dns.ts";
import * as dns from "../wire/dns.ts";
import { Udp } from "./udp.ts";

const port = 53;
const defaultTtlS = 60;
/** A name that stands for another one which stands for another one …: so many steps. */
const maxSteps = 8;

/** What is known. */
export interface DnsServerOptions {
  /** The address to listen on; all by default. */
  readonly host?: string;
  readonly port?: number;
  /** Names and what they stand for: addresses, or `{ cname }`, `{ txt }`. A leading `*.` stands for every label. */
  readonly records: Readonly<Record<string, DnsValue | readonly DnsValue[]>>;
  readonly ttlS?: number;
}

/** An address as text, another name, or a text. */
export type DnsValue = string | { readonly cname: string } | { readonly txt: string };

/** A running server; `close()` it. Names may be set and taken away while it runs. */
export class DnsServer {
  readonly #udp: Udp;
  readonly #ttlS: number;
  readonly #records = new Map<string, DnsRecord[]>();
  readonly #names = new Map<string, DnsRecord[]>();

  /** Throws NetlinkError: EINVAL for what is no address, EADDRINUSE. */
  constructor(netns: Netns, options: DnsServerOptions) {
    this.#ttlS = options.ttlS ?? defaultTtlS;
    for (const [name, values] of Object.entries(options.records)) this.set(name, values);
    this.#udp = new Udp(netns, { host: options.host ?? "::", port: options.port ?? port });
    void this.#serve();
  }

  /** Has a name stand for something else from now on. */
  set(name: string, values: DnsValue | readonly DnsValue[]): void {
    this.delete(name);
    const key = normal(name);
    const list = isList(values) ? values : [values];
    const records = list.map((value) => this.#record(key, value));
    this.#records.set(key, records);
    for (const { data, type } of records) {
      if (type !== dns.DNS_A && type !== dns.DNS_AAAA) continue;
      const reverse = reverseName(data);
      const pointer = { name: reverse, type: dns.DNS_PTR, ttlS: this.#ttlS, data: dns.encodeDnsName(key) };
      this.#names.set(reverse, [...(this.#names.get(reverse) ?? []), pointer]);
    }
  }

  /** Forgets a name. */
  delete(name: string): void {
    const key = normal(name);
    const wire = `${dns.encodeDnsName(key)}`;
    for (const { data } of this.#records.get(key) ?? []) {
      const reverse = reverseName(data);
      const rest = (this.#names.get(reverse) ?? []).filter((pointer) => `${pointer.data}` !== wire);
      if (rest.length > 0) this.#names.set(reverse, rest);
      else this.#names.delete(reverse);
    }
    this.#records.delete(key);
  }

  close(): void {
    this.#udp.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #record(name: string, value: DnsValue): DnsRecord {
    const base = { name, ttlS: this.#ttlS };
    if (typeof value !== "string") {
      if ("cname" in value)
        return { ...base, type: dns.DNS_CNAME, data: dns.encodeDnsName(normal(value.cname)) };
      const text = encodeUtf8(value.txt).subarray(0, 255);
      return { ...base, type: dns.DNS_TXT, data: Uint8Array.of(text.length, ...text) };
    }
    const four = ipv4FromText(value);
    if (four !== undefined) {
      const data = Uint8Array.of(four >>> 24, (four >>> 16) & 0xff, (four >>> 8) & 0xff, four & 0xff);
      return { ...base, type: dns.DNS_A, data };
    }
    const six = ipv6FromText(value);
    if (six === undefined) throw invalid(`Not an address: ${value}`);
    return { ...base, type: dns.DNS_AAAA, data: six };
  }

  async #serve(): Promise<void> {
    for (let next = await this.#udp.receive(); next !== null; next = await this.#udp.receive()) {
      const { host, payload, port: from } = next;
      const question = dns.parseDnsQuestion(payload);
      if (question === undefined) continue;
      try {
        this.#udp.send(this.#answer(payload, question), { host, port: from });
      } catch (error) {
        // There is no way back: whoever asked asks again.
        if (!(error instanceof NetlinkError)) throw error;
      }
    }
  }

  #answer(asked: Uint8Array, question: DnsQuestion): Uint8Array {
    if (question.opcode !== 0) return dns.emitDnsAnswer(asked, question, dns.DNS_NOTIMP, []);
    if (question.class !== dns.DNS_CLASS_IN) return dns.emitDnsAnswer(asked, question, dns.DNS_REFUSED, []);
    const answers: DnsRecord[] = [];
    let { name } = question;
    let isKnown = false;
    for (let step = 0; step < maxSteps; step++) {
      const records = this.#find(name);
      isKnown ||= records !== undefined;
      const wanted = (records ?? []).filter(
        ({ type }) => question.type === dns.DNS_ANY || type === question.type,
      );
      answers.push(...wanted.map((record) => ({ ...record, name })));
      const alias = wanted.length > 0 ? undefined : records?.find(({ type }) => type === dns.DNS_CNAME);
      if (alias === undefined) break;
      answers.push({ ...alias, name });
      name = nameOf(alias.data);
    }
    return dns.emitDnsAnswer(asked, question, isKnown ? dns.DNS_NOERROR : dns.DNS_NXDOMAIN, answers);
  }

  #find(name: string): readonly DnsRecord[] | undefined {
    const exact = this.#records.get(name) ?? this.#names.get(name);
    if (exact !== undefined) return exact;
    const labels = name.split(".");
    for (let index = 1; index < labels.length; index++) {
      const found = this.#records.get(`*.${labels.slice(index).join(".")}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

function isList(values: DnsValue | readonly DnsValue[]): values is readonly DnsValue[] {
  return Array.isArray(values);
}

function normal(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}

/** The name under which an address is looked up: its parts, last first. */
function reverseName(address: Uint8Array): string {
  if (address.length === 4) return `${[...address].reverse().join(".")}.in-addr.arpa`;
  const digits = [...address].flatMap((byte) => [byte >>> 4, byte & 0xf]);
  return `${digits
    .map((digit) => digit.toString(16))
    .reverse()
    .join(".")}.ip6.arpa`;
}

function nameOf(data: Uint8Array): string {
  const labels: string[] = [];
  for (let at = 0; at < data.length; ) {
    const length = data[at] ?? 0;
    if (length === 0) break;
    labels.push(String.fromCharCode(...data.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
  return labels.join(".");
}
