# What the script of a sequence begins with, on either side. It is sourced with the working directory of its own that it writes
# stdout, stderr, monitor.N to; SIDE is kernel or uveth, IPV6 one of quiet, on, off; DAEMON on uveth the daemon's process.
#
# A record is "\n%%line NUMBER\n", what was said, and on stdout "\n%%status STATUS\n".

exec 3>stdout 4>stderr 5<> <(:) # and 6, which goes to whoever runs the sequences
unset CDPATH
export LC_ALL=C

# Waits some seconds without making a process: nothing is ever written to descriptor 5.
doze() { read -rt "$1" -u 5; }

# Makes IPv6 as quiet as it is to be in the namespace NAME, or in this one: multicast reports are sent at once, addresses are
# neither made nor doubted. On uveth whoever runs the sequences does it when asked (sides.ts).
calm() {
  if [[ $SIDE == kernel ]]; then
    local conf=/proc/sys/net/ipv6/conf/default script=:
    [[ $IPV6 == quiet ]] && script="echo 1 >$conf/addr_gen_mode"
    [[ $IPV6 == off ]] && script="echo 1 >$conf/disable_ipv6"
    [[ $IPV6 != on ]] && script+="; echo 0 >$conf/accept_dad; echo 1 >$conf/mldv2_unsolicited_report_interval"
    # A proxy that names no device outlives its namespace, and may be found in a later one (kernel-netns.ts).
    script+="; ip neigh flush proxy"
    ${1:+ip netns exec "$1"} bash -c "$script"
  elif [[ -n $1 ]]; then
    rm -f calmed
    echo "calm $1" >&6
    until [[ -e calmed ]]; do doze 0.005; done
  fi
}

if [[ $SIDE == kernel ]]; then
  mount -t tmpfs tmpfs /run
  mkdir /run/netns
  mount -t sysfs sysfs /sys
  calm
else
  # The namespace has this name to be found by, until now.
  ip netns del "$HOME_NETNS" || exit
fi

run() {
  printf '\n%%%%line %s\n' "$1" >&3
  printf '\n%%%%line %s\n' "$1" >&4
  eval "$2" >&3 2>&4 </dev/null 5<&- 6<&-
  printf '\n%%%%status %s\n' "$?" >&3
  [[ $2 == "ip netns add "* && -f /run/netns/${2##* } ]] && calm "${2##* }"
}

# All that may change by itself, of this namespace and of those with names. To ask for one link makes the kernel catch up with
# its carrier.
state() {
  local name
  state_of
  for name in /run/netns/*; do
    [[ -e $name ]] && state_of -n "${name##*/}"
  done
}

state_of() {
  local lines number name rest
  lines=$(ip "$@" -o link)
  while read -r number name rest; do
    name=${name%:}
    printf 'link show dev %s\n' "${name%%@*}"
  done <<<"$lines" >links
  printf '%s\n' addr 'route show table all' >>links
  ip "$@" -o -s -batch links -force
  [[ $IPV6 == off ]] || ip "$@" -o -6 route show table all
}

# Waits until nothing changes any more.
settle() {
  local now before= try
  for ((try = 0; try < 200; try++)); do
    now=$(state 2>&1)
    [[ $now == "$before" && $now != *tentative* ]] && return
    before=$now
    doze 0.02
  done
}

# Waits until a device is no more.
gone() {
  local try
  for ((try = 0; try < 500; try++)); do
    ip link show dev "$1" >seen 2>&1 || break
    doze 0.01
  done
  settle
}

# Waits until a process sleeps in a system call, and the daemon too if there is one, and none of them has run in between: what
# one waits for then is not the other's answer, however slow the machine is.
asleep() {
  local now before= try
  for ((try = 0; try < 200; try++)); do
    doings "$1"
    [[ $now == "$before" && $now != running* && $now != *'R (running)'* ]] && return
    before=$now
    doze 0.03
  done
}

# Sets `now` to the system call that a process is in, and to what its threads and the daemon's do and how often they began. No
# process is made for it, which would have the daemon run.
doings() {
  local lines line file
  mapfile -t lines <"/proc/$1/syscall"
  now=${lines[*]}
  for file in "/proc/$1/task/"*/status ${DAEMON:+"/proc/$DAEMON/task/"*/status}; do
    mapfile -t lines <"$file"
    for line in "${lines[@]}"; do [[ $line == State:* || $line == *ctxt_switches:* ]] && now+=" $line"; done
  done
} 2>/dev/null

monitors=()
monitor() {
  printf '\n%%%%line %s\n' "$1" >"monitor.$1"
  eval "exec $2" >>"monitor.$1" 2>&1 </dev/null 5<&- 6<&- &
  monitors+=($!)
  asleep $!
}

finish() {
  local pid
  ((${#monitors[@]})) && settle
  for pid in "${monitors[@]}"; do asleep "$pid"; done
  for pid in $(jobs -p); do kill "$pid"; done
  wait
} 2>/dev/null
