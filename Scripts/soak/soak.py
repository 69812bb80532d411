"""Long tests of `tinylora serve`; run.sh starts them."""

import atexit
import collections
import concurrent.futures
import http.client
import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import openai

TOKEN = "soak"
PROMPT = "Q: Tom has 12 apples. He picks 5 more. How many apples does Tom have now?\nA:"
problems = []


def check(holds, what):
    print(("ok     " if holds else "FAILED ") + what, flush=True)
    if not holds:
        problems.append(what)


class Server:
    """A server on a free port, and what it prints."""

    def __init__(self, tinylora, adapters, **environment):
        self.process = subprocess.Popen(
            [tinylora, "serve", "--adapters", adapters, "--port", "0"], stdout=subprocess.PIPE, text=True,
            env=dict(os.environ, TINYLORA_SERVE_TOKEN=TOKEN, **environment))
        atexit.register(self.process.kill)
        self.url = self.process.stdout.readline().strip()
        self.port = int(self.url.rsplit(":", 1)[1])
        self.client = openai.OpenAI(base_url=self.url + "/v1", api_key=TOKEN, max_retries=0)

    def resident(self):
        """Resident memory in MB; 0 when the server has ended."""
        kilobytes = subprocess.run(["ps", "-o", "rss=", "-p", str(self.process.pid)], stdout=subprocess.PIPE).stdout
        return int(kilobytes or 0) / 1000

    def ask(self, path, body=None, token=TOKEN):
        """Status and text of an answer."""
        request = urllib.request.Request(
            self.url + path, data=body, headers={"authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")

    def running(self):
        lines = self.ask("/metrics")[1].splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("tinylora_samples_"))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=120)


def complete(server, model, seed, **more):
    return server.client.completions.create(
        model=model, prompt=PROMPT, seed=seed, max_tokens=24, logprobs=0,
        extra_body={"return_token_ids": True}, **more).choices[0]


def text_of_stream(server, model, seed):
    stream = server.client.completions.create(model=model, prompt=PROMPT, seed=seed, max_tokens=24, stream=True)
    return "".join(chunk.choices[0].text for chunk in stream)


def official_client(server, models):
    """64 clients at once, whole and streaming, against the same requests one after the other."""
    jobs = [(models[index % len(models)], index) for index in range(64)]
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        whole = list(pool.map(lambda job: complete(server, *job), jobs))
        streams = list(pool.map(lambda job: text_of_stream(server, *job), jobs))
    same = sum(
        (alone.text, alone.token_ids, alone.logprobs.token_logprobs)
        == (together.text, together.token_ids, together.logprobs.token_logprobs)
        for alone, together in zip((complete(server, *job) for job in jobs), whole))
    check(same == 64, f"{same} of 64 concurrent completions have the bits they have alone")
    check([choice.text for choice in whole] == streams, "streams have the text of whole answers")
    chat = server.client.chat.completions.create(
        model=models[0], messages=[{"role": "user", "content": "What is 17 + 25?"}], temperature=0,
        max_completion_tokens=30, logprobs=True, top_logprobs=2)
    deltas = server.client.chat.completions.create(
        model=models[0], messages=[{"role": "user", "content": "What is 17 + 25?"}], temperature=0,
        max_completion_tokens=30, stream=True, stream_options={"include_usage": True})
    chunks = list(deltas)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    check(text == chat.choices[0].message.content and chunks[-1].usage == chat.usage, "chats, whole and streaming")
    check(len(server.client.models.list().data) > 1, "models are listed")
    try:
        server.client.completions.create(model="none", prompt="1")
        check(False, "an unknown model is refused")
    except openai.NotFoundError as error:
        check(error.code == "model_not_found", "an unknown model is refused")


def schemathesis(server):
    """Random requests by the description never get a 5xx."""
    result = subprocess.run(
        [str(Path(sys.executable).parent / "schemathesis"), "run", server.url + "/openapi.json", "-H",
         f"Authorization: Bearer {TOKEN}", "--checks", "not_a_server_error", "--max-examples", "30", "--workers", "2",
         "--exclude-path", "/v1/load_lora_adapter", "--request-timeout", "60"],
        capture_output=True, text=True)
    if result.returncode:
        print(result.stdout[-4000:], result.stderr[-2000:])
    check(result.returncode == 0, "schemathesis finds no server error")


class Nuisance:
    """Clients that do everything wrong, until they are told to stop."""

    def __init__(self, server):
        self.server, self.over, self.counts, self.lock = server, threading.Event(), {}, threading.Lock()
        self.threads = [threading.Thread(target=self.loop, args=(seed,), daemon=True) for seed in range(8)]
        for thread in self.threads:
            thread.start()

    def count(self, what):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + 1

    def loop(self, seed):
        choice = random.Random(seed)
        while not self.over.is_set():
            try:
                choice.choice([self.vanish, self.vanish, self.garbage, self.oversized, self.wrong_token, self.half])(choice)
            except (OSError, http.client.HTTPException):
                self.count("refused or broken connection")

    def send(self, data):
        connection = socket.create_connection(("127.0.0.1", self.server.port), timeout=30)
        connection.sendall(data)
        return connection

    def post(self, body, more=b""):
        head = (f"POST /v1/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {TOKEN}\r\n"
                f"content-length: {len(body)}\r\n").encode()
        return head + more + b"\r\n" + body

    def vanish(self, choice):
        stream = choice.random() < 0.5
        body = json.dumps({"prompt": PROMPT, "max_tokens": 100, "n": 4, "stream": stream, "ignore_eos": True}).encode()
        with self.send(self.post(body)) as connection:
            time.sleep(choice.random() * 0.2)
            if stream and choice.random() < 0.5:
                connection.recv(100)
        self.count("vanished")

    def garbage(self, choice):
        with self.send(choice.randbytes(choice.randrange(1, 3000)) + b"\r\n\r\n") as connection:
            connection.settimeout(2)
            try:
                connection.recv(1000)
            except OSError:
                pass
        status, _ = self.server.ask("/v1/completions", choice.randbytes(200))
        self.count(f"garbage {status}")

    def oversized(self, choice):
        status, _ = self.server.ask("/v1/completions", b"1" * (9 << 20))
        self.count(f"oversized {status}")

    def wrong_token(self, choice):
        status, _ = self.server.ask("/v1/models", token="wrong")
        self.count(f"wrong token {status}")

    def half(self, choice):
        with self.send(self.post(b'{"prompt": "1"}')[: choice.randrange(10, 120)]):
            time.sleep(choice.random())
        self.count("half a request")

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


def soak(server, models, seconds):
    """Honest clients get their own answers beside the others; memory does not grow."""
    expected = {job: complete(server, *job).token_ids for job in [(model, seed) for model in models[:4] for seed in range(4)]}
    nuisance, start, early, wrong, honest, errors = Nuisance(server), time.time(), None, 0, 0, collections.Counter()
    try:
        while time.time() - start < seconds and server.process.poll() is None:
            job = random.choice(list(expected))
            try:
                wrong += complete(server, *job).token_ids != expected[job]
                honest += 1
            except openai.RateLimitError:
                time.sleep(0.1)
            except openai.APIError as error:
                errors[type(error).__name__] += 1
                time.sleep(0.1)
            if early is None and time.time() - start > seconds / 5:
                early = server.resident()
        late = server.resident()
    finally:
        nuisance.stop()
    print("       " + ", ".join(f"{count} × {what}" for what, count in sorted(nuisance.counts.items())))
    check(server.process.poll() is None, "the server still runs")
    check(
        wrong == 0 and honest > 0 and not errors,
        f"{honest} honest answers beside them, {wrong} of them wrong; errors: {dict(errors) or 'none'}")
    if server.process.returncode is not None:
        sys.exit(1)  # nothing else can be asked
    check(late <= early * 1.05, f"resident memory {early:.0f} MB after a fifth of the time, {late:.0f} MB at the end")
    for _ in range(50):
        if not server.running():
            break
        time.sleep(0.2)
    check(server.running() == 0, "no place is left taken")


def stop_under_load(server):
    """SIGTERM: started streams end with [DONE] or an error event."""
    body = json.dumps({"prompt": PROMPT, "max_tokens": 100, "n": 4, "stream": True, "ignore_eos": True}).encode()
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        answers = [pool.submit(server.ask, "/v1/completions", body) for _ in range(32)]
        time.sleep(0.5)
        status = server.stop()
        ends = []
        for answer in answers:
            try:
                code, text = answer.result()
                ends.append(code != 200 or text.endswith("data: [DONE]\n\n") or '"error"' in text.split("\n\n")[-2])
            except (urllib.error.URLError, ConnectionError):
                ends.append(True)  # the connection came after the socket was closed
    check(status == 0 and all(ends), f"SIGTERM under load: exit status {status}, {sum(ends)} of 32 answers whole or with an error")


def end_of_answer(server, model, tokens, stream):
    """How an answer ends whose server is killed; `taken for whole` would be wrong."""
    body = json.dumps({"model": model, "prompt": PROMPT, "max_tokens": tokens, "n": 4, "stream": stream, "ignore_eos": True})
    answer = None
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    try:
        connection.request("POST", "/v1/completions", body, {"authorization": f"Bearer {TOKEN}"})
        answer = connection.getresponse()
        text = answer.read().decode()
    except http.client.IncompleteRead as error:
        return "taken for whole" if b"[DONE]" in error.partial else "cut inside"
    except (OSError, http.client.HTTPException):
        return "cut inside" if answer else "cut before the head"
    finally:
        connection.close()
    if answer.status != 200:
        return f"status {answer.status}"
    is_whole = text.endswith("data: [DONE]\n\n") if stream else len(json.loads(text)["choices"]) == 4
    return "whole" if is_whole else "taken for whole"


def kill_under_load(tinylora, adapters, models, times=8):
    """SIGKILL at random moments, each time with an empty cache directory: no cut answer looks whole, and the next server, which
    finds what the killed one left, gives the same tokens."""
    choice, ends, same, spoilt = random.Random(5), {}, 0, 0
    server = Server(tinylora, adapters)
    expected = {model: complete(server, model, 7).token_ids for model in models}
    server.stop()
    for _ in range(times):
        with tempfile.TemporaryDirectory() as cache:
            server = Server(tinylora, adapters, TINYLORA_CACHE=cache)
            with concurrent.futures.ThreadPoolExecutor(32) as pool:
                answers = [
                    pool.submit(end_of_answer, server, choice.choice(models), choice.randrange(1, 100), index % 4 > 0)
                    for index in range(32)]
                for _ in itertools.islice(concurrent.futures.as_completed(answers), choice.randrange(16)):
                    pass
                time.sleep(choice.random() * 0.1)
                server.process.kill()
                server.process.wait()
            for answer in answers:
                ends[answer.result()] = ends.get(answer.result(), 0) + 1
            again = Server(tinylora, adapters, TINYLORA_CACHE=cache)
            same += all(complete(again, model, 7).token_ids == expected[model] for model in models)
            spoilt += again.stop() != 0
    print("       " + ", ".join(f"{count} × {end}" for end, count in sorted(ends.items())))
    check(
        ends.get("cut inside", 0) > 0 and "taken for whole" not in ends,
        f"SIGKILL under load, {times} times: no cut answer looks whole")
    check(same == times and spoilt == 0, f"{same} of {times} servers give the same tokens after a killed one")


def main():
    tinylora, seconds = sys.argv[1], float(sys.argv[2])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that no server is left
    with tempfile.TemporaryDirectory() as adapters:
        for seed in range(1, 4):
            subprocess.run(
                [tinylora, "train", "--steps", "2", "--eval-problems", "1", "--seed", str(seed), "--parameters", "13",
                 "--output", f"{adapters}/run{seed}"], check=True, capture_output=True)
        models = ["abacus"] + [f"run{seed}" for seed in range(1, 4)]
        server = Server(tinylora, adapters)
        official_client(server, models)
        schemathesis(server)
        soak(server, models, seconds)
        before = complete(server, "run1", 7).token_ids
        stop_under_load(server)
        again = Server(tinylora, adapters)
        check(complete(again, "run1", 7).token_ids == before, "a new server gives the same tokens")
        check(again.stop() == 0, "SIGTERM when idle: exit status 0")
        kill_under_load(tinylora, adapters, models)
    sys.exit(1 if problems else 0)


main()
