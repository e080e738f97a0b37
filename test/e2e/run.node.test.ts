// Unmodified programs under `uveth run` do what they do on the live kernel: the distribution's `ip`, Python's socket module and
// a C program on raw netlink; and whoever misbehaves harms nobody else.
//
//   uveth run ── ip, python3, cc'd client ── preload.so ── SEQPACKET ── daemon ── machine
//   unshare   ── ip, python3                                        ── the live kernel
//
// Source: the live kernel and iproute2, run beside us; no expectation is written down here but for our own doors.

import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nativeMissing, withReason } from "../fixtures/native-missing.ts";
import { lines } from "./run-lines.ts";
import { UVETH, underRun } from "./under-run.ts";

const { folder, missing, hasKernel, unshared, run, finish, stop } = underRun("run");

/** A shell that runs each line of its input and says what came of it. */
const shell = `
settle() { sleep "$SETTLE"; }
while IFS= read -r line; do
  eval "$line" >out 2>err </dev/null; status=$?
  printf '\\n$ %s\\n' "$line"; cat out; echo "[status $status]"; cat err
done
`;

/** What is random or differs by right: hardware addresses, process ids in messages of the shell. */
function normalized(text: string): string[] {
  return text
    .replace(/\b(?!00:00:00:00:00:00|ff:ff:ff:ff:ff:ff|02:00:00)[0-9a-f]{2}(:[0-9a-f]{2}){5}\b/g, "MAC")
    .split(/\n(?=\$ )/);
}

function compile(name: string, source: string): string {
  const path = join(folder, name);
  writeFileSync(`${path}.c`, source);
  const { status, stderr } = spawnSync("cc", ["-O1", "-pthread", "-o", path, `${path}.c`], {
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
  return path;
}

describe.skipIf(missing !== undefined)("uveth run", () => {
  beforeAll(async () => {
    const { status, stderr } = await run(["--", "true"]);
    expect(status, stderr).toBe(0);
  }, 60_000);

  afterAll(async () => {
    await stop();
  });

  test.skipIf(!hasKernel)(
    "gives the distribution's tools what the live kernel gives them",
    { timeout: 120_000 },
    async () => {
      const script = join(folder, "lines.sh");
      writeFileSync(script, shell);
      const input = lines.map((line) => `${line}\n`).join("");
      const [ours, kernel] = await Promise.all([
        run(["--", "timeout", "60", "env", "SETTLE=0.1", "bash", script], { input }),
        finish(
          "unshare",
          [...unshared, "env", "SETTLE=1.2", "bash", "-c", `cd $(mktemp -d) && . ${script}`],
          input,
        ),
      ]);
      expect(kernel.stderr).toBe("");
      expect(lines.length).toBeGreaterThan(60);
      expect(normalized(ours.stdout)).toEqual(normalized(kernel.stdout));
    },
  );

  test("serves a C program on raw netlink: port ids, peeking, options, control messages", async () => {
    const client = compile("client", clientSource);
    const { status, stdout, stderr } = await run(["--", client]);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "ok\n", stderr: "" });
  });

  test.skipIf(!hasKernel)("is held to what the live kernel does by the same C program", async () => {
    const client = compile("client", clientSource);
    const kernel = await finish("unshare", [...unshared, client]);
    expect(kernel).toEqual({ status: 0, stdout: "ok\n", stderr: "" });
  });

  test("serves two hundred programs at once", { timeout: 60_000 }, async () => {
    const script = `for i in $(seq 200); do ip link show lo >seen.$i 2>&1 & done; wait; cat seen.* | grep -c LOOPBACK`;
    const { stdout } = await run(["--", "bash", "-c", script]);
    expect(stdout).toBe("200\n");
  });

  test("loses only the session of a program that is killed, sends garbage or does not read", async () => {
    const abuser = compile("abuser", abuserSource);
    const script = `ip monitor link >seen & sleep 0.5; ${abuser}
ip link add g0 type veth peer name g1; ip link del g0; sleep 0.5; kill $!; grep -c Deleted seen`;
    expect(await run(["--", "sh", "-c", script])).toEqual({ status: 0, stdout: "ok\n2\n", stderr: "" });
    const status = await finish(UVETH, ["daemon", "status", "--json"]);
    expect(JSON.parse(status.stdout).memoryBytes).toBeLessThan(400 * 1024 * 1024);
  }, 60_000);

  test("never reaches what listens on the host", async () => {
    const host = createServer().listen(0, "127.0.0.1");
    await once(host, "listening");
    const { port } = host.address() as AddressInfo;
    const script = `
import socket
for address in ("127.0.0.1", "::ffff:127.0.0.1"):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try: print(socket.socket(family).connect((address, ${port})))
    except OSError as error: print(error.errno)
`;
    const { stdout } = await run(["--", "unshare", "-n", "python3", "-c", script]);
    host.close();
    expect(stdout).toBe("101\n101\n");
  });

  test.skipIf(nativeMissing !== undefined)(
    withReason("refuses traffic where there can be no native namespace, once with the cure", nativeMissing),
    async () => {
      const script = `
import socket
for family, address in ((socket.AF_INET, ("127.0.0.1", 9)), (socket.AF_INET6, ("::1", 9))):
    for call in ("connect", "bind"):
        try: getattr(socket.socket(family, socket.SOCK_DGRAM), call)(address)
        except OSError as error: print(call, error.errno)
    try: socket.socket(family, socket.SOCK_DGRAM).sendto(b"x", address)
    except OSError as error: print("sendto", error.errno)
packet = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0x0300)
for call in (lambda: packet.bind(("lo", 3)), lambda: packet.sendto(bytes(60), ("lo", 3))):
    try: call()
    except OSError as error: print("packet", error.errno)
try: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)
except OSError as error: print("raw", error.errno)
`;
      const line = `mount -t tmpfs tmpfs /dev/net; export UVETH_SOCKET=$PWD/bare.sock
${UVETH} run -- python3 -c '${script}'; ${UVETH} daemon stop >/dev/null`;
      const { stdout, stderr } = await finish("unshare", ["-m", "sh", "-c", line]);
      expect(stdout).toBe(`${"connect 101\nbind 99\nsendto 101\n".repeat(2)}packet 99\npacket 101\nraw 2\n`);
      expect(stderr).toMatch(
        /^uveth: Cannot make devices for programs: \/dev\/net\/tun is not there\. .*\n$/,
      );
    },
    60_000,
  );

  test("lets a program without CAP_NET_ADMIN read only", async () => {
    const { stdout, stderr } = await run([
      "--no-admin",
      "--",
      "sh",
      "-c",
      "ip link add n0 type veth; ip -br link show lo; unshare -n true",
    ]);
    expect(stderr).toMatch(
      /^RTNETLINK answers: Operation not permitted\n.*unshare failed: Operation not permitted\n$/,
    );
    expect(stdout).toMatch(/^lo /);
  });

  test("makes pairs and removes them by etun's parameters, whatever writes to them", async () => {
    const script = `
P=/sys/module/etun/parameters
echo a0,a1 > $P/newif; /bin/echo b0,b1 > $P/newif; printf c0,c1 | tee $P/newif >/dev/null
echo d0,d1 | dd of=$P/newif status=none
ip -br link | cut -d' ' -f1 | sort | xargs
for name in a0 b1 c0 d1; do echo $name > $P/delif; done; ip -br link | wc -l
python3 -c '
import os
for name, text in ("newif", "e0,e1"), ("newif", "e0,e1"), ("newif", "x"), ("delif", "e1"), ("delif", "e1"), ("delif", "lo"):
    try: print(name, os.write(os.open("/sys/module/etun/parameters/" + name, os.O_WRONLY), text.encode()))
    except OSError as error: print(name, error.strerror)'`;
    const { stdout, stderr } = await run(["--", "unshare", "-n", "bash", "-c", script]);
    expect(stderr).toBe("");
    expect(stdout).toBe(
      "a0@a1 a1@a0 b0@b1 b1@b0 c0@c1 c1@c0 d0@d1 d1@d0 lo\n1\n" +
        "newif 5\nnewif File exists\nnewif Invalid argument\ndelif 2\ndelif No such device\ndelif Invalid argument\n",
    );
  });

  test("tells of names of namespaces in both monitors, whoever gives and takes them", async () => {
    const script = `
stdbuf -oL ip netns monitor > theirs & theirs=$!
"$0" ip netns monitor > ours & ours=$!
until grep -q warm ours && grep -q warm theirs; do ip netns add warm; ip netns del warm; sleep 0.1; done
ip netns add aa; "$0" ip netns add bb; ip netns del bb; "$0" ip netns del aa; "$0" ip netns add end
until grep -q end ours && grep -q end theirs; do sleep 0.1; done
kill -INT $ours; kill $theirs; wait $ours $theirs; ip netns del end; grep -hv warm ours theirs | xargs`;
    const { stdout } = await run(["--", "sh", "-c", script, UVETH]);
    const told = "add aa add bb delete bb delete aa add end";
    expect(stdout).toBe(`${told} ${told}\n`);
  }, 60_000);

  test("begins in the namespace it is given, and hands on arguments, exit code and input", async () => {
    await finish(UVETH, ["ip", "netns", "add", "home"]);
    const inside = await run(
      ["-n", "home", "--", "sh", "-c", 'ip netns identify; cat; echo "$0"; exit 7', "a b"],
      { input: "in" },
    );
    expect(inside).toEqual({ status: 7, stdout: "home\nina b\n", stderr: "" });
    await finish(UVETH, ["ip", "netns", "del", "home"]);
    const gone = await run(["-n", "home", "--", "true"]);
    expect(gone).toEqual({
      status: 1,
      stdout: "",
      stderr: `Cannot open network namespace "home": No such file or directory\n`,
    });
    expect((await run(["--", "no-such-program"])).status).toBe(127);
  });

  test("keeps a program's children in its namespace, whatever environment and descriptors they are given", async () => {
    const script = `
import subprocess, os
for environment in (None, {}, {"PATH": os.environ["PATH"], "LD_PRELOAD": ""}):
    print(subprocess.run(["/bin/sh", "-c", "ip -o link | wc -l"], env=environment, close_fds=True, capture_output=True, text=True).stdout.strip())
pid = os.fork()
if pid == 0: os.closerange(3, 4096); os.execle("/bin/sh", "sh", "-c", "ip -o link | wc -l", {})
os.waitpid(pid, 0)
`;
    const command = ["unshare", "-n", "python3", "-c", script];
    expect(await run(["--", ...command])).toEqual({ status: 0, stdout: "1\n".repeat(4), stderr: "" });
  });

  test("keeps a namespace without a name while a process lives in it, and no longer", async () => {
    const ids = () => readdirSync(join(folder, "daemon.ns", "id")).length;
    await expect.poll(ids).toBe(1);
    const { stdout } = await run([
      "--",
      "unshare",
      "-n",
      "sh",
      "-c",
      `ip link add u0 type veth; ls ${folder}/daemon.ns/id | wc -l; ip -br link show u0 | wc -l`,
    ]);
    expect(stdout).toBe("2\n1\n");
    await expect.poll(ids).toBe(1);
  });

  test("lets nobody else in", () => {
    expect(statSync(join(folder, "daemon.run")).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, "daemon.ns")).mode & 0o777).toBe(0o700);
  });
});

/** A client that checks what netlink(7) says of a socket; it must pass on the live kernel too. */
const clientSource = String.raw`
#define _GNU_SOURCE
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#define CHECK(what) do { if (!(what)) { printf("line %d: %s (errno %d)\n", __LINE__, #what, errno); exit(1); } } while (0)

static void ask(int fd, int type, int flags, int seq) {
  struct { struct nlmsghdr h; struct ifinfomsg i; } m = {{sizeof(m), type, NLM_F_REQUEST | flags, seq, 0}, {.ifi_index = 1}};
  CHECK(send(fd, &m, sizeof(m), 0) == sizeof(m));
}

int main(void) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), other = socket(AF_NETLINK, SOCK_DGRAM, 0);
  struct sockaddr_nl me = {.nl_family = AF_NETLINK}, from;
  socklen_t size = sizeof(me);
  CHECK(getsockname(fd, (void *)&me, &size) == 0 && me.nl_pid == 0 && size == 12);
  CHECK(bind(fd, (void *)&me, sizeof(me)) == 0 && getsockname(fd, (void *)&me, &size) == 0 && me.nl_pid == (unsigned)getpid());
  CHECK(bind(other, (void *)&me, sizeof(me)) < 0 && errno == EADDRINUSE);
  me.nl_pid = 77777777; me.nl_groups = RTMGRP_LINK;
  CHECK(bind(other, (void *)&me, sizeof(me)) == 0 && getsockname(other, (void *)&me, &size) == 0 && me.nl_pid == 77777777 && me.nl_groups == 1);
  CHECK(bind(fd, (void *)&me, 4) < 0 && errno == EINVAL);

  int value, one = 1; unsigned bits[8]; socklen_t length = sizeof(value);
  CHECK(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &length) == 0 && value == SOCK_RAW);
  CHECK(getsockopt(other, SOL_SOCKET, SO_TYPE, &value, &length) == 0 && value == SOCK_DGRAM);
  CHECK(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &value, &length) == 0 && value == AF_NETLINK);
  CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){50000}, 4) == 0 && getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, &length) == 0 && value == 100000);
  CHECK(setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, 4) == 0 && getsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &value, &length) == 0 && value == 1);
  CHECK(setsockopt(fd, SOL_NETLINK, 99, &one, 4) < 0 && errno == ENOPROTOOPT);
  CHECK(setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &(int){9999}, 4) < 0 && errno == EINVAL);
  length = sizeof(bits);
  CHECK(getsockopt(other, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, bits, &length) == 0 && bits[0] == 1);

  char bytes[8192];
  CHECK(recv(fd, bytes, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
  ask(fd, RTM_GETLINK, 0, 5);
  CHECK(poll(&(struct pollfd){fd, POLLIN, 0}, 1, 0) == 1);
  struct iovec part = {NULL, 0};
  struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part, .msg_iovlen = 1};
  ssize_t full = recvmsg(fd, &message, MSG_PEEK | MSG_TRUNC);
  CHECK(full > 500 && (message.msg_flags & MSG_TRUNC) && message.msg_namelen == 12 && from.nl_pid == 0 && from.nl_family == AF_NETLINK);
  int copy = dup(fd);
  CHECK(read(copy, bytes, sizeof(bytes)) == full && ((struct nlmsghdr *)bytes)->nlmsg_seq == 5);
  close(copy);
  ask(fd, RTM_GETLINK, 0, 6);
  CHECK(recv(fd, bytes, 16, 0) == 16 && recv(fd, bytes, 16, MSG_DONTWAIT) < 0);

  if (fork() == 0) { ask(fd, RTM_GETLINK, NLM_F_DUMP, 7); exit(0); }
  CHECK(wait(&value) > 0 && value == 0);
  CHECK(recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 500 && ((struct nlmsghdr *)bytes)->nlmsg_seq == 7);
  CHECK(recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) >= 20 && ((struct nlmsghdr *)bytes)->nlmsg_type == NLMSG_DONE);
  CHECK(recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) < 0 && errno == EAGAIN);

  CHECK(setsockopt(other, SOL_NETLINK, NETLINK_PKTINFO, &one, 4) == 0);
  struct { struct nlmsghdr h; struct ifinfomsg i; } up = {{sizeof(up), RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 8, 0}, {.ifi_index = 1, .ifi_flags = 0x100, .ifi_change = 0x100}};
  CHECK(send(fd, &up, sizeof(up), 0) == sizeof(up));
  CHECK(recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) >= 36 && ((struct nlmsgerr *)(bytes + 16))->error == 0);
  char control[256];
  part = (struct iovec){bytes, sizeof(bytes)};
  message = (struct msghdr){.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
  CHECK(recvmsg(other, &message, MSG_DONTWAIT) > 500 && from.nl_groups == 1);
  struct cmsghdr *info = CMSG_FIRSTHDR(&message);
  CHECK(info && info->cmsg_level == SOL_NETLINK && info->cmsg_type == NETLINK_PKTINFO && *(int *)CMSG_DATA(info) == 1);

  CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){4000}, 4) == 0);
  for (int i = 0; i < 3000; i++) ask(fd, RTM_GETLINK, 0, i);
  int lost = 0, got = 0;
  for (;;) {
    ssize_t result = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (result > 0) got++;
    else if (errno == ENOBUFS) lost++;
    else break;
  }
  CHECK(lost >= 1 && got >= 1 && got < 3000);
  ask(fd, RTM_GETLINK, 0, 9);
  CHECK(recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 500 && ((struct nlmsghdr *)bytes)->nlmsg_seq == 9);
  puts("ok");
}
`;

/** A program that does everything wrong, in processes of its own; its last word comes when all have ended. */
const abuserSource = `
#define _GNU_SOURCE
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int open_socket(void) { return socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE); }

static void never_read(void) {
  int fd = open_socket();
  struct { struct nlmsghdr h; struct ifinfomsg i; } m = {{sizeof(m), RTM_GETLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0}, {.ifi_index = 1}};
  for (int i = 0; i < 10000; i++) if (send(fd, &m, sizeof(m), 0) != sizeof(m)) exit(1);
}

static void garbage(void) {
  int fd = open_socket();
  unsigned char bytes[4096];
  for (int i = 0; i < 2000; i++) {
    for (size_t at = 0; at < sizeof(bytes); at++) bytes[at] = (unsigned char)rand();
    if (i % 2 == 0) *(unsigned *)bytes = 16 + rand() % 4096;
    send(fd, bytes, 1 + rand() % sizeof(bytes), 0);
  }
}

static void wrong_lengths(void) {
  int fd = open_socket();
  struct nlmsghdr m = {0xfffffff0, RTM_NEWLINK, NLM_F_REQUEST, 1, 0};
  for (unsigned length = 1; length <= sizeof(m); length++) send(fd, &m, length, 0);
  for (unsigned claimed = 0; claimed < 64; claimed++) { m.nlmsg_len = claimed; send(fd, &m, sizeof(m), 0); }
}

// Past the library: what is no request at all, on a connection of its own, with descriptors that nobody asked for.
static void bad_protocol(void) {
  for (int i = 0; i < 50; i++) {
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, getenv("UVETH_RUN_SOCKET"), sizeof(address.sun_path) - 1);
    if (connect(fd, (void *)&address, sizeof(address)) < 0) exit(1);
    unsigned words[64];
    for (int at = 0; at < 64; at++) words[at] = at == 0 ? rand() % 20 : rand() % 2 ? rand() : rand() % 20;
    union { struct cmsghdr h; char bytes[CMSG_SPACE(40)]; } control = {.h = {CMSG_LEN(40), SOL_SOCKET, SCM_RIGHTS}};
    for (int at = 0; at < 10; at++) ((int *)CMSG_DATA(&control.h))[at] = 0;
    struct iovec part = {words, i % 3 == 0 ? 7 : sizeof(words)};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    syscall(SYS_sendmsg, fd, &m, MSG_NOSIGNAL);
    close(fd);
  }
}

static void killed_in_the_middle(void) {
  int fd = open_socket();
  struct { struct nlmsghdr h; struct ifinfomsg i; } m = {{sizeof(m), RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1, 0}, {0}};
  send(fd, &m, sizeof(m), 0);
  kill(getpid(), SIGKILL);
}

int main(void) {
  void (*each[])(void) = {never_read, garbage, wrong_lengths, bad_protocol, killed_in_the_middle};
  for (int i = 0; i < 5; i++) if (fork() == 0) { each[i](); exit(0); }
  int status, failed = 0;
  while (wait(&status) > 0) failed |= WIFEXITED(status) && WEXITSTATUS(status) != 0;
  puts(failed ? "failed" : "ok");
}
`;
