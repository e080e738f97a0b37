# What the script of a sequence begins with, on either side. It is sourced with the working directory of its own that it writes
# stdout, stderr, monitor.N to; SIDE is kernel or uveth, IPV6 one of quiet, on, off.
#
# A record is "\n%%line NUMBER\n", what was said, and on stdout "\n%%status STATUS\n".

exec 3>stdout 4>stderr 5<> <(:)
unset CDPATH
export LC_ALL=C

# Waits some seconds without making a process: nothing is ever written to descriptor 5.
doze() { read -rt "$1" -u 5; }

if [[ $SIDE == kernel ]]; then
  mount -t tmpfs tmpfs /run
  mount -t sysfs sysfs /sys
  # As quick as it is quiet: multicast reports are sent at once, addresses are not doubted.
  set_conf() { echo "$2" >"/proc/sys/net/ipv6/conf/default/$1"; }
  [[ $IPV6 == quiet ]] && set_conf addr_gen_mode 1
  [[ $IPV6 != on ]] && set_conf accept_dad 0 && set_conf mldv2_unsolicited_report_interval 1
  [[ $IPV6 == off ]] && set_conf disable_ipv6 1
else
  # The namespace has been made ready, with this name to find it by.
  ip netns del "$HOME_NETNS" || exit
fi

run() {
  printf '\n%%%%line %s\n' "$1" >&3
  printf '\n%%%%line %s\n' "$1" >&4
  eval "$2" >&3 2>&4 </dev/null 5<&-
  printf '\n%%%%status %s\n' "$?" >&3
}

# All that may change by itself. To ask for one link makes the kernel catch up with its carrier.
state() {
  local name rest
  while read -r name rest; do printf 'link show dev %s\n' "${name%%@*}"; done < <(ip -br link) |
    ip -batch - -force
  ip -o -s link
  ip -o addr
  ip -o -4 route show table all
  ip -o -6 route show table all
  for name in /run/netns/*; do
    [[ -s $name || -e $name ]] && ip -n "${name##*/}" -o addr
  done
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

# Waits until a process sleeps, and sleeps on, in the same system call.
asleep() {
  local now before= try
  for ((try = 0; try < 200; try++)); do
    now=$(cat "/proc/$1/syscall" 2>&1)
    [[ $now == "$before" && $now != running ]] && return
    before=$now
    doze 0.03
  done
}

monitors=()
monitor() {
  printf '\n%%%%line %s\n' "$1" >"monitor.$1"
  eval "exec $2" >>"monitor.$1" 2>&1 </dev/null 5<&- &
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
