// Command lines for comparison with iproute2: `ip address` – show, add, change, replace, delete, flush.

import type { Scenario } from "../scenario.ts";

/** Forms of output and filters of addresses. */
export const addrShow: Scenario = {
  title: "ip address show",
  setup: [
    "link set v0 addrgenmode none",
    "link set v1 addrgenmode none",
    "addr add 10.0.0.1/24 brd + dev v0",
    "addr add 10.0.0.2/24 dev v0 label v0:x",
    "addr add 10.1.0.1 peer 10.2.0.1/16 dev v0 scope link metric 5",
    "addr add 2001:db8::1/64 dev v1 nodad",
    "addr add 2001:db8::2/64 dev v1 nodad noprefixroute",
    "addr add 2001:db8::3 peer 2001:db8:1::1/128 dev v1 nodad preferred_lft 0",
    "addr add 127.0.0.1/8 dev lo",
    "link set v0 up",
    // Asking for one link makes the kernel catch up with its carrier.
    "link show v0",
  ],
  lines: `
    addr
    addr show
    addr list
    addr lst v0
    a s v1
    addr show v0
    addr show dev v1
    addr show if10
    -d addr show v0
    -s addr show v0
    -s -s -d addr show v0
    -4 addr
    -0 addr
    -B addr
    -o addr
    -o -4 addr
    -o -6 addr
    -o -s -d addr show v0
    -br addr
    -4 -br addr
    -6 -br addr
    -0 -br addr
    -o -br addr
    -N addr
    -j addr
    -j -p addr
    -j -d addr show v0
    -j -s -s addr show v0
    -j -o addr
    -j -br addr
    -j -p -br addr
    -j -4 addr
    -j -0 addr
    addr show up
    -o addr show up
    -o -j addr show up
    -j addr show up
    addr show v1 up
    addr show permanent
    addr show dynamic
    addr show primary
    addr show secondary
    -j addr show secondary
    -br addr show secondary
    addr show nodad
    addr show -nodad
    addr show deprecated
    -o addr show -deprecated
    addr show noprefixroute
    addr show scope link
    -j addr show scope link
    addr show scope global
    addr show scope host
    addr show scope 253
    -br addr show scope all
    addr show scope foo
    addr show scope 999
    addr show scope
    addr show to 10.0.0.0/24
    addr show to 10.2.0.1
    addr show to 10/8
    addr show to 10.0.0.0/255.255.0.0
    addr show to 2001:db8::/32
    -j addr show to 10.0.0.2
    addr show to any
    addr show to foo
    addr show to 10.0.0.0/33
    -4 addr show to 2001:db8::/32
    addr show label v0
    addr show label v0:?
    -br addr show label "[vl]*"
    -j addr show label v0
    addr show type veth
    addr show type foo
    -o addr show type veth
    addr show group default
    addr show group 6
    addr show master v0
    addr show nomaster
    addr show vrf v0
    addr show v0 v1
    addr show nosuch
    -j addr show dev nosuch
    addr show dev
    addr show perm
    addr show help
    addr help
    addr foo
  `,
};

/** The list of links that IPv6 keeps by itself (inet6_dump_ifinfo): no queueing discipline, no group. */
export const addrShow6: Scenario = {
  title: "ip -6 address show",
  setup: [
    "link set v0 addrgenmode none",
    "link set v1 addrgenmode none",
    "addr add 2001:db8::1/64 dev v1 nodad",
  ],
  lines: `
    -6 addr
    -6 -j -p addr
    -6 -d addr
    -6 addr show v1
    addr show to 2001:db8::/32
  `,
};

/** Addresses that come, change and go. */
export const addrModify: Scenario = {
  title: "ip address add and delete",
  setup: ["link set v0 addrgenmode none", "link set v1 addrgenmode none"],
  lines: `
    addr add
    addr add help
    addr add dev
    addr add dev v0
    addr add 10.0.0.1/24
    addr add 10.0.0.1/24 dev nosuch
    addr add 10.0.0.1/33 dev v0
    addr add foo dev v0
    addr add 256.1.1.1 dev v0
    -6 addr add 10.0.0.1/24 dev v0
    addr add 10.0.0.1/24 foo
    addr add local 10.0.0.1/24 local 10.0.0.2 dev v0
    addr add 10.0.0.1/24 dev v0 scope foo
    addr add 10.0.0.1/24 dev v0 metric x
    addr add 10.0.0.1/24 dev v0 valid_lft 0
    addr add 10.0.0.1/24 dev v0 valid_lft x
    addr add 10.0.0.1/24 dev v0 valid_lft 5 preferred_lft 10
    addr add 10.0.0.1/24 dev v0 valid_lft forever valid_lft 5
    addr add 10.0.0.1/24 dev v0 preferred_lft x
    addr add 10.0.0.1/24 dev v0 broadcast + brd +
    addr add 10.0.0.1/24 dev v0 brd foo
    addr add 10.0.0.1/24 dev v0 peer ::1
    addr add 10.0.0.1/24 dev v0 peer 10.0.0.2 peer 10.0.0.3
    addr add 10.0.0.1/24 dev v0 anycast ::1
    addr add 10.0.0.1/24 dev v0 autojoin
    addr add 10.0.0.1/24 dev v0 label v0:12345678901234567890
    addr add 10.0.0.1/24 dev v0 secondary nodad
    addr add 10.0.0.1/24 dev v0
    addr add 10.0.0.2/24 brd + dev v0 label v0:1
    addr add 10.0.1.1/30 brd - scope link dev v0 p 7
    addr add 10.0.2.1/31 brd + dev v0
    addr add 10.0.3.1 peer 10.0.4.1/24 broadcast + dev v0
    addr add 10.5 dev v0
    addr add 010.0x1.1.1/0x10 dev v0
    addr add 127.1.1.1 dev v0
    addr add 0.0.0.0 dev v0
    -4 addr add default dev v0
    addr add any dev v0
    addr add 10.0.5.1/24 noprefixroute home dev v0
    -br addr
    addr show v0
    addr add ::/0 dev v0
    addr add ::1 dev v0
    addr add ff02::5 dev v0
    addr add 2001:db8::1/129 dev v0
    addr add 2001:db8::1/64 brd + dev v0
    addr add 2001:db8::1/64 dev v0 nodad
    addr add 2001:db8::1/64 dev v0 nodad
    addr add 2001:db8::2/64 dev v0 home nodad noprefixroute metric 9
    addr add 2001:db8::3/64 peer 2001:db8:1::1 dev v0 nodad
    addr add fe80::1%v0/64 dev v0
    addr show v0
    addr replace 10.0.0.1/24 dev v0 metric 3
    addr chg 10.0.0.1/24 dev v0 preferred_lft 0
    addr change 2001:db8::1/64 dev v0 nodad preferred_lft 0
    addr change 2001:db8::9/64 dev v1 nodad
    addr r 10.0.9.1/24 dev v1
    addr show
    addr del
    addr del dev v0
    addr del 10.0.0.1/24
    addr del 10.0.0.1/25 dev v0
    addr del 10.0.0.9/24 dev v0
    addr del 10.0.0.9 dev v0
    addr del 10.0.0.9 dev nosuch
    addr del 10.0.0.2/24 dev v0 label foo
    addr del 10.0.0.2/24 dev v0
    addr del 10.0.1.1 dev v0
    addr d local 10.0.3.1 peer 10.0.4.1/24 dev v0
    addr del 2001:db8::1 dev v0
    addr del 2001:db8::1/64 dev v0
    -br addr
    addr flush
    addr flush dev
    addr flush dev nosuch
    addr flush foo bar
    -0 addr flush dev v0
    -s addr flush dev lo
    addr flush to 10.0.2.0/24
    -s addr flush dev v0 scope link
    -6 -s addr flush dev v0
    -s -s -o addr flush dev v1
    -l 1 addr flush dev v0
    addr flush label v0
    addr
  `,
};
