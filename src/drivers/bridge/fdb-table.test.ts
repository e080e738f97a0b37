// What: the forwarding table finds what was added and not removed, in the order of age, however much of it there is.
//
// Source: the table's own contract; a Map and an array stand for what it must be.

import fc from "fast-check";
import { expect, test } from "vitest";
import { FdbTable, highOf, noEntry } from "./fdb-table.ts";

/** Addresses that collide often: few of them, in few VLANs. */
const key = fc.record({ address: fc.integer({ min: 1, max: 60 }), vid: fc.integer({ min: 0, max: 2 }) });

test("the table is a map with an order", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ key, isAdd: fc.boolean() }), { maxLength: 400 }), (steps) => {
      const table = new FdbTable<string>();
      const model: { name: string; entry: number }[] = [];
      for (const { key: each, isAdd } of steps) {
        const address = each.address * 0x1_0000_0001;
        const name = `${each.address}/${each.vid}`;
        const known = model.find((one) => one.name === name);
        expect(table.findAddress(address, each.vid)).toBe(known?.entry ?? noEntry);
        if (isAdd && known === undefined) {
          const entry = table.add(highOf(address, each.vid), address | 0, name, 0);
          model.unshift({ name, entry });
        } else if (!isAdd && known !== undefined) {
          table.remove(known.entry);
          model.splice(model.indexOf(known), 1);
        }
      }
      const names: (string | null | undefined)[] = [];
      for (let entry = table.newest; entry !== noEntry; entry = table.olderThan(entry))
        names.push(table.ports[entry]);
      expect(names).toEqual(model.map(({ name }) => name));
      expect(table.size).toBe(model.length);
    }),
    { numRuns: 60 },
  );
});

test("ten thousand entries are all found, and gone when removed", () => {
  const table = new FdbTable<number>();
  const entries = Array.from({ length: 10_000 }, (_, number) => table.add(0x0200, number * 0x101, number, 0));
  for (const [number, entry] of entries.entries()) expect(table.find(0x0200, number * 0x101)).toBe(entry);
  for (const entry of entries) table.remove(entry);
  expect([table.size, table.newest, table.find(0x0200, 0x101)]).toEqual([0, noEntry, noEntry]);
});

test("a full table takes no more until an entry is gone", () => {
  const table = new FdbTable<string>(40);
  for (let number = 0; number < 40; number++) expect(table.add(0x0200, number, "one", 0)).not.toBe(noEntry);
  expect([table.add(0x0200, 40, "other", 0), table.size, table.find(0x0200, 40)]).toEqual([
    noEntry,
    40,
    noEntry,
  ]);
  table.remove(table.find(0x0200, 7));
  expect(table.add(0x0200, 40, "other", 0)).not.toBe(noEntry);
});
