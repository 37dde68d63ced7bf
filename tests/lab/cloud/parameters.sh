# shellcheck shell=bash disable=SC2153
# The parameters of a lab: read from the environment (empty means "not given"), checked, and stored in run/lab.json.
PARAMETERS=(VARIANT COMPUTES PROJECTS NETWORKS SERVERS SEED)
VARIANTS=(ovs ovs-nativefw ovs-dvr lxb ovn)
declare -A DEFAULTS=([VARIANT]=ovs [COMPUTES]=3 [PROJECTS]=2 [NETWORKS]=2 [SERVERS]=6)
declare -A HIGHEST=([COMPUTES]=6 [PROJECTS]=6 [NETWORKS]=6 [SERVERS]=24)   # for two cores and 12 GB

# check_parameters: checks the given parameters
check_parameters() {
  local name value
  for name in COMPUTES PROJECTS NETWORKS SERVERS; do
    value=${!name:-}
    [[ -z $value || ( $value =~ ^[1-9][0-9]?$ && $value -le ${HIGHEST[$name]} ) ]] ||
      die "$name=$value: it must be a whole number from 1 to ${HIGHEST[$name]}"
  done
  [[ -z ${VARIANT:-} || " ${VARIANTS[*]} " == *" $VARIANT "* ]] || die "VARIANT=$VARIANT: there are ${VARIANTS[*]}"
  [[ -z ${SEED:-} || $SEED =~ ^[A-Za-z0-9_.-]{1,40}$ ]] || die "SEED=$SEED: letters, digits, '_', '.' and '-' only, up to 40"
}

# complete_parameters: sets the defaults of the others
complete_parameters() {
  local name
  for name in "${!DEFAULTS[@]}"; do [[ -n ${!name:-} ]] || printf -v "$name" %s "${DEFAULTS[$name]}"; done
  [[ -n ${SEED:-} ]] || SEED=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
}

parameters() { local name; for name in "${PARAMETERS[@]}"; do printf '%s=%s ' "$name" "${!name}"; done; }

# use_parameters_of_the_lab: reads them from run/lab.json; the given ones must be equal
use_parameters_of_the_lab() {
  local name value
  for name in "${PARAMETERS[@]}"; do
    value=$(jq -r --arg name "${name,,}" '.[$name] // .parameters[$name]' "$RUN/lab.json")
    [[ -z ${!name:-} || ${!name} == "$value" ]] ||
      die "the lab that is up has $name=$value, not ${!name}; end it first: $HERE/lab down"
    printf -v "$name" %s "$value"
  done
  name_hosts "$COMPUTES"
}

# write_lab_json CLOUD: writes the file that tests and other programs read; CLOUD is "empty", "filling" or "filled"
write_lab_json() {
  local host hosts=()
  for host in tor1 "${HOSTS[@]}"; do hosts+=("$host=${MGMT[$host]}=${TUN[$host]:-}"); done
  jq -n --arg variant "$VARIANT" --arg seed "$SEED" --arg cloud "$1" --arg folder "$LAB" --arg password "$PW" --arg controller "$CTL" \
    --argjson computes "$COMPUTES" --argjson projects "$PROJECTS" --argjson networks "$NETWORKS" --argjson servers "$SERVERS" '
    {tor1: "switch", ctl: "controller", net1: "network", net2: "network"} as $roles |
    {$variant, $seed, parameters: {$computes, $projects, $networks, $servers}, $cloud, $folder, $password, $controller,
     ssh_key: "id_ed25519",
     hosts: ($ARGS.positional | map(split("=") | {key: .[0], value: {
       address: .[1],
       tunnel_address: (if .[2] == "" then null else .[2] end),
       roles: [$roles[.[0]] // "compute"]}}) | from_entries)}' --args "${hosts[@]}" >"$RUN/lab.json.new"
  mv "$RUN/lab.json.new" "$RUN/lab.json"
}
