// Command lines for comparison with iproute2: `ip rule` – show, add, delete, flush.

import type { Scenario } from "../scenario.ts";

/** Rules of all kinds. */
const RULES: readonly string[] = [
  "rule add from 10.0.0.0/8 table 100 pref 100",
  "rule add to 10.9.0.0/16 lookup 1000 pref 101",
  "rule add fwmark 5 table 9 pref 102",
  "rule add fwmark 5/7 goto 40000 pref 103",
  "rule add fwmark 0/7 nop pref 40000",
  "rule add iif v0 oif nope lookup 7 pref 50",
  "rule add uidrange 0-100 lookup 7 pref 51",
  "rule add ipproto tcp sport 10-20 dport 33 lookup 8 pref 52",
  "rule add not from 1.2.3.4 lookup main suppress_prefixlength 0 pref 53",
  "rule add from 1.2.3.4/31 lookup main suppress_ifgroup 3 suppress_prefixlength 2 pref 54",
  "rule add l3mdev pref 1000",
  "rule add tos 0x10 to 1.2.3.0/24 blackhole pref 55 protocol zebra realms 3/4",
  "rule add prohibit pref 61",
  "rule add unreachable pref 62 realms cosmos",
  "rule add goto 50000 pref 63",
  "rule add tun_id 5 pref 64 lookup 3",
  "-6 rule add from 2001:db8::/32 table 5",
  "-6 rule add tos AF41 table 6 pref 9",
];

/** Forms of output and filters. */
export const ruleShow: Scenario = {
  title: "ip rule show",
  setup: RULES,
  lines: `
    rule
    -4 rule
    -6 rule
    -d rule
    -N rule
    -d -N rule
    -c rule
    -j rule
    -j -p rule
    -j -d rule
    -j -6 rule
    -o rule
    -br rule
    -s rule
    -0 rule
    -B rule
    ru
    ru l
    ru sh
    rule lst
    rule show table 100
    rule show lookup 1000
    rule show table main
    rule show table nope
    rule show pref 100
    rule show priority 0
    rule show order 61
    rule show pref nope
    rule show from 10.0.0.0/8
    rule show from 10.0.0.0/7
    rule show src 10.1.0.0/16
    rule show from all
    rule show from nope
    rule show to 10.9.0.0/16
    rule show dst 10.0.0.0/8
    rule show 10.9.0.0/16
    rule show default
    rule show 2001:db8::/32
    -6 rule show from 2001:db8::/32
    rule show fwmark 5
    rule show fwmark 0x5/0x7
    rule show fwmark 5/
    rule show fwmark x
    rule show not
    rule show tos 0x10
    rule show tos 10
    rule show tos nope
    rule show iif v0
    rule show dev v0
    rule show oif nope
    rule show iif a-name-that-is-too-long
    rule show l3mdev
    rule show uidrange 0-100
    rule show uidrange 0
    rule show tun_id 5
    rule show ipproto tcp
    rule show ipproto 6
    rule show ipproto nope
    rule show sport 10-20
    rule show dport 33
    rule show dport x
    rule show protocol zebra
    rule show protocol nope
    rule show pref
    rule show table 9 pref 102
    rule show nope
    rule help
    rule nope
    rule h
    rule save extra
    rule flush nope
  `,
};

/** Adding and deleting, each looked at afterwards. */
export const ruleModify: Scenario = {
  title: "ip rule add and del",
  setup: [],
  lines: `
    rule add
    rule del
    rule add from 10.0.0.0/8 table 100 pref 100
    rule add table 100 pref 100
    rule add table 200
    rule a from all lookup 201
    rule add from 10.0.0.0/8
    rule add from 10.0.0.0/8 to 10.1.0.0/16 type unicast table 3
    rule add table 3 type blackhole
    rule add from 2001:db8::/32 table 5
    rule add from nope table 5
    rule add to 10.0.0.0/33 table 5
    rule add tos 0x81 table 5
    rule add dsfield 0x80 table 5
    rule add tos AF11 table 5
    rule add tos nope table 5
    rule add fwmark 0x10/0xff table 5
    rule add fwmark nope table 5
    rule add fwmark 1/nope table 5
    rule add realms 1/2 table 5
    rule add realms 1/x table 5
    rule add protocol static table 5
    rule add protocol nope table 5
    rule add protocol 4
    rule add proto 200 table 7
    rule add tun_id 5 table 8
    rule add tun_id x table 8
    rule add table nope
    rule add table 5000000000
    rule add table 4294967295
    rule add lookup main suppress_prefixlength 0
    rule add lookup main suppress_prefixlength -1
    rule add lookup main sup_pl 8
    rule add lookup main sup_group default
    rule add lookup main suppress_ifgroup nope
    rule add iif v0 table 6
    rule add dev v1 table 6
    rule add oif v0 table 6
    rule add iif a-name-that-is-too-long table 6
    rule add oif a/b table 6
    rule add l3mdev
    rule add l3mdev table 5
    rule add uidrange 1-2 table 6
    rule add uidrange 2-1 table 6
    rule add uidrange 2 table 6
    rule add nat 1.2.3.4
    rule add map-to 1.2.3.5
    rule add ipproto udp table 6
    rule add ipproto nope table 6
    rule add sport 5 table 6
    rule add sport 5-6 table 6
    rule add sport 6-5 table 6
    rule add dport 0 table 6
    rule add dport x table 6
    rule add goto 1 pref 60
    rule add goto 70 pref 60
    rule add goto x pref 60
    rule add nop pref 70
    rule add prohibit
    rule add type prohibit pref 3
    rule add type nope pref 3
    rule add throw pref 4
    rule add not from 1.1.1.1
    rule add help
    rule add pref
    rule add pref nope
    rule add nope
    rule
    -d rule
    -6 rule add from 2001:db8::/32 table 5
    -6 rule add from 2001:db8::/32 table 5
    -6 rule add from 10.0.0.0/8 table 5
    -6 rule add table 0
    -6 rule add tos 0x80 table 6
    -6 rule add to 2001:db8:1::1 prohibit
    -6 rule add realms 4 table 6
    -6 rule add goto 40000
    -6 rule
    -4 rule add pref 5 table 9
    -echo rule add pref 9 table 9
    -echo -j rule add pref 10 table 9
    -echo rule del pref 9
    rule del pref 10
    rule d table 200
    rule delete lookup 201
    rule del pref 99
    rule del pref 100 table 99
    rule del from 10.0.0.0/8
    rule del tos AF11
    rule del goto 70
    rule del l3mdev
    rule del iif v0
    rule del nope
    rule del 5
    rule
    rule flush
    rule
    rule flush protocol kernel
    rule flush table 9
    -6 rule flush
    -6 rule
    rule del from all
    rule
    rule add from all lookup main
    rule
  `,
};
