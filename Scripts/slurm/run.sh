#!/usr/bin/env bash
# Tests `tinylora sweep --on slurm` on a real Slurm cluster of one node: kills the command, cancels jobs, drains the node and sets
# it down, restarts the cluster's controller, and compares every run with the same run without Slurm.
#
#     Scripts/slurm/run.sh
#
# Installs slurm-wlm, munge and python3 from Debian when they are missing. The cluster lives in a temporary directory with its own
# configuration, key and free ports on 127.0.0.1; a Slurm that is installed or running on this machine is not touched. Takes four
# minutes on two free cores. Ends with 1 when something does not hold, prints the last lines of all logs and keeps the directory.
# TINYLORA names another executable.
set -euo pipefail
cd "$(dirname "$0")/../.."
tinylora=${TINYLORA:-$(swift build -c release --show-bin-path)/tinylora}

# The daemons are in sbin, which is not on every user's path.
PATH=$PATH:/usr/sbin:/sbin
missing=()
command -v slurmctld >/dev/null && command -v slurmd >/dev/null && command -v sbatch >/dev/null || missing+=(slurm-wlm)
command -v munged >/dev/null || missing+=(munge)
command -v python3 >/dev/null || missing+=(python3)
if ((${#missing[@]})); then
    if ! command -v apt-get >/dev/null; then
        echo "error: missing ${missing[*]}, and there is no apt-get to install them with" >&2
        exit 1
    fi
    sudo=()
    if ((EUID != 0)); then sudo=(sudo); fi
    ${sudo[@]+"${sudo[@]}"} apt-get update -qq
    DEBIAN_FRONTEND=noninteractive ${sudo[@]+"${sudo[@]}"} apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi

# munged wants every folder above its socket open for all to pass.
work=$(mktemp -d "${TMPDIR:-/tmp}/slurm.XXXXXX")
chmod 711 "$work"
mkdir "$work/state" "$work/spool"
export SLURM_CONF=$work/slurm.conf

# end NAME: ends a daemon by its file and waits for it.
end() {
    local id
    id=$(cat "$work/$1.pid" 2>/dev/null) || return 0
    kill "$id" 2>/dev/null || return 0
    for _ in {1..50}; do
        # A daemon that nobody waits for stays a zombie in a container without an init.
        if [[ $(cut -d ' ' -f 3 "/proc/$id/stat" 2>/dev/null || echo Z) == Z ]]; then return 0; fi
        sleep 0.1
    done
    kill -KILL "$id" 2>/dev/null || true
}

finish() {
    local status=$?
    trap - EXIT
    set +e
    if [[ -e $work/slurmctld.pid ]]; then
        timeout 15 scancel --full --signal=KILL --user="$(id -un)" 2>/dev/null || true
        timeout 15 scancel --user="$(id -un)" 2>/dev/null || true
    fi
    for daemon in slurmd slurmctld munged; do end "$daemon"; done
    if ((status == 0)); then
        rm -rf "$work"
    else
        for log in "$work"/*.log "$work"/*/logs/*.log; do
            if [[ -s $log ]]; then printf '\n==> %s\n' "$log" && tail -n 15 "$log"; fi
        done
        echo "slurm: the files are in $work"
    fi
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# fail SENTENCE
fail() {
    echo "error: $*" >&2
    exit 1
}

host=$(hostname -s) user=$(id -un)
read -r control_port node_port < <(python3 - <<'PYTHON'
import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*[each.getsockname()[1] for each in sockets])
PYTHON
)
# Whoever starts the daemons owns the cluster; jobs are those of the same user, so no daemon needs another user's rights.
# Two processors whatever the machine has, so that every machine sees the same order of events. A requeued job waits for
# cred_expire.
cat >"$SLURM_CONF" <<CONFIGURATION
ClusterName=acceptance
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$control_port
SlurmdPort=$node_port
SlurmUser=$user
SlurmdUser=$user
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
AuthInfo=socket=$work/munge.socket,cred_expire=5
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=2,bf_interval=2
SlurmdParameters=config_overrides
ReturnToService=1
KillWait=3
MinJobAge=300
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 RealMemory=4000
PartitionName=all Nodes=$host Default=YES
CONFIGURATION

head -c 1024 /dev/urandom >"$work/munge.key"
chmod 400 "$work/munge.key"
munged --key-file="$work/munge.key" --socket="$work/munge.socket" --pid-file="$work/munged.pid" \
    --log-file="$work/munged.log" --seed-file="$work/munged.seed" || fail "munged does not start as $user"
slurmctld || fail "slurmctld does not start as $user"
slurmd || fail "slurmd does not start as $user"
for _ in {1..100}; do
    if [[ $(timeout 15 sinfo --noheader --format=%T 2>/dev/null) == idle ]]; then break; fi
    sleep 0.2
done
[[ $(timeout 15 sinfo --noheader --format=%T) == idle ]] || fail "the cluster's node does not become idle as $user; try root"
python3 Scripts/slurm/acceptance.py --tinylora "$tinylora" --work "$work"
