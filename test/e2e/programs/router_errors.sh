# What: whom the errors of a router come from, over the wire: one without an address, and one that routes back by another device.
# Source: RFC 7600 6, RFC 4443 2.2; net/ipv4/icmp.c (__icmp_send), net/ipv6/icmp.c (icmp6_send, icmpv6_rt_has_prefsrc).
for ns in a r b; do ip netns add $ns; ip -n $ns link set lo up; done
wire() { ip -n $1 link add $2 type veth peer name $4 netns $3; ip -n $1 link set $2 up; ip -n $3 link set $4 up; }
wire a a0 r r0; wire r r1 b b0; wire a a1 r r2
for ns in a r b; do for dev in $(ip netns exec $ns ls /sys/class/net); do ip netns exec $ns sysctl -qw net.ipv6.conf.$dev.accept_dad=0; done; done
ip netns exec r sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.icmp.ratelimit=0
# A device that has come up takes no packet until the kernel has noted it, nor is an address one while others are asked for it.
for ns in a r b; do while ip -n $ns -br link show up | grep -v '^lo' | grep -qv ' UP ' || ip -n $ns addr | grep -q tentative; do :; done; done
lines() { grep -i '^From\|^64 bytes\|Unreach' | sed 's/ time=.*//; s/:$//'; }

echo "== a router without an address"
ip -n a addr add 172.16.0.1/24 dev a0; ip -n a route add default dev a0; ip -n r route add 172.16.0.0/24 dev r0; ip -n r route add unreachable 172.17.0.0/24
mac=$(ip netns exec r cat /sys/class/net/r0/address); ip -n a neigh add 172.17.0.9 lladdr $mac dev a0; ip -n a neigh add 172.18.0.9 lladdr $mac dev a0
ip netns exec a ping -n -c 1 -W 2 172.17.0.9 | lines
ip netns exec a ping -n -c 1 -W 2 172.18.0.9 | lines

echo "== a router that routes back by another device"
ip -n a addr add 2001:db8:1::1/64 dev a0 nodad; ip -n r addr add 2001:db8:1::2/64 dev r0 nodad
ip -n a addr add 2001:db8:3::1/64 dev a1 nodad; ip -n r addr add 2001:db8:3::2/64 dev r2 nodad
ip -n a addr add 2001:db8:9::1/128 dev lo; ip -n r route add 2001:db8:9::1/128 via 2001:db8:3::1
ip -n a route add 2001:db8:2::/64 via 2001:db8:1::2; ip -n r route add unreachable 2001:db8:2::/64
ip netns exec a ping -n -c 1 -W 2 -I 2001:db8:9::1 2001:db8:2::9 | lines
ip netns exec a ping -n -c 1 -W 2 -I 2001:db8:1::1 2001:db8:2::9 | lines
ip -n r addr add 2001:db8:4::2/64 dev r1 nodad; ip -n r route change 2001:db8:9::1/128 via 2001:db8:3::1 src 2001:db8:4::2
ip netns exec a ping -n -c 1 -W 2 -I 2001:db8:9::1 2001:db8:2::9 | lines
for ns in a r b; do ip netns del $ns; done
