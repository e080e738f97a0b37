# What: interfaces by ioctl(2) and by the C library, as netdevice(7), route(8), arp(8) and brctl(8) do them.
# Needs v0 and v1, a pair that is down, with the addresses 02:00:00:00:00:aa and 02:00:00:00:00:bb.
import socket, fcntl, struct, ctypes, os, errno
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
def settle(): os.system("ip link show v0 >/dev/null")
def ifr(name, data=b""): return bytearray(struct.pack("16s24s", name.encode(), data))
def io(req, name, data=b""):
    b = ifr(name, data)
    try: r = fcntl.ioctl(s, req, b, True); return r, bytes(b[16:])
    except OSError as e: return errno.errorcode.get(e.errno, e.errno)
def sa(a): return struct.pack("HH4s", socket.AF_INET, 0, socket.inet_aton(a))
def show(label, x): print(label, x if isinstance(x, str) else (x[0], x[1].rstrip(b"\0").hex()) if isinstance(x, tuple) else x)

print(socket.if_nameindex())
for n in ("lo", "v0", "nothing"):
    try: print(n, socket.if_nametoindex(n))
    except OSError as e: print(n, e)
for i in (0, 1, 2, 99, -1):
    try: print(i, socket.if_indextoname(i))
    except (OSError, OverflowError) as e: print(i, e)
for n in ("lo", "v0", "nothing", ""):
    for r in ("FLAGS","ADDR","DST","BRD","MASK","METRIC","MTU","INDEX","TXQ","MAP","PFLAGS","MII","MIIREG","BONDINFO","GHWTS","ENCAP","MEM","SLAVE","COUNT","DEVPRIV","TUN","SLINK"): show(n+" "+r, io(R[r], n))
for i in (0,1,2,3,99): 
    b = bytearray(struct.pack("16si20x", b"", i))
    try: fcntl.ioctl(s, R["NAME"], b, True); print(i, b[:16].rstrip(b"\0"))
    except OSError as e: print(i, e.errno)
def step(r, name, data=b""): show("%s %s %s" % (r, name, data.hex()), io(R[r], name, data))
step("SADDR", "v0", sa("10.0.0.1")); step("ADDR","v0"); step("MASK","v0"); step("BRD","v0"); step("DST","v0"); step("FLAGS","v0")
step("SMASK","v0", sa("255.255.255.0")); step("MASK","v0"); step("BRD","v0"); 
step("SBRD","v0", sa("10.0.0.77")); step("BRD","v0"); step("SDST","v0", sa("10.0.0.9")); step("DST","v0")
step("SMASK","v0", sa("255.0.255.0")); step("SADDR","v0", sa("10.1.1.1")); step("ADDR","v0"); step("MASK","v0"); step("BRD","v0")
step("SADDR","v0:1", sa("192.168.7.1")); step("ADDR","v0:1"); step("ADDR","v0"); step("FLAGS","v0:1"); step("MASK","v0:1"); step("SMASK","v0:1", sa("255.255.0.0")); step("MASK","v0:1")
step("SADDR","v0:12345678901", sa("192.168.8.1")); step("ADDR","v0:2"); step("INDEX","v0:1"); step("MTU","v0:1")
os.system("ip -4 -o addr show dev v0 | sed 's/  */ /g'")
step("SFLAGS","v0:1", struct.pack("H", 0)); step("ADDR","v0:1"); os.system("ip -4 -o addr show dev v0 | sed 's/  */ /g'")
step("SADDR","v0", sa("0.0.0.0")); step("ADDR","v0"); step("SADDR","v0", sa("224.0.0.1")); step("SADDR","v0", sa("127.0.0.1")); step("ADDR","v0"); step("SADDR","v0", struct.pack("HH4s", 10, 0, b"\1\2\3\4")); step("SADDR","nothing", sa("1.2.3.4")); step("ADDR","nothing")
step("SADDR","v0", sa("255.255.255.255"))
step("SMTU","v0", struct.pack("i", 1400)); step("MTU","v0"); step("SMTU","v0", struct.pack("i", 10)); step("SMTU","v0", struct.pack("i", -5)); step("SMTU","v0", struct.pack("i", 70000)); step("SMTU","nothing", struct.pack("i", 1400))
step("STXQ","v0", struct.pack("i", 77)); step("TXQ","v0"); step("STXQ","v0", struct.pack("i", -1)); step("TXQ","v0")
step("SMETRIC","v0", struct.pack("i", 3)); step("METRIC","v0"); step("SMAP","v0", b"\0"*24); step("SPFLAGS","v0", b"\0"*8)
step("SHW","v0", struct.pack("H6s", 1, bytes.fromhex("020000000001"))); step("HW","v0"); step("SHW","v0", struct.pack("H6s", 1, bytes.fromhex("010000000001"))); step("SHW","v0", struct.pack("H6s", 772, bytes.fromhex("020000000002"))); step("SHW","lo", struct.pack("H6s", 772, bytes.fromhex("020000000002"))); step("HW","lo"); step("SHWB","v0", struct.pack("H6s", 1, bytes.fromhex("ffffffffff01"))); 
os.system("ip -o link show v0 | sed 's/  */ /g'"); step("SHWB","v0", struct.pack("H6s", 1, b"\xff"*6))

step("SFLAGS","v0", struct.pack("H", 0x1)); step("FLAGS","v0"); step("SFLAGS","v1", struct.pack("H", 0x1)); 
step("SFLAGS","v0", struct.pack("H", 0x1103)); settle(); step("FLAGS","v0"); step("SFLAGS","v0", struct.pack("H", 0x1002)); step("FLAGS","v0"); step("SFLAGS","nothing", struct.pack("H", 1)); step("SFLAGS","v0", struct.pack("H", 0x10c3)); settle(); step("FLAGS","v0")
step("SNAME","v0", b"w0\0"); step("INDEX","w0"); step("SNAME","w0", b"v1\0"); step("SNAME","w0", b"a/b\0"); step("SNAME","w0", b"eth%d\0"); step("INDEX","eth0"); step("SNAME","eth0", b"v0\0"); step("SNAME","nothing", b"x\0"); step("SNAME","v0", b"v0\0"); step("SNAME","v0",b"\0")
for name in ("br0\0", "br0\0", "", "a/b\0", "br%d\0"):
    for req in (R["ADDBR"],):
        b = ctypes.create_string_buffer(name.encode(), 16)
        try: print("addbr", name, fcntl.ioctl(s, req, b, True))
        except OSError as e: print("addbr", name, e.errno)
for d,m in (("br0","v0"),("br0","v0"),("br0","nothing"),("nothing","v0"),("v1","v0"),("br0","lo"),("br0","br0")):
    try: idx = socket.if_nametoindex(m)
    except OSError: idx = 99
    step("ADDIF", d, struct.pack("i", idx)); 
os.system("ip -o link show master br0 | sed 's/link.*//'"); 
step("DELIF","br0", struct.pack("i", socket.if_nametoindex("v0"))); step("DELIF","br0", struct.pack("i", socket.if_nametoindex("v0")))
for name in ("br0\0", "br0\0", "v0\0", "nothing\0", "br1\0"):
    b = ctypes.create_string_buffer(name.encode(), 16)
    try: print("delbr", name, fcntl.ioctl(s, R["DELBR"], b, True))
    except OSError as e: print("delbr", name, e.errno)
# lists
os.system("ip addr add 10.9.0.1/24 dev v0; ip addr add 10.9.1.1/24 dev v0 label v0:x; ip link set lo up")
def conf(room):
    buf = ctypes.create_string_buffer(max(room, 1))
    b = bytearray(struct.pack("iP", room, ctypes.addressof(buf) if room else 0))
    try: fcntl.ioctl(s, R["CONF"], b, True)
    except OSError as e: return e.errno
    n = struct.unpack("i", b[:4])[0]
    return n, [(buf.raw[i:i+16].rstrip(b"\0"), buf.raw[i+16:i+24].hex()) for i in range(0, min(n, room), 40)]
for room in (0, 40, 79, 80, 4000, -1 if False else 39): print("conf", room, conf(room))
# routes and neighbours by ioctl
def rt(dst, mask, gw=None, dev=None, metric=0, flags=1):
    d = ctypes.create_string_buffer(dev.encode()+b"\0") if dev else None
    # struct rtentry
    b = struct.pack("L16s16s16sHhLPhP", 0, sa(dst), sa(gw or "0.0.0.0"), sa(mask), flags | (2 if gw else 0), 0, 0, 0, metric, ctypes.addressof(d) if d else 0)
    return bytearray(b + b"\0"*64), d
def route(req, *a, **k):
    b, keep = rt(*a, **k)
    try: print(req, a, k, fcntl.ioctl(s, R[req], b, True))
    except OSError as e: print(req, a, k, errno.errorcode.get(e.errno, e.errno))
os.system("ip link set v0 up; ip link set v1 up")
route("ADDRT", "10.20.0.0", "255.255.0.0", dev="v0"); route("ADDRT", "10.20.0.0", "255.255.0.0", dev="v0"); route("ADDRT", "10.30.0.0", "255.255.0.0", gw="10.9.0.2"); route("ADDRT", "10.40.0.0", "255.255.0.0", gw="10.99.0.2"); route("ADDRT","0.0.0.0","0.0.0.0",gw="10.9.0.3", metric=5); route("ADDRT","10.50.0.1","255.255.255.255", dev="v0", flags=5); route("ADDRT","10.60.0.1","255.255.0.0", dev="v0"); route("ADDRT","10.70.0.0","255.0.255.0", dev="v0")
os.system("ip route"); route("DELRT", "10.20.0.0", "255.255.0.0", dev="v0"); route("DELRT", "10.20.0.0", "255.255.0.0", dev="v0"); route("DELRT", "0.0.0.0","0.0.0.0",gw="10.9.0.3", metric=5); os.system("ip route")
def arp(req, ip, mac=None, dev="", flags=2):
    b = bytearray(struct.pack("16s16si16s16s", sa(ip), struct.pack("H6s", 1, bytes.fromhex(mac or "000000000000")), flags, b"", dev.encode()))
    try: fcntl.ioctl(s, R[req], b, True); print(req, ip, dev, b[18:24].hex(), struct.unpack("i", b[32:36])[0])
    except OSError as e: print(req, ip, dev, errno.errorcode.get(e.errno, e.errno))
arp("SARP","10.9.0.7","020000000007"); arp("GARP","10.9.0.7",dev="v0"); arp("GARP","10.9.0.8",dev="v0"); arp("SARP","10.9.0.8","020000000008",dev="v0",flags=6); os.system("ip -4 neigh show nud all dev v0 | sort"); arp("DARP","10.9.0.7",dev="v0"); arp("DARP","10.9.0.7",dev="v0"); arp("SARP","10.88.0.8","020000000008"); arp("GARP","10.9.0.8")
