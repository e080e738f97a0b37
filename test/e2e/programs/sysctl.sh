# What: settings are read, listed and written by whatever writes files: the shell, sysctl(8), tee, dd, Python.
cd /
show() { sysctl -n net.ipv4.ip_forward net.ipv4.conf.lo.forwarding; }
cat /proc/sys/net/ipv4/ip_forward
echo 1 > /proc/sys/net/ipv4/ip_forward; show
/bin/echo 0 > /proc/sys/net/ipv4/ip_forward; show
printf 1 | tee /proc/sys/net/ipv4/ip_forward; show
echo 0 | dd of=/proc/sys/net/ipv4/ip_forward status=none; show
sysctl -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1; show
sysctl net.ipv6.conf.lo.forwarding net.ipv6.conf.default.forwarding
sysctl -w net.ipv4.ip_forward=x; echo "status $?"
sysctl -w net.ipv4.nothing=1; echo "status $?"
sysctl net.ipv4.conf.nobody.rp_filter; echo "status $?"
(echo 1 > /proc/sys/net/ipv4/nothing) 2>/dev/null; echo "status $?"
(echo 1 > /proc/sys/net/ipv4/conf) 2>/dev/null; echo "status $?"
ip link add eth0.5 type veth peer name p0
ls /proc/sys/net/ipv4/conf
sysctl -w net.ipv4.conf.eth0/5.rp_filter=1; cat /proc/sys/net/ipv4/conf/eth0.5/rp_filter
test -f /proc/sys/net/ipv6/conf/p0/disable_ipv6 && test -d /proc/sys/net/ipv6/conf/p0; echo "status $?"
realpath /proc/sys/net/ipv4/./conf/../conf/p0//rp_filter
ip link del p0
ls /proc/sys/net/ipv4/conf /proc/sys/net/ipv6/conf
cat /proc/sys/net/ipv4/conf/eth0.5/rp_filter; echo "status $?"
sysctl -a | grep '^net.ipv4.conf.lo.*rp_filter'
python3 - <<'END'
path = "/proc/sys/net/ipv4/ip_forward"
def write(text, mode="w"):
    try:
        with open(path, mode) as file: file.write(text)
    except OSError as error: print(error.strerror)
    with open(path) as file: print(repr(file.read()))
write("0\n")
write("1", "r+")
write("no")
write("0")
END
for shell in sh bash; do
  $shell -c 'echo nonsense > /proc/sys/net/ipv4/ip_forward; echo "status $?"
printf x > /proc/sys/net/ipv4/ip_forward || echo refused
echo 1 > /proc/sys/net/ipv4/ip_forward && echo taken; exec 3> /proc/sys/net/ipv4/ip_forward; echo 0 >&3; echo y >&3; echo "status $?"'
  show
done
/bin/echo nonsense > /proc/sys/net/ipv4/ip_forward; echo "status $?"
ip route flush cache; ip -6 route flush cache; echo "status $?"
sysctl net.ipv4.route.flush net.ipv4.ip_forward; sysctl -a 2>/dev/null | grep -c flush
ip netns add red
ip netns exec red sysctl -w net.ipv4.ip_forward=1
show; ip netns exec red cat /proc/sys/net/ipv4/ip_forward
ip netns del red
