"""The command: loads a model, then serves it (rank 0) or computes what rank 0 asks for (all others)."""

import argparse
import os
import signal
import sys

# Both are read when PyTorch is loaded. cuBLAS is deterministic only with this workspace. Threads that wait without spinning leave the
# cores to a sampler on the same machine: with two other busy processes on two cores a gradient took a third of the time.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
import transformers

from .learner import Learner
from .ranks import Ranks
from .server import Service, make_server


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tinylora_learner",
        description="Serves log-probabilities and gradients of adapters for `tinylora train --learner URL`.",
        epilog="example: python -m tinylora_learner --model Qwen/Qwen2.5-0.5B-Instruct",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    threads = max(1, (os.cpu_count() or 1) // int(os.environ.get("LOCAL_WORLD_SIZE", 1)))
    add = parser.add_argument
    add("--model", required=True, default=argparse.SUPPRESS, help="directory in Hugging Face layout, or a name on the hub")
    add("--host", default="127.0.0.1", help="address to listen on")
    add("--port", type=int, default=8766, help="port to listen on; 0 picks a free one")
    add("--dtype", choices=["float32", "bfloat16", "float16"], default="float32", help="type of the model's weights")
    add("--device", choices=["auto", "cpu", "cuda"], default="auto", help="auto takes a GPU if there is one")
    add("--threads", type=int, default=threads, help="CPU threads of each rank")
    add("--token-budget", type=int, default=4096, help="tokens of a unit that are computed at once")
    return parser.parse_args()


def load_model(name: str, dtype: str, device: str) -> torch.nn.Module:
    """The frozen base model on its device; under torchrun the GPU of this process."""
    if device == "cuda" or device == "auto" and torch.cuda.is_available():
        device = f"cuda:{os.environ.get('LOCAL_RANK', 0)}"
    model = transformers.AutoModelForCausalLM.from_pretrained(name, dtype=getattr(torch, dtype), attn_implementation="sdpa")
    return model.requires_grad_(False).eval().to("cpu" if device == "auto" else device)


def run(chosen: argparse.Namespace, token: str | None) -> None:
    """Serves or follows, without end."""
    if token is None and chosen.host not in ("127.0.0.1", "localhost"):
        raise ValueError(f"--host {chosen.host} is open to others; set TINYLORA_LEARNER_TOKEN to a secret, or listen on 127.0.0.1")
    torch.set_num_threads(chosen.threads)
    torch.use_deterministic_algorithms(True)
    ranks = Ranks(Learner(load_model(chosen.model, chosen.dtype, chosen.device), chosen.token_budget))
    while ranks.rank > 0:
        ranks.take_part()
    server = make_server(Service(ranks, chosen.model, chosen.threads), chosen.host, chosen.port, token)
    print(f"http://{chosen.host}:{server.server_port}", flush=True)
    server.serve_forever()


def main() -> None:
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.SIG_DFL)  # nothing needs saving, and a rank that waits for work runs no Python
    try:
        run(options(), os.environ.get("TINYLORA_LEARNER_TOKEN") or None)
    except (OSError, ValueError, RuntimeError, AssertionError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
