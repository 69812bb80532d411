#!/usr/bin/env bash
# The experiments of Documentation/RealModel.md: prepares its problems, runs its sweeps one after the other, and reports on all.
#
#     Scripts/real_model.sh [MODEL [SWEEP …]]
#
# MODEL is a directory, or the name of a model that is downloaded first (Qwen/Qwen2.5-Coder-0.5B-Instruct). Each SWEEP is a file of
# Recipes without its ending; without any, all seven. All but real-orders need GSM8K in data/gsm8k, which is downloaded if it is not there.
# All seven take about 37 hours on two cores with AVX-512, real-orders 5 of them; estimates. Whatever is finished is not made again: stop it
# at any time, and call it again. A sweep with a run that failed does not keep the others from running; the script then ends with the
# sweep's status.
set -euo pipefail
cd "$(dirname "$0")/.."
model=${1:-Qwen/Qwen2.5-Coder-0.5B-Instruct}
sweeps=("${@:2}")
[[ ${#sweeps[@]} -gt 0 ]] || sweeps=(real-orders real-13-grpo real-lenient real-format real-evolution real-sizes real-sft)
tinylora=${TINYLORA:-$(swift build -c release --show-bin-path)/tinylora}
data=data/gsm8k

[[ -d $model ]] || "$tinylora" download "$model"
if [[ "${sweeps[*]}" != real-orders ]]; then
    [[ -e $data/train.jsonl && -e $data/test.jsonl ]] || "$tinylora" download gsm8k
    head -n 6973 $data/train.jsonl > $data/train-6973.jsonl
    tail -n 500 $data/train.jsonl > $data/validation.jsonl
    # The problems that the untrained model solves in one to three of four samples: by the strict grade, and by the lenient one.
    for grade in 2:sometimes 3:sometimes-lenient; do
        awk -v grade=${grade%%:*} 'NR == FNR { if ($grade > 0 && $grade < 4) keep[$1]; next } FNR in keep' \
            Recipes/real-rates.tsv $data/train.jsonl > $data/${grade#*:}.jsonl
    done
fi

status=0
for sweep in "${sweeps[@]}"; do
    "$tinylora" sweep "Recipes/$sweep.yaml" --model "$model" --jobs 1 --threads "$(getconf _NPROCESSORS_ONLN)" || {
        status=$?
        if ((status > 128)); then exit $status; fi # a signal stopped it
    }
done
"$tinylora" report "${sweeps[@]/#/runs/}" --output runs/real.html --markdown runs/real.md --figure runs/real.svg
exit $status
