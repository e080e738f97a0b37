# What: the link layer of a class is told from its rate table when a client says none, as pyroute2 does; sockets by the older question.
import socket, struct
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
A = lambda t, v: struct.pack("HH", 4 + len(v), t) + v + b"\0" * (-len(v) % 4)
def ask(s, kind, flags, body):
    s.send(struct.pack("IHHII", 16 + len(body), kind, flags, 7, 0) + body)
    out = []
    while True:
        data = s.recv(65536)
        while data:
            length, kind = struct.unpack_from("IH", data)
            if kind in (2, 3): return struct.unpack_from("i", data, 16)[0] if kind == 2 else out
            out.append((kind, data[16:length])); data = data[length + 3 & ~3:]
def tc(ifindex, handle, parent): return struct.pack("BxxxiIII", 0, ifindex, handle, parent, 0)
index = socket.if_nametoindex("v0")
print(ask(s, 36, 0x605, tc(index, 0x10000, 0xffffffff) + A(1, b"htb\0") + A(2, A(2, struct.pack("IIIII", 3, 10, 0, 0, 0)))))
def rate(linklayer, overhead, mpu, bytes_per_second, cell=3): return struct.pack("BBHhHI", cell, linklayer, overhead, -1, mpu, bytes_per_second)
ethernet = struct.pack("256I", *range(1, 257))
atm = struct.pack("256I", *[(8 * i + 8 + 47) // 48 * 53 for i in range(256)])
zero = b"\0" * 1024
class_id = 0x10001
def add(spec, ceil, *tables):
    global class_id
    parms = spec + ceil + struct.pack("IIIII", 1000, 1000, 0, 0, 0)
    print("%x" % class_id, ask(s, 40, 0x605, tc(index, class_id, 0x10000) + A(1, b"htb\0") + A(2, A(1, parms) + b"".join(tables))))
    class_id += 1
r = 32000
add(rate(0, 0, 0, r), rate(0, 0, 0, r), A(4, ethernet), A(3, ethernet))
add(rate(0, 0, 0, r), rate(0, 0, 0, r), A(4, atm), A(3, atm))
add(rate(0, 0, 0, r), rate(0, 0, 0, r))
add(rate(1, 4, 0, r), rate(2, 5, 64, r), A(4, atm), A(3, ethernet))
add(rate(0, 0, 0, r), rate(0, 0, 0, r), A(4, zero), A(3, ethernet[:1020]))
add(rate(0, 0, 96, r), rate(0, 0, 50, r), A(4, atm), A(3, atm))
add(rate(0, 0, 0, 12500000), rate(0, 0, 0, 12500001), A(4, atm), A(3, atm))
add(rate(0, 0, 0, r, 0), rate(0, 0, 0, r, 6), A(4, atm), A(3, atm))
add(rate(0, 0, 0, r, 32), rate(0, 0, 0, r, 31), A(4, atm), A(3, atm))
add(rate(0, 0, 0, r), rate(0, 0, 0, r), A(4, ethernet + b"\0\0\0\0"))
def options(data):
    at = 20
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("HH", data, at)
        if kind & 0x7fff == 2: return data[at + 8:at + 8 + 24]
        at += length + 3 & ~3
for kind, data in ask(s, 42, 0x301, tc(index, 0, 0)):
    print("%x" % struct.unpack_from("I", data, 8)[0], options(data).hex())
d = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4)
for body in (b"", b"\2" + bytes(58), b"\2" + bytes(59), b"\0" + bytes(51) + b"\xff\xff\xff\xff" + bytes(4), b"\7" + bytes(51) + b"\xff\xff\xff\xff" + bytes(4)):
    for flags in (5, 0x305): print("diag", len(body), flags, ask(d, 18, flags, body))
print("diag", ask(d, 17, 5, bytes(60)), ask(d, 19, 0x305, b"\2" + bytes(58)))
