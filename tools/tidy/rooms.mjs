// The room table of ARCHITECTURE.md, held against the imports: each edge in use is listed, each listed edge is in use.

import { isEnvironment } from "./platform.mjs";

/** @import { Source } from "./source.mjs" */
/** @import { Finding, Report } from "./report.mjs" */
/** @import { Environment } from "./platform.mjs" */

/**
 * A row of the table. `name` and `mayImport` are paths below src: a folder, or a file with its extension.
 *
 * @typedef {{ name: string, mayImport: string[], environment: Environment, holds: string, line: number }} Room
 */

export const ARCHITECTURE = "ARCHITECTURE.md";

/** Packages from npm, and the rooms and files that may import them. */
const PACKAGES = {
  koffi: ["attach/node", "daemon"],
  ws: ["attach/node", "daemon"],
  yaml: ["lab"],
  vitest: ["lab/vitest.ts", "testing"],
};

/**
 * Reads the table below the heading "Rooms".
 *
 * @param {string} markdown
 * @param {Finding[]} findings Gets what is wrong with the table itself.
 * @returns {Room[]}
 */
export function readRooms(markdown, findings) {
  const lines = markdown.split("\n");
  const heading = lines.indexOf("## Rooms");
  const start = lines.findIndex((line, index) => index > heading && line.startsWith("|"));
  /** @param {number} index @param {string} message */
  const complain = (index, message) => findings.push({ file: ARCHITECTURE, line: index + 1, message });
  if (heading === -1 || start === -1) {
    complain(0, `no table below a heading "## Rooms"`);
    return [];
  }
  /** @type {Room[]} */
  const rooms = [];
  for (let index = start + 2; lines[index]?.startsWith("|"); index++) {
    const [name = "", mayImport = "", environment = "", holds = ""] = cells(lines[index] ?? "");
    if (isEnvironment(environment)) {
      rooms.push({ name: unquoted(name), mayImport: names(mayImport), environment, holds, line: index + 1 });
    } else {
      complain(index, `"${environment}" is no environment: say any, Node or browser, Node, or browser`);
    }
  }
  return rooms;
}

/** @param {string} line */
function cells(line) {
  return line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
}

/** @param {string} cell */
function unquoted(cell) {
  return cell.replaceAll("`", "");
}

/** @param {string} cell */
function names(cell) {
  return unquoted(cell)
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "" && name !== "–");
}

/**
 * Finds the room of a file: the longest row that its path lies in.
 *
 * @param {Room[]} rooms
 * @param {string} path Relative to the checkout.
 */
export function roomOf(rooms, path) {
  return rooms
    .filter(({ name }) => path === `src/${name}` || path.startsWith(`src/${name}/`))
    .sort((a, b) => b.name.length - a.name.length)[0];
}

/**
 * Holds the imports against the table, in both directions.
 *
 * @param {Source[]} sources The files of src, without tests.
 * @param {Room[]} rooms
 * @param {Report} report
 * @param {Finding[]} findings
 */
export function checkRooms(sources, rooms, report, findings) {
  /** @type {Set<string>} */
  const used = new Set();
  for (const source of sources) {
    const room = roomOf(rooms, source.path);
    if (room === undefined) {
      report(source, 0, `in no room of the table in ${ARCHITECTURE}`);
      continue;
    }
    used.add(room.name);
    /** @type {Set<string | undefined>} */
    const seen = new Set([room.name]);
    for (const { target, line } of source.imports) {
      if (target === undefined) continue;
      const edge = edgeTo(rooms, room, target);
      if (seen.has(edge)) continue;
      if (edge !== undefined) seen.add(edge);
      if (edge === undefined) report(source, { line }, `imports ${target}, which is in no room`);
      else if (room.mayImport.includes(edge)) used.add(`${room.name} → ${edge}`);
      else report(source, { line }, `${room.name} may not import ${edge} (${ARCHITECTURE}, Rooms)`);
    }
  }
  for (const { name, mayImport, line } of rooms) {
    if (!used.has(name)) findings.push({ file: ARCHITECTURE, line, message: `room ${name} has no files` });
    for (const edge of mayImport) {
      if (used.has(`${name} → ${edge}`)) continue;
      findings.push({
        file: ARCHITECTURE,
        line,
        message: `${name} is said to import ${edge}, which no file does`,
      });
    }
  }
}

/**
 * Names the edge of an import as the table does: by file where the row lists that file, else by room.
 *
 * @param {Room[]} rooms
 * @param {Room} room The importing one.
 * @param {string} target
 */
function edgeTo(rooms, room, target) {
  const file = target.slice("src/".length);
  if (target.startsWith("src/") && room.mayImport.includes(file)) return file;
  return roomOf(rooms, target)?.name;
}

/**
 * Reports imports from npm that the room is not allowed.
 *
 * @param {Source} source
 * @param {Report} report
 */
export function checkPackages(source, report) {
  for (const { specifier, target, line } of source.imports) {
    if (target !== undefined || specifier.startsWith("node:")) continue;
    const name = specifier
      .split("/")
      .slice(0, specifier.startsWith("@") ? 2 : 1)
      .join("/");
    const allowed = Object.entries(PACKAGES).find(([known]) => known === name)?.[1] ?? [];
    const isAllowed = allowed.some(
      (place) => source.path === `src/${place}` || source.path.startsWith(`src/${place}/`),
    );
    if (!isAllowed) report(source, { line }, `imports the package ${name}`);
  }
}

/**
 * Writes the table's rows as the imports are now, keeping what only people can tell.
 *
 * @param {Source[]} sources
 * @param {Room[]} rooms
 * @returns {string}
 */
export function printRooms(sources, rooms) {
  const known = new Set(rooms.map(({ name }) => name));
  /** @type {Room[]} */
  const all = [...rooms];
  for (const { path } of sources) {
    if (roomOf(all, path) !== undefined) continue;
    const name = path.split("/")[1] ?? path;
    all.push({ name, mayImport: [], environment: "any", holds: "", line: 0 });
  }
  const rows = all.map((room) => {
    const mine = sources.filter(({ path }) => roomOf(all, path) === room);
    const edges = new Set(
      mine.flatMap(({ imports }) => imports.map(({ target }) => target && edgeTo(all, room, target))),
    );
    const listed = [...all.map(({ name }) => name), ...room.mayImport].filter(
      (name, index, list) => name !== room.name && edges.has(name) && list.indexOf(name) === index,
    );
    const environment = known.has(room.name) ? room.environment : "?";
    return `| \`${room.name}\` | ${listed.join(", ") || "–"} | ${environment} | ${room.holds} |`;
  });
  return ["| room | may import | environment | what it holds |", "|---|---|---|---|", ...rows].join("\n");
}
