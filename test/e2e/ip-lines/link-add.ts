// Command lines for comparison with iproute2: `ip link add`, `replace` and `delete`, veth with its peer.

import type { Scenario } from "../scenario.ts";

/** Links that come and go. Addresses that the kernel chooses are left out of the comparison. */
export const linkAdd: Scenario = {
  title: "ip link add and delete",
  setup: [],
  lines: `
    link add
    link add help
    link add x
    link add name
    link add name x
    link add dev x
    link add type
    link add type foo
    link add x type foo bar
    link add x type foo help
    link add v0 type veth
    link add 0123456789abcdef type veth
    link add a/b type veth
    link add "" type veth
    link add a b type veth
    link add a type veth
    link add z name zz type veth
    link add z link nosuch type veth
    link add z type veth foo
    link add z type veth help
    link add z type veth pee name x
    link add z type veth peer name
    link add z type veth peer foo bar
    link add z type veth peer help
    link add z type veth peer name y type veth
    link add z type veth peer name y foo
    link add z type veth peer name y netns nosuch
    link add z type veth peer name z
    link add z type veth peer name v0
    link add z type veth peer name y up
    link add z type veth peer mtu 10
    link add z mtu 10 type veth
    link add z mtu x type veth
    link add z index -5 type veth
    link add z index 0 type veth
    link add z index 51 index 52 type veth
    link add z index 60 type veth peer name y index 60
    link add z numtxqueues 5000 type veth
    link add z numrxqueues 0 type veth
    link add z addrgenmode none type veth
    link add z address 03:00:00:00:00:01 type veth
    link add z address 1:2:3 type veth
    link add z ind 99 type veth
    link add z up index 60 address 02:00:00:00:00:60 type veth peer y mtu 1400 index 61 address 02:00:00:00:00:61 txqlen 5
    link show z
    link show y
    -j -p -d link show z
    link add type veth
    link add name n0 dev n0 numtxqueues 5 type veth
    link add l lo n1 type veth peer n2
    link add down type veth
    link
    -d link show n0
    link replace r0 type veth
    link replace r0 type veth
    link replace r0 mtu 1400
    link change r0 up
    link change nosuch type veth
    link del
    link del help
    link del dev
    link del nosuch
    link del dev nosuch
    link del r0 foo
    link del r0 y
    link del dev r0 dev y
    link del r0 type
    link del r0 type veth
    link del name n1
    link del index 2
    link del link z
    link del lo
    link del group foo
    link del group 77
    link del group default
    link d y
    link set n0 group 9
    link del group 9
    link
  `,
};
