#!/bin/bash
# /usr/local/sbin/ebtables of hosts with Neutron's Linux bridge agent.
# ebtables-nft cannot delete a rule with --among-src and ends with 4, which the agent takes for a lock of somebody
# else's: it tries for ever, with everything else waiting. This deletes such a rule by its number.
set -u
real=/usr/sbin/ebtables
[[ " $* " == *" -D "*" --among-src "* ]] || exec "$real" "$@"
options=()
while [[ $1 != -D ]]; do options+=("$1"); shift; done
chain=$2; shift 2
rule="$*"
while read -r number line; do
  [[ $line != "$rule" ]] || exec "$real" "${options[@]}" -D "$chain" "$number"
done < <("$real" "${options[@]}" -L "$chain" --Ln)
echo "ebtables: $chain has no rule $rule" >&2
exit 1
