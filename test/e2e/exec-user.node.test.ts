// What: an ordinary user runs programs, and Debian's daemons, in namespaces of the daemon's machine: as himself with rights over the
// network, or as root with his subordinate ids behind it.
//
//   netns red [v0]──────[v1] netns blue        programs on either side, reached from the other
//
// Source: user_namespaces(7), newuidmap(1), subuid(5); the daemons' own manuals.

import { existsSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { withReason } from "../fixtures/native-missing.ts";
import { asOrdinaryUser, isProgram, rangeMissing, userMissing } from "./ordinary-user.ts";

/** A pair whose ends are up in red and blue, with addresses 10.0.0.1 and 10.0.0.2. */
const pair = `uveth ip -batch - <<END || exit
netns add red
netns add blue
link add v0 netns red type veth peer name v1 netns blue
END
for end in "red v0 1" "blue v1 2"; do
  set -- $end
  printf 'link set lo up\\naddr add 10.0.0.%s/24 dev %s\\nlink set %s up\\n' $3 $2 $2 | uveth ip -n $1 -batch -
done
`;

/** Asks in blue until there is an answer. */
const poll = `poll() { for turn in $(seq 50); do uveth exec blue "$@" 2>>"$HOME/poll" && return; sleep 0.2; done; tail -n 1 "$HOME/poll"; }
`;

const stop = "uveth daemon stop >/dev/null\n";

/** The tests' own time for a daemon to start and to answer, on a machine with other work. */
const patience = { timeout: 60_000 };

describe.skipIf(userMissing !== undefined)(withReason("as an ordinary user", userMissing), () => {
  test("needs no rights of root's, and has those over the namespace", patience, async () => {
    const said = await asOrdinaryUser(
      `${pair}
uveth exec blue true && uveth exec red sh -c 'id -u; id -g; ping -qc 1 blue | grep -c " 0% packet loss"
ip addr add 10.1.0.1/24 dev v0 && ip -o addr show to 10.1.0.1 | wc -l; sysctl -nw net.ipv4.ip_forward=1'
uveth exec --map-auto red true; ${stop}`,
      { look: (folder) => expect(readdirSync(folder)).toEqual(["daemon.log"]) },
    );
    expect(said).toEqual({
      stdout: "54321\n54321\n1\n1\n1\n",
      stderr: 'The namespace "red" runs programs already, without a range of ids; delete it to begin anew\n',
    });
  });

  test("opens a shell, and ends as it does", patience, async () => {
    const said = await asOrdinaryUser(`uveth ip netns add red
printf 'echo $UVETH_NETNS $(id -u); exit 3\\n' | SHELL=/bin/sh uveth shell red; echo $?
${stop}`);
    expect(said).toEqual({ stdout: "red 54321\n3\n", stderr: "" });
  });

  test("is told the cure where he has no subordinate ids", patience, async () => {
    const { stderr } = await asOrdinaryUser(
      `uveth ip netns add red\nuveth exec --map-auto red true\n${stop}`,
    );
    expect(stderr).toContain(
      "Cannot use a range of subordinate ids: /etc/subuid has none for uveth-user. Type: sudo usermod",
    );
  });

  const databases = existsSync("/usr/lib/postgresql")
    ? readdirSync("/usr/lib/postgresql").map((version) => `/usr/lib/postgresql/${version}/bin`)
    : [];
  test.skipIf(databases.length === 0)(
    withReason(
      "runs PostgreSQL, which refuses to be root",
      databases.length === 0 ? "not installed" : undefined,
    ),
    patience,
    async () => {
      const { stdout } = await asOrdinaryUser(`${pair}${poll}
uveth exec red ${databases[0]}/initdb -D data -A trust -U me --no-sync >/dev/null
echo "host all all 10.0.0.0/24 trust" >> data/pg_hba.conf
uveth exec -d red ${databases[0]}/postgres -D data -F -h '*' -k "$HOME" > log 2>&1
poll ${databases[0]}/psql -h red -U me postgres -Atc "select 40 + 2, inet_client_addr()"
uveth ip netns del red; sleep 0.5; pgrep -u 54321 -c postgres
${stop}`);
      expect(stdout).toBe("42|10.0.0.2\n0\n");
    },
  );

  const hasDns = isProgram("dnsmasq");
  test.skipIf(!hasDns)(
    withReason("runs dnsmasq on port 53", hasDns ? undefined : "not installed"),
    patience,
    async () => {
      const { stdout } = await asOrdinaryUser(`${pair}${poll}
uveth exec -d red dnsmasq -k -C /dev/null --no-resolv --no-hosts --address=/www.test/10.9.9.9 --pid-file=
poll "${process.execPath}" -e 'const { Resolver } = require("node:dns").promises; const resolver = new Resolver({ timeout: 500 });
resolver.setServers(["10.0.0.1"]); resolver.resolve4("www.test").then(console.log, () => process.exit(1))'
${stop}`);
      expect(stdout).toBe("[ '10.9.9.9' ]\n");
    },
  );
});

describe.skipIf(rangeMissing !== undefined)(withReason("with subordinate ids", rangeMissing), () => {
  test("is root in the namespace, and its other users are his ids", patience, async () => {
    const said = await asOrdinaryUser(
      `uveth ip netns add red
uveth exec --map-auto red sh -c 'id -u; setpriv --reuid 33 --regid 33 --clear-groups id -u
tr -s " " < /proc/self/uid_map; tr -s " " < /proc/self/gid_map; touch mine; setpriv --reuid 33 touch theirs'
stat -c %u mine
printf 'id -u; exit 3\\n' | SHELL=/bin/sh uveth shell --map-auto red; echo $?
${stop}`,
      { hasRange: true },
    );
    const map = " 0 54321 1\n 1 100000 65536\n";
    expect(said).toEqual({
      stdout: `0\n33\n${map}${map}54321\n0\n3\n`,
      stderr: expect.stringContaining("theirs"),
    });
  });

  const hasNginx = isProgram("/usr/sbin/nginx");
  test.skipIf(!hasNginx)(
    withReason("runs nginx, whose workers are another user", hasNginx ? undefined : "not installed"),
    patience,
    async () => {
      const { stdout } = await asOrdinaryUser(
        `${pair}${poll}
cat > nginx.conf <<END
user www-data; pid $HOME/pid; error_log $HOME/log; worker_processes 1; daemon off; events {}
http { access_log off; client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
  server { listen 80; location / { return 200 "from nginx\\\\n"; } } }
END
uveth exec -d --map-auto red nginx -p "$HOME" -c "$HOME/nginx.conf"
poll curl -sf http://red/
uveth exec --map-auto red ps -o user= -C nginx
uveth ip netns del red; sleep 0.5; pgrep -c -f "nginx: master process nginx -p $HOME"
${stop}`,
        { hasRange: true },
      );
      expect(stdout).toBe("from nginx\nroot\nwww-data\n0\n");
    },
  );

  const hasFrr = existsSync("/usr/lib/frr/bgpd");
  test.skipIf(!hasFrr)(
    withReason("runs FRR, whose routes the machine shows", hasFrr ? undefined : "not installed"),
    patience,
    async () => {
      const { stdout, stderr } = await asOrdinaryUser(
        `${pair}
uveth ip -n red addr add 10.7.0.1/24 dev lo
router() { # netns, number, its own AS, the other's number and AS
  mkdir $1; echo > $1/zebra
  cat > $1/bgp <<END
router bgp $3
 bgp router-id 10.0.0.$2
 no bgp ebgp-requires-policy
 timers bgp 1 3
 neighbor 10.0.0.$4 remote-as $5
 neighbor 10.0.0.$4 timers connect 1
 address-family ipv4 unicast
  network 10.7.0.0/24
END
  uveth exec --map-auto $1 chown -R frr:frr $1
  common="-u frr -g frr -z $HOME/$1/api --vty_socket $HOME/$1"
  uveth exec -d --map-auto $1 /usr/lib/frr/zebra $common -f $HOME/$1/zebra -i $HOME/$1/zebra.pid
  for turn in $(seq 50); do [ -S $1/api ] && break; sleep 0.1; done
  uveth exec -d --map-auto $1 /usr/lib/frr/bgpd $common -f $HOME/$1/bgp -i $HOME/$1/bgpd.pid
}
router red 1 65001 2 65002
router blue 2 65002 1 65001
for turn in $(seq 60); do uveth ip -n blue route | grep 10.7.0.0 && break; sleep 0.2; done
${stop}`,
        { hasRange: true },
      );
      expect({ stdout, stderr }).toEqual({
        stdout: expect.stringMatching(
          /^10\.7\.0\.0\/24 nhid \d+ via 10\.0\.0\.1 dev v1 proto bgp metric 20 \n$/,
        ),
        stderr: expect.any(String),
      });
    },
  );
});
