"""Serves a GGUF file with llama.cpp's server, with the exported gguf-lora, and compares tokens and log-probabilities.

    python llama_cpp.py FOLDER --model MODEL.gguf --adapter ADAPTER [--tinylora .build/release/tinylora]

Needs xllamacpp, which is llama.cpp's server as a Python package. MODEL.gguf has to have F32 weights (`decode_gguf.py`): with others
llama.cpp rounds activations to 8 or 16 bits. ADAPTER is one of that file. Holds, with the adapter and without: greedy tokens equal
ours up to the first tie, and the mean difference of a token's log-probability is at most 1e-3.
"""

import argparse
import json
import urllib.request
from pathlib import Path

import xllamacpp

from shared import PROMPTS, Report, tinylora, token_ids

parser = argparse.ArgumentParser()
parser.add_argument("folder")
parser.add_argument("--model", required=True)
parser.add_argument("--adapter", required=True)
parser.add_argument("--tinylora", default=".build/release/tinylora")
parser.add_argument("--max-tokens", type=int, default=24)
options = parser.parse_args()
folder = Path(options.folder)
folder.mkdir(parents=True, exist_ok=True)
file = folder / "adapter.gguf"


def ours(*command):
    return tinylora(options.tinylora, *command, "--model", options.model)


ours("export", options.adapter, "--to", "gguf-lora", "--output", file)
parameters = xllamacpp.CommonParams()
parameters.model.path = options.model
parameters.n_ctx = 2048
parameters.n_parallel = 1
parameters.port = 0
parameters.cache_ram_mib = 0
parameters.cache_type_k = parameters.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
parameters.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
parameters.verbosity = 0
parameters.lora_init_without_apply = True
adapter = xllamacpp.CommonAdapterLoraInfo()
adapter.path, adapter.scale = str(file), 1.0
parameters.lora_adapters = [adapter]
server = xllamacpp.Server(parameters)
address = server.listening_address


def completion(prompt, scale, **settings):
    body = {
        "prompt": prompt, "temperature": 0, "top_k": 0, "top_p": 1, "min_p": 0, "cache_prompt": False, "return_tokens": True,
        "lora": [{"id": 0, "scale": scale}], **settings}
    request = urllib.request.Request(
        address + "/completion", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=600) as answer:
        return json.loads(answer.read())


report = Report("llama.cpp's server, F32, gguf-lora")
for name, scale, arguments in [("base", 0.0, []), ("adapted", 1.0, ["--adapter", options.adapter])]:
    sides, tokens, distances = [], [], []
    for prompt in PROMPTS:
        made = ours(
            "generate", "--prompt", prompt, "--max-tokens", options.max_tokens, "--temperature", 0, "--arithmetic", "float32",
            *arguments)
        ids = token_ids(options.tinylora, options.model, prompt)
        chosen = completion(ids, scale, n_predict=len(made["tokens"]), n_probs=2)["completion_probabilities"]
        tokens.append([entry["id"] for entry in chosen])
        # Where both chose alike, the best two of llama.cpp tell how close the choice was.
        best = [[other["logprob"] for other in entry["top_logprobs"]] for entry in chosen]
        sides.append({"prompt": prompt, "completion": made["tokens"], "margins": [pair[0] - pair[1] for pair in best]})
        for entry, token, logprob in zip(chosen, made["tokens"], made["logprobs"]):
            if entry["id"] != token:
                break
            distances.append(abs(entry["logprob"] - logprob))
    report.greedy(name, sides, tokens)
    mean = sum(distances) / len(distances)
    report.line(f"{name}: mean difference of a token's log-probability", f"{mean:.6f}", mean <= 1e-3)
report.end()
