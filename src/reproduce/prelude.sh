here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)

# Most seconds to wait for the cluster to come to rest, and seconds between two looks at it.
timeout=${KUBOUND_TIMEOUT:-900}
poll=${KUBOUND_POLL:-2}
# Seconds without a change that count as rest, instead of what each block needs.
quiet=${KUBOUND_QUIET:-}
# How often a loop is gone round.
rounds=${KUBOUND_ROUNDS:-3}

yes=${KUBOUND_YES:-0}
force=0
rested=1
jobs_made=0
# Rounds of a loop so far, those in which something new came, and what there was of it before.
round=0
grown=0
before_round=0

usage() {
  printf 'Usage: %s [--yes] [--force]\n\n' "$0"
  printf '  --yes    the current context of kubectl is the test cluster (or KUBOUND_YES=1)\n'
  printf '  --force  go on although the cluster has nodes that are not of KWOK\n\n'
  printf 'KUBOUND_TIMEOUT, KUBOUND_POLL, KUBOUND_QUIET (seconds), KUBOUND_ROUNDS.\n'
  printf 'Exit codes: 0 reproduced, 1 not reproduced, 2 it could not be tried.\n'
}

for argument in "$@"; do
  case $argument in
    --yes) yes=1 ;;
    --force) force=1 ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      usage >&2
      exit 2
      ;;
  esac
done

say() { printf '%s\n' "$*"; }

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 2
}

# A block of the story, a step that this script takes, and one that the cluster takes by itself.
block() { printf '\n== %s\n' "$1"; }
step() { printf '%s. %s %s\n' "$1" "$2" "$3"; }
watch_for() { printf '   (%s. then %s %s)\n' "$1" "$2" "$3"; }

# What the story has and this script cannot bring about.
cannot() { printf '   not done: %s\n' "$1"; }

command -v kubectl >/dev/null || fail 'there is no kubectl'
context=$(kubectl config current-context) || fail 'kubectl has no current context'

k() { kubectl --context "$context" "$@"; }

work=$(mktemp -d)
touch "$work/pods" "$work/nodes" "$work/bound" "$work/sizes"
# What is not expected to fail says nothing about the story.
trap 'fail "this failed: $BASH_COMMAND"' ERR
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf -- "$work"' EXIT

confirm() {
  local strange
  strange=$(k get nodes -o jsonpath='{range .items[*]}{.metadata.name}{"\t"}{.metadata.annotations.kwok\.x-k8s\.io/node}{"\n"}{end}' |
    awk -F '\t' '$1 != "" && $2 != "fake" { print $1 }')
  if [[ -n $strange && $force != 1 ]]; then
    fail "context $context has nodes that are not of KWOK; this is for test clusters (--force goes on):" "$strange"
  fi
  if [[ $yes != 1 ]]; then
    fail "this changes the cluster of context $context; run it again with --yes if that is meant"
  fi
}

pods_path='{range .items[*]}{.metadata.uid}{"\t"}{.metadata.name}{"\t"}{.spec.nodeName}{"\t"}{.status.phase}{"\t"}{.status.conditions[?(@.type=="Ready")].status}{"\t"}{.metadata.deletionTimestamp}{"\t"}{.status.conditions[?(@.type=="PodScheduled")].reason}{"\n"}{end}'

# The pods of a selector, a line each: uid, name, node, phase, ready, being deleted, why it has no node.
pods() { # namespace selector
  k -n "$1" get pods -l "$2" -o jsonpath="$pods_path"
}

# How many of them awk's condition selects.
count() { # namespace selector condition
  pods "$1" "$2" | awk -F '\t' "\$1 != \"\" && ($3) { n++ } END { print n + 0 }"
}

# shellcheck disable=SC2016
bound() { count "$1" "$2" '$3 != "" && $6 == "" && $4 != "Failed" && $4 != "Succeeded"'; }
# shellcheck disable=SC2016
ready() { count "$1" "$2" '$5 == "True" && $6 == ""'; }
# shellcheck disable=SC2016
unschedulable() { count "$1" "$2" '$3 == "" && $7 == "Unschedulable"'; }
# shellcheck disable=SC2016
existing() { count "$1" "$2" '$6 == ""'; }

# What controllers and schedulers change.
snapshot() {
  k get pods --all-namespaces -o jsonpath="$pods_path"
  k get nodes -o jsonpath='{range .items[*]}{.metadata.uid}{"\t"}{.spec.unschedulable}{"\t"}{.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}'
  k get deployments,replicasets,statefulsets --all-namespaces -o jsonpath='{range .items[*]}{.metadata.uid}{"\t"}{.spec.replicas}{"\t"}{.status.readyReplicas}{"\n"}{end}'
}

# Waits until nothing has changed for some seconds; loads that are shared by pods are shared anew meanwhile.
settle() { # seconds [most seconds]
  local calm=${quiet:-$1} most=${2:-$timeout} begin=$SECONDS since=$SECONDS before='' now
  if ((most > timeout)); then most=$timeout; fi
  rested=1
  while :; do
    share_usage
    note
    now=$(snapshot)
    if [[ $now != "$before" ]]; then
      before=$now
      since=$SECONDS
    fi
    if ((SECONDS - since >= calm)); then return; fi
    if ((SECONDS - begin >= most)); then
      rested=0
      say "   (not at rest after $most s)"
      return
    fi
    sleep "$poll"
  done
}

# Waits until a command prints a number.
until_it_is() { # number command...
  local wanted=$1 begin=$SECONDS
  shift
  until [[ $("$@") == "$wanted" ]]; do
    if ((SECONDS - begin >= timeout)); then return 1; fi
    sleep "$poll"
  done
}

put() { k apply -f "$here/$1"; }

# The same of kinds that a cluster may not know.
try_put() { put "$1" || cannot "the cluster does not take everything in $1: see README.md"; }

now() { date -u +%Y-%m-%dT%H:%M:%SZ; }

set_ready() { # namespace pod True|False
  local at
  at=$(now)
  k -n "$1" patch pod "$2" --subresource=status --type=strategic -p "{\"status\":{\"conditions\":[\
{\"type\":\"ContainersReady\",\"status\":\"$3\",\"lastTransitionTime\":\"$at\"},\
{\"type\":\"Ready\",\"status\":\"$3\",\"lastTransitionTime\":\"$at\"}]}}"
}

# A pod of a selector that is ready, or is not: on the node of the story if there is one, else anywhere.
pod_of() { # namespace selector node True|False [name]
  pods "$1" "$2" | awk -F '\t' -v node="$3" -v ready="$4" -v name="${5:-}" '
    $1 == "" || $3 == "" || $6 != "" || $4 != "Running" { next }
    ($5 == "True" ? "True" : "False") != ready || (name != "" && $2 != name) { next }
    $3 == node && !here { here = $2 }
    !any { any = $2 }
    END { print here ? here : any }'
}

turn() { # namespace selector node True|False [name]: a pod that is so becomes the other
  local pod to=True
  if [[ $4 == True ]]; then to=False; fi
  pod=$(pod_of "$@")
  if [[ -z $pod ]]; then
    cannot "there is no pod of $2 that runs with Ready=$4"
    return
  fi
  set_ready "$1" "$pod" "$to"
}

end_pod() { # namespace selector node succeeded|failed
  local pod
  pod=$(pod_of "$1" "$2" "$3" True)
  if [[ -z $pod ]]; then
    cannot "there is no pod of $2 that runs"
    return
  fi
  k -n "$1" annotate pod "$pod" --overwrite "reproduce.kubound.dev/ends=$4"
}

node_down() { # node
  k annotate node "$1" --overwrite reproduce.kubound.dev/down=true
  k wait --for=condition=Ready=false "node/$1" --timeout=60s ||
    fail "node $1 stays Ready: does the cluster have the Stages of KWOK as objects (see README.md)?"
}

node_up() { # node
  k annotate node "$1" reproduce.kubound.dev/down-
  k wait --for=condition=Ready=true "node/$1" --timeout=60s || fail "node $1 does not become Ready"
  # Its kubelet would say that its pods are ready again.
  local line
  k get pods --all-namespaces --field-selector "spec.nodeName=$1,status.phase=Running" \
    -o jsonpath='{range .items[*]}{.metadata.namespace}{"\t"}{.metadata.name}{"\n"}{end}' |
    while IFS=$'\t' read -r line pod; do
      if [[ -n ${pod:-} ]]; then set_ready "$line" "$pod" True; fi
    done
}

# A drain may take for ever, so it goes on while the story does.
drain() { # node flags...
  local node=$1
  shift
  k cordon "$node"
  k drain "$node" "$@" --timeout="${timeout}s" >"$work/drain" 2>&1 &
}

# Only this node takes pods; the others of the story are cordoned already.
place() { # node kind/name namespace selector count
  k -n "$3" scale "$2" --replicas="$5"
  until_it_is "$5" bound "$3" "$4" || cannot "$5 pod(s) of $2 do not fit where the story has them: the last should be on $1"
}

# What each container uses of a load in milli-units, as a quantity.
each() { # cpu|memory milli containers
  case $1 in
    cpu) printf '%su' $(($2 * 1000 / $3)) ;;
    *) printf '%s' $(($2 / 1000 / $3)) ;;
  esac
}

# The same of a load that all ready pods share.
shared() { # cpu|memory milli containers namespace selector
  local pods
  pods=$(ready "$4" "$5")
  if ((pods < 1)); then pods=1; fi
  each "$1" $(($2 / pods)) "$3"
}

# Metrics that KWOK does not have are set by whoever serves custom.metrics.k8s.io.
set_metric() { # namespace workload metric milli
  if [[ -n ${KUBOUND_SET_METRIC:-} ]]; then
    "$KUBOUND_SET_METRIC" "$@"
  else
    cannot "metric $3 of $2 is to be ${4}m now: set it where your metrics adapter gets it from (or name a program: KUBOUND_SET_METRIC)"
  fi
}

# One cycle of the descheduler.
deschedule() {
  local program=${KUBOUND_DESCHEDULER:-descheduler}
  k config view --minify --flatten >"$work/kubeconfig"
  "$program" --kubeconfig "$work/kubeconfig" --policy-config-file "$here/config/descheduler-policy.yaml" \
    --descheduling-interval 0 || fail 'the descheduler failed'
}

need() { # program why
  command -v "$1" >/dev/null || fail "there is no $1: $2"
}

need_kind() { # resource why
  k get "$1" --all-namespaces >/dev/null 2>&1 || fail "the cluster has no $1: $2"
}

# Pods of a selector that were ever seen, and the sizes and numbers that were.
note_pods() { # namespace selector
  pods "$1" "$2" | awk -F '\t' '$1 != "" { print $1 }' >>"$work/pods"
  bound "$1" "$2" >>"$work/bound"
}

note_size() { # namespace kind/name
  k -n "$1" get "$2" -o jsonpath='{.spec.replicas}{"\n"}' >>"$work/sizes" || true
}

note_nodes() { k get nodes -o jsonpath='{range .items[*]}{.metadata.uid}{"\n"}{end}' >>"$work/nodes"; }

seen() { sort -u "$work/$counted" | awk 'NF { n++ } END { print n + 0 }'; }

least() { awk 'NR == 1 || $1 < low { low = $1 } END { print low + 0 }' "$work/bound"; }

the_loop_begins() { before_round=$(seen); }

one_round_is_over() {
  local after
  after=$(seen)
  round=$((round + 1))
  if ((after > before_round)); then grown=$((grown + 1)); fi
  before_round=$after
}

# What was before the last step from outside is forgotten.
from_here_on() {
  : >"$work/bound"
  : >"$work/sizes"
}

# Whether a series of sizes rises by so much and later falls by as much, or the other way round.
turns_round() { # threshold
  awk -v least="$1" '
    $1 == "" { next }
    !started { low = high = $1; started = 1 }
    $1 < low { low = $1 }
    $1 > high { high = $1 }
    !rose && $1 - low >= least { rose = 1; top = $1 }
    !fell && high - $1 >= least { fell = 1; bottom = $1 }
    rose && $1 > top { top = $1 }
    fell && $1 < bottom { bottom = $1 }
    rose && top - $1 >= least { turned = 1 }
    fell && $1 - bottom >= least { turned = 1 }
    END { if (turned) print "yes" }
  ' "$work/sizes" | grep -q yes
}

# The difference between the fullest and the emptiest domain of a topology key.
skew() { # namespace selector key
  k get nodes -l "$3" -L "$3" --no-headers | awk '$1 != "" { print $1 "\t" $NF }' >"$work/domains"
  pods "$1" "$2" | awk -F '\t' -v domains="$work/domains" '
    BEGIN { while ((getline line < domains) > 0) { split(line, part, "\t"); of[part[1]] = part[2]; pods[part[2]] += 0 } }
    $3 != "" && $6 == "" && $3 in of { pods[of[$3]]++ }
    END {
      for (domain in pods) {
        if (!any || pods[domain] < low) low = pods[domain]
        if (!any || pods[domain] > high) high = pods[domain]
        any = 1
      }
      print high - low
    }'
}
