# What: what ethtool tells of devices of other kinds than veth, some of it made of what it tells of those below.
# Needs v0 and v1, a pair that is up, without IPv6.
ip link add br0 type bridge; ip link set v1 master br0; ip link set br0 up
ip link add mv0 link v0 type macvlan; ip link set mv0 up
ip link add vx0 type vxlan id 5 dstport 4789 dev v0; ip link set vx0 up
ip link add vx1 type vxlan id 6 dstport 4790
ip link add br1 type bridge
ip link add ifb9 type ifb; ip link set ifb9 up
for dev in br0 br1 mv0 vx0 vx1 ifb9; do
  for option in "" -i -l -T -P -g; do
    # A driver without a version has the kernel's.
    echo "$ ethtool $option $dev"; ethtool $option $dev 2>&1 | grep -v "^version: 6\|^version: 0.1.0"
  done
done
ethtool -k mv0 | grep -v "tcp-mangleid\|accecn"
ethtool -S ifb9 | sed 's/: .*//'; ethtool -S br0; ethtool -S mv0
ethtool --json vx0; ip link set v0 down; ethtool mv0 | tail -2; ethtool br0 | tail -2
