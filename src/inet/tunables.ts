// Settings of a namespace that belong to no device, `net.ipv4.*`, `net.ipv6.*` and `net.vrf.*`: those that something here obeys.
//
// Mirrors net/ipv4/sysctl_net_ipv4.c, net/ipv4/ip_fragment.c, net/ipv6/sysctl_net_ipv6.c, net/ipv6/reassembly.c and their
// defaults.

import { HASH_FIELDS_ALL, HASH_FIELDS_DEFAULT } from "./rules/multipath-hash.ts";
import type { TcpTunables } from "./tcp/tunables.ts";
import { initialTcpTunables, tcpTunableNames } from "./tcp/tunables.ts";
import type { TunableOf } from "./tunable.ts";
import { maxInt, maxSeconds, minInt } from "./tunable.ts";

/** The values. Times are in the unit of their sysctl, which the name says. */
export interface Tunables extends TcpTunables {
  defaultTtl: number;
  icmpEchoIgnoreAll: number;
  icmpEchoIgnoreBroadcasts: number;
  icmpErrorsUseInboundIfaddr: number;
  icmpRatelimitMs: number;
  /** Bit n: ICMP type n is limited. */
  icmpRatemask: number;
  icmpMessagesPerSecond: number;
  icmpMessagesBurst: number;
  /** What a choice among next hops depends on: addresses (0), ports too (1), an inner packet (2), what the fields name (3). */
  hashPolicy: number;
  hashFields: number;
  hashPolicy6: number;
  hashFields6: number;
  /** Next hops that cannot be reached are passed over. */
  multipathUseNeigh: number;
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
  /** The most connections that may wait for a listener, whatever it asks for. */
  somaxconn: number;
  /** Sockets may have addresses that are not the host's own. */
  nonlocalBind: number;
  nonlocalBind6: number;
  /** Listeners on every address of IPv6 leave IPv4 alone. */
  bindV6Only: number;
  /** Paths with a smaller MTU are not believed in; how long others are. */
  minPathMtu: number;
  pathMtuExpiresS: number;
  pathMtu6ExpiresS: number;
  /** Who is bound to no device hears of every VRF. */
  udpL3mdevAccept: number;
  /** A table has one VRF. */
  vrfStrictMode: number;
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
    hashPolicy: 0,
    hashFields: HASH_FIELDS_DEFAULT,
    hashPolicy6: 0,
    hashFields6: HASH_FIELDS_DEFAULT,
    multipathUseNeigh: 0,
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
    somaxconn: 4_096,
    nonlocalBind: 0,
    vrfStrictMode: 0,
    nonlocalBind6: 0,
    bindV6Only: 0,
    minPathMtu: 552,
    pathMtuExpiresS: 600,
    pathMtu6ExpiresS: 600,
    udpL3mdevAccept: 0,
    ...initialTcpTunables(),
  };
}

/** Ports below this are for the privileged (net.ipv4.ip_unprivileged_port_start). */
const firstUnprivilegedPort = 1_024;

/** Every setting by its name, without the `net.`. */
export const tunableNames: readonly TunableOf<Tunables>[] = [
  { name: "core.somaxconn", keys: ["somaxconn"], min: 0, max: maxInt },
  { name: "ipv4.fib_multipath_hash_fields", keys: ["hashFields"], min: 1, max: HASH_FIELDS_ALL },
  { name: "ipv4.fib_multipath_hash_policy", keys: ["hashPolicy"], min: 0, max: 3 },
  { name: "ipv4.fib_multipath_use_neigh", keys: ["multipathUseNeigh"], min: 0, max: 1 },
  { name: "ipv4.icmp_echo_ignore_all", keys: ["icmpEchoIgnoreAll"], min: 0, max: 1 },
  { name: "ipv4.icmp_echo_ignore_broadcasts", keys: ["icmpEchoIgnoreBroadcasts"], min: 0, max: 1 },
  { name: "ipv4.icmp_errors_use_inbound_ifaddr", keys: ["icmpErrorsUseInboundIfaddr"], min: 0, max: 1 },
  { name: "ipv4.icmp_msgs_burst", keys: ["icmpMessagesBurst"], min: 0, max: maxInt },
  { name: "ipv4.icmp_msgs_per_sec", keys: ["icmpMessagesPerSecond"], min: 0, max: maxInt },
  { name: "ipv4.icmp_ratelimit", keys: ["icmpRatelimitMs"], min: minInt, max: maxInt },
  { name: "ipv4.icmp_ratemask", keys: ["icmpRatemask"], min: minInt, max: maxInt },
  { name: "ipv4.ip_default_ttl", keys: ["defaultTtl"], min: 1, max: 255 },
  {
    name: "ipv4.ip_local_port_range",
    keys: ["localPortMin", "localPortMax"],
    min: 1,
    max: 65_535,
    isSound: ([low = 0, high = 0]) => low >= firstUnprivilegedPort && low <= high,
  },
  { name: "ipv4.ip_nonlocal_bind", keys: ["nonlocalBind"], min: 0, max: 255 },
  { name: "ipv4.ipfrag_high_thresh", keys: ["fragmentHighBytes"], min: 0, max: Number.MAX_SAFE_INTEGER },
  { name: "ipv4.ipfrag_low_thresh", keys: ["fragmentLowBytes"], min: 0, max: Number.MAX_SAFE_INTEGER },
  { name: "ipv4.ipfrag_time", keys: ["fragmentTimeS"], min: minInt, max: maxInt },
  { name: "ipv4.nexthop_compat_mode", keys: ["nexthopCompatMode"], min: 0, max: 1 },
  { name: "ipv4.route.min_pmtu", keys: ["minPathMtu"], min: 68, max: maxInt },
  { name: "ipv4.route.mtu_expires", keys: ["pathMtuExpiresS"], min: -maxSeconds, max: maxSeconds },
  ...tcpTunableNames,
  { name: "ipv4.udp_l3mdev_accept", keys: ["udpL3mdevAccept"], min: 0, max: 1 },
  { name: "ipv6.bindv6only", keys: ["bindV6Only"], min: 0, max: 255 },
  { name: "ipv6.fib_multipath_hash_fields", keys: ["hashFields6"], min: 1, max: HASH_FIELDS_ALL },
  { name: "ipv6.fib_multipath_hash_policy", keys: ["hashPolicy6"], min: 0, max: 3 },
  { name: "ipv6.icmp.echo_ignore_all", keys: ["icmp6EchoIgnoreAll"], min: 0, max: 1 },
  { name: "ipv6.icmp.echo_ignore_anycast", keys: ["icmp6EchoIgnoreAnycast"], min: 0, max: 1 },
  { name: "ipv6.icmp.echo_ignore_multicast", keys: ["icmp6EchoIgnoreMulticast"], min: 0, max: 1 },
  { name: "ipv6.icmp.ratelimit", keys: ["icmp6RatelimitMs"], min: minInt, max: maxInt },
  { name: "ipv6.idgen_retries", keys: ["addressRetries"], min: 0, max: maxInt },
  { name: "ipv6.ip6frag_high_thresh", keys: ["fragment6HighBytes"], min: 0, max: Number.MAX_SAFE_INTEGER },
  { name: "ipv6.ip6frag_low_thresh", keys: ["fragment6LowBytes"], min: 0, max: Number.MAX_SAFE_INTEGER },
  { name: "ipv6.ip6frag_time", keys: ["fragment6TimeS"], min: minInt, max: maxInt },
  { name: "ipv6.ip_nonlocal_bind", keys: ["nonlocalBind6"], min: 0, max: 255 },
  { name: "ipv6.max_dst_opts_number", keys: ["maxDestinationOptions"], min: minInt, max: maxInt },
  { name: "ipv6.max_hbh_opts_number", keys: ["maxHopByHopOptions"], min: minInt, max: maxInt },
  { name: "ipv6.route.mtu_expires", keys: ["pathMtu6ExpiresS"], min: -maxSeconds, max: maxSeconds },
  { name: "ipv6.route.skip_notify_on_dev_down", keys: ["skipNotifyOnDevDown"], min: 0, max: 1 },
  { name: "vrf.strict_mode", keys: ["vrfStrictMode"], min: 0, max: 1 },
];
