# What: the plugins of CNI attach a namespace to a bridge, a pair, a macvlan and a device handed over, check it and detach it
# Needs: /usr/lib/cni/bridge
# Source: the plugins themselves, which are written in Go; host-local keeps addresses in a folder of its own.
export CNI_PATH=/usr/lib/cni CNI_IFNAME=eth0 CNI_CONTAINERID=c1 CNI_NETNS=/run/netns/c1
folder=$(mktemp -d)
ipam='"ipam":{"type":"host-local","subnet":"10.22.0.0/16","dataDir":"'$folder'","routes":[{"dst":"0.0.0.0/0"}]}'
say() { sed -E 's/veth[0-9a-f]{8}/vethX/g'; }
run() {
  echo "== $1 $2"
  echo "{\"cniVersion\":\"0.4.0\",\"type\":\"$2\",$3}" | CNI_COMMAND=$1 $CNI_PATH/$2 > $folder/out 2>&1
  echo "[$?]"
  say < $folder/out
}
look() { ip netns exec c1 ip -4 -br addr; ip netns exec c1 ip -4 route; }

ip netns add c1
run ADD loopback '"name":"lo"'
run ADD bridge '"name":"b","bridge":"cni0","isGateway":true,"hairpinMode":true,'"$ipam"
result=$(cat $folder/out)
ip -4 -br addr show cni0 | say
look
run CHECK bridge '"name":"b","bridge":"cni0","isGateway":true,"hairpinMode":true,'"$ipam"',"prevResult":'"$result"
run DEL bridge '"name":"b","bridge":"cni0",'"$ipam"
look
run ADD ptp '"name":"p","mtu":1400,'"$ipam"
look
ip -4 route show 10.22.0.2 | say
run DEL ptp '"name":"p",'"$ipam"
run ADD macvlan '"name":"m","master":"v0",'"$ipam"
look
run DEL macvlan '"name":"m","master":"v0",'"$ipam"
run ADD host-device '"name":"h","device":"v1"'
ip netns exec c1 ip -br link
run DEL host-device '"name":"h","device":"v1"'
ip -br link show v1
run ADD bridge '"name":"b","bridge":"cni0","isGateway":true'
run VERSION bridge '"name":"b"'
ip netns del c1
CNI_NETNS=/run/netns/none run ADD ptp '"name":"p",'"$ipam"
rm -r $folder
