"""Trains with real servers and a real learner process; run.sh starts it.

    python engines.py --tinylora FILE --model DIR --gguf FILE --work DIR --vllm PYTHON --llama PYTHON --learner PYTHON

Holds: 10 steps of GRPO with vLLM, with vLLM and the torch learner, and with llama.cpp end with numbers that moved, with importance
weights near 1, and with an accuracy within the interval of the run in one process; a vLLM server that is killed in mid-step and
started again loses nothing; a killed run resumes; the torch learner's gradient is ours to 1e-4.

Finished runs are kept in a folder of --work whose name changes with the program, the models, and these scripts.
"""

import argparse
import atexit
import contextlib
import hashlib
import itertools
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

parser = argparse.ArgumentParser()
for name in ["tinylora", "model", "gguf", "work", "vllm", "llama", "learner"]:
    parser.add_argument("--" + name, required=True)
parser.add_argument("--steps", type=int, default=10)
options = parser.parse_args()
here = Path(__file__).resolve().parent
learner_package = here.parent.parent / "Integrations/torch"
failures, effects = [], []


def fingerprint():
    """A name for what the results depend on."""
    digest = hashlib.sha256(str(options.steps).encode())
    files = [Path(options.tinylora), Path(options.gguf), *Path(options.model).iterdir(), *here.glob("*.py")]
    for path in sorted(files) + sorted(learner_package.glob("tinylora_learner/*.py")):
        if path.is_file():
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


work = Path(options.work).resolve() / fingerprint()
work.mkdir(parents=True, exist_ok=True)


def check(holds, what):
    print(("ok      " if holds else "FAILED  ") + what, flush=True)
    if not holds:
        failures.append(what)
    return holds


def free_port(first):
    """The first free port from `first` on. Clients get higher ones, so that a server that is started again finds it free."""
    for port in itertools.count(first):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


class Server:
    """A server process, in a group of its own so that nothing of it is left behind."""

    def __init__(self, name, port, command, **environment):
        self.name, self.url, self.command = name, f"http://127.0.0.1:{port}", command
        self.environment = os.environ | environment
        self.start()
        atexit.register(self.kill)

    def start(self):
        log = open(work / f"{self.name}.log", "a")
        self.process = subprocess.Popen(
            self.command, stdout=log, stderr=log, env=self.environment, start_new_session=True)

    def wait(self):
        deadline = time.time() + 900
        while True:
            if self.process.poll() is not None or time.time() > deadline:
                sys.exit(f"{self.name} did not start: see {work / self.name}.log")
            try:
                urllib.request.urlopen(self.url + "/health", timeout=10).read()
                return self
            except OSError:
                time.sleep(1)

    def kill(self):
        """Ends the whole group; there may be none left. A second call does nothing."""
        process, self.process = self.process, None
        if process:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def sums():
    """Sums of one-digit numbers, to train on and to evaluate."""
    choice = random.Random(1)
    pairs = [(a, b) for a in range(1, 20) for b in range(1, 20)]
    choice.shuffle(pairs)
    for name, part in [("train", pairs[:240]), ("test", pairs[240:])]:
        lines = [json.dumps({"question": f"What is {a} + {b}?", "answer": str(a + b)}) for a, b in part]
        (work / f"{name}.jsonl").write_text("\n".join(lines) + "\n")


def command(run, *more):
    return [
        options.tinylora, "train", "--model", options.model, "--train", work / "train.jsonl", "--eval", work / "test.jsonl",
        "--eval-problems", "100", "--prompt-style", "boxed", "--reward", "lenient", "--steps", str(options.steps), "--batch", "8",
        "--group-size", "4", "--max-tokens", "48", "--learning-rate", "0.01", "--output", work / run, *map(str, more)]


def train(run, *more):
    if (work / run / "result.json").exists():
        return
    with open(work / f"{run}.log", "a") as log:
        status = subprocess.run(command(run, *more, "--resume"), stdout=log, stderr=log).returncode
    check(status == 0, f"{run}: trained ({(work / run).name}.log)")


def lines(run, name):
    return [json.loads(line) for line in (work / run / name).read_text().splitlines()]


def result(run):
    return json.loads((work / run / "result.json").read_text())


def judge(run, is_remote=True):
    """What a finished run has to show."""
    if not (work / run / "result.json").exists():
        return
    steps = lines(run, "steps.jsonl")
    check([step["step"] for step in steps] == list(range(1, options.steps + 1)), f"{run}: every step once")
    moved = max(map(abs, steps[-1]["state"]["parameters"]))
    check(moved > 0, f"{run}: numbers moved by up to {moved:.3f}")
    print(f"        {'step':>4}  {'weight min':>10}  {'mean':>8}  {'max':>8}  {'bounded':>8}  {'|dlogp| mean':>12}")
    for step in steps:
        names = ["importance_sampling_ratio/min", "importance_sampling_ratio/mean", "importance_sampling_ratio/max", "frac_bounded"]
        row = [step["sampling/" + name] for name in names]
        print(f"        {step['step']:4}  {row[0]:10.4f}  {row[1]:8.4f}  {row[2]:8.4f}  {row[3]:8.4f}"
              f"  {step['sampling/sampling_logp_difference/mean']:12.5f}")
    means = [step["sampling/importance_sampling_ratio/mean"] for step in steps if step["frac_differentiated"]]
    if is_remote:
        # Weights of whole completions: a step's mean is of few of them, all steps' is of 320.
        overall = sum(means) / max(1, len(means))
        check(0.9 < overall < 1.1, f"{run}: importance weights are {overall:.3f} on average")
        agreements = lines(run, "agreements.jsonl")
        shares = [line["share"] for line in agreements if "share" in line]
        # The check of an adapter whose effect is small has no share.
        effects.extend(shares)
        shown = f"{min(shares):.2f} to {max(shares):.2f}" if shares else "too small to be seen"
        check(
            agreements and all(0.5 < share < 1.5 for share in shares),
            f"{run}: {len(agreements)} checks of servers, adapter's effect shown {shown}")
    else:
        check(means and all(mean == 1 for mean in means), f"{run}: in one process every importance weight is exactly 1")


def accuracy(run):
    """Lenient accuracy after training, which was rewarded, and its 95 % interval."""
    record = [line for line in lines(run, "evaluations.jsonl") if line["step"] == options.steps and line["split"] == "test"][-1]
    return record["lenient"], record["lenient_interval"]


def learners_agree(learner, run):
    """The gradient of a recorded completion, by this program and by torch."""
    sample = lines(run, "samples.jsonl")[-1]
    answers = []
    for more in [[], ["--learner", learner.url]]:
        answers.append(json.loads(subprocess.run(
            [options.tinylora, "score", "--model", options.model, "--arithmetic", "float32", "--adapter", work / run, "--text",
             sample["question"] + "\n" + sample["completion"], "--gradient", "--json", *more],
            check=True, stdout=subprocess.PIPE, text=True).stdout))
    mine, other = answers
    logprobs = max(abs(a - b) for a, b in zip(mine["logprobs"], other["logprobs"], strict=True))
    gradient = max(abs(a - b) for a, b in zip(mine["gradient"], other["gradient"], strict=True)) / max(map(abs, mine["gradient"]))
    check(
        logprobs <= 1e-4 and gradient <= 1e-4,
        f"torch learner: log-probabilities to {logprobs:.1e}, gradient to {gradient:.1e} of its largest number")


def interrupted(vllm):
    """The server is killed in mid-step and started again; then the run is killed and resumed."""
    with open(work / "interrupted.log", "a") as log:
        run = subprocess.Popen(command("interrupted", "--sampler", vllm.url, "--resume"), stdout=log, stderr=log)
        try:
            wait_for_steps("interrupted", 2, run)
            time.sleep(1)
            vllm.kill()
            time.sleep(5)
            vllm.start()
            vllm.wait()
            wait_for_steps("interrupted", 5, run)
        finally:
            run.kill()
            run.wait()
    train("interrupted", "--sampler", vllm.url)
    judge("interrupted")


def wait_for_steps(run, count, process):
    path = work / run / "steps.jsonl"
    while process.poll() is None and not (path.exists() and path.read_text().count("\n") >= count):
        time.sleep(0.2)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that no process is left
    sums()
    port = free_port(8765)
    vllm = Server(
        "vllm", port,
        [options.vllm, "-m", "vllm.entrypoints.openai.api_server", "--model", options.model, "--dtype", "bfloat16",
         "--max-model-len", "1024", "--enforce-eager", "--enable-lora", "--max-lora-rank", "8", "--max-loras", "2", "--host",
         "127.0.0.1", "--port", str(port)],
        VLLM_CPU_KVCACHE_SPACE="1", HF_HUB_OFFLINE="1", VLLM_ALLOW_RUNTIME_LORA_UPDATING="True")
    train("local")
    judge("local", is_remote=False)
    vllm.wait()
    train("vllm", "--sampler", vllm.url)
    judge("vllm")
    port = free_port(8775)
    learner = Server(
        "learner", port, [options.learner, "-m", "tinylora_learner", "--model", options.model, "--port", str(port)],
        PYTHONPATH=str(learner_package))
    learner.wait()
    learners_agree(learner, "vllm")
    train("vllm-torch", "--sampler", vllm.url, "--learner", learner.url)
    judge("vllm-torch")
    learner.kill()
    interrupted(vllm)
    vllm.kill()
    # llama.cpp's server is started with the files that a run without them asks for. Files of the same adapters have the same names in
    # all runs.
    shutil.rmtree(work / "llama-asks", ignore_errors=True)
    port = free_port(8785)
    llama = Server("llama", port, [options.llama, here / "llama_server.py", str(port), options.gguf])
    llama.wait()
    asked = subprocess.run(command("llama-asks", "--sampler", llama.url), capture_output=True, text=True)
    if not check("has 0 of the 13 adapters of this run" in asked.stderr, "llama.cpp without adapters: the run says which it needs"):
        print(asked.stderr)
    llama.kill()
    llama.command += sorted((work / "llama-asks/served").glob("*.gguf"))
    llama.start()
    llama.wait()
    train("llama", "--sampler", llama.url)
    judge("llama")
    llama.kill()
    check(effects, f"{len(effects)} checks of servers could see the adapter's effect")
    finished = [run for run in ["local", "vllm", "vllm-torch", "interrupted", "llama"] if (work / run / "result.json").exists()]
    for run in finished:
        value, (low, high) = accuracy(run)
        print(f"        {run:12}  accuracy {100 * value:5.1f} %  [{100 * low:.1f}, {100 * high:.1f}]")
        own_low, own_high = accuracy("local")[1]
        check(low <= own_high and own_low <= high, f"{run}: accuracy agrees with the local run's")
    sys.exit(1 if failures else 0)


main()
