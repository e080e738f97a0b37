// Programs that the preload library does not reach never use the host's network: a supervisor gives those of our architecture
// sockets of a uveth namespace, whoever starts them; others have every socket of a network refused, and all else as ever.
//
//   uveth run ── sh, python3, env ── preload.so ── static, Go's, musl's      ── seccomp ── supervisor ── daemon
//                                              └── set-user-ID, of 32 bits   ── seccomp ── the system
//
// Source: the requirement; the programs themselves, which find everything on the live kernel.

import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { underRun } from "./under-run.ts";

const { folder, missing, run, finish, stop } = underRun("unreached");
const isRoot = process.getuid?.() === 0;

/** Prints the errno of what reaches a network, and of what does not. By its own system calls when it is to be as Go is. */
const source = String.raw`
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static long call(long number, long a, long b, long c) {
#if defined(RAW) && defined(__x86_64__)
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
#elif defined(RAW) && defined(__aarch64__)
  register long x8 __asm__("x8") = number, result __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
  __asm__ volatile("svc 0" : "+r"(result) : "r"(x8), "r"(x1), "r"(x2) : "memory");
#else
  long result = number == SYS_socket ? socket(a, b, c) : syscall(number, a, b, c);
  if (result < 0) return errno;
#endif
  return result < 0 ? -result : 0;
}

int main(int argc, char **argv) {
#ifdef WAITS
  sleep(1);
#endif
  if (argc > 2 && strcmp(argv[1], "exec") == 0) execv(argv[2], argv + 2);
  printf("inet %ld %ld packet %ld netlink %ld %ld ring %ld unix %ld uevent %ld folder %ld\n",
         call(SYS_socket, AF_INET, SOCK_STREAM, 0), call(SYS_socket, AF_INET6, SOCK_DGRAM, 0),
         call(SYS_socket, AF_PACKET, SOCK_DGRAM, 0), call(SYS_socket, AF_NETLINK, SOCK_RAW, 0),
         call(SYS_socket, AF_NETLINK, SOCK_RAW, 16), call(425, 1, 0, 0), call(SYS_socket, AF_UNIX, SOCK_STREAM, 0),
         call(SYS_socket, AF_NETLINK, SOCK_RAW, 15), (long)(chdir("/") < 0));
  return 0;
}
#ifdef RAW
__attribute__((section(NOTE), used)) static const struct { int name, size, type; char go[4], id[8]; } note =
    {4, 8, 4, "Go", "abcdefg"};
#endif
`;

/** Sockets of every family that uveth has, EPERM for a ring. */
const supervised = "inet 0 0 packet 0 netlink 0 0 ring 1 unix 0 uevent 0 folder 0\n";

/** EAFNOSUPPORT for each family, EPERM for a ring. */
const confined = "inet 97 97 packet 97 netlink 97 97 ring 1 unix 0 uevent 0 folder 0\n";

const hasSupervisor = existsSync(fileURLToPath(new URL("../../dist/uveth-supervise", import.meta.url)));
const withoutSupervisor = "there is no static C library to build the supervisor with";

/** Numbers of prctl(2) and seccomp(2). */
const [prctl, seccomp] = process.arch === "arm64" ? [167, 277] : [157, 317];

/** A program in Python under a filter of its own, which refuses (EPERM) a system call whose argument has some value. */
function underFilter(
  rules: readonly (readonly [number: number, argument: number, value: number])[],
  then: string,
) {
  const code = rules.map(
    ([number, argument, value]) =>
      `[(0x20, 0, 0, 0), (0x15, 0, 3, ${number}), (0x20, 0, 0, ${16 + 8 * argument}), (0x15, 0, 1, ${value}), (6, 0, 0, 0x50001)]`,
  );
  return `
import ctypes, os, struct
libc = ctypes.CDLL(None, use_errno=True)
code = b"".join(struct.pack("HBBI", *each) for each in ${[...code, "[(6, 0, 0, 0x7fff0000)]"].join(" + ")})
held = ctypes.create_string_buffer(code)
class Program(ctypes.Structure): _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(Program(len(code) // 8, ctypes.addressof(held)))) == 0
${then}
`;
}

/** Under which no filter can be had that notifies anybody: seccomp(SECCOMP_SET_MODE_FILTER). */
const withoutListeners = (then: string) => underFilter([[seccomp, 0, 1]], then);

/** Under which no filter can be had: prctl(PR_SET_SECCOMP) neither. */
const withoutSeccomp = (then: string) =>
  underFilter(
    [
      [seccomp, 0, 1],
      [prctl, 0, 22],
    ],
    then,
  );

/** Compiles the program; undefined where that cannot be. */
function compile(name: string, words: readonly string[], compiler = "cc"): string | undefined {
  const path = join(folder, name);
  const { status } = spawnSync(compiler, ["-O1", "-w", "-o", path, "-x", "c", "-", ...words], {
    input: source,
  });
  return status === 0 ? path : undefined;
}

const programs =
  missing === undefined
    ? {
        static: compile("static", ["-static"]),
        "static-pie": compile("static-pie", ["-static-pie"]),
        "Go's, by its note": compile("go", ["-DRAW", `-DNOTE=".note.go.buildid"`]),
        "Go's, by a section": compile("go-section", ["-DRAW", `-DNOTE=".go.buildinfo"`]),
        "of musl": compile("musl", [], "musl-gcc"),
      }
    : {};
const staticProgram = programs.static;

describe.skipIf(missing !== undefined)("a program that is not reached", () => {
  beforeAll(async () => {
    const { status, stderr } = await run(["--", "true"]);
    expect(status, stderr).toBe(0);
  }, 60_000);

  afterAll(stop);

  for (const [name, program] of Object.entries(programs)) {
    test(`${name}: is what "uveth run" becomes`, async ({ skip }) => {
      if (program === undefined) skip("it cannot be compiled here");
      if (!hasSupervisor) skip(withoutSupervisor);
      expect(await run(["--", program ?? ""])).toEqual({ status: 0, stdout: supervised, stderr: "" });
    });

    test(`${name}: is led by whoever starts it`, async ({ skip }) => {
      if (program === undefined) skip("it cannot be compiled here");
      if (!hasSupervisor) skip(withoutSupervisor);
      const { stdout, stderr } = await run(["--", "sh", "-c", `${program}; exec ${program}`]);
      expect({ stdout, stderr }).toEqual({ stdout: supervised.repeat(2), stderr: "" });
    });

    test(`${name}: has no socket of a network where the supervisor may not be`, async ({ skip }) => {
      if (program === undefined) skip("it cannot be compiled here");
      if (!hasSupervisor) skip(withoutSupervisor);
      const script = withoutListeners(`os.spawnv(os.P_WAIT, ${JSON.stringify(program)}, ["program"])`);
      expect(await run(["--", "python3", "-c", script])).toEqual({ status: 0, stdout: confined, stderr: "" });
    });
  }

  test.skipIf(staticProgram === undefined)(
    "is known behind a script, PATH, a link, and in every way to start it",
    async () => {
      writeFileSync(join(folder, "script"), `#! ${staticProgram}\n`, { mode: 0o755 });
      writeFileSync(join(folder, "twice"), `#!${join(folder, "script")}\n`, { mode: 0o755 });
      const lines = [
        `import os, subprocess, sys, ctypes`,
        `os.environ["PATH"] = "/nowhere:${folder}:" + os.environ["PATH"]`,
        `def child(start):`,
        `    pid = os.fork()`,
        `    if pid == 0: start()`,
        `    os.waitpid(pid, 0)`,
        `child(lambda: os.execv("./static", ["static"]))`,
        `child(lambda: os.execvp("static", ["static"]))`,
        `child(lambda: os.execve(os.open("static", os.O_RDONLY), ["static"], {}))`,
        `os.waitpid(os.posix_spawn("static", ["static"], {}), 0)`,
        `os.waitpid(os.posix_spawnp("static", ["static"], {}), 0)`,
        `subprocess.run(["static"])`,
        `subprocess.run(["./static"], close_fds=False)`,
        `os.symlink("static", "link")`,
        `subprocess.run(["./link"])`,
        `for name in ("script", "twice"): subprocess.run([name], stdin=subprocess.DEVNULL)`,
        `os.system("./static")`,
      ];
      const { stdout, stderr } = await run(["--", "python3", "-c", lines.join("\n")]);
      expect({ stdout, stderr }).toEqual({ stdout: supervised.repeat(11), stderr: "" });
    },
  );

  test.skipIf(staticProgram === undefined)(
    "does not confine whoever starts it, nor what is reached",
    async () => {
      const script = `./static >/dev/null; python3 -c '
import os, socket
os.waitpid(os.posix_spawn("static", ["static"], {}, file_actions=[(os.POSIX_SPAWN_CLOSE, 1)]), 0)
try: os.execv("no-such-program", ["x"])
except OSError: pass
print(socket.socket(socket.AF_INET).family.name)'; grep -E "NoNewPrivs|Seccomp:" /proc/$$/status | xargs`;
      const { stdout, stderr } = await run(["--", "sh", "-c", script]);
      expect({ stdout, stderr }).toEqual({ stdout: "AF_INET\nNoNewPrivs: 0 Seccomp: 0\n", stderr: "" });
    },
  );

  test.skipIf(staticProgram === undefined)("leads on to programs that are reached", async () => {
    const script =
      "ip link add s0 type dummy; ./static exec $(command -v ip) -br link show s0; ip link del s0";
    const { stdout, stderr } = await run(["--", "unshare", "-n", "sh", "-c", script]);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^s0 /);
  });

  test.skipIf(!isRoot)("that has rights of its own does not get them", async () => {
    const path = join(folder, "set-user-id");
    copyFileSync("/usr/bin/id", path);
    chownSync(path, 65534, 65534);
    chmodSync(path, 0o4755);
    const refused = await run(["--", path, "-u"]);
    expect(refused.stderr).toContain("it has rights of its own");
    expect(await finish(path, ["-u"])).toEqual({ status: 0, stdout: "65534\n", stderr: "" });
    expect(await run(["--", "sh", "-c", `${path} -u`])).toEqual({ status: 0, stdout: "0\n", stderr: "" });
  });

  test("of 32 bits is told from one of ours", async ({ skip }) => {
    const dynamic = compile("dynamic-32", ["-m32"]);
    const own = compile("static-32", ["-m32", "-static"]);
    if (dynamic === undefined || own === undefined || process.arch !== "x64")
      skip("it cannot be compiled here");
    const { stderr } = await run(["--", dynamic ?? ""]);
    expect(stderr).toContain("it is of another architecture");
    const started = await run(["--", "sh", "-c", `${own}; ${dynamic}`]);
    // The C library makes every socket by socketcall(2) there.
    const withoutSockets = confined.replace("unix 0 uevent 0", "unix 97 uevent 97");
    expect(started).toEqual({ status: 0, stdout: withoutSockets.repeat(2), stderr: "" });
  });

  test("does not run where seccomp is forbidden", async ({ skip }) => {
    if (staticProgram === undefined) skip("it cannot be compiled here");
    if (!hasSupervisor) skip(withoutSupervisor);
    const script = withoutSeccomp(`print(os.spawnv(os.P_WAIT, "static", ["static"]))`);
    const { stdout, stderr } = await run(["--", "python3", "-c", script]);
    expect({ stdout, stderr }).toEqual({
      stdout: "126\n",
      stderr: 'uveth: Cannot supervise "static": Operation not permitted\n',
    });
  });

  test("dies to every network when its supervisor does", async ({ skip }) => {
    if (staticProgram === undefined) skip("it cannot be compiled here");
    if (!hasSupervisor) skip(withoutSupervisor);
    const program = compile("orphan", ["-static", "-DWAITS"]) ?? "";
    const script = `${program} & sleep 0.3
for each in /proc/[0-9]*; do
  test "$(cat $each/comm 2>/dev/null)" = uveth-supervise && grep -qs ${folder} $each/environ && kill -9 \${each#/proc/}
done; wait`;
    const { stdout, stderr } = await run(["--", "sh", "-c", script]);
    expect(stderr).toBe("");
    // ENOSYS for what concerns a network, and for what may.
    expect(stdout).toBe("inet 38 38 packet 38 netlink 38 38 ring 1 unix 0 uevent 0 folder 1\n");
  });
});
