# What: the C library's names of addresses on a pair that is up: scopes by name, lists of addresses, AI_ADDRCONFIG.
# A list tells the other end of an address where there is no broadcast.
import ctypes, glob, os, socket, time
def run(*lines):
    for line in lines: os.system(line)
def show(label, what):
    try: print(label, what())
    except (OSError, socket.gaierror) as error: print(label, type(error).__name__, *error.args)
libc = ctypes.CDLL("libc.so.6", use_errno=True)
class Ifaddrs(ctypes.Structure): pass
Ifaddrs._fields_ = [("next", ctypes.POINTER(Ifaddrs)), ("name", ctypes.c_char_p), ("flags", ctypes.c_uint), ("addr", ctypes.c_void_p), ("netmask", ctypes.c_void_p), ("other", ctypes.c_void_p), ("data", ctypes.c_void_p)]
def text(address, family=None):
    if not address: return None
    family = int.from_bytes(ctypes.string_at(address, 2), "little")
    return family, ctypes.string_at(address, {2: 8, 10: 28, 17: 20}[family]).hex()
def addresses():
    first = ctypes.POINTER(Ifaddrs)()
    libc.getifaddrs(ctypes.byref(first))
    each = first
    while each:
        entry = each.contents
        print(" ", entry.name, hex(entry.flags), text(entry.addr), text(entry.netmask), text(entry.other), bool(entry.data))
        each = entry.next
    libc.freeifaddrs(first)
def asked(family, name, flags=socket.AI_ADDRCONFIG, port=80):
    return sorted({(f.name, address[0] if len(address) == 2 else address) for f, _, _, _, address in socket.getaddrinfo(name, port, family, socket.SOCK_STREAM, 0, flags)})
families = (0, socket.AF_INET, socket.AF_INET6)
addresses()
for family in families: show("number %d" % family, lambda: asked(family, "127.0.0.1"))
run("ip link set lo up")
for family in families: show("lo %d" % family, lambda: asked(family, "::1"))
run("sysctl -qw net.ipv6.conf.all.disable_ipv6=1", "ip addr add 10.0.0.1/24 dev v0")
for family in families:
    for name in ("127.0.0.1", "::1"): show("four %d %s" % (family, name), lambda: asked(family, name)); show("any %d %s" % (family, name), lambda: asked(family, name, 0))
run("sysctl -qw net.ipv6.conf.all.disable_ipv6=0", "ip addr flush dev v0", "ip addr add 2001:db8::1/64 dev v0 nodad", "ip addr add fe80::5/64 dev v0 nodad")
for family in families:
    for name in ("127.0.0.1", "::1"): show("six %d %s" % (family, name), lambda: asked(family, name))
run("ip addr add 10.0.0.1/24 dev v0", "ip addr add 10.0.1.1/24 brd + dev v0 label v0:x", "ip addr add 10.0.2.1 peer 10.0.2.2/32 dev v1", "ip addr add 10.0.3.1 peer 10.0.3.2/24 brd 10.0.3.255 dev v1", "ip addr add 2001:db8:1::1 peer 2001:db8:1::2/128 dev v1 nodad", "until ! ip -6 addr show | grep -q tentative; do :; done")
addresses()
for name in ("fe80::1%v0", "fe80::1%v1", "fe80::1%nothing", "fe80::1%2", "fe80::1%77", "fe80::1%0", "ff02::1%v0", "2001:db8::1%v0", "2001:db8::1%3", "fe80::1%", "fe80::1", "10.0.0.1%v0", "x%v0"):
    for flags in (0, socket.AI_NUMERICHOST): show("%s %d" % (name, flags), lambda: asked(0, name, flags | socket.AI_NUMERICHOST))
for address, scope in (("fe80::1", 2), ("fe80::1", 3), ("fe80::1", 99), ("fe80::1", 0), ("ff02::1", 2), ("2001:db8::1", 2), ("ff01::1", 2), ("::1", 1)):
    for flags in (0, socket.NI_NUMERICSERV): show("%s %d" % (address, scope), lambda: socket.getnameinfo((address, 80, 0, scope), flags | socket.NI_NUMERICHOST))
libc.getnameinfo.argtypes = [ctypes.c_char_p, ctypes.c_uint, ctypes.c_char_p, ctypes.c_uint, ctypes.c_char_p, ctypes.c_uint, ctypes.c_int]
address = b"\x0a\0\0\0\0\0\0\0" + socket.inet_pton(socket.AF_INET6, "fe80::1") + (3).to_bytes(4, "little")
for room in (0, 5, 8, 9, 10, 11, 12, 40):
    buffer = ctypes.create_string_buffer(64)
    print("room", room, libc.getnameinfo(address, 28, buffer, room, None, 0, socket.NI_NUMERICHOST), buffer.value if room > 10 else "")
libc.scandir.argtypes = [ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
names = ctypes.c_void_p()
print("scandir", libc.scandir(b"/sys/class/net", ctypes.byref(names), None, None), libc.scandir(b"/sys/class/net/nothing", ctypes.byref(names), None, None))
class Glob(ctypes.Structure): _fields_ = [("count", ctypes.c_size_t), ("paths", ctypes.POINTER(ctypes.c_char_p)), ("rest", ctypes.c_char * 256)]
for pattern in (b"/sys/class/net/*/mtu", b"/sys/class/net/v*", b"/proc/net/dev", b"/sys/class/net/x*", b"/etc/host[n]ame"):
    found = Glob()
    print("glob", libc.glob(pattern, 0, None, ctypes.byref(found)), [found.paths[i] for i in range(found.count)])
