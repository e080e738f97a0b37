// The door `uveth/wire`: headers as views over bytes, a one-line dissector, capture files. Nobody inside this
// room imports it.

export * from "./arp.ts";
export * from "./describe.ts";
export * from "./ethernet.ts";
export * from "./filter/filter.ts";
export * from "./icmp.ts";
export * from "./icmpv6.ts";
export * from "./igmp.ts";
export * from "./ipv4.ts";
export * from "./ipv4-option.ts";
export * from "./ipv6.ts";
export * from "./ipv6-extension.ts";
export * from "./mld.ts";
export * from "./nd.ts";
export * from "./nd-option.ts";
export * from "./pcap.ts";
export * from "./pcapng.ts";
export * from "./pcapng-reader.ts";
export * from "./tcp.ts";
export * from "./tcp-option.ts";
export * from "./udp.ts";
export * from "./vlan.ts";
export * from "./vxlan.ts";
