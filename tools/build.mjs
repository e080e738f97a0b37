// npm run build: makes `dist/` from the sources, when it is missing or stale (`--force`: in any case).
//
//   src/**         → dist/**.d.ts            declarations
//   the package's doors → dist/index.js, …   what `exports` names; the core rooms are one file behind them, every other room one
//   src/main.ts    → dist/uveth.js           the command, bundled, rarer words as lazy chunks
//   src/**.worker.ts → dist/*.worker.js      worker threads of the command, beside it
//   src/index.ts   → dist/core.bundle.js     the core as one script (`var uveth = …`) that runs where there is no platform
//   native/*.c       → dist/preload.so       what `uveth run` puts before the C library; left out without a C compiler
//   native/supervise/*.c → dist/uveth-supervise  what does the same for programs that it does not reach, where there is a static libc
//   native/netns/*.c → dist/uveth-netns      what makes and enters namespaces for `uveth exec`; the same holds for it
//   bench/*.ts, examples/*.ts, test/{fuzz,corpus,frames,sim,interop,soak}/*.ts → dist/…: programs that run on the same files
//
// Rooms are bundled for speed: within a module V8 knows a function and a constant, what comes from another module it looks up
// and checks each time. Linux's numbers are written out where they are used. Fields get their values by assignment
// (`useDefineForClassFields` off): one that is first defined as undefined is to V8 of any type ever after, and its type is
// checked at each use (56 instructions a frame on a veth).
//
// The new `dist/` is made aside and then put in place, under a lock: commands that start meanwhile wait for it.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureInstalled } from "./install.mjs";
import { withLock } from "./lock.mjs";
import { isBuilt, nativeFiles, STAMP, sourceFiles, sourceSignature } from "./stamp.mjs";

/**
 * Builds when `dist/` is missing or stale, or when `force` says so. Throws an error with the compiler's words on failure.
 *
 * @param {string} root The checkout; its npm packages are installed.
 * @param {(line: string) => void} say Told before something is built.
 * @param {{ force?: boolean }} [options]
 */
export async function ensureBuilt(root, say, { force = false } = {}) {
  if (!force && isBuilt(root)) return;
  await withLock(join(root, "dist.lock"), async () => {
    if (!force && isBuilt(root)) return;
    say("Building dist/");
    await build(root);
  });
}

/** @param {string} root */
async function build(root) {
  const fresh = join(root, "dist.new");
  const modules = join(root, "dist.modules");
  const stale = join(root, "dist.old");
  const signature = sourceSignature(root);
  for (const folder of [fresh, modules]) rmSync(folder, { recursive: true, force: true });
  await compile(root, modules, fresh);
  await bundle(root, modules, fresh);
  rmSync(modules, { recursive: true });
  compileNative(root, fresh);
  writeFileSync(join(fresh, STAMP), signature);
  rmSync(stale, { recursive: true, force: true });
  if (existsSync(join(root, "dist"))) renameSync(join(root, "dist"), stale);
  renameSync(fresh, join(root, "dist"));
  rmSync(stale, { recursive: true, force: true });
}

/**
 * Emits JavaScript, a module for each source, and declarations. Types are checked by `npm run types`, not here.
 *
 * @param {string} root
 * @param {string} modules
 * @param {string} declarations
 * @returns {Promise<void>}
 */
function compile(root, modules, declarations) {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const project = join(root, "tsconfig.build.json");
  const folders = ["--outDir", modules, "--declarationDir", declarations];
  const args = [tsc, "--project", project, ...folders, "--noCheck"];
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (text) => {
      output += text;
    });
    child.on("error", fail);
    child.on("close", (code) => (code === 0 ? done() : fail(new Error(`tsc failed:\n${output}`))));
  });
}

/** What the supervisor does as the preload library does it. */
const supervised = new Set([
  "daemon",
  "netlink",
  "send",
  "receive",
  "overrun",
  "ethtool",
  "ioctl",
  "map",
  "written",
  "confine",
]);

/**
 * Compiles what is in C with the system's compiler, where there is one. Warnings are shown, errors are ours to mend.
 *
 * @param {string} root
 * @param {string} out
 */
function compileNative(root, out) {
  const sources = nativeFiles(root).filter((path) => path.endsWith(".c"));
  if (process.platform !== "linux" || sources.length === 0) return;
  const inFolder = (/** @type {string} */ name) => sources.filter((path) => basename(dirname(path)) === name);
  const preload = inFolder("native");
  const netns = inFolder("netns");
  const isThere = cc(join(out, "preload.so"), [
    "-shared",
    "-fPIC",
    "-fvisibility=hidden",
    "-pthread",
    ...preload,
    "-ldl",
  ]);
  const isStatic = isThere && hasStaticLibc(out);
  const shared = preload.filter((path) => supervised.has(basename(path, ".c")));
  if (isStatic)
    cc(join(out, "uveth-supervise"), [
      "-DUVETH_SUPERVISE",
      "-static",
      "-pthread",
      ...inFolder("supervise"),
      ...shared,
    ]);
  // A program that needs no library runs on any distribution; not every one has what that takes.
  if (isThere && netns.length > 0) cc(join(out, "uveth-netns"), [isStatic ? "-static" : "-no-pie", ...netns]);
}

/**
 * @param {string} output
 * @param {string[]} words
 * @returns {boolean} Whether there is a compiler.
 */
function cc(output, words) {
  const options = ["-O2", "-std=gnu11", "-Wall", "-Wextra", "-o", output];
  const result = spawnSync("cc", [...options, ...words], { stdio: ["ignore", "inherit", "inherit"] });
  if (result.error !== undefined) return false;
  if (result.status !== 0) throw new Error("cc failed on native/");
  return true;
}

/** @param {string} out */
function hasStaticLibc(out) {
  const probe = join(out, "probe");
  const words = ["-x", "c", "-static", "-o", probe, "-"];
  const { status } = spawnSync("cc", words, {
    input: "int main(void) { return 0; }",
    stdio: ["pipe", "ignore", "ignore"],
  });
  rmSync(probe, { force: true });
  return status === 0;
}

/**
 * @param {string} root
 * @param {string} modules
 * @param {string} out
 */
async function bundle(root, modules, out) {
  const { rolldown } = await import("rolldown");
  /**
   * @param {import("rolldown").InputOptions} input
   * @param {import("rolldown").OutputOptions} output
   */
  const write = async (input, output) => {
    const bundle = await rolldown({
      cwd: root,
      logLevel: "warn",
      optimization: { inlineConst: { mode: "all", pass: 2 } },
      ...input,
    });
    // What is documented is in the declarations.
    await bundle.write({ comments: { jsdoc: false }, ...output });
    await bundle.close();
  };

  const core = join(modules, "index.js");
  await write({ input: core }, { file: join(out, "core.bundle.js"), format: "iife", name: "uveth" });

  // Programs reach behind the doors, so that both are made in one go: there is one machine, whoever asks for it.
  await write(
    {
      input: { ...doorsOf(root, modules), ...programsOf(root) },
      platform: "node",
      external: [/^node:/, /^uveth/, ...packages],
      plugins: [onModules(root, modules), leaveMissing()],
      preserveEntrySignatures: "allow-extension",
    },
    {
      dir: out,
      format: "esm",
      entryFileNames: "[name].js",
      chunkFileNames: ({ facadeModuleId, moduleIds }) =>
        [...moduleIds, facadeModuleId ?? ""].some((id) => id.startsWith(modules))
          ? "library-[name].js"
          : "programs/[name].js",
      codeSplitting: {
        includeDependenciesRecursively: false,
        groups: [{ name: (id) => roomOf(relative(modules, id)), debugName: "rooms" }],
      },
    },
  );

  /** @type {Record<string, string>} */
  const command = {};
  if (existsSync(join(modules, "main.js"))) command["uveth"] = join(modules, "main.js");
  for (const path of sourceFiles(join(root, "src"))) {
    if (!path.endsWith(".worker.ts")) continue;
    command[basename(path, ".ts")] = join(modules, `${relative(join(root, "src"), path).slice(0, -3)}.js`);
  }
  // What most words share is one file, what fewer share is files by who shares it, what a word has for itself another: a
  // start reads few small files. Neither one large file (parsed in vain: a lab shares something with every word) nor one
  // file per module shared (a millisecond each) is as quick.
  const shared = { groups: [{ name: "base", minShareCount: 5 }] };
  for (const [name, input] of Object.entries(command)) {
    await write(
      {
        input: { [name]: input },
        platform: "node",
        external: [/^node:/, ...packages],
        plugins: [leaveMissing()],
      },
      {
        dir: out,
        format: "esm",
        entryFileNames: "[name].js",
        chunkFileNames: "uveth-[name].js",
        codeSplitting: name === "uveth" && shared,
      },
    );
  }
}

/** What is not bundled but loaded from the packages installed. */
const packages = ["koffi", "undici", "vitest", "ws", "yaml"];

/**
 * The doors of the package: output name → compiled module.
 *
 * @param {string} root
 * @param {string} modules
 */
function doorsOf(root, modules) {
  /** @type {Record<string, string>} */
  const doors = {};
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  for (const path of Object.values(exports)) {
    if (!path.endsWith(".js")) continue;
    const module = relative("dist", path);
    doors[module.slice(0, -3)] = join(modules, module);
  }
  return doors;
}

/** What the library's files are: the core rooms as one, and those that a page must not load, or that load when asked for. */
const rooms = ["core", "attach", "node", "cli", "daemon", "lab", "shell", "testkit"];

/**
 * The file that a module of the library goes to; null leaves that to the bundler.
 *
 * @param {string} module Its path below `src/`.
 */
function roomOf(module) {
  // Vitest is there for those who use it.
  if (module.startsWith("..") || module === "lab/vitest.js") return null;
  if (module.startsWith("attach/node/")) return "node";
  const room = dirname(module).split("/", 1)[0] ?? "";
  return rooms.includes(room) ? room : "core";
}

/**
 * The programs of the checkout: output name → source file.
 *
 * @param {string} root
 */
function programsOf(root) {
  /** @type {Record<string, string>} */
  const programs = {};
  for (const folder of [
    "bench",
    "examples",
    "test/fuzz",
    "test/corpus",
    "test/frames",
    "test/sim",
    "test/interop",
    "test/soak",
  ]) {
    for (const path of sourceFiles(join(root, folder))) {
      if (dirname(path) === join(root, folder))
        programs[`${basename(folder)}/${basename(path, ".ts")}`] = path;
    }
  }
  return programs;
}

/**
 * Lets programs that import `../src/x.ts` have what is shipped of it.
 *
 * @param {string} root
 * @param {string} modules
 * @returns {import("rolldown").Plugin}
 */
function onModules(root, modules) {
  const src = join(root, "src");
  return {
    name: "on-modules",
    resolveId(source, importer) {
      if (importer === undefined || !source.startsWith(".")) return null;
      const path = relative(src, resolve(dirname(importer), source));
      return path.startsWith("..") ? null : join(modules, path.replace(/\.ts$/, ".js"));
    },
  };
}

/**
 * Leaves imports of files that are not there as they are: what needs them fails when it runs, the rest works. Naming them
 * is the business of `npm run types`.
 *
 * @returns {import("rolldown").Plugin}
 */
function leaveMissing() {
  return {
    name: "leave-missing",
    resolveId(source, importer) {
      if (importer === undefined || !source.startsWith(".")) return null;
      const path = resolve(dirname(importer), source);
      return existsSync(path) ? null : { id: path, external: "relative" };
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
  await ensureInstalled(root, console.error);
  await ensureBuilt(root, console.error, { force: process.argv.includes("--force") });
}
