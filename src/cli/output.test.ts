// What: one description of fields becomes text, JSON on one line, or pretty JSON in iproute2's layout, with its colours.
//
// Source: the output of `ip`, `ip -json`, `ip -json -pretty` and `ip -color` of iproute2 6.1.0.

import { describe, expect, test } from "vitest";
import type { OutputStyle } from "./output.ts";
import { Output } from "./output.ts";

const PLAIN: OutputStyle = { json: false, pretty: false, oneline: false, isDark: undefined };

function printed(style: Partial<OutputStyle>, print: (out: Output) => void): string {
  let text = "";
  const out = new Output((piece) => void (text += piece), { ...PLAIN, ...style });
  out.open();
  print(out);
  out.close();
  return text;
}

function record(out: Output): void {
  out.openObject();
  out.field("ifname", "v0", "v0: ", "ifname");
  out.openArray("flags", "<");
  out.item("UP", "UP");
  out.item("LOWER_UP", ",LOWER_UP");
  out.closeArray("> ");
  out.field("mtu", 1500, "mtu 1500 ");
  out.newline();
  out.text("    ");
  out.openArray("addr_info");
  out.closeArray();
  out.json("only", null);
  out.closeObject();
}

describe("Output", () => {
  test("writes text, in which JSON's members do not appear", () => {
    expect(printed({}, record)).toBe("v0: <UP,LOWER_UP> mtu 1500 \n    ");
  });

  test("writes line ends within a record as backslashes when there is one line per record", () => {
    expect(printed({ oneline: true }, record)).toBe("v0: <UP,LOWER_UP> mtu 1500 \\    ");
  });

  test("writes an array of objects as JSON on one line", () => {
    expect(printed({ json: true }, record)).toBe(
      '[{"ifname":"v0","flags":["UP","LOWER_UP"],"mtu":1500,"addr_info":[],"only":null}]\n',
    );
  });

  test("writes pretty JSON with a line per member and elements one after another", () => {
    const pretty = printed({ json: true, pretty: true }, (out) => {
      record(out);
      out.openObject();
      out.closeObject();
    });
    expect(pretty).toBe(`[ {
        "ifname": "v0",
        "flags": [ "UP","LOWER_UP" ],
        "mtu": 1500,
        "addr_info": [ ],
        "only": null
    },{} ]
`);
  });

  test("writes empty documents", () => {
    expect(printed({ json: true }, () => {})).toBe("[]\n");
    expect(printed({ json: true, pretty: true }, () => {})).toBe("[ ]\n");
    expect(printed({}, () => {})).toBe("");
  });

  test("escapes what JSON must have escaped, and nothing else", () => {
    const alias = "a'b\"c\\d\te/é";
    expect(printed({ json: true }, (out) => out.item(alias, ""))).toBe('["a\'b\\"c\\\\d\\te/é"]\n');
  });

  test.each([
    [false, "\x1b[36mv0\x1b[0m"],
    [true, "\x1b[1;36mv0\x1b[0m"],
  ])("paints for a dark background: %s", (isDark, text) => {
    expect(printed({ isDark }, (out) => out.text("v0", "ifname"))).toBe(text);
  });
});
