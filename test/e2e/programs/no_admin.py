# What: requests of ioctl(2) and options of sockets without CAP_NET_ADMIN.
# Needs v0 and v1, a pair that is down, and no rights.
import socket, fcntl, struct, errno, os, ctypes
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s6 = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
for sk in (s, s6):
    for r in list(range(0x890b, 0x8940)) + list(range(0x8942, 0x894b)) + list(range(0x8950, 0x8984)) + list(range(0x8990, 0x8996)) + list(range(0x89a0, 0x89a4)) + [0x89b0, 0x89b1, 0x89f0]:
        if r in (0x8912, 0x8982, 0x8983, 0x8980, 0x8981, 0x8940, 0x8941, 0x894b, 0x894c) : continue
        for n in ("v0", "nothing"):
            b = ctypes.create_string_buffer(n.encode(), 200)
            try: fcntl.ioctl(sk, r, b, True); x = 0
            except OSError as e: x = errno.errorcode.get(e.errno, e.errno)
            print(sk.family.name, hex(r), n, x)
n = socket.socket(16, 3, 0)
for o, v in ((33, 1000000), (32, 1000000)):
    try: n.setsockopt(1, o, v); print(o, "ok")
    except OSError as e: print(o, e.errno)
try: n.setsockopt(270, 8, 1); print("all nsid")
except OSError as e: print("all nsid", e.errno)
n.bind((0, 0x7fffffff)); print(n.getsockname()[1])
