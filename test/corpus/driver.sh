# Runs the scripts of sequences, one after another: reads "FOLDER SECONDS HOME" lines, says "done FOLDER STATUS" for each.
# SIDE is kernel: each in a network namespace and mounts of its own; or uveth, under `uveth run`: each in the namespace HOME.

[[ $SIDE == kernel ]] && enter() { unshare -nm --propagation slave "$@"; }
[[ $SIDE == uveth ]] && enter() { nsenter --net="/run/netns/$HOME_NETNS" "$@"; }

while read -r folder seconds HOME_NETNS; do
  export HOME_NETNS
  cd "$folder" || exit
  enter timeout --kill-after=1 "$seconds" bash ./sequence.sh 6>&1 >log 2>&1 </dev/null
  status=$?
  # Names that the sequence left behind; on the kernel they went with its mounts.
  if [[ $SIDE == uveth ]]; then
    for name in /run/netns/*; do [[ -e $name ]] && ip netns del "${name##*/}" >>log 2>&1; done
  fi
  printf 'done %s %s\n' "$folder" "$status"
done
