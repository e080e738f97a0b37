// Command lines for comparison with iproute2: `ip nexthop` – show, get, add, replace, delete, flush; routes by objects.

import type { Scenario } from "../scenario.ts";

const UP: readonly string[] = [
  "link set lo up",
  "link set v0 up",
  "link set v1 up",
  "address add 10.0.0.1/24 dev v0",
  "address add 2001:db8::1/64 dev v0 nodad",
];

export const nexthopLines: Scenario = {
  title: "ip nexthop",
  setup: UP,
  lines: `
    nexthop add id 1 via 10.0.0.2 dev v0
    nexthop add id 1 via 10.0.0.2 dev v0
    nexthop add id 2 dev v0
    nexthop add id 3 blackhole
    -6 nexthop add id 4 via fe80::1 dev v0
    nexthop add id 5 via 2001:db8::2 dev v0
    nexthop add id 6 via 10.0.0.3 fdb
    nexthop add id 7 group 1/2
    nexthop add id 8 group 1,10/2,20 proto bgp
    nexthop add id 8 group 1,10/2,300
    nexthop add id 8 group 1,0
    nexthop add id 8 group x
    nexthop add id 8 group 1,x
    nexthop add id 8 group 1/1
    nexthop add id 9 group 6 fdb
    nexthop add id 10 via 10.9.0.77 dev v0 onlink proto static
    nexthop add id 11 via inet 10.0.0.9 dev v0
    nexthop add id 12 via inet6 2001:db8::9 dev v0
    -6 nexthop add id 13 dev v0
    nexthop add id 14 group 1/5 type mpath
    nexthop add id 15 group 1/5 type nope
    nexthop add via 10.0.0.4 dev v0
    nexthop add id 16 via 10.9.0.2 dev v0
    nexthop add id 16 dev nope
    nexthop add id 16 via nope dev v0
    nexthop add id 16 dev v0 onlink
    nexthop add id 16
    nexthop add id x
    nexthop add nope
    nexthop add help
    nexthop
    -d nexthop
    -N nexthop
    -c nexthop
    -j nexthop
    -j -p nexthop
    -6 nexthop
    -4 nexthop
    nexthop show dev v0
    nexthop show dev nope
    nexthop show groups
    nexthop list fdb
    nexthop lst
    nexthop show proto static
    nexthop show proto 4
    nexthop show id 7
    nexthop show id x
    nexthop show nope
    nexthop show master v0
    nexthop show vrf v0
    nexthop get id 7
    -j nexthop get id 8
    nexthop get id 99
    nexthop get
    nexthop get nope
    nexthop help
    nexthop nope
    route add 10.5.0.0/16 nhid 1
    route add 10.6.0.0/16 nhid 7
    route add 10.7.0.0/16 nhid 3
    route add 10.8.0.0/16 nhid 5
    route add 10.9.0.0/16 nhid 14
    route add 10.10.0.0/16 nhid 8
    route add 10.11.0.0/16 nhid 99
    -6 route add 2001:db8:1::/48 nhid 4
    -6 route add 2001:db8:2::/48 nhid 1
    route
    -6 route show 2001:db8:1::/48
    -j route
    route get 10.5.1.1
    route get 10.7.1.1
    route get fibmatch 10.10.1.1
    route get fibmatch 10.5.1.1
    nexthop replace id 1 via 10.0.0.22 dev v0
    nexthop replace id 7 group 1
    nexthop replace id 2 group 1
    route
    nexthop del id 2
    nexthop del id 2
    nexthop del
    nexthop
    route
    route del 10.5.0.0/16 nhid 2
    route del 10.5.0.0/16 nhid 1
    -echo nexthop add id 50 dev v0
    -echo nexthop del id 50
    nexthop flush proto 4
    nexthop flush dev v0
    nexthop
    route
    nexthop flush
    nexthop flush
  `,
};

export const bucketLines: Scenario = {
  title: "ip nexthop bucket",
  setup: [
    ...UP,
    "nexthop add id 1 via 10.0.0.2 dev v0",
    "nexthop add id 2 via 10.0.0.3 dev v0",
    "nexthop add id 3 via 10.0.0.4 dev v0",
  ],
  // Idle times are not shown: they are those of the clock.
  lines: `
    nexthop add id 100 group 1 type resilient
    nexthop add id 100 group 1 type resilient buckets
    nexthop add id 100 group 1 type resilient buckets x
    nexthop add id 100 group 1 type resilient buckets 65536
    nexthop add id 100 group 1 type resilient buckets 0
    nexthop add id 100 group 1 type resilient buckets 2 idle_timer x
    nexthop add id 100 group 1 type resilient buckets 2 idle_timer 42949672
    nexthop add id 100 group 1 type resilient buckets 2 idle_timer 42949671
    nexthop add id 99 group 1 type resilient buckets 2 unbalanced_timer -1
    nexthop add id 101 group 1,3/2 type resilient buckets 0x3 idle_timer 0x5 unbalanced_timer 7 proto static
    nexthop add id 102 type resilient buckets 3 group 1
    nexthop add id 103 type resilient group 1 buckets 3
    nexthop add id 103 type mpath group 1 buckets 3
    nexthop add id 103 buckets 3
    nexthop add id 103 type resilient
    nexthop add id 103 group 102 type resilient buckets 1
    nexthop
    -d nexthop
    -j nexthop
    -j -p nexthop show id 101
    nexthop replace id 101 group 1/3 type resilient idle_timer 9
    nexthop replace id 101 group 1/3 type resilient buckets 4
    nexthop replace id 101 group 1/3
    nexthop show id 101
    nexthop bucket list x
    nexthop bucket list id x
    nexthop bucket list id 1
    nexthop bucket list id 77
    nexthop bucket list nhid x
    nexthop bucket list nhid 77
    nexthop bucket list dev nope
    nexthop bucket list dev v1
    nexthop bucket list vrf nope
    nexthop bucket list master nope
    nexthop bucket list master v1
    nexthop bucket list groups
    nexthop bucket help
    nexthop bucket nope
    nexthop bucket get
    nexthop bucket get id x
    nexthop bucket get id 101
    nexthop bucket get id 101 index x
    nexthop bucket get id 101 index 65536
    nexthop bucket get id 101 index 3
    nexthop bucket get id 0 index 1
    nexthop bucket get id 1 index 0
    nexthop bucket get id 77 index 0
    nexthop bucket get dev v0
    nexthop bucket list id 101
    -j nexthop bucket list nhid 3
    -d -j -p nexthop bucket get id 101 index 1
    nexthop bucket show id 0
    nexthop bucket
  `,
};
