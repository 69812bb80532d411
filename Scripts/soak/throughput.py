"""Tokens per second of `tinylora serve`.

    Scripts/soak/throughput.py TINYLORA MODEL-DIRECTORY [--vllm PYTHON] [--repeats 3] [--adapters 1024] [--only engine|adapters]

1. 32 requests at once, beside the same 32 prompts in `tinylora eval`, which is the engine without HTTP: it hands them to one
   session and reports the time of the sampling. Greedy, and both answer with the same text, which is checked. The server's time
   is the client's: from the first connection to the last byte. With --vllm, a Python with vLLM, its server gets the same.
2. Adapters: requests that name 1,024 different adapters, 32 at a time, beside the same requests on the base model. The adapters
   have the design of one that is trained on the spot, and random numbers. One pass over all of them, in parts of 128 requests.
   Two servers run by turns of a second, one answers with the adapters and one without, so that both meet the same machine
   however its speed drifts. Every part has servers of its own, started in turn: where a process gets its memory is worth 2 %.

What is compared takes turns; figures are medians. A server that is not measured is halted. The client is one thread of the
standard library that waits for sockets, so that it takes little time from the servers. Ends with 1 when the server has less than
90 % of the engine's rate, or adapters less than 97 % of the base model's.
"""

import argparse
import atexit
import json
import os
import random
import re
import selectors
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

AT_ONCE = 32
THINGS = ("apple boat cat door egg fire gate hill island jar king lamp moon nest oak pear queen river ship tree urn vine wind "
          "yard zebra bird cloud drum farm glass horse window").split()
DETAILS = "red blue green small old quiet strange golden broken silver white heavy".split()
failed = []


def check(holds, what):
    print(("ok     " if holds else "FAILED ") + what, flush=True)
    if not holds:
        failed.append(what)


class Process:
    """A server in a process group of its own, which can be halted and goes on in a `with`."""

    def __init__(self, command, port=None, **options):
        output = subprocess.DEVNULL if port else subprocess.PIPE
        self.process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.DEVNULL, text=True, start_new_session=True, **options)
        atexit.register(self.kill)
        self.port = port or int(self.process.stdout.readline().strip().rsplit(":", 1)[1])

    def __enter__(self):
        os.killpg(self.process.pid, signal.SIGCONT)
        return self

    def __exit__(self, *_):
        self.halt()

    def halt(self):
        os.killpg(self.process.pid, signal.SIGSTOP)

    def kill(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def ask(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data=data, headers={"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=600) as answer:
            return answer.read()

    def resident(self):
        """Resident memory in MB."""
        return int(subprocess.check_output(["ps", "-o", "rss=", "-p", str(self.process.pid)])) / 1000


def load(port, bodies, at_once=AT_ONCE):
    """Sends requests, so many at a time; the seconds until all are answered, and the answers."""
    selector, waiting, answers = selectors.DefaultSelector(), list(enumerate(bodies)), [b""] * len(bodies)

    def send():
        index, body = waiting.pop(0)
        data = json.dumps(body).encode()
        connection = socket.create_connection(("127.0.0.1", port), timeout=600)
        connection.sendall(
            b"POST /v1/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n\r\n%s" % (len(data), data))
        connection.setblocking(False)
        selector.register(connection, selectors.EVENT_READ, (index, []))

    start = time.perf_counter()
    for _ in range(min(at_once, len(waiting))):
        send()
    while selector.get_map():
        for key, _ in selector.select():
            index, pieces = key.data
            piece = key.fileobj.recv(1 << 18)
            pieces.append(piece)
            if not piece:
                selector.unregister(key.fileobj)
                key.fileobj.close()
                answers[index] = b"".join(pieces)
                if waiting:
                    send()
    return time.perf_counter() - start, [body_of(answer) for answer in answers]


def body_of(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b" 200 " in head.split(b"\r\n")[0], answer[:1000].decode(errors="replace")
    if b"chunked" not in head.lower():
        return body
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        whole, body = whole + body[:int(size, 16)], body[int(size, 16) + 2:]
    return whole


def tokens(answers):
    """Sampled tokens, by the servers' own count."""
    return sum(int(re.findall(rb'"completion_tokens": ?(\d+)', answer)[-1]) for answer in answers)


class Work(threading.Thread):
    """Requests to a server that is halted most of the time."""

    def __init__(self, server, bodies):
        super().__init__(daemon=True)
        self.server, self.bodies, self.answers, self.seconds = server, bodies, None, 0.0

    def run(self):
        _, self.answers = load(self.server.port, self.bodies)

    def turn(self, length):
        """Lets the server run for so long, or until all is answered."""
        start = time.perf_counter()
        with self.server:
            self.join(length)
        self.seconds += time.perf_counter() - start

    def rate(self):
        return tokens(self.answers) / self.seconds


def by_turns(first, second, length=1.0):
    """Does the work of two halted servers, each for so many seconds at a time."""
    for work in (first, second):
        work.start()
    while first.is_alive() or second.is_alive():
        for work in (first, second):
            if work.is_alive():
                work.turn(length)


def rate(port, bodies):
    seconds, answers = load(port, bodies)
    return tokens(answers) / seconds, answers


def questions(repetition):
    """32 questions whose answers are long, others in each repetition, so that nobody has kept their keys and values."""
    detail = DETAILS[repetition % len(DETAILS)]
    return [
        f"{detail.capitalize()} {thing}: write a long story about it, from its first day to its last, with many details."
        for thing in THINGS]


def engine(tinylora, model, repetition, new_tokens):
    """The engine's rate, its prompts and its answers."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "questions.jsonl"
        file.write_text("".join(json.dumps({"question": text, "answer": "1"}) + "\n" for text in questions(repetition)))
        result = json.loads(subprocess.run(
            [tinylora, "eval", "--model", model, "--problems", file, "--prompt-style", "plain", "--max-tokens", str(new_tokens),
             "--output", f"{folder}/samples", "--json"], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout)
        samples = [json.loads(line) for line in next(Path(folder, "samples").glob("*.samples.jsonl")).open()]
    return result["results"][0]["tokens_per_second"], [(sample["prompt"], sample["completion"]) for sample in samples]


def start_vllm(python, model):
    """vLLM's server on all cores; by default it leaves one to its HTTP side. The first start compiles for minutes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CPU_OMP_THREADS_BIND": f"0-{os.cpu_count() - 1}", "HF_HUB_OFFLINE": "1"}
    server = Process(
        [python, "-m", "vllm.entrypoints.openai.api_server", "--model", model, "--served-model-name", "model",
         "--dtype", "bfloat16", "--max-model-len", "1024", "--host", "127.0.0.1", "--port", str(port)],
        port, env=settings | os.environ)
    for _ in range(900):
        try:
            server.ask("/health")
            return server
        except OSError:
            assert server.process.poll() is None, "vLLM's server has ended"
            time.sleep(1)
    raise TimeoutError("vLLM's server did not start within 15 minutes")


def beside_engine(tinylora, model, repeats, new_tokens, vllm):
    servers = {"tinylora serve": Process([tinylora, "serve", "--model", model, "--port", "0"])}
    names = {"tinylora serve": Path(model).name, "vLLM": "model"}
    if vllm:
        servers["vLLM"] = start_vllm(vllm, model)
    for server in servers.values():
        server.halt()
    rates, same, lengths = {"engine": []}, 0, []
    for repetition in range(repeats + 1):  # the first one warms up
        found, samples = engine(tinylora, model, repetition, new_tokens)
        if repetition:
            rates["engine"].append(found)
        with servers["tinylora serve"] as server:
            prompts = [json.loads(server.ask("/tokenize", {"prompt": prompt}))["tokens"] for prompt, _ in samples]
        lengths += map(len, prompts)
        for name, server in servers.items():
            bodies = [{"model": names[name], "prompt": prompt, "max_tokens": new_tokens, "temperature": 0} for prompt in prompts]
            for kind, more in [("", {}), (", streaming", {"stream": True, "stream_options": {"include_usage": True}})]:
                with server:
                    found, answers = rate(server.port, [dict(body, **more) for body in bodies])
                if repetition:
                    rates.setdefault(name + kind, []).append(found)
                if repetition and name + kind == "tinylora serve":
                    same += sum(json.loads(answer)["choices"][0]["text"] == text for answer, (_, text) in zip(answers, samples))
    for server in servers.values():
        server.kill()
    print(
        f"{AT_ONCE} requests at once, prompts of {min(lengths)} to {max(lengths)} tokens, {new_tokens} new tokens, "
        f"{Path(model).name}\n")
    print(f"{'':28}tokens/s   of the engine's   each")
    base = statistics.median(rates["engine"])
    for name, each in rates.items():
        print(f"{name:28}{statistics.median(each):8.0f}{100 * statistics.median(each) / base:14.1f} %   "
              + " ".join(f"{value:.0f}" for value in each))
    print()
    check(same == repeats * AT_ONCE, f"{same} of {repeats * AT_ONCE} answers are the engine's")
    for name in ["tinylora serve", "tinylora serve, streaming"]:
        share = statistics.median(rates[name]) / base
        check(share >= 0.9, f"{name}: {100 * share:.1f} % of the engine's rate, at least 90 % wanted")


def make_adapters(tinylora, model, folder, count):
    """Adapters of one design with other numbers: the last bytes of the file are 13 numbers in bf16."""
    problems = Path(folder) / "problems.jsonl"
    problems.write_text("".join(json.dumps({"question": f"What is {a} + 17?", "answer": str(a + 17)}) + "\n" for a in range(64)))
    subprocess.run(
        [tinylora, "train", "--model", model, "--train", problems, "--steps", "1", "--batch", "2", "--group-size", "2",
         "--max-tokens", "8", "--eval-problems", "0", "--parameters", "13", "--output", f"{folder}/run"], check=True,
        capture_output=True)
    file = Path(folder, "run", "adapter.safetensors").read_bytes()
    stream, adapters = random.Random(1), Path(folder) / "adapters"
    adapters.mkdir()
    for number in range(count):
        # Numbers of both signs with magnitudes of 2^-9 to 2^-5.
        values = [stream.choice([0, 0x8000]) + (stream.randrange(118, 122) << 7) + stream.randrange(128) for _ in range(13)]
        (adapters / f"a{number}.safetensors").write_bytes(file[:-26] + b"".join(value.to_bytes(2, "little") for value in values))
    return adapters


def beside_base(tinylora, model, new_tokens, count):
    with tempfile.TemporaryDirectory() as folder:
        adapters = make_adapters(tinylora, model, folder, count)
        stream, base = random.Random(2), Path(model).name
        names, block = [f"a{number}" for number in range(count)], 4 * AT_ONCE
        rates, texts = {"base": [], "adapters": []}, {}
        command = [tinylora, "serve", "--model", model, "--port", "0", "--adapters", adapters]
        warm = {"prompt": [1, 2], "max_tokens": 1, "ignore_eos": True}
        for first in range(0, count, block):
            bodies = [
                {"model": name, "prompt": [stream.randrange(100, 1000) for _ in range(64)], "max_tokens": new_tokens,
                 "ignore_eos": True, "temperature": 0} for name in names[first:first + block]]
            sides = list(rates) if first // block % 2 else list(reversed(rates))
            works = []
            for side in sides:
                server = Process(command)
                load(server.port, [dict(warm, model=name) for name in names[:AT_ONCE] + [base]])
                server.halt()
                works.append(Work(server, bodies if side == "adapters" else [dict(body, model=base) for body in bodies]))
            by_turns(*works)
            for side, work in zip(sides, works):
                rates[side].append(work.rate())
                texts.setdefault(side, []).extend(json.loads(answer)["choices"][0]["text"] for answer in work.answers)
                work.server.kill()
            print(
                f"       {len(texts['base'])} requests: base {rates['base'][-1]:.0f}, adapters {rates['adapters'][-1]:.0f} "
                f"tokens/s, {100 * rates['adapters'][-1] / rates['base'][-1]:.1f} %", flush=True)
        server = Process(command)
        load(server.port, [dict(warm, model=base)])
        resident = [server.resident()]
        load(server.port, [dict(warm, model=name) for name in names])
        resident.append(server.resident())
        server.kill()
    medians = {turn: statistics.median(each) for turn, each in rates.items()}
    share = statistics.median(a / b for a, b in zip(rates["adapters"], rates["base"]))
    print(f"\n{count} adapters of 13 numbers, {AT_ONCE} requests at a time, prompts of 64 tokens, {new_tokens} new tokens\n")
    for turn, each in rates.items():
        print(f"{turn:12}{medians[turn]:8.0f} tokens/s   from {min(each):.0f} to {max(each):.0f} in {len(each)} parts")
    print(f"resident memory {resident[0]:.0f} MB with the base model, {resident[1]:.0f} MB after all adapters\n")
    differing = sum(a != b for a, b in zip(texts["base"], texts["adapters"]))
    check(differing > 0, f"{differing} of {count} answers differ from the base model's")
    check(
        share >= 0.97,
        f"adapters: {100 * share:.1f} % of the base model's rate, the median of {len(rates['base'])} parts, at least 97 % wanted")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tinylora")
    parser.add_argument("model")
    parser.add_argument("--vllm", help="a Python with vLLM")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--new-tokens", type=int, default=128, help="of each answer")
    parser.add_argument("--adapters", type=int, default=1024)
    parser.add_argument("--only", choices=["engine", "adapters"])
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that no server is left
    if options.only != "adapters":
        beside_engine(options.tinylora, options.model, options.repeats, options.new_tokens, options.vllm)
    if options.only != "engine":
        beside_base(options.tinylora, options.model, options.new_tokens, options.adapters)
    sys.exit(1 if failed else 0)


main()
