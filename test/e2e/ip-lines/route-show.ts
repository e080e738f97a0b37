// Command lines for comparison with iproute2: `ip route` – show with all its filters and forms of output, get, flush.

import type { Scenario } from "../scenario.ts";

/** Two pairs, each with an address of either family: what most lines about routes and neighbours start from. */
export const TWO_PAIRS: readonly string[] = [
  "link add w0 index 20 address 02:00:00:00:00:20 type veth peer name w1 index 21 address 02:00:00:00:00:21",
  "link set lo up",
  ...["v0", "v1", "w0", "w1"].flatMap((name) => [`link set ${name} addrgenmode none`, `link set ${name} up`]),
  // Asking for one link makes the kernel catch up with its carrier.
  ...["v0", "v1", "w0", "w1"].map((name) => `link show ${name}`),
  "addr add 10.0.0.1/24 dev v0",
  "addr add 10.0.1.1/24 dev w0",
  "addr add 2001:db8::1/64 dev v0 nodad",
  "addr add 2001:db8:1::1/64 dev w0 nodad",
];

const ROUTES: readonly string[] = [
  "route add 10.9.0.0/16 via 10.0.0.2",
  "route add 10.10.0.0/16 nexthop via 10.0.0.2 dev v0 weight 2 nexthop via 10.0.1.2 weight 3",
  "route add 10.11.0.0/16 via 10.0.0.2 mtu lock 1400 metric 7",
  "route add unreachable 10.12.0.0/16",
  "route add prohibit 10.14.0.0/16 table 100",
  "route add throw 10.15.0.0/16 proto static scope link",
  "route add default via 10.0.0.254 proto static",
  "route add 10.9.5.0/24 via 10.0.1.2 src 10.0.0.1 tos 0x10",
  "route add 10.9.5.5 dev w0 proto bird scope link",
  "route add 10.16.0.0/16 dev v0 realms 5/6 tos CS1",
  "route add 10.17.0.0/16 via inet6 2001:db8::2 dev v0",
  "route add 10.18.0.0/16 via 1.2.3.4 dev v0 onlink",
  "route add blackhole 10.19.0.0/16 table 1000",
  "-6 route add 2001:db8:a::/48 via 2001:db8::2",
  "-6 route add default via 2001:db8::fe pref low",
  "-6 route add 2001:db8:e::/48 nexthop via 2001:db8::2 nexthop via 2001:db8:1::2 weight 4",
  "-6 route add unreachable 2001:db8:f::/48 table 100",
  "-6 route add local 2001:db8:10::/64 dev v0 table main",
];

/** Forms of output and filters. */
export const routeShow: Scenario = {
  title: "ip route show",
  setup: [...TWO_PAIRS, ...ROUTES],
  lines: `
    route
    r
    route show
    route list
    route lst
    ro s t all
    -6 route
    -4 route
    -d route
    -d -6 route
    -s route
    -s -s -d route show 10.9.0.0/16
    -N route
    -N -d route show table all
    -o route
    -o -6 route
    -j route
    -j -p route
    -j -6 route
    -j -p -d -6 route
    -j -N -d route show table all
    -c route
    -c -6 route
    -c -d route show table all
    -br route
    -br -j route show 10.9.0.0/16
    -h -iec route show default
    -0 route
    -B route
    -M route
    -f inet6 route show dev w0
    -f link route show
    route show table all
    -d route show table all
    -j -p route show table all
    -4 route show table all
    -6 route show table all
    route show table main
    route show table local
    -6 route show table local
    route show table 100
    -6 route show table 100
    -j route show table 100
    route show table 0
    route show table 254
    route show table 0xff
    route show table cache
    route show table 1000
    route show table default
    route show table 1234
    -6 route show table 1234
    -j route show table 1234
    route show table foo
    route show table 99999999999
    route show table help
    route show table main table local
    route show cached
    route show cache
    route show clo
    -6 route show cached
    route show proto static
    route show protocol 4
    route show proto kernel
    route show proto all
    route show proto foo
    route show proto 300
    route show p kernel s link
    route show scope link
    route show scope host table local
    route show scope all
    route show scope 253
    route show scope foo
    route show scope 300
    route show type unicast
    route show type unreachable
    route show type u
    route show type throw table all
    route show type th
    route show type broadcast table all
    route show type multicast table all
    route show type local
    -6 route show type local
    route show type 6 table all
    route show type 256
    route show type foo
    route show dev v0
    -j route show dev v0
    route show oif w0
    route show iif w0
    route show dev v0 dev w0
    route show dev nope
    route show dev if10
    route show dev if99
    route show dev ""
    route show dev
    -6 route show dev v0
    -6 route show dev w0 proto kernel metric 256
    route show via 10.0.0.2
    route show via 10.0.0.0/24
    route show via inet 10.0.1.2
    route show via inet6 2001:db8::2
    route show via inet6 ::/0
    route show via 0.0.0.0/0
    route show via any
    -6 route show via 2001:db8::2
    route show via foo
    route show via inet foo
    route show via
    route show src 10.0.0.1
    route show src 10.0.0.0/24
    route show src any
    route show src foo
    route show table all src 10.0.0.1
    route show 10.9.0.0/16
    route show 10.9/16
    route show 10.9.5.5
    route show to 10.9.0.0/16
    route show root 10.9.0.0/16
    route show root 10.0.0.0/8 match 10.9.5.5
    route show match 10.9.5.5
    route show exact 10.9.5.5
    route show exact 10.9.0.0/16
    route show to exact 10.9.0.0/16
    route show to root 10.9.0.0/16
    route show to match 10.9.5.5
    route show 10.9.5.0/24 10.9.0.0/16
    route show default
    -6 route show default
    route show table all default
    route show any
    -4 route show any
    -6 route show any
    route show all
    route show match any
    route show exact default
    route show root default
    route show to
    route show root
    route show foo
    route show foo bar
    route show help
    route show ""
    route show 2001:db8:a::/48
    route show table all 2001:db8:a::/48
    -4 route show 2001:db8::/64
    -0 route show 10.0.0.0/8
    -B route show 10.0.0.0/8
    -6 route show from all
    -6 route show from default
    -6 route show from foo
    route show from 10.0.0.0/8
    route show from default
    route show tos 0x10
    route show tos 10
    route show dsfield CS1
    route show d 0
    route show tos foo
    route show tos 0x100
    route show metric 7
    route show metric 0
    route show priority 7
    route show preference 7
    route show m 7
    route show metric foo
    -6 route show metric 256
    route show realms 5/6
    route show realms 6
    route show realms 5/
    route show realm cosmos
    route show realms foo
    route show mark 0
    route show mark 5
    route show mark foo
    route show vrf v0
    route show vrf nope
    route show nhid 5
    route show 99.0.0.0/8
    -j route show 99.0.0.0/8
    route foo
    route rm 10.9.0.0/16
    route help
    route h foo
  `,
};

/** What a packet would do. */
export const routeGet: Scenario = {
  title: "ip route get",
  setup: [...TWO_PAIRS, ...ROUTES],
  lines: `
    route get
    route g
    route get 10.9.1.1
    -d route get 10.9.1.1
    -s route get 10.12.0.1
    -o route get 10.9.1.1
    -c route get 10.9.1.1
    -N -d route get 10.9.1.1
    -j route get 10.9.1.1
    -j -p -d route get 10.9.1.1
    route get 10.11.1.1
    -j route get 10.11.1.1
    route get 10.17.1.1
    -j route get 10.17.1.1
    route get 10.16.1.1 tos CS1
    route get 10.0.0.1
    -d route get 10.0.0.1
    route get 10.0.0.255
    -j route get 10.0.0.255
    route get 127.0.0.1
    route get 10.12.0.1
    route get 10.15.0.1
    route get 99.0.0.1
    -j route get 10.12.0.1
    route get fibmatch 10.9.1.1
    route get fibmatch 99.0.0.1
    -d route get fibmatch 10.10.1.1
    -j route get fibmatch 10.10.1.1
    route get 10.9.1.1 fibmatch
    route get 10.9.1.1 from 10.0.0.1
    route get 10.9.1.1 from 10.0.0.1 oif v0
    route get 10.9.1.1 oif w0
    route get 10.9.1.1 dev w0
    route get 10.9.1.1 dev v0 dev w0
    route get 10.9.1.1 oif nope
    route get 10.9.1.1 iif v0
    route get 10.9.1.1 iif nope
    route get 10.9.1.1 from 10.0.1.7 iif w0
    route get 10.0.0.1 from 10.0.1.7 iif w0
    -j route get 10.0.0.1 from 10.0.1.7 iif w0
    route get 10.9.1.1 from 10.0.0.0/24
    route get 10.9.1.1 from any
    route get 10.9.1.1 from default
    route get 10.9.1.1 from foo
    route get 10.9.1.1 from
    route get 10.9.1.1 mark 5
    route get 10.9.1.1 mark 0x50
    -j route get 10.9.1.1 mark 5
    route get 10.9.1.1 mark foo
    route get 10.9.1.1 uid 7
    route get 10.9.1.1 uid foo
    route get 10.9.5.1 tos 0x10
    route get 10.9.5.1 tos 0x12
    route get 10.9.5.1 tos 0x20
    route get 10.9.5.1 dsfield 10
    route get 10.9.5.1 tos foo
    route get 10.9.1.1 ipproto udp sport 5 dport 6
    route get 10.9.1.1 ipproto TCP
    route get 10.9.1.1 ipproto 17
    route get 10.9.1.1 ipproto icmp
    route get 10.9.1.1 ipproto sctp
    route get 10.9.1.1 ipproto foo
    route get 10.9.1.1 ipproto 300
    route get 10.9.1.1 sport foo
    route get 10.9.1.1 sport 0
    route get 10.9.1.1 dport 99999
    route get 10.9.1.1 vrf foo
    route get 10.9.1.1 connected
    -j route get 10.9.1.1 connected
    route get 10.9.1.1 from 10.0.0.1 connected
    route get 10.9.1.1 as 10.0.0.3
    route get 10.9.1.1 as foo
    route get 10.9.1.1 foo
    route get foo
    route get 10.9.1.1/24
    route get 10.9.1.0/32
    route get to 10.9.1.1
    route get 10.9.1.1 10.9.1.2
    route get 10.9
    route get default
    -4 route get default
    -6 route get default
    route get any
    route get 0.0.0.0
    route get ::
    route get 2001:db8::5
    -6 route get 2001:db8::5
    -j -p route get 2001:db8::5
    -d -j route get 2001:db8::5
    -o route get 2001:db8:a::9
    -c route get 2001:db8:a::9
    route get 2001:db8::1
    route get ::1
    route get 2001:db8:a::9 from 2001:db8::1
    route get 2001:db8:a::9 from 2001:db8::1 iif w0
    route get 2001:db8:a::9 oif w0
    route get fibmatch 2001:db8:a::9
    route get 2001:db8:a::9 ipproto icmp
    route get 2001:db8:a::9 ipproto ipv6-icmp
    route get 2001:db8::5 connected
    -6 route get 2001:db8::5 fibmatch notify
    route get 2001:dead::1
    route get 2001:db8:a::/48
    route get ff02::1 oif v0
    -4 route get 2001:db8::5
    -6 route get 10.0.0.1
    -0 route get 10.0.0.1
    -B route get 10.0.0.1
    -M route get 10.0.0.1
    route get help
    route get from 10.0.0.1
    route get 10.9.1.1 oif
    route get fibmatch
    route get via 10.9.1.1
    route get 10.9.1.1 via 10.0.0.2
    route get 10.9.1.1 iif lo
  `,
};

/** Routes by the dozen. */
export const routeFlush: Scenario = {
  title: "ip route flush",
  setup: TWO_PAIRS,
  lines: `
    route flush
    route f
    route flush help
    route flush proto foo
    route flush dev nope
    route flush 10.77.0.0/16
    route add 10.9.0.0/16 dev v0 proto static
    route add 10.10.0.0/16 via 10.0.0.2 metric 5 mtu 1400 proto static
    route add 10.11.0.0/16 nexthop via 10.0.0.2 nexthop via 10.0.1.2
    route flush proto static
    route flush proto static
    -s route flush proto static
    route add 10.9.0.0/16 dev v0 proto static
    route add 10.10.0.0/16 dev v0 proto static
    -s route flush proto static
    route add 10.9.0.0/16 dev v0 proto static
    -s -s route flush proto static
    route add 10.9.0.0/16 dev v0 proto static
    -j -s -s -d route flush proto static dev v0
    -j route flush proto static
    route add 10.10.0.0/16 dev v0 proto static table 77
    -s route flush table 77
    -s route flush table 77
    route flush table 78
    -6 route flush table 78
    -6 route add 2001:db8:77::/48 dev v0 proto static
    -6 route add 2001:db8:78::/48 via 2001:db8::2 proto static
    -s -s -6 route flush proto static
    -6 route add 2001:db8:79::/48 nexthop via 2001:db8::2 nexthop via 2001:db8:1::2 proto static
    route flush cache
    -4 route flush cached
    -6 route flush cache
    -s route flush cache
    -s -6 route flush cache
    route flush root 10.11.0.0/16
    route flush dev v1
    -s route flush dev v0
    route
    -6 route flush dev v0
    -6 route
    -s -4 route flush table all
    -4 route show table all
    -s -4 route flush table all
    -s route flush table local
    -6 route flush table all
    -6 route show table all
    -6 route flush table all
  `,
};

/** What uveth has no routes for: source prefixes (CONFIG_IPV6_SUBTREES), next hop objects. */
export const routeSources: Scenario = {
  title: "ip route with source prefixes and next hop objects",
  setup: TWO_PAIRS,
  lines: `
    -6 route add 2001:db8:d::/48 from 2001:db8:a::/64 via 2001:db8::2
    -6 route
    -j -6 route
    -c -6 route
    -6 route show from 2001:db8:a::/64
    -6 route show from root 2001:db8:a::/48
    -6 route show from match 2001:db8:a::5
    -6 route show from exact 2001:db8:a::/64
    -6 route show from all
    -6 route show from foo
    -6 route del 2001:db8:d::/48 from 2001:db8:a::/64
    route add 10.38.0.0/16 nhid 5
    route add 2001:db8:69::/64 dev v0 nhid 5
    route add 10.50.0.0/16 nexthop via 10.0.0.2 realms 3 nexthop via 10.0.1.3 realms 4/5
    route show 10.50.0.0/16
    -j route show 10.50.0.0/16
  `,
};
