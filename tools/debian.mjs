// The programs that some tests hold uveth against, and the Debian packages they come in.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * @typedef {{ package: string, path: string, tests: string }} Need `path`: a program to be found on PATH, or an absolute path;
 *   `tests`: what cannot be tested without it.
 */

/** @type {Need[]} */
const NEEDS = [
  { package: "iproute2", path: "ip", tests: "output and behaviour against ip" },
  { package: "util-linux", path: "unshare", tests: "parity with the live kernel" },
  { package: "iputils-ping", path: "ping", tests: "ping's output against iputils'" },
  { package: "tcpdump", path: "tcpdump", tests: "captures read by tcpdump" },
  { package: "tshark", path: "tshark", tests: "captures read by tshark" },
  { package: "graphviz", path: "dot", tests: "drawings read by Graphviz" },
  { package: "ethtool", path: "ethtool", tests: "link settings against ethtool" },
  {
    package: "libnl-route-3-dev",
    path: "/usr/include/libnl3/netlink/route/link.h",
    tests: "programs on libnl-3 under uveth run",
  },
  {
    package: "libmnl-dev",
    path: "/usr/include/libmnl/libmnl.h",
    tests: "programs on libmnl under uveth run",
  },
  { package: "uidmap", path: "newuidmap", tests: "programs of an ordinary user's subordinate ids" },
  { package: "dnsmasq-base", path: "dnsmasq", tests: "dnsmasq in a namespace" },
  { package: "pkg-config", path: "pkg-config", tests: "programs on libraries under uveth run" },
  { package: "gcc", path: "cc", tests: "constants against the system's headers" },
  {
    package: "libc6-dev",
    path: "/usr/include/linux/if_link.h",
    tests: "constants against the system's headers",
  },
];

/** Lists what is missing on this system. */
export function missingNeeds() {
  return NEEDS.filter(({ path }) => !(path.startsWith("/") ? existsSync(path) : isProgram(path)));
}

/** @param {string} name */
function isProgram(name) {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.some((folder) => existsSync(join(folder, name)));
}

/**
 * Installs what is missing when this is root on Debian and `mayInstall`, saying so first; otherwise, or when apt fails, says
 * what to type and which tests are left out. Never throws: those tests skip themselves.
 *
 * @param {(line: string) => void} say
 * @param {{ mayInstall: boolean }} options
 */
export function ensureDebianPackages(say, { mayInstall }) {
  const missing = missingNeeds();
  if (missing.length === 0) return;
  const packages = missing.map((need) => need.package);
  const isDebian = existsSync("/etc/debian_version") && isProgram("apt-get");
  if (mayInstall && isDebian && process.getuid?.() === 0) {
    say(`Installing Debian packages (--no-install forbids it): ${packages.join(" ")}`);
    if (aptInstall(packages, say)) return;
  } else {
    say(`Not installed: ${packages.join(", ")}. To have them:`);
    say(`  sudo apt-get install ${packages.join(" ")}`);
  }
  for (const need of missingNeeds()) say(`Left out without ${need.package}: ${need.tests}`);
}

/**
 * Runs apt-get, which asks nothing (wireshark-common would). What it says goes to stderr when it fails.
 *
 * @param {string[]} packages
 * @param {(line: string) => void} say
 */
function aptInstall(packages, say) {
  for (const args of [["update"], ["install", "--yes", "--no-install-recommends", ...packages]]) {
    const { status, stdout, stderr } = spawnSync("apt-get", ["--quiet", ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      stdio: ["ignore", "pipe", "pipe"],
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
    });
    if (status === 0) continue;
    say(`apt-get ${args[0]} failed; going on without`);
    for (const line of `${stdout}${stderr}`.trimEnd().split("\n").slice(-5)) say(`  ${line}`);
    if (args[0] === "install") return false;
  }
  return true;
}
