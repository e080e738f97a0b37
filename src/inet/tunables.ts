// Settings of a namespace that belong to no device, `net.ipv4.*` and `net.ipv6.*`: those that something here obeys.
//
// Mirrors net/ipv4/sysctl_net_ipv4.c, net/ipv4/ip_fragment.c, net/ipv6/sysctl_net_ipv6.c, net/ipv6/reassembly.c and their
// defaults.

/** The values. Times are in the unit of their sysctl, which the name says. */
export interface Tunables {
  defaultTtl: number;
  icmpEchoIgnoreAll: number;
  icmpEchoIgnoreBroadcasts: number;
  icmpErrorsUseInboundIfaddr: number;
  icmpRatelimitMs: number;
  /** Bit n: ICMP type n is limited. */
  icmpRatemask: number;
  icmpMessagesPerSecond: number;
  icmpMessagesBurst: number;
  /** Routes by a nexthop object are told with its ways too. */
  nexthopCompatMode: number;
  fragmentHighBytes: number;
  fragmentLowBytes: number;
  fragmentTimeS: number;
  icmp6EchoIgnoreAll: number;
  icmp6EchoIgnoreMulticast: number;
  icmp6EchoIgnoreAnycast: number;
  icmp6RatelimitMs: number;
  fragment6HighBytes: number;
  fragment6LowBytes: number;
  fragment6TimeS: number;
  addressRetries: number;
  maxHopByHopOptions: number;
  maxDestinationOptions: number;
  skipNotifyOnDevDown: number;
  /** Ports given to who names none (ip_local_port_range). */
  localPortMin: number;
  localPortMax: number;
}

/** What every namespace starts with. */
export function initialTunables(): Tunables {
  return {
    defaultTtl: 64,
    icmpEchoIgnoreAll: 0,
    icmpEchoIgnoreBroadcasts: 1,
    icmpErrorsUseInboundIfaddr: 0,
    icmpRatelimitMs: 1_000,
    icmpRatemask: 0x1818,
    icmpMessagesPerSecond: 1_000,
    icmpMessagesBurst: 50,
    nexthopCompatMode: 1,
    fragmentHighBytes: 4 << 20,
    fragmentLowBytes: 3 << 20,
    fragmentTimeS: 30,
    icmp6EchoIgnoreAll: 0,
    icmp6EchoIgnoreMulticast: 0,
    icmp6EchoIgnoreAnycast: 0,
    icmp6RatelimitMs: 100,
    fragment6HighBytes: 4 << 20,
    fragment6LowBytes: 3 << 20,
    fragment6TimeS: 60,
    addressRetries: 3,
    maxHopByHopOptions: 8,
    maxDestinationOptions: 8,
    skipNotifyOnDevDown: 0,
    localPortMin: 32_768,
    localPortMax: 60_999,
  };
}

/** A setting's sysctl: where it is kept, and what values it takes. */
export interface TunableName {
  readonly name: string;
  readonly key: keyof Tunables;
  readonly min: number;
  readonly max: number;
}

const maxInt = 0x7fff_ffff;
const minInt = -0x8000_0000;

/** Every setting by its name, without the `net.`. */
export const tunableNames: readonly TunableName[] = [
  { name: "ipv4.icmp_echo_ignore_all", key: "icmpEchoIgnoreAll", min: 0, max: 1 },
  { name: "ipv4.icmp_echo_ignore_broadcasts", key: "icmpEchoIgnoreBroadcasts", min: 0, max: 1 },
  { name: "ipv4.icmp_errors_use_inbound_ifaddr", key: "icmpErrorsUseInboundIfaddr", min: 0, max: 1 },
  { name: "ipv4.icmp_msgs_burst", key: "icmpMessagesBurst", min: 0, max: maxInt },
  { name: "ipv4.icmp_msgs_per_sec", key: "icmpMessagesPerSecond", min: 0, max: maxInt },
  { name: "ipv4.icmp_ratelimit", key: "icmpRatelimitMs", min: minInt, max: maxInt },
  { name: "ipv4.icmp_ratemask", key: "icmpRatemask", min: minInt, max: maxInt },
  { name: "ipv4.ip_default_ttl", key: "defaultTtl", min: 1, max: 255 },
  { name: "ipv4.ipfrag_high_thresh", key: "fragmentHighBytes", min: 0, max: Number.MAX_SAFE_INTEGER },
  { name: "ipv4.ipfrag_low_thresh", key: "fragmentLowBytes", min: 0, max: Number.MAX_SAFE_INTEGER },
  { name: "ipv4.ipfrag_time", key: "fragmentTimeS", min: minInt, max: maxInt },
  { name: "ipv4.nexthop_compat_mode", key: "nexthopCompatMode", min: 0, max: 1 },
  { name: "ipv6.icmp.echo_ignore_all", key: "icmp6EchoIgnoreAll", min: 0, max: 1 },
  { name: "ipv6.icmp.echo_ignore_anycast", key: "icmp6EchoIgnoreAnycast", min: 0, max: 1 },
  { name: "ipv6.icmp.echo_ignore_multicast", key: "icmp6EchoIgnoreMulticast", min: 0, max: 1 },
  { name: "ipv6.icmp.ratelimit", key: "icmp6RatelimitMs", min: minInt, max: maxInt },
  { name: "ipv6.idgen_retries", key: "addressRetries", min: 0, max: maxInt },
  { name: "ipv6.ip6frag_high_thresh", key: "fragment6HighBytes", min: 0, max: Number.MAX_SAFE_INTEGER },
  { name: "ipv6.ip6frag_low_thresh", key: "fragment6LowBytes", min: 0, max: Number.MAX_SAFE_INTEGER },
  { name: "ipv6.ip6frag_time", key: "fragment6TimeS", min: minInt, max: maxInt },
  { name: "ipv6.max_dst_opts_number", key: "maxDestinationOptions", min: minInt, max: maxInt },
  { name: "ipv6.max_hbh_opts_number", key: "maxHopByHopOptions", min: minInt, max: maxInt },
  { name: "ipv6.route.skip_notify_on_dev_down", key: "skipNotifyOnDevDown", min: 0, max: 1 },
];
