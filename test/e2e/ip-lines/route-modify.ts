// Command lines for comparison with iproute2: `ip route` – add, change, replace, append, prepend, test, delete.

import type { Scenario } from "../scenario.ts";
import { TWO_PAIRS } from "./route-show.ts";

/** Verbs, tables, types, scopes. */
export const routeModify: Scenario = {
  title: "ip route add and its kin",
  setup: TWO_PAIRS,
  lines: `
    route add 10.9.0.0/16 via 10.0.0.2
    route add 10.9.0.0/16 via 10.0.0.2
    route append 10.9.0.0/16 via 10.0.0.3
    route append 10.9.0.0/16 via 10.0.0.3
    route prepend 10.9.0.0/16 via 10.0.0.4
    route
    route replace 10.9.0.0/16 via 10.0.0.5
    route
    route change 10.9.0.0/16 via 10.0.0.6 metric 9
    route change 10.9.0.0/16 via 10.0.0.6
    route chg 10.9.0.0/16 via 10.0.0.7
    route test 10.9.0.0/16 via 10.0.0.7
    route test 10.99.0.0/16 via 10.0.0.7
    route
    route del 10.9.0.0/16
    route del 10.9.0.0/16 via 10.0.0.9
    route d 10.9.0.0/16
    route delete 10.9.0.0/16
    route del 10.9.0.0/16
    route del 10.0.0.0/24 proto static
    route del default
    route del unreachable 10.9.0.0/16
    route del 10.9.0.0/16 table 55
    -echo route add 10.8.0.0/16 dev v0
    -echo -j route replace 10.8.0.0/16 dev v0 metric 4
    -echo route del 10.8.0.0/16
    -echo route del 10.8.0.0/16 metric 4
    route add 10.9.0.0/16 via 10.0.0.2 table 55
    route add 10.9.0.0/16 via 10.0.0.2 table 300
    route add table 5 10.9.0.0/16 via 10.0.0.2 metric 3
    route show table 55
    route show table 300
    -d route show table all proto boot
    -j route show table all proto boot
    route del 10.9.0.0/16 table 300
    route del 10.9.0.0/16 table 5 metric 3
    route add 10.9.0.0/16 via 10.0.0.2 table main table default
    route show table default
    route add local 10.20.0.1 dev v0
    route show table local 10.20.0.1
    route add local 10.20.0.2 dev v0 scope global
    route add broadcast 10.20.0.255 dev v0
    route add brd 10.20.1.255 dev v0
    route add multicast 239.0.0.0/8 dev v0
    route add anycast 10.20.0.4 dev v0
    route add nat 10.20.0.5 via 10.0.0.2
    route add x 10.20.0.6 via 10.0.0.2
    route add unicast 10.20.0.9 dev v0
    route add uni 10.20.0.19 dev v0
    route add unreach 10.20.0.10
    route add u 10.20.0.11
    route add blackhole 10.20.0.12
    route add prohib 10.20.0.13
    route add throw 10.20.0.14
    route add unreachable 10.20.0.15 dev v0
    route add unreachable 10.20.0.16 via 10.0.0.2
    route show table all proto boot
    route del local 10.20.0.1
    route del blackhole 10.20.0.12
    route del broadcast 10.20.0.255 dev v0
    route del unicast 10.20.0.9 dev w0
    route del 10.20.0.9 scope link
    route add 10.21.0.0/16 dev v0 scope host
    route add 10.21.1.0/24 dev v0 scope site
    route add 10.22.0.0/16 dev v0 scope nowhere
    route add 10.22.0.0/16 dev v0 proto zebra
    route add 10.22.1.0/24 dev v0 protocol 77
    route add 10.23.0.0/16 dev v0 metric 5 preference 6
    route add 10.23.0.0/16 dev v0 src 10.0.0.1
    route add 10.23.1.0/24 dev v0 src 10.0.0.77
    route add 10.24.0.0/16 dev v0 via 10.0.0.2 onlink
    route add 10.25.0.0/16 via 1.2.3.4 dev v0 onlink
    route add 10.26.0.0/16 via 1.2.3.4 onlink
    route add 10.26.0.0/16 via 1.2.3.4
    route add 10.26.0.0/16 via 1.2.3.4 dev v0
    route add 10.26.0.0/16 dev v0 onlink
    route add 10.26.0.0/16
    route add 10.26.0.0/16 dev if99
    route add 10.27.0.0/16 via inet6 2001:db8::2 dev v0
    route add 10.27.1.0/24 via inet6 2001:db8::2
    route add 10.29.0.0/16 via inet 10.0.0.2
    route add 10.30.0.0/16 via link 02:00:00:00:00:01
    route add 10.31.0.1/16 dev v0
    route add 10.31/16 dev v0
    route add 10.32.0.0/16 dev v0 tos 4 tos 8
    route add 10.33.0.0/16 dev v0 dsfield AF11
    route add 10.33.0.0/16 dev v0 tos 11
    route add 10.34.0.0/16 dev v0 realms 5/6
    route add 10.34.1.0/24 dev v0 realms cosmos
    route add 10.35.0.0/16 dev v0 expires 5
    route add 10.36.0.0/16 dev v0 pref low
    route add 10.37.0.0/16 dev v0 ttl-propagate enabled
    route add 10.41.0.0/16 dev v0 from 10.0.0.0/8
    route add 10.41.1.0/24 dev v0 from any
    route add 10.41.2.0/24 dev v0 as to 10.0.0.3
    route add to 10.42.0.0/16 dev v0
    route add to unicast 10.43.0.0/16 oif v0
    route add dev v0 10.44.0.0/16
    route add via 10.0.0.2 10.45.0.0/16
    route add default via 10.0.0.2
    route add all dev v0 metric 7
    route add default dev v0 metric 8
    -4 route add default dev v0 metric 9
    -B route add default dev v0
    route
    -j route
    -c route
    -d route
    -N -d route
    route del default
    route del default metric 8
    route
  `,
};

/** IPv6. */
export const routeModify6: Scenario = {
  title: "ip -6 route add and its kin",
  setup: TWO_PAIRS,
  lines: `
    -6 route add 2001:db8:b::/48 via 2001:db8::2 expires 100 pref high
    -6 route
    -j -6 route show 2001:db8:b::/48
    -6 route add unreachable 2001:db8:9::/48
    -6 route add prohibit 2001:db8:9:1::/64 metric 5
    -6 route add blackhole 2001:db8:9:2::/64
    -6 route add throw 2001:db8:9:3::/64
    -6 route add 2001:db8:a::/48 via 2001:db8::2
    -6 route add 2001:db8:a::/48 via 2001:db8::2
    route add 2001:db8:c::/48 nexthop via 2001:db8::2 nexthop via 2001:db8:1::2 weight 4
    -6 route append 2001:db8:7::/64 via 2001:db8::2
    -6 route append 2001:db8:7::/64 via 2001:db8::3
    -6 route append 2001:db8:7::/64 via 2001:db8::3
    -6 route replace 2001:db8:8::/64 via 2001:db8::3 mtu 1300 hoplimit 5 expires 1000
    -6 route
    -d -6 route
    -6 route del 2001:db8:7::/64 via 2001:db8::3
    -6 route change 2001:db8:7::/64 via 2001:db8::9
    -6 route change 2001:db8:99::/64 via 2001:db8::9
    -6 route replace 2001:db8:98::/64 dev v0 src 2001:db8::1
    -6 route replace 2001:db8:97::/64 dev v0 src 2001:db8::77
    route add local 2001:db8:61::/64 dev v0
    route add anycast 2001:db8:62::/64 dev v0
    route add multicast 2001:db8:63::/64 dev v0
    route add default via 2001:db8::9
    -6 route add default dev v0 metric 10
    -6 route add any dev v0 metric 11
    -6 route add all dev v0 metric 11
    route add default via inet6 2001:db8::5 metric 33
    route add 2001:db8:63::/64 via inet 10.0.0.2
    route add 2001:db8:63::/64 via 10.0.0.2
    route add 2001:db8:64::/64 via fe80::1
    route add 2001:db8:64::/64 via fe80::1 dev v0
    route add 2001:db8:65::/64 dev v0 tos 4
    route add 2001:db8:66::/64 dev v0 realms 5
    route add 2001:db8:67::/64 dev v0 scope link
    route add 2001:db8:68::1/64 dev v0
    route add 2001:db8:6a::/64
    route add 2001:db8:6b::/129 dev v0
    -6 route add 10.61.21.0/24 via 10.0.0.2
    -4 route add 2001:db8:6c::/64 dev v0
    -6 route show table all
    -j -6 route show table all
    -c -6 route
    -6 route del 2001:db8:61::/64
    -6 route del local 2001:db8:61::/64 dev v0
    -6 route del default
    -6 route del default via 2001:db8::5
    -6 route del 2001:db8:c::/48
    -6 route
  `,
};

/** Next hops and metrics. */
export const routeDetails: Scenario = {
  title: "ip route with next hops and metrics",
  setup: TWO_PAIRS,
  lines: `
    route add 10.50.0.0/16 nexthop
    route add 10.50.0.0/16 nexthop via 10.0.0.2 weight
    route add 10.50.0.0/16 nexthop via 10.0.0.2 weight 0
    route add 10.50.0.0/16 nexthop via 10.0.0.2 weight 257
    route add 10.50.0.0/16 nexthop via 10.0.0.2 weight 256
    route del 10.50.0.0/16 nexthop via 10.0.0.2 weight 256
    route add 10.50.0.0/16 nexthop via 10.0.0.2 nexthop via 10.0.0.2 dev nope
    route add 10.50.0.0/16 nexthop via 10.0.0.2 foo
    route add 10.50.0.0/16 nexthop via foo
    route add 10.50.0.0/16 nexthop nexthop
    route add 10.50.0.0/16 nexthop dev v0 help
    route add 10.50.0.0/16 nexthop dev v0 encap foo
    route add 10.50.0.0/16 nexthop dev v0 realms foo
    route add nexthop via 10.0.0.2
    route add 10.50.0.0/16 dev nope nexthop
    route add 10.50.0.0/16 nexthop dev v0
    route show 10.50.0.0/16
    route replace 10.50.0.0/16 nexthop dev v0 nexthop dev w0 weight 5
    route show 10.50.0.0/16
    route replace 10.50.0.0/16 nexthop via inet6 2001:db8::2 dev v0 nexthop via 1.2.3.4 dev w0 onlink
    route show 10.50.0.0/16
    -j route show 10.50.0.0/16
    -c route show 10.50.0.0/16
    -o route show 10.50.0.0/16
    -j -p route show 10.50.0.0/16
    route replace 10.50.0.0/16 via 10.0.0.2 nexthop via 10.0.0.3
    route replace 10.50.0.0/16 dev v0 nexthop via 10.0.0.2 dev w0
    route replace 10.50.0.0/16 proto static metric 4 nexthop via 10.0.0.2 nexthop via 10.0.1.3
    route show 10.50.0.0/16
    route add 10.51.0.0/16 nexthop via 10.0.0.2 as 10.0.0.3
    link set v1 down
    link show v0
    route
    -j route
    -6 route
    link set v1 up
    link show v0
    link set w0 down
    route
    link set w0 up
    link show w0
    route add 10.11.0.0/16 via 10.0.0.2 mtu lock 1400 advmss 1300 window 5 rtt 100 rttvar 20ms ssthresh 4 cwnd lock 3 initcwnd 10 initrwnd 11 hoplimit 4 reordering 3 quickack 1 rto_min 5s features ecn congctl cubic
    route show 10.11.0.0/16
    -j -p route show 10.11.0.0/16
    route add 10.61.1.0/24 dev v0 fastopen_no_cookie 1 quickack 0 congctl lock reno
    route add 10.61.2.0/24 dev v0 rtt lock 5s rttvar lock 10
    route add 10.61.3.0/24 dev v0 rtt 5.5s rttvar 1.25ms
    route add 10.61.4.0/24 dev v0 rtt 5secs rttvar 3msecs rto_min 3sec
    route add 10.61.5.0/24 dev v0 mtu 1400 mtu 1500
    route add 10.61.6.0/24 dev v0 rtt 0x10 rttvar .5S rto_min 1234567
    route add 10.61.7.0/24 dev v0 r 5 w 6 c 7 s 8
    route add 10.61.8.0/24 dev v0 hoplimit 0 mtu 0
    route add 10.61.9.0/24 dev v0 mtu 70000 advmss 70000
    route show root 10.61.0.0/16
    -j route show root 10.61.0.0/16
    route add 10.62.0.0/16 dev v0 mtu foo
    route add 10.62.0.0/16 dev v0 mtu lock
    route add 10.62.0.0/16 dev v0 mtu lock lock
    route add 10.62.0.0/16 dev v0 mtu
    route add 10.62.0.0/16 dev v0 mtu -1
    route add 10.62.0.0/16 dev v0 advmss foo
    route add 10.62.0.0/16 dev v0 window foo
    route add 10.62.0.0/16 dev v0 rtt foo
    route add 10.62.0.0/16 dev v0 rtt 5x
    route add 10.62.0.0/16 dev v0 rttvar foo
    route add 10.62.0.0/16 dev v0 ssthresh foo
    route add 10.62.0.0/16 dev v0 cwnd foo
    route add 10.62.0.0/16 dev v0 initcwnd foo
    route add 10.62.0.0/16 dev v0 initrwnd foo
    route add 10.62.0.0/16 dev v0 hoplimit 256
    route add 10.62.0.0/16 dev v0 reordering foo
    route add 10.62.0.0/16 dev v0 quickack 2
    route add 10.62.0.0/16 dev v0 quickack lock 1
    route add 10.62.0.0/16 dev v0 rto_min foo
    route add 10.62.0.0/16 dev v0 rto_min lock 5
    route add 10.62.0.0/16 dev v0 features foo
    route add 10.62.0.0/16 dev v0 features ecn ecn
    route add 10.62.0.0/16 dev v0 congctl foo
    route add 10.62.0.0/16 dev v0 congctl
    route add 10.62.0.0/16 dev v0 fastopen_no_cookie foo
  `,
};

/** Words that are wrong. */
export const routeErrors: Scenario = {
  title: "ip route with wrong words",
  setup: TWO_PAIRS,
  lines: `
    route add
    route a
    route del
    route add foo
    route add ""
    route add via
    route add dev v0
    route add unreachable
    route add local dev v0
    route add to
    route add to to 10.0.0.1 dev v0
    route add 12 10.20.0.7 dev v0
    route add 10.9.0.0/16 foo
    route add 10.9.0.0/16 help
    route add 10.9.0.0/16 he
    route add 10.9.0.0/16 10.10.0.0/16
    route add 10.9.0.0/16 dev v0 local
    route add 10.9.0.0/16 dev v0 local 10.0.0.1
    route add 10.9.0.0/16 dev
    route add 10.9.0.0/16 dev nope
    route add 10.9.0.0/16 dev ""
    route add 10.9.0.0/16 dev averyverylongdevicename
    route add 10.9.0.0/16 oif nope metric foo
    route add 10.9.0.0/16 via foo
    route add 10.9.0.0/16 via
    route add 10.9.0.0/16 via inet
    route add 10.9.0.0/16 via inet6 10.0.0.1
    route add 10.9.0.0/16 via inet 2001:db8::1
    route add 10.9.0.0/16 via 2001:db8::2
    route add 10.9.0.0/16 via foo 10.0.0.2
    route add 10.9.0.0/16 via link zz dev v0
    route add 10.9.0.0/16 via bridge foo
    route add 10.9.0.0/16 dev v0 via any
    route add 10.9.0.0/16 dev v0 src any
    route add 10.9.0.0/16 dev v0 src foo
    route add 10.9.0.0/16 dev v0 src 2001:db8::1
    route add 10.9.0.0/16 dev v0 from 2001:db8::1
    route add 10.9.0.0/16 dev v0 from foo
    route add 10.9.0.0/16 dev v0 as foo
    route add 10.9.0.0/16 dev v0 as to
    route add 10.9.0.0/16 dev v0 table foo
    route add 10.9.0.0/16 dev v0 table cache
    route add 10.9.0.0/16 dev v0 table ""
    route add 10.9.0.0/16 dev v0 scope foo
    route add 10.9.0.0/16 dev v0 scope 300
    route add 10.9.0.0/16 dev v0 scope all
    route add 10.9.0.0/16 dev v0 proto foo
    route add 10.9.0.0/16 dev v0 proto 299
    route add 10.9.0.0/16 dev v0 metric foo
    route add 10.9.0.0/16 dev v0 metric 4294967296
    route add 10.9.0.0/16 dev v0 metric -1
    route add 10.9.0.0/16 dev v0 p foo
    route add 10.9.0.0/16 dev v0 tos foo
    route add 10.9.0.0/16 dev v0 tos lowdelay
    route add 10.9.0.0/16 dev v0 realms foo
    route add 10.9.0.0/16 dev v0 realms 300/cosmos
    route add 10.9.0.0/16 dev v0 expires foo
    route add 10.9.0.0/16 dev v0 expires -1
    route add 10.9.0.0/16 dev v0 pref foo
    route add 10.9.0.0/16 dev v0 pref hig
    route add 10.9.0.0/16 dev v0 pref 300
    route add 10.9.0.0/16 dev v0 ttl-propagate foo
    route add 10.9.0.0/16 nhid foo
    route add 10.9.0.0/16 encap foo
    route add 10.9.0.0/16 encap
    route add 10.9.0.0/16 dev v0 vrf foo
    route add 10.9.0.0/16 dev v0 mark 5
    route add 10.9.0.0/16 dev v0 weight 5
    route add 10.9.0.0/16 dev v0 pervasive
    route add 10.9.0.0/16 dev v0 sr 10.0.0.1
    route add 10.9.0.0/16 dev v0 onlin
    route add 10.9.0.0/33 dev v0
    route add 10.9.0.0/foo dev v0
    route add 10.9.0.0/ dev v0
    -0 route add 10.9.0.0/16 dev v0
    -0 route add default dev v0
    -B route add 10.9.0.0/16 dev v0
    -M route add 10.9.0.0/16 dev v0
    -batch - <<< route add 10.9.0.0/16 dev v0\\nroute add 10.9.0.0/16 dev v0\\nroute show
    -force -batch - <<< route add 10.9.0.0/16 dev v0\\nroute add 10.8.0.0/16 dev nope\\nroute get\\nroute show
    -force -batch - <<< route add foo\\nroute show
    route
  `,
};
