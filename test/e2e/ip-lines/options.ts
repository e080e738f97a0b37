// Command lines for comparison with iproute2: options before the object, abbreviations, help, batches.

import type { Scenario } from "../scenario.ts";

/** Options, how they are shortened, and what is wrong with them. */
export const options: Scenario = {
  title: "options",
  setup: ["link set v0 addrgenmode none", "link set v1 addrgenmode none", "addr add 10.0.0.1/24 dev v0"],
  lines: `
    ""
    help
    h
    help foo
    -h
    -help
    -j help
    foo
    foo bar
    l
    li
    lin
    a
    add
    addr
    monitor help
    mon h
    monitor foo
    monitor dev
    monitor dev nosuch
    -
    --
    -- link show lo
    -x
    -jp link
    -4j link
    -sx link show
    -f
    -f foo link
    -f inet addr
    -family inet6 addr
    -f link addr
    -n
    -n nosuch link
    -netns nosuch addr
    -l
    -l 5 link show lo
    -l x link show lo
    -rc 100 link show lo
    -rc x link show lo
    -echo link show lo
    -ech link show lo
    -all link show lo
    -force link show lo
    -human link show lo
    -iec link show lo
    -t link show lo
    -ts link show lo
    -r link show lo
    --json link show lo
    -statistics link show lo
    -s -s -s link show lo
    -details link show v0
    -oneline link show v0
    -on addr show v0
    -brief link
    -br addr
    -pretty -json link show v0
    -js addr show v0
    -Numeric link show v0
    -N addr show v0
    -N -j addr show v0
    -c link
    -c addr
    -c -br link
    -c -br addr
    -c -o link
    -c -o addr
    -c -j link
    -c= link
    -c=always addr
    -c=auto addr
    -col=never addr
    -c=foo addr
    -colors addr
  `,
};

/** Batches: comments, continued lines, quotes, failures. */
export const batches: Scenario = {
  title: "batches",
  setup: ["link set v0 addrgenmode none", "link set v1 addrgenmode none", "addr add 10.0.0.1/24 dev v0"],
  lines: `
    -b
    -b /nosuch
    -batch nosuch link
    -b - <<< link show v0\\nlink show lo\\n
    -b - <<< link show v0\\nlink show nosuch\\nlink show v1\\n
    -force -b - <<< link show v0\\nlink show nosuch\\nlink show v1\\n
    -force -b - <<< link show v0\\nlink set v0 foo\\nlink show v1\\n
    -force -b - <<< foo\\nlink show v1\\n
    -force -b - <<< link set v0 mtu 10\\n link show \\\\\\nv0\\n foo\\n
    -j -b - <<< link show v0\\nlink show v1\\n
    -j -p -b - <<< addr show v0\\n\\n# x\\n  # y\\naddr show lo # z\\n
    -b - <<< link show \\\\\\nv0\\nlink show nosuch
    -b - <<< link show "v0"\\nlink show 'v1'
    -b - <<< link show "v0
    -b - <<< link show v0\\\\
    -b - <<< addr add foo dev v0\\nlink show v0
    -force -b - <<< addr add foo dev v0\\nlink show v0
    -b - <<< help
    -b - <<< addr add 10.0.0.2/24 dev v0\\naddr add 10.0.0.3/24 dev v0
    -force -b - <<< addr add 10.0.0.2/24 dev v0\\naddr add 10.0.0.4/24 dev v0
    addr show v0
    -b - <<< link set v0 alias "two words"
    -b - <<< link set v1 alias 'and "quotes"'
    link show
  `,
};
