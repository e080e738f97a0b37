// Puts the parts together that serve programs under `uveth run`, where there is an FFI.

import { loadFileUses } from "../attach/node/file-use.ts";
import { loadPeerCredentials } from "../attach/node/peer-credentials.ts";
import { loadSeqpacket } from "../attach/node/seqpacket.ts";
import { parseUveth, UvethClient } from "../client/uveth.ts";
import { NetlinkClient } from "../netlink/client.ts";
import { NetlinkError } from "../netlink/error.ts";
import { NETLINK_GENERIC } from "../uapi/netlink.ts";
import type { Engine } from "./engine.ts";
import { NetnsFiles } from "./netns-files.ts";
import { codeOf, textOf } from "./node-error.ts";
import { LARGEST_REQUEST, REQUEST_HEADER_SIZE, runPlace } from "./seqpacket-protocol.ts";
import { SeqpacketServer } from "./seqpacket-server.ts";

/** What is served, and where. */
export interface SeqpacketStart {
  readonly engine: Engine;
  /** The daemon's socket, beside which the other one lies. */
  readonly socket: string;
  readonly uid: number;
  log(text: string): void;
  onChange(): void;
}

/** Listens; undefined, with a line in the log, where `uveth run` cannot work. */
export async function startSeqpacket(options: SeqpacketStart): Promise<SeqpacketServer | undefined> {
  const { engine, socket, uid, log, onChange } = options;
  const place = runPlace(socket);
  try {
    const calls = await loadSeqpacket(REQUEST_HEADER_SIZE + LARGEST_REQUEST);
    const readPeer = await loadPeerCredentials();
    const files = new NetnsFiles(engine.machine.core, place.folder, await loadFileUses());
    files.onUnused = onChange;
    await followNames(engine, files, log);
    const server = new SeqpacketServer({
      engine,
      calls,
      socket: place.socket,
      folder: place.folder,
      uid,
      readPeer,
      files,
      log,
      onChange,
    });
    server.listen();
    return server;
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    log(`"uveth run" cannot be used: ${error.message}`);
    return undefined;
  }
}

/** Shows the names that are given and taken by netlink, by the command and the API, as files. */
async function followNames(engine: Engine, files: NetnsFiles, log: (text: string) => void): Promise<void> {
  const client = new NetlinkClient(await engine.machine.openSocket({ protocol: NETLINK_GENERIC }));
  const { netnsGroup } = await UvethClient.open(client);
  const { netnsNames } = engine.machine.core;
  /** Names that could not be shown, as for want of descriptors: they are with the next change. */
  const unseen = new Set<string>();
  const follow = (name: string): void => {
    try {
      if (netnsNames.has(name)) files.showName(name);
      else {
        files.hideName(name);
        files.sweep();
      }
      unseen.delete(name);
    } catch (error) {
      if (codeOf(error) === undefined) throw error;
      if (!unseen.has(name))
        log(`Programs under "uveth run" do not see the namespace "${name}": ${textOf(error)}`);
      unseen.add(name);
    }
  };
  client.onNotification = (message) => {
    const { netns } = parseUveth(message);
    if (netns === undefined) return;
    follow(netns);
    for (const name of [...unseen]) if (name !== netns) follow(name);
  };
  if (netnsGroup !== undefined) client.join(netnsGroup);
}
