// `fetch` over a namespace (`SocketSpace`), on top of Node's own http: the same Request and Response, redirects and content encodings included.
//
// Facts: the Fetch standard, 4.4 (HTTP-redirect fetch) and 4.6. Omitted: caches, cookies, CORS, which belong to browsers.

import type { ClientRequest, IncomingMessage } from "node:http";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import type { AgentOptions, SocketSpace } from "./agent.ts";
import { agent, httpsAgent } from "./agent.ts";

const maxRedirects = 20;
const bodyless: readonly number[] = [101, 204, 205, 304];

/** Fetches over `space`. Rejects as the platform's fetch does: with a TypeError whose cause says what went wrong. */
export async function fetch(
  space: SocketSpace,
  input: string | URL | Request,
  init: RequestInit & Pick<AgentOptions, "resolve"> = {},
): Promise<Response> {
  const { resolve, ...rest } = init;
  let request = new Request(input, rest);
  const options = { keepAlive: false, ...(resolve === undefined ? {} : { resolve }) };
  for (let redirects = 0; ; redirects++) {
    const body = request.body === null ? null : Buffer.from(await request.arrayBuffer());
    const message = await exchange(space, request, body, options).catch((cause: unknown) => {
      throw new TypeError("fetch failed", { cause });
    });
    const next = redirectOf(request, message, body);
    if (next === undefined) return responseOf(message, request.method);
    message.resume();
    if (request.redirect === "error" || redirects >= maxRedirects) {
      throw new TypeError("fetch failed", {
        cause: new Error(redirects >= maxRedirects ? "redirect count exceeded" : "unexpected redirect"),
      });
    }
    request = next;
  }
}

/** Sends a request and waits for the head of the answer. */
function exchange(
  space: SocketSpace,
  { headers, method, signal, url }: Request,
  body: Buffer | null,
  options: AgentOptions,
): Promise<IncomingMessage> {
  const isTls = url.startsWith("https:");
  const sent = Object.fromEntries(headers);
  sent["accept-encoding"] ??= "gzip, deflate, br";
  sent["accept"] ??= "*/*";
  sent["user-agent"] ??= "uveth";
  if (body !== null) sent["content-length"] = String(body.length);
  return new Promise((resolve, reject) => {
    const given = { method, headers: sent, signal };
    const outgoing: ClientRequest = isTls
      ? httpsRequest(url, { ...given, agent: httpsAgent(space, options) }, resolve)
      : httpRequest(url, { ...given, agent: agent(space, options) }, resolve);
    outgoing.on("error", reject);
    outgoing.end(body ?? undefined);
  });
}

/** The request that a redirect asks for; undefined when the answer is none, or is wanted as it is. */
function redirectOf(request: Request, message: IncomingMessage, body: Buffer | null): Request | undefined {
  const { location } = message.headers;
  const status = message.statusCode ?? 0;
  const isRedirect = [301, 302, 303, 307, 308].includes(status);
  if (!isRedirect || location === undefined || request.redirect === "manual") return undefined;
  const isPost = request.method === "POST" && (status === 301 || status === 302);
  const becomesGet = isPost || (status === 303 && request.method !== "GET" && request.method !== "HEAD");
  const headers = new Headers(request.headers);
  if (becomesGet)
    for (const name of ["content-length", "content-type", "content-encoding"]) headers.delete(name);
  const url = new URL(location, request.url);
  if (url.origin !== new URL(request.url).origin) headers.delete("authorization");
  return new Request(url, {
    method: becomesGet ? "GET" : request.method,
    headers,
    body: becomesGet ? null : body,
    redirect: request.redirect,
    signal: request.signal,
  });
}

function responseOf(message: IncomingMessage, method: string): Response {
  const headers = new Headers();
  for (const [name, value] of Object.entries(message.headers)) {
    for (const each of Array.isArray(value) ? value : [value ?? ""]) headers.append(name, each);
  }
  const status = message.statusCode ?? 0;
  const hasBody = method !== "HEAD" && !bodyless.includes(status);
  if (!hasBody) message.resume();
  const body = hasBody ? Readable.toWeb(decoded(message)) : null;
  // Node's stream/web and the global ReadableStream are one class with two sets of types.
  return new Response(body === null ? null : toBody(body), {
    status,
    statusText: message.statusMessage ?? "",
    headers,
  });
}

function toBody(stream: ReturnType<typeof Readable.toWeb>): ConstructorParameters<typeof Response>[0] {
  return stream;
}

function decoded(message: IncomingMessage): Readable {
  switch (message.headers["content-encoding"]) {
    case "gzip":
    case "x-gzip":
      return message.pipe(createGunzip());
    case "deflate":
      return message.pipe(createInflate());
    case "br":
      return message.pipe(createBrotliDecompress());
    default:
      return message;
  }
}
