# What: what programs send and receive over the wire, in a namespace with a pair v0, v1 that is up.
# Source: ip(7), udp(7), tcp(7), raw(7), packet(7), sock_diag(7); fcntl(2).
import errno
import fcntl
import os
import socket
import struct
import subprocess
import time

subprocess.run("ip link set lo up; ip addr add 10.7.0.1/24 dev v0; ip addr add 10.7.1.1/24 dev v1", shell=True, check=True)
FAMILIES = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))


def tried(name, call):
    try:
        print(name, call())
    except OSError as error:
        print(name, errno.errorcode.get(error.errno, error))


for family, host in FAMILIES:
    listener = socket.create_server((host, 0), family=family)
    port = listener.getsockname()[1]
    client = socket.create_connection((host, port))
    server, peer = listener.accept()
    client.sendall(b"to be")
    print("tcp", server.recv(100), peer[0], client.getpeername()[1] == port)
    listing = subprocess.run(f"ss -Hltn sport = :{port}", shell=True, capture_output=True, text=True)
    print("listed", listing.stdout.split()[:1], len(listing.stdout.splitlines()))
    # What a descriptor has been through before it carries anything stays.
    udp = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    copy = os.dup(listener.fileno())
    flags = fcntl.fcntl(udp, fcntl.F_GETFD), fcntl.fcntl(udp, fcntl.F_GETFL)
    udp.bind((host, 0))
    print("flags", flags == (fcntl.fcntl(udp, fcntl.F_GETFD), fcntl.fcntl(udp, fcntl.F_GETFL)))
    tried("empty", lambda: udp.recv(10))
    other = socket.socket(family, socket.SOCK_DGRAM)
    other.sendto(b"or not", udp.getsockname())
    time.sleep(0.05)
    print("udp", udp.recv(10))
    child = subprocess.run(["python3", "-c", f"import socket; socket.socket(fileno={udp.fileno()}).sendto(b'child', ('{host}', {udp.getsockname()[1]}))"], pass_fds=[udp.fileno()])
    time.sleep(0.05)
    print("inherited", child.returncode, udp.recv(10))
    os.close(copy)

tried("nobody", lambda: socket.create_connection(("127.0.0.1", 9)))
tried("nowhere", lambda: socket.create_connection(("192.0.2.1", 9), 1))
tried("not here", lambda: socket.socket().bind(("192.0.2.1", 9)))
tried("device", lambda: socket.socket().setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"v0\0"))
tried("no device", lambda: socket.socket().setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"v9\0"))
tried("no protocol", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 300))
tried("raw without protocol", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 0))

# An echo by a raw socket, from before it is bound.
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
raw.settimeout(2)
raw.sendto(struct.pack("!BBHHH", 8, 0, 0xF7FF, 0, 0), ("127.0.0.1", 0))
print("icmp", raw.recv(100)[20:28].hex())

# A frame over the pair.
hears = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
hears.bind(("v1", 0x88B5))
says = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
hears.settimeout(2)
says.sendto(bytes.fromhex("ffffffffffff 020000000001 88b5") + b"frame" * 10, ("v0", 0))
frame, (name, protocol, kind, _, address) = hears.recvfrom(2000)
print("packet", frame[14:19], len(frame), name, hex(protocol), kind, address.hex())
tried("no interface", lambda: says.bind(("v9", 0)))
