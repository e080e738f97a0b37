// A port of a vde_switch: a control connection, over which the two tell each other where their sockets for frames are.
//
// Facts: VDE's protocol, version 3: the request is packed and in the machine's byte order.

import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import type { Socket } from "node:net";
import { connect } from "node:net";
import { join } from "node:path";
import { getU16, setU32 } from "../../../bytes/endian.ts";
import { encodeUtf8Into } from "../../../bytes/utf8.ts";
import type { Tap } from "../../../index.ts";
import { NetlinkError } from "../../../netlink/error.ts";
import { AF_UNIX } from "../../../uapi/socket.ts";
import type { Attached } from "../../attached.ts";
import { SOCKADDR_UN_SIZE, unixAddress } from "../unix-address.ts";
import type { OutsideEndpoint } from "./endpoint.ts";
import { refusal } from "./refusal.ts";
import { UnixDatagram } from "./unix-datagram.ts";

const magic = 0xfeed_face;
const version = 3;
/** What is asked for: a new port, or the one whose number stands above it. */
const requestNewControl = 0;
// struct request_v3
const REQUEST_MAGIC = 0;
const REQUEST_VERSION = 4;
const REQUEST_TYPE = 8;
const REQUEST_SOCKET = 12;
const REQUEST_DESCRIPTION = REQUEST_SOCKET + SOCKADDR_UN_SIZE;
const description = "uveth";

/** A switch that does not answer is given up, and one that was lost is tried again. */
const answerMs = 2_000;
const retryMs = 1_000;

type Vde = Extract<OutsideEndpoint, { type: "vde" }>;

/**
 * Joins `tap` to a switch, and again whenever that is lost. Rejects with a NetlinkError: what connect(2) and bind(2) say, EPROTO for one
 * that does not answer as a switch does, ENOSYS where there is no FFI.
 */
export async function joinVde(tap: Tap, endpoint: Vde): Promise<Attached> {
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  const lost = (): void => {
    if (!isClosed) timer = setTimeout(again, retryMs);
  };
  const again = (): void => {
    plug(tap, endpoint, lost).then((plugged) => {
      if (isClosed) plugged.close();
      else current = plugged;
    }, lost);
  };
  let current = await plug(tap, endpoint, lost);
  return {
    close() {
      isClosed = true;
      clearTimeout(timer);
      current.close();
    },
  };
}

/** Takes a port of the switch, until it is lost. */
async function plug(tap: Tap, { folder, port }: Vde, onLost: () => void): Promise<Attached> {
  if (!existsSync(join(folder, "ctl")))
    throw new NetlinkError("ENOENT", `There is no vde_switch in ${folder}: no ${join(folder, "ctl")}`);
  const path = join(folder, `.${five(process.pid)}-${five(randomInt(100_000))}`);
  const socket = await UnixDatagram.open(path, (frame) => tap.deliver(frame));
  let control: Socket;
  try {
    control = await openControl(join(folder, "ctl"));
  } catch (error) {
    socket.close();
    throw error;
  }
  control.once("close", () => socket.close());
  const close = (): void => void control.destroy();
  try {
    const address = await askForPort(control, port, path);
    // The switch has connected to it.
    socket.unlink();
    tap.onFrame = (frame) => socket.send(frame, address);
  } catch (error) {
    close();
    throw error;
  }
  control.once("close", () => {
    tap.onFrame = () => false;
    tap.setCarrier(false);
    onLost();
  });
  tap.setCarrier(true);
  return { close };
}

function openControl(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const control = connect(path);
    control.once("connect", () => resolve(control));
    control.on("error", (error) => reject(refusal(error, `Cannot connect to the switch at ${path}`)));
  });
}

/** Says where our socket is, and resolves with the switch's. */
function askForPort(control: Socket, port: number, path: string): Promise<Uint8Array> {
  const request = new Uint8Array(REQUEST_DESCRIPTION + description.length);
  setU32(request, REQUEST_MAGIC, magic);
  setU32(request, REQUEST_VERSION, version);
  setU32(request, REQUEST_TYPE, requestNewControl | (port << 8));
  request.set(unixAddress(path), REQUEST_SOCKET);
  encodeUtf8Into(description, request, REQUEST_DESCRIPTION);
  return new Promise((resolve, reject) => {
    const refuse = (text: string): void => reject(new NetlinkError("EPROTO", text));
    const timer = setTimeout(() => refuse("The switch does not answer"), answerMs);
    let answer = Buffer.alloc(0);
    control.on("data", (bytes) => {
      if (answer.length >= SOCKADDR_UN_SIZE) return;
      answer = Buffer.concat([answer, bytes]);
      if (answer.length < SOCKADDR_UN_SIZE) return;
      clearTimeout(timer);
      if (getU16(answer, 0) === AF_UNIX) resolve(unixAddressOf(answer));
      else refuse("What answers is no vde_switch");
    });
    control.once("close", () => {
      clearTimeout(timer);
      refuse(port === 0 ? "The switch refuses" : `The switch refuses the port ${port}`);
    });
    control.write(request);
  });
}

/** A struct sockaddr_un in memory of its own, which the garbage collector does not move. */
function unixAddressOf(bytes: Uint8Array): Uint8Array {
  const address = new Uint8Array(new ArrayBuffer(128)).subarray(0, SOCKADDR_UN_SIZE);
  address.set(bytes.subarray(0, SOCKADDR_UN_SIZE));
  return address;
}

function five(number: number): string {
  return String(number % 100_000).padStart(5, "0");
}
