#!/usr/bin/env bash
# Has the real tools load what tinylora exports, and compares what they compute with what tinylora computes.
#
#     Scripts/interop/run.sh [MODEL] [MODEL.gguf]
#
# MODEL is a directory in Hugging Face layout that all tools can run, MODEL.gguf a GGUF file (of the same or another model). Without
# MODEL only transformers and PEFT are run, on Abacus; without MODEL.gguf llama.cpp is left out. Installs the tools into virtual
# environments in .interop (about 3 GB; five minutes the first time), trains a small adapter on each model and prints a table for
# each tool. Adapters and exports are made afresh each time. Ends with 1 when something does not hold.
set -euo pipefail
cd "$(dirname "$0")/../.."
model=${1:-} gguf=${2:-}
here=$PWD/Scripts/interop work=$PWD/.interop
tinylora=${TINYLORA:-$(swift build -c release --show-bin-path)/tinylora}
mkdir -p "$work"
rm -rf "$work/exports" "$work/exports-gguf"

# adapter MODEL FOLDER OPTION…: thirteen numbers, trained on two sums until they move the model.
adapter() {
    local model=$1 folder=$2
    shift 2
    rm -rf "$folder"
    cat >"$work/sums.jsonl" <<'SUMS'
{"question": "Tom has 3 apples and buys 5 more. How many apples does he have?", "answer": "8", "solution": "3 + 5 = <<3+5=8>>8\n#### 8"}
{"question": "A box holds 6 eggs. How many eggs are in 4 boxes?", "answer": "24", "solution": "6 * 4 = <<6*4=24>>24\n#### 24"}
SUMS
    "$tinylora" train --model "$model" --algorithm sft --train "$work/sums.jsonl" --parameters 13 --output "$folder" "$@" \
        >"$work/train.log"
}

failed=0
check() { "$@" || failed=1; }

Scripts/environment.sh hf
base=${model:-$PWD/Sources/TinyAbacus/Model}
adapter "$base" "$work/adapter" --steps 6 --learning-rate 0.3
check "$work/hf/bin/python" "$here/prepare.py" "$work/exports" --model "$base" --adapter "$work/adapter" --tinylora "$tinylora"
if [[ -n $model ]]; then
    check "$work/hf/bin/python" "$here/greedy.py" --model "$model" --tinylora "$tinylora"
    Scripts/environment.sh vllm
    check "$work/vllm/bin/python" "$here/vllm_server.py" "$work/exports"
    Scripts/environment.sh mlx
    check "$work/mlx/bin/python" "$here/mlx_lora.py" "$work/exports"
fi
if [[ -n $gguf ]]; then
    Scripts/environment.sh llama
    decoded=$work/model-f32.gguf
    "$work/llama/bin/python" "$here/decode_gguf.py" "$gguf" "$decoded"
    adapter "$decoded" "$work/adapter-gguf" --steps 3 --batch 2 --learning-rate 0.2
    check "$work/llama/bin/python" "$here/llama_cpp.py" "$work/exports-gguf" --model "$decoded" --adapter "$work/adapter-gguf" \
        --tinylora "$tinylora"
fi
if ((failed)); then echo "interop: something does not hold"; else echo "interop: everything holds"; fi
exit $failed
