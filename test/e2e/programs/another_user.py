# What: a process that becomes another user, or lives in a folder of its own, still knows interfaces, and rules them no longer.
# Source: setuid(2), chroot(2), capabilities(7); servers that give up root, as arping and dnsmasq do.
import fcntl, os, socket, struct, subprocess, sys, tempfile


def address(sock):
    return fcntl.ioctl(sock, 0x8927, struct.pack("256s", b"v0"))[18:24].hex()


def ask(who):
    print(who, socket.if_nameindex())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        print(who, address(sock))
        try:
            fcntl.ioctl(sock, 0x8922, struct.pack("16si236x", b"v0", 1400))  # SIOCSIFMTU
            print(who, "set")
        except OSError as error:
            print(who, error.strerror)
    sys.stdout.flush()


def child(work):
    if os.fork() == 0:
        try:
            work()
        except OSError as error:
            print(type(error).__name__)
        sys.stdout.flush()
        os._exit(0)
    os.wait()


def become_nobody():
    os.setuid(65534)
    ask("nobody")
    for line in (["ip", "-br", "link", "show", "v0"], ["ip", "link", "set", "v0", "down"], ["sh", "-c", "exec 1022>&-; ip -o link | wc -l"]):
        done = subprocess.run(line, capture_output=True, text=True)
        print(done.returncode, done.stdout, done.stderr)


def become_nobody_for_a_while():
    os.seteuid(65534)
    ask("for a while")
    os.seteuid(0)
    ask("root again")


def live_apart():
    with tempfile.TemporaryDirectory() as folder:
        os.chroot(folder)
        ask("apart")
        os.closerange(3, 2000)
        ask("all closed")


if os.geteuid() == 0 and os.access("/proc/1/environ", os.R_OK):
    child(become_nobody)
    child(become_nobody_for_a_while)
    child(live_apart)
ask("before")
