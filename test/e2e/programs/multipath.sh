# What: what a choice among next hops depends on, by the settings fib_multipath_*, asked for one flow after another.
# Needs v0 and v1, a pair that is up. How many of the next hops are chosen is told; which ones is a secret of either side.
ip addr add 10.0.0.1/24 dev v0
ip addr add 2001:db8::1/64 dev v0 nodad
ip route add 1.0.0.0/8 nexthop via 10.0.0.2 weight 1 nexthop via 10.0.0.3 weight 1
ip -6 route add 2001:db8:1::/48 nexthop via 2001:db8::2 weight 1 nexthop via 2001:db8::3 weight 1
chosen() { sed -n 's/.* via \([^ ]*\) .*/\1/p' | sort -u | wc -l; }
ports() { for port in $(seq 1 40); do echo "route get $1 ipproto $2 sport $port dport 53"; done | ip -b - | chosen; }
hosts() { for host in $(seq 1 40); do echo "route get $1$host"; done | ip -b - | chosen; }
try() { echo "$*: $(hosts 1.2.3.) $(ports 1.2.3.4 udp) $(ports 1.2.3.4 tcp), $(hosts 2001:db8:1::) $(ports 2001:db8:1::4 udp)"; }
try policy 0
for policy in 1 2 3; do
  sysctl -w net.ipv4.fib_multipath_hash_policy=$policy net.ipv6.fib_multipath_hash_policy=$policy; try policy $policy
done
for fields in 2 16 0x20 4095; do
  sysctl -w net.ipv4.fib_multipath_hash_fields=$fields net.ipv6.fib_multipath_hash_fields=$fields; try fields $fields
done
for wrong in policy=4 policy=-1 policy=x fields=0 fields=4096 fields=-1; do
  sysctl -w net.ipv4.fib_multipath_hash_$wrong net.ipv6.fib_multipath_hash_$wrong; echo "status $?"
done
sysctl net.ipv4.fib_multipath_hash_fields net.ipv6.fib_multipath_hash_policy
sysctl -w net.ipv4.fib_multipath_hash_policy=1
ip neigh add 10.0.0.3 dev v0 nud failed
try neighbours are not minded
sysctl -w net.ipv4.fib_multipath_use_neigh=1; try neighbours are minded
ip neigh replace 10.0.0.3 lladdr 02:00:00:00:00:03 dev v0 nud permanent; try neighbours are fine
sysctl -w net.ipv4.fib_multipath_use_neigh=2; echo "status $?"
