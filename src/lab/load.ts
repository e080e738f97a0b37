// Finds out what kind of lab a path holds, and reads it: a file of our own, a containerlab file, or a folder of Kathará's.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { readContainerlab } from "./import-clab.ts";
import { readKathara } from "./import-kathara.ts";
import { LabError } from "./lab-error.ts";
import { planOf } from "./lab-file.ts";
import type { LabPlan } from "./plan.ts";
import { isMapping, YamlText } from "./yaml-text.ts";

/** Reads the lab at `path`; LabError when there is none or it is wrong. */
export function loadPlan(path: string, env: Readonly<Record<string, string | undefined>>): LabPlan {
  if (!existsSync(path)) throw new LabError(`Cannot read "${path}": No such file or directory`);
  if (statSync(path).isDirectory()) return loadFolder(path, env);
  const text = readFileSync(path, "utf8");
  const yaml = new YamlText(text, path, { merge: true });
  return isMapping(yaml.value) && "topology" in yaml.value ? readContainerlab(text, path, env) : planOf(yaml);
}

function loadFolder(path: string, env: Readonly<Record<string, string | undefined>>): LabPlan {
  const names = readdirSync(path).sort();
  if (names.includes("lab.conf")) return loadKathara(path, names);
  const files = names.filter((name) => /\.ya?ml$/.test(name));
  const [only, ...more] = files;
  if (only === undefined) throw new LabError(`There is no lab in "${path}": no lab.conf and no .yml`);
  if (more.length > 0)
    throw new LabError(`There are several labs in "${path}": ${files.join(", ")}; name one`);
  return loadPlan(join(path, only), env);
}

function loadKathara(path: string, names: readonly string[]): LabPlan {
  const startup = new Map<string, string>();
  const others: string[] = [];
  for (const name of names) {
    if (name === "lab.conf" || name.startsWith(".")) continue;
    if (name.endsWith(".startup"))
      startup.set(basename(name, ".startup"), readFileSync(join(path, name), "utf8"));
    else others.push(name);
  }
  return readKathara(readFileSync(join(path, "lab.conf"), "utf8"), basename(path), { startup, others });
}
