# What: netlink sockets by Python's socket module: addresses, peeking, options, groups, namespaces' events, overruns.
import ctypes, errno, os, select, socket, struct, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
SOL_NETLINK = 270
def nl(proto=0, type=socket.SOCK_RAW): return socket.socket(socket.AF_NETLINK, type, proto)
def attempt(label, f):
    try: print(label, f())
    except OSError as e: print(label, errno.errorcode.get(e.errno, e.errno))
def msg(type, flags, seq, body=b""): return struct.pack("IHHII", 16 + len(body), type, flags, seq, 0) + body
def link(index=0, flags=0, change=0): return struct.pack("BxHiII", 0, 0, index, flags, change)
def heads(data):
    out = []
    while len(data) >= 16:
        l, t, f, q, p = struct.unpack("IHHII", data[:16]); out.append((t, f, q)); data = data[(l + 3) & ~3:]
    return out
s = nl()
print("fresh", s.getsockname()); s.bind((0, 0)); print("bound", s.getsockname()[0] == os.getpid())
t = nl(); t.bind((0, 0)); print("second", t.getsockname()[0] != os.getpid(), t.getsockname()[0] > 0x7fffffff)
attempt("rebind", lambda: s.bind((0, 0))); attempt("rebind other", lambda: s.bind((4711, 0))); attempt("rebind same", lambda: s.bind((os.getpid(), 0)))
u = nl(); attempt("taken", lambda: u.bind((os.getpid(), 0))); attempt("own", lambda: u.bind((123456, 0))); print(u.getsockname())
attempt("groups", lambda: u.bind((123456, 0x11))); print(u.getsockname())
attempt("proto", lambda: nl(31)); attempt("proto 99", lambda: nl(99)); attempt("stream", lambda: nl(0, socket.SOCK_STREAM))
print("types", s.type == socket.SOCK_RAW, s.family == socket.AF_NETLINK, s.proto, s.getsockopt(socket.SOL_SOCKET, socket.SO_PROTOCOL), s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN), s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
attempt("peer", lambda: s.getpeername()); attempt("connect", lambda: s.connect((0, 0))); attempt("peer", lambda: s.getpeername()); attempt("listen", lambda: s.listen(1)); attempt("accept", lambda: s.accept()); attempt("shutdown", lambda: s.shutdown(socket.SHUT_RDWR))
for o in range(0, 14): attempt("get %d" % o, lambda: s.getsockopt(SOL_NETLINK, o))
for o in (1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13):
    attempt("set %d" % o, lambda: s.setsockopt(SOL_NETLINK, o, 1)); attempt("get %d" % o, lambda: s.getsockopt(SOL_NETLINK, o))
attempt("short", lambda: s.setsockopt(SOL_NETLINK, 11, b"\1")); attempt("member 0", lambda: s.setsockopt(SOL_NETLINK, 1, 0)); attempt("member 9999", lambda: s.setsockopt(SOL_NETLINK, 1, 9999)); attempt("drop 3", lambda: s.setsockopt(SOL_NETLINK, 2, 3))
attempt("members", lambda: s.getsockopt(SOL_NETLINK, 9, 4)); attempt("members 8", lambda: len(s.getsockopt(SOL_NETLINK, 9, 8)))
for o in ("SO_RCVBUF", "SO_SNDBUF"):
    for v in (1, 1000, 50000, 1 << 30): s.setsockopt(socket.SOL_SOCKET, getattr(socket, o), v); print(o, v, s.getsockopt(socket.SOL_SOCKET, getattr(socket, o)) if o == "SO_RCVBUF" else "")
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 100000)
attempt("rcvbufforce", lambda: s.setsockopt(socket.SOL_SOCKET, 33, 1000000)); print(s.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)); s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 100000)
attempt("timeo", lambda: s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 20000))); attempt("recv with timeo", lambda: s.recv(1)); s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 0))
s.close(); s = nl(); s.bind((0, 0)); s.setblocking(False)
# sending
attempt("empty", lambda: s.send(b"")); attempt("to 5", lambda: s.sendto(msg(18, 1, 1, link(1)), (5, 0))); attempt("to group", lambda: s.sendto(msg(18, 1, 1, link(1)), (0, 1))); attempt("nothing", lambda: s.recv(1))
for flags in (0, socket.MSG_DONTWAIT, socket.MSG_OOB, socket.MSG_NOSIGNAL, socket.MSG_EOR): attempt("send flags %x" % flags, lambda: s.send(msg(18, 1, 2, link(1)), flags)); attempt("got", lambda: heads(s.recv(65536)))
attempt("short message", lambda: s.send(b"\1\2\3")); attempt("nothing", lambda: s.recv(1)); attempt("length too large", lambda: s.send(struct.pack("IHHII", 99, 18, 1, 1, 0))); attempt("nothing", lambda: s.recv(1)); attempt("length too small", lambda: s.send(struct.pack("IHHII", 5, 18, 1, 1, 0) + b"xxxx")); attempt("nothing", lambda: s.recv(1))
s.send(msg(18, 5, 1, link(1)) + msg(18, 5, 2, link(999)) + msg(999, 5, 3)); 
while True:
    try: print("several", heads(s.recv(65536)))
    except OSError as e: print(e.errno); break
attempt("huge", lambda: s.send(msg(18, 1, 1, b"\0" * 300000)))
# receiving
s.send(msg(18, 1, 7, link(1))); n = len(s.recv(65536, socket.MSG_PEEK))
print(len(s.recv(10, socket.MSG_PEEK)), s.recv_into(bytearray(10), 10, socket.MSG_PEEK | socket.MSG_TRUNC) == n, s.recvmsg(0, 0, socket.MSG_PEEK | socket.MSG_TRUNC)[2] == socket.MSG_TRUNC, s.recvmsg(65536)[1:]); attempt("gone", lambda: s.recv(1))
s.send(msg(18, 1, 8, link(1))); d, a, f, addr = s.recvmsg(20, 100); print(len(d), a, f == socket.MSG_TRUNC, addr); attempt("gone", lambda: s.recv(1))
s.send(msg(18, 1, 8, link(1))); d, addr = s.recvfrom(65536); print(addr, heads(d)); b1, b2 = bytearray(16), bytearray(65536); s.send(msg(18, 1, 8, link(1))); r = s.recvmsg_into([b1, b2]); print(r[0] == len(d), b1[:6] == d[:6])
s.send(msg(18, 1, 9, link(1))); print(os.read(s.fileno(), 65536)[8]); os.write(s.fileno(), msg(18, 1, 10, link(1))); print(os.read(s.fileno(), 65536)[8])
# polling
p = select.poll(); p.register(s, select.POLLIN | select.POLLOUT); print("poll", p.poll(0)[0][1] == select.POLLOUT); s.send(msg(18, 1, 8, link(1))); print("poll", p.poll(0)[0][1] == select.POLLIN | select.POLLOUT); s.recv(65536)
e = select.epoll(); e.register(s, select.EPOLLIN | select.EPOLLET); print("epoll", e.poll(0)); s.send(msg(18, 1, 8, link(1))); print("epoll", e.poll(0)[0][1] == select.EPOLLIN, e.poll(0)); s.recv(65536); s.send(msg(18, 1, 8, link(1))); print("epoll", len(e.poll(0))); s.recv(65536)
print("select", [len(x) for x in select.select([s], [s], [], 0)])
# dup, fork, threads, exec
d = s.dup(); d.send(msg(18, 1, 11, link(1))); print("dup", s.recv(65536)[8], d.getsockname() == s.getsockname()); d.close(); s.send(msg(18, 1, 12, link(1))); print("after", s.recv(65536)[8])
fd = os.dup2(s.fileno(), 77); os.write(77, msg(18, 1, 13, link(1))); print("dup2", os.read(77, 65536)[8]); os.close(77)
sys.stdout.flush(); pid = os.fork()
if pid == 0: s.send(msg(18, 1, 14, link(1))); print("child", s.recv(65536)[8], s.getsockname()[0] == os.getppid()); sys.stdout.flush(); os._exit(0)
os.waitpid(pid, 0); s.send(msg(18, 1, 15, link(1))); print("parent", s.recv(65536)[8])
s.setblocking(True); got = []
def reader(): got.append(s.recv(65536)[8])
th = threading.Thread(target=reader); th.start(); time.sleep(0.05); s.send(msg(18, 1, 16, link(1))); th.join(); print("thread", got)
ths = [threading.Thread(target=lambda i=i: [(lambda q: (q.bind((0, 0)), q.send(msg(18, 1, i, link(1))), got.append(q.recv(65536)[8] == i), q.close()))(nl()) for _ in range(20)]) for i in range(8)]; got.clear(); [x.start() for x in ths]; [x.join() for x in ths]; print("threads", all(got), len(got))
os.set_inheritable(s.fileno(), True); s.send(msg(18, 1, 17, link(1))); sys.stdout.flush(); os.spawnlp(os.P_WAIT, "python3", "python3", "-c", "import socket,sys; s=socket.socket(fileno=int(sys.argv[1])); print('exec', s.family==socket.AF_NETLINK, s.recv(65536)[8]); s.send(bytes.fromhex('20000000120001001200000000000000'+'0000000001000000'+'0000000000000000')); print(s.recv(65536)[8])", str(s.fileno())); s.setblocking(False)
# groups, packet info, credentials
g = nl(); g.bind((0, 1)); g.setblocking(False); g.setsockopt(SOL_NETLINK, 3, 1); s.send(msg(16, 5, 20, link(1, 0x100, 0x100))); print(heads(s.recv(65536))); d, a, f, addr = g.recvmsg(65536, 200); print(heads(d), [(x, y, z.hex()) for x, y, z in a], addr)
g.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1); s.send(msg(16, 5, 21, link(1, 0, 0x100))); s.recv(65536); d, a, f, addr = g.recvmsg(65536, 200); print([(x, y, z.hex() if y != 2 else z[:4].hex()) for x, y, z in a]); g.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
d2 = g.recvmsg if False else None; s.send(msg(16, 5, 22, link(1, 0x100, 0x100))); s.recv(65536); d, a, f, addr = g.recvmsg(65536, 4); print(a, f == socket.MSG_CTRUNC)
g.setsockopt(SOL_NETLINK, 2, 1); s.send(msg(16, 5, 23, link(1, 0, 0x100))); s.recv(65536); attempt("left", lambda: g.recv(65536)); g.setsockopt(SOL_NETLINK, 1, 1); s.send(msg(16, 5, 24, link(1, 0x100, 0x100))); s.recv(65536); print(len(heads(g.recv(65536))))
s.send(msg(16, 0xd, 25, link(1, 0, 0x100))); print("echo", heads(s.recv(65536)), len(heads(g.recv(65536)))); attempt("none", lambda: s.recv(1))
# overrun
g.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2000)
for i in range(40): s.send(msg(16, 5, i, link(1, 0x100 * (i % 2), 0x100))); s.recv(65536)
# ENOBUFS comes before or behind what was there.
seen, n = [], 0
for _ in range(45):
    try: seen.append(len(heads(g.recv(65536))) == 1)
    except OSError as e: seen.append(errno.errorcode[e.errno])
print("overrun", seen.count("ENOBUFS"), 0 < seen.count(True) < 40, seen[-1])
g.setsockopt(SOL_NETLINK, 5, 1)
for i in range(40): s.send(msg(16, 5, i, link(1, 0x100 * (i % 2), 0x100))); s.recv(65536)
attempt("no enobufs", lambda: heads(g.recv(65536))[0][0])
# events of other namespaces
a = nl(); a.bind((0, 1)); a.setsockopt(SOL_NETLINK, 8, 1); a.setblocking(False)
r, w = os.pipe(); r2, w2 = os.pipe(); sys.stdout.flush(); pid = os.fork()
if pid == 0:
    if libc.unshare(0x40000000) != 0: print("unshare", ctypes.get_errno())
    os.write(w, b"x"); os.read(r2, 1); o = nl(); o.bind((0, 0)); o.send(msg(16, 5, 1, link(1, 0x100, 0x100))); o.recv(65536); os.write(w, b"x"); os.read(r2, 1); os._exit(0)
os.read(r, 1); s.send(msg(88, 5, 30, struct.pack("B3x", 0) + struct.pack("HHi", 8, 1, 33) + struct.pack("HHI", 8, 2, pid))); print(heads(s.recv(65536))); os.write(w2, b"x"); os.read(r, 1)
d, anc, f, addr = a.recvmsg(65536, 200); print("other", heads(d), [(x, y, z.hex()) for x, y, z in anc]); os.write(w2, b"x"); os.waitpid(pid, 0)
# descriptors of namespaces in messages
fd = os.open("/proc/self/ns/net", os.O_RDONLY); print("link", os.readlink("/proc/self/ns/net").startswith("net:["), os.fstat(fd).st_ino == os.stat("/proc/self/ns/net").st_ino)
s.send(msg(90, 1, 31, struct.pack("B3x", 0) + struct.pack("HHI", 8, 3, fd))); print(struct.unpack("i", s.recv(65536)[24:28])); s.send(msg(90, 1, 31, struct.pack("B3x", 0) + struct.pack("HHI", 8, 3, 999))); print(struct.unpack("i", s.recv(65536)[16:20])); s.send(msg(90, 1, 31, struct.pack("B3x", 0) + struct.pack("HHI", 8, 3, r))); print(struct.unpack("i", s.recv(65536)[16:20])); s.send(msg(90, 1, 31, struct.pack("B3x", 0) + struct.pack("HHI", 8, 2, 999999))); print(struct.unpack("i", s.recv(65536)[16:20]))
ino = os.stat("/proc/self/ns/net").st_ino; print("unshare", libc.unshare(0x40000000), os.stat("/proc/self/ns/net").st_ino != ino, len(socket.if_nameindex())); print("old socket", end=" "); s.send(msg(18, 0x301, 40, link())); print(len(heads(s.recv(65536)))); print("setns", libc.setns(fd, 0x40000000), os.stat("/proc/self/ns/net").st_ino == ino, libc.setns(r, 0x40000000), ctypes.get_errno(), libc.setns(999, 0), ctypes.get_errno(), libc.setns(fd, 0x20000000), ctypes.get_errno())
