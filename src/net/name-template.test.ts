// What: a template gives the free name with the lowest number, whatever comes and goes meanwhile.
//
// Kernel reference: net/core/dev.c (__dev_alloc_name).

import { expect, test } from "vitest";
import { NameTemplates } from "./name-template.ts";
import { SeededRandom } from "./random.ts";

/** What Linux does: tries every number from 0 on. */
function lowestFree(before: string, after: string, names: Set<string>): string {
  for (let number = 0; ; number++) {
    const name = `${before}${number}${after}`;
    if (!names.has(name)) return name;
  }
}

test("allocate() gives what a search from 0 finds, over random comings and goings", () => {
  const random = new SeededRandom(7);
  const templates = new NameTemplates();
  const names = new Set<string>();
  for (let step = 0; step < 5_000; step++) {
    const [before, after] = random.u32() % 2 === 0 ? ["veth", ""] : ["v", "th"];
    if (random.u32() % 3 > 0) {
      const name = templates.allocate(`${before}%d${after}`, (taken) => names.has(taken));
      expect(name).toBe(lowestFree(before, after, names));
      if (name !== undefined) names.add(name);
    } else {
      const gone = [...names][random.u32() % Math.max(names.size, 1)];
      if (gone !== undefined && names.delete(gone)) templates.release(gone);
      // A name that only looks as if it came from a template.
      templates.release("veth007");
    }
  }
});

test("allocate() gives 32,768 names and no more", () => {
  const templates = new NameTemplates();
  const names = new Set<string>();
  for (let count = 0; count < 32_768; count++) {
    names.add(templates.allocate("n%d", (taken) => names.has(taken)) ?? "");
  }
  expect(names.has("n32767")).toBe(true);
  expect(templates.allocate("n%d", (taken) => names.has(taken))).toBeUndefined();
  names.delete("n5");
  templates.release("n5");
  expect(templates.allocate("n%d", (taken) => names.has(taken))).toBe("n5");
});

test("allocate() gives no name of 16 bytes", () => {
  const templates = new NameTemplates();
  const names = new Set<string>();
  for (let count = 0; count < 10; count++) {
    names.add(templates.allocate("fourteen-bytes%d", (taken) => names.has(taken)) ?? "");
  }
  expect(templates.allocate("fourteen-bytes%d", (taken) => names.has(taken))).toBeUndefined();
});

test("a template forgotten among many others starts over and still finds its way", () => {
  const templates = new NameTemplates();
  const names = new Set(["a0", "a1"]);
  expect(templates.allocate("a%d", (taken) => names.has(taken))).toBe("a2");
  for (let other = 0; other < 40; other++) templates.allocate(`b${other}x%d`, () => false);
  names.delete("a0");
  templates.release("a0");
  expect(templates.allocate("a%d", (taken) => names.has(taken))).toBe("a0");
});
