// Namespaces by name, as `ip netns` makes, lists and deletes them, and descriptors open on them. On Linux these are
// system calls and files: unshare, bind mounts in /run/netns, open, setns.
//
// A name keeps its namespace alive, as do descriptors and sockets; with the last of them it goes down.

import type { Dump, DumpControl } from "../af_netlink/handler.ts";
import { putNet } from "../net/namespace.ts";
import type { MachineContext, Netns } from "../net/netdevice.ts";
import { exists, invalid, missing, refused } from "../netlink/error.ts";
import { nulString, policy, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { GENL_UNS_ADMIN_PERM } from "../uapi/genetlink.ts";
import * as uveth from "../uapi/uveth.ts";
import type { GenlOp, GenlRequest, RegisteredFamily } from "./family.ts";

/** NAME_MAX: a namespace's name is a file's on Linux. */
const maxNameLength = 255;

/** The rule for UVETH_A_NETNS, the same in every command. */
export const netnsRule = nulString("netns", maxNameLength);

const namePolicy = policy(uveth.UVETH_A_NETNS, { [uveth.UVETH_A_NETNS]: netnsRule });
const descriptorPolicy = policy(uveth.UVETH_A_NETNS_FD, { [uveth.UVETH_A_NETNS_FD]: u32("netnsFd") });

type NameRequest = GenlRequest<typeof namePolicy>;
type DescriptorRequest = GenlRequest<typeof descriptorPolicy>;

/** The commands of this file. */
export const netnsOps: readonly GenlOp[] = [
  { cmd: uveth.UVETH_CMD_NETNS_NEW, flags: GENL_UNS_ADMIN_PERM, policy: namePolicy, handle: newNetns },
  { cmd: uveth.UVETH_CMD_NETNS_DEL, flags: GENL_UNS_ADMIN_PERM, policy: namePolicy, handle: delNetns },
  { cmd: uveth.UVETH_CMD_NETNS_GET, flags: 0, policy: namePolicy, handle: getNetns, dump: dumpNetns },
  { cmd: uveth.UVETH_CMD_NETNS_OPEN, flags: 0, policy: namePolicy, handle: openNetns },
  { cmd: uveth.UVETH_CMD_NETNS_CLOSE, flags: 0, policy: descriptorPolicy, handle: closeNetns },
  { cmd: uveth.UVETH_CMD_NETNS_ENTER, flags: GENL_UNS_ADMIN_PERM, policy: namePolicy, handle: enterNetns },
];

/** The namespace a request names, the sender's own when it names none; ENOENT when there is none of that name. */
export function netnsOf(request: GenlRequest, name: string | undefined): Netns {
  if (name === undefined) return request.request.netns;
  const netns = request.request.machine.netnsNames.get(name);
  if (netns === undefined) throw refused("ENOENT", "", request.attrs, "netns");
  return netns;
}

/** Makes a namespace: EINVAL for a name that no file may have, EEXIST for a taken one (ip netns add). */
function newNetns(request: NameRequest): void {
  const { machine } = request.request;
  const name = requiredName(request);
  if (name === "" || name === "." || name === ".." || name.includes("/")) {
    throw invalid(`Invalid netns name "${name}"`, request.attrs, "netns");
  }
  if (machine.netnsNames.has(name)) throw exists();
  const netns = machine.newNetns();
  machine.netnsNames.set(name, netns);
  machine.announceNetnsName("new", name, netns);
}

/** Takes the name away, and the namespace with it unless somebody holds it: ENOENT for an unknown one (ip netns delete). */
function delNetns(request: NameRequest): void {
  const { machine } = request.request;
  const name = requiredName(request);
  const netns = netnsOf(request, name);
  machine.netnsNames.delete(name);
  machine.announceNetnsName("del", name, netns);
  putNet(netns);
}

/** Lets `family` tell of names that come and go, whoever gives and takes them. */
export function joinNetnsNames(machine: MachineContext, family: RegisteredFamily): void {
  machine.announceNetnsName = (type, name, netns) => {
    const cmd = type === "new" ? uveth.UVETH_CMD_NETNS_NEW : uveth.UVETH_CMD_NETNS_DEL;
    family.multicast(uveth.UVETH_MCGRP_NETNS_NAME, cmd, (writer) => {
      writer.string(uveth.UVETH_A_NETNS, name).u32(uveth.UVETH_A_NETNS_ID, netns.id);
    });
  };
}

function getNetns(request: NameRequest): void {
  const netns = netnsOf(request, request.attrs.netns);
  const name = request.attrs.netns ?? nameOf(request.request.machine, netns);
  request.reply(uveth.UVETH_CMD_NETNS_NEW, (writer) => fillNetns(writer, name, netns));
}

/** Lists the names in the order they were given. */
function* dumpNetns(request: NameRequest, control: DumpControl): Dump {
  for (const [name, netns] of [...request.request.machine.netnsNames]) {
    const writer = request.begin(control, uveth.UVETH_CMD_NETNS_NEW);
    fillNetns(writer, name, netns);
    writer.end();
    yield;
  }
}

function fillNetns(writer: MessageWriter, name: string | undefined, netns: Netns): void {
  if (name !== undefined) writer.string(uveth.UVETH_A_NETNS, name);
  writer.u32(uveth.UVETH_A_NETNS_ID, netns.id).u32(uveth.UVETH_A_LINK_COUNT, netns.devices.size);
}

function nameOf(machine: MachineContext, netns: Netns): string | undefined {
  for (const [name, each] of machine.netnsNames) if (each === netns) return name;
  return undefined;
}

/** Opens a namespace, by default the sender's (open of /run/netns/NAME or /proc/self/ns/net). */
function openNetns(request: NameRequest): void {
  const fd = request.request.sender.session.openNetns(netnsOf(request, request.attrs.netns));
  request.reply(uveth.UVETH_CMD_NETNS_OPEN, (writer) => writer.u32(uveth.UVETH_A_NETNS_FD, fd));
}

/** Closes a descriptor: EBADF when it is none. */
function closeNetns(request: DescriptorRequest): void {
  const { netnsFd } = request.attrs;
  if (netnsFd === undefined) throw missing(uveth.UVETH_A_NETNS_FD);
  if (!request.request.sender.session.closeNetns(netnsFd))
    throw refused("EBADF", "", request.attrs, "netnsFd");
}

function enterNetns(request: NameRequest): void {
  request.request.sender.session.enterNetns(netnsOf(request, requiredName(request)));
}

function requiredName({ attrs }: NameRequest): string {
  if (attrs.netns === undefined) throw missing(uveth.UVETH_A_NETNS);
  return attrs.netns;
}
