#!/usr/bin/env bash
# Trains with vLLM, llama.cpp and the torch learner, and compares with a run in one process.
#
#     Scripts/engines/run.sh MODEL-DIRECTORY MODEL.gguf
#
# MODEL-DIRECTORY is a small model in Hugging Face layout such as SmolLM2-135M-Instruct, MODEL.gguf the same model; F32 weights agree
# best. Takes about half an hour on two cores. Installs the tools into .interop the first time. Runs that are finished there with the
# same program, model and scripts are not made again. TINYLORA names another executable.
set -euo pipefail
cd "$(dirname "$0")/../.."
model=${1:?the directory of a model is missing} gguf=${2:?a GGUF file of the same model is missing}
work=.interop
tinylora=${TINYLORA:-$(swift build -c release --show-bin-path)/tinylora}

for name in learner llama vllm; do Scripts/environment.sh $name; done
exec "$work/learner/bin/python" Scripts/engines/engines.py --tinylora "$tinylora" --model "$model" --gguf "$gguf" \
    --work "$work/engines" --vllm "$work/vllm/bin/python" --llama "$work/llama/bin/python" --learner "$work/learner/bin/python"
