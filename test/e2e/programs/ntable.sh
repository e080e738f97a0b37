# What: neighbour tables as a whole: dumped, changed, refused; strict checking of both.
# Reachable times are drawn by chance, thresholds are the whole machine's.
ip link set v0 up; ip link set v1 up; ip link add s0 mtu 1000 type veth peer name s1 mtu 60
ip neigh add 10.0.0.1 lladdr 02:00:00:00:00:01 dev v0; ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:01 dev v0
N() { ip "$@" 2>&1 | sed 's/reachable [0-9]*/reachable N/; s/thresh1.*//; s/refcnt [0-9]*/refcnt/'; }
N ntable; N ntable show dev v0; N ntable show name arp_cache; N -s ntable show dev v0 name arp_cache; ip ntable show dev v0 name arp_cache | grep -o "refcnt [0-9]*"
for each in "queue 33" "locktime 300" "retrans 500" "base_reachable 20000" "gc_stale 1000" "delay_probe 7" "app_probes 2" "ucast_probes 5" "mcast_probes 0" "anycast_delay 5" "proxy_delay 6" "proxy_queue 7" "thresh1 200" "gc_int 5"; do echo "$each"; ip ntable change name arp_cache dev v0 $each; echo "[$?]"; done 2>&1
ip ntable change name arp_cache thresh1 200; ip ntable change name nosuch dev v0 queue 7; ip ntable change name ndisc_cache dev v1 locktime 7; ip ntable change name ndisc_cache dev s1 locktime 7;  ip ntable change name arp_cache dev s1 locktime 7; ip -4 ntable change name ndisc_cache dev v1 locktime 7; ip ntable change name arp_cache queue 7
N ntable show dev v0; N ntable show dev v1; N -6 ntable; sysctl net.ipv4.neigh.v0 | sort; sysctl -w net.ipv4.neigh.v0.unres_qlen=50; sysctl net.ipv4.neigh.v0.unres_qlen_bytes
python3 - <<'PY'
import socket,struct
s=socket.socket(16,3,0); s.setsockopt(270,12,1); s.setsockopt(270,11,1)
def ask(typ,flags,body):
    s.send(struct.pack("IHHII",16+len(body),typ,flags,7,0)+body)
    kinds=[]
    while not kinds or kinds[-1] not in (2,3):
        d=s.recv(65536)
        while d:
            l,t=struct.unpack_from("IH",d); kinds.append(t); last=d[:l]; d=d[(l+3)&~3:]
    print(typ, body.hex(), kinds, struct.unpack_from("i",last,16)[0], last[36:])
A=lambda t,v: struct.pack("HH",4+len(v),t)+v+b"\0"*(-len(v)%4)
for body in (b"\2\0\0", b"\2\0\0\0", b"\2\1\0\0", b"\2\0\1\0", b"\2\0\0\0"+A(1,b"x\0"), b"\7\0\0\0"): ask(66,0x301,body)
for body in (b"\2\0\0\0",): ask(66,1,body)
for body in (b"", b"\0\0\0\0", b"\0\0\0\0"+A(1,b"arp_cache\0"), b"\0\0\0\0"+A(1,b"arp_cache"), b"\0\0\0\0"+A(1,b"arp_cach\0"), b"\12\0\0\0"+A(1,b"arp_cache\0"), b"\0\0\0\0"+A(1,b"arp_cache\0")+A(6,A(1,struct.pack("I",99))), b"\0\0\0\0"+A(1,b"arp_cache\0")+A(6,A(1,struct.pack("I",3))+A(19,struct.pack("Q",0))), b"\0\0\0\0"+A(1,b"arp_cache\0")+A(6,A(1,struct.pack("I",3))+A(8,b"\1")), b"\0\0\0\0"+A(1,b"arp_cache\0")+A(2,b"\1"), b"\0\0\0\0"+A(1,b"arp_cache\0")+A(8,struct.pack("Q",5000))): ask(67,5,body)
PY
