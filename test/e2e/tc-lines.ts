// Command lines for comparison with iproute2: `tc` – disciplines, classes and filters that this kernel has, and what is wrong
// with words.

import type { Scenario } from "./scenario.ts";

const UP: readonly string[] = ["link set v0 up", "link set v1 up"];

export const tcQdiscs: Scenario = {
  title: "tc qdisc",
  program: "tc",
  setup: UP,
  lines: `
    qdisc add dev v0 root pfifo limit 10
    qdisc show dev v0
    -j qdisc show dev v0
    -j -p qdisc show dev v0
    qdisc add dev v0 root pfifo
    qdisc replace dev v0 root bfifo limit 10k
    qdisc show dev v0
    qdisc change dev v0 root bfifo limit 20000
    qdisc show dev v0
    qdisc change dev v0 root pfifo limit 5
    qdisc replace dev v0 root handle 5: tbf rate 1mbit burst 32kbit latency 400ms
    qdisc show dev v0
    -d qdisc show dev v0
    -r qdisc show dev v0
    -j qdisc show dev v0
    qdisc change dev v0 root tbf rate 1mbit burst 10kb limit 30000 peakrate 2mbit mtu 1600
    -d qdisc show dev v0
    -j qdisc show dev v0
    qdisc replace dev v0 root tbf rate 1gbit buffer 1m lat 10ms
    qdisc show dev v0
    qdisc replace dev v0 root tbf rate 1mbit burst 5k latency 50ms overhead 5 linklayer atm
    -d qdisc show dev v0
    qdisc del dev v0 root
    qdisc show dev v0
    qdisc del dev v0 root
    qdisc add dev v0 root stab overhead 4 linklayer atm mtu 2047 tsize 512 mpu 64 pfifo
    -d qdisc show dev v0
    qdisc show dev v0 root
    qdisc del dev v0 root
    qdisc add dev v1 clsact
    qdisc show dev v1
    qdisc add dev v1 ingress
    qdisc del dev v1 clsact
    qdisc replace dev v1 ingress
    qdisc show dev v1 ingress
    qdisc show dev v1 invisible
    qdisc del dev v1 ingress
    qdisc del dev v1 ingress
  `,
};

export const tcQdiscErrors: Scenario = {
  title: "tc qdisc, wrong words",
  program: "tc",
  setup: UP,
  lines: `
    foo
    qdisc foo
    qdisc show foo
    qdisc show dev nope
    qdisc add
    qdisc add dev nope root pfifo
    qdisc add dev v0 root nosuch
    qdisc add dev v0 root nosuch word
    qdisc add dev v0 handle x root pfifo
    qdisc add dev v0 parent 1:1:1 pfifo
    qdisc add dev v0 parent 5: pfifo
    qdisc add dev v0 root pfifo limit
    qdisc add dev v0 root pfifo limit x
    qdisc add dev v0 root pfifo foo
    qdisc add dev v0 root tbf
    qdisc add dev v0 root tbf rate 1mbit
    qdisc add dev v0 root tbf rate x
    qdisc add dev v0 root tbf foo
    qdisc add dev v0 root tbf rate 1mbit burst x limit 5
    qdisc add dev v0 root tbf rate 1mbit burst 5k latency 50ms limit 3000
    qdisc add dev v0 root tbf rate 1mbit burst 5k latency 50ms peakrate 2mbit
    qdisc add dev v0 root htb default x
    qdisc add dev v0 root htb foo
    qdisc add dev v0 root stab foo pfifo
    class foo
    class show foo
    class show dev nope
    class add dev v0 parent 5: htb rate 1mbit
    class add dev v0 parent 1: classid x htb rate 1mbit
    class add dev v0 parent 1: handle 1:6 htb
    class add dev v0 parent 1: classid 1:6 pfifo limit 5
    filter foo
    filter show dev v0 foo
    filter show dev nope
    filter add dev v0 parent 1: foo
    filter add dev v0 parent x u32
    filter add dev v0 parent 1: protocol ip prio x u32
    filter add dev v0 parent 1: protocol foo u32
    filter add dev v0 parent 1: handle 5
    filter add dev v0 parent 1: u32 match foo
    monitor foo
    -x
    -n nope qdisc
  `,
};

export const tcClasses: Scenario = {
  title: "tc class and filter",
  program: "tc",
  setup: [],
  lines: `
    qdisc add dev v0 root handle 1: htb default 10 r2q 5
    -d qdisc show dev v0
    -j qdisc show dev v0
    class add dev v0 parent 1: classid 1:1 htb rate 10mbit ceil 20mbit burst 15k cburst 16k prio 3 quantum 2000
    class show dev v0
    -d class show dev v0
    -r class show dev v0
    class add dev v0 parent 1: classid 1:1 htb rate 1mbit
    class add dev v0 parent 1:1 classid 1:10 htb rate 1mbit
    class add dev v0 parent 1:1 classid 1:11 htb rate 1mbit mpu 64 overhead 10 linklayer atm mtu 9000
    -d class show dev v0 classid 1:10
    class show dev v0 parent 1:1
    class show dev v0 classid 1:11
    class change dev v0 parent 1:1 classid 1:10 htb rate 2mbit
    class show dev v0 classid 1:10
    class add dev v0 parent 1: classid 1:5 htb
    class add dev v0 parent 1: classid 1:5 htb rate x
    class add dev v0 parent 1: classid 1:5 htb rate 1mbit rate 2mbit
    class add dev v0 parent 1: classid 1:5 htb rate 1mbit burst x
    qdisc add dev v0 parent 1:10 handle 20: pfifo limit 7
    qdisc show dev v0
    qdisc show dev v0 parent 1:10
    qdisc show dev v0 handle 20:
    class del dev v0 classid 1:1
    class del dev v0 classid 1:99
    filter add dev v0 parent 1: protocol ip prio 1 u32 match ip dport 80 0xffff match ip src 10.0.0.0/8 flowid 1:10
    filter add dev v0 parent 1: protocol ipv6 prio 2 u32 match ip6 dst fe80::1/128 flowid 1:11
    filter add dev v0 parent 1: prio 3 u32 match u8 0x45 0xff at 0 match u16 5 ffff at nexthdr+2 flowid 1:2
    filter show dev v0
    filter show dev v0 parent 1:
    filter show dev v0 prio 1
    -j filter show dev v0 prio 3
    filter del dev v0 prio 1
    filter show dev v0
    filter del dev v0 prio 9
    filter del dev v0
    filter show dev v0
    filter add dev v0 ingress u32 match u32 0 0
    qdisc add dev v0 clsact
    filter add dev v0 ingress protocol all prio 5 u32 match u32 0 0 action mirred egress redirect dev v1
    filter add dev v0 egress protocol ip prio 6 u32 match ip protocol 6 0xff action mirred egress mirror dev v1
    filter add dev v0 ingress prio 7 u32 match u32 0 0 action mirred egress redirect dev nope
    filter add dev v0 ingress prio 7 u32 match u32 0 0 action nosuch
    filter show dev v0 ingress
    filter show dev v0 egress
    filter del dev v0 ingress
  `,
};

export const tcChains: Scenario = {
  title: "tc chain",
  program: "tc",
  setup: UP,
  lines: `
    chain add dev v0 ingress chain 1
    chain show dev v0 ingress
    qdisc add dev v0 clsact
    chain add dev v0 ingress chain 11
    chain add dev v0 ingress chain 11
    chain add dev v0 ingress chain 268435456
    chain add dev v0 ingress
    chain show dev v0 ingress
    -j chain show dev v0 ingress
    chain show dev v0 ingress chain 11
    chain add dev v0 ingress chain 7 u32
    chain del dev v0 ingress chain 7
    filter add dev v0 ingress protocol all prio 1 u32 match u32 0 0 action mirred egress mirror dev v1 goto chain 42
    filter add dev v0 ingress chain 42 protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev v1
    filter show dev v0 ingress chain 42
    -j filter show dev v0 ingress
    chain show dev v0 ingress
    chain del dev v0 ingress chain 42
    chain show dev v0 ingress
    chain show foo
    chain foo
    chain help
    chain add dev v0 ingress chain x
    filter add dev v0 ingress protocol all prio 2 u32 match u32 0 0 action mirred egress mirror dev v1 goto foo 3
    filter add dev v0 ingress protocol all prio 2 u32 match u32 0 0 action mirred egress mirror dev v1 goto chain x
    filter add dev v0 ingress protocol all prio 2 u32 match u32 0 0 action mirred egress mirror dev v1 goto chain 268435456
  `,
};
