"""The learner against transformers itself: small random models, real HTTP, one process and two ranks.

    python -m unittest discover -s tests

The judge is a model in float64 whose weights have ΔW added: nothing of the learner's own code takes part in what it computes.
"""

import copy
import json
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.error
import urllib.request
from pathlib import Path

import safetensors.torch
import torch
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

from tinylora_learner.learner import Learner, pieces, weight_scale
from tinylora_learner.ranks import Ranks, share
from tinylora_learner.requests import Request, Unit
from tinylora_learner.server import Handler, Service, make_server

VOCABULARY, CONTEXT = 61, 64
SIZES = dict(
    vocab_size=VOCABULARY, max_position_embeddings=CONTEXT, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
    num_attention_heads=4, num_key_value_heads=2, initializer_range=0.3,
)
MODULES = ["model.layers.0.self_attn.q_proj", "model.layers.0.mlp.down_proj", "model.layers.1.self_attn.v_proj"]
GROUPS = [0, 1, 0]
ADAPTER = [0.3, -0.2, 0.1, 0.25, -0.4, 0.15]
SEQUENCES = [
    {"prompt": [1, 2, 3, 4, 5], "completion": [7, 8, 9]},
    {"prompt": [1, 2, 3, 4, 5], "completion": [10, 60, 12, 13, 14]},
    {"prompt": [6], "completion": [20]},
    {"prompt": [1, 2, 3, 4, 5], "completion": []},
    {"prompt": [1, 2, 3, 4, 5], "completion": [30, 31, 0]},
]
WEIGHTS = [[0.5, -1.0, 2.0], [0.1, 0.2, 0.3, 0.4, 0.5], [-1.5], [], [1, 0, -0.25]]
UNITS = [[0, 1], [2], [3, 4]]


def tiny_model(kind: str) -> torch.nn.Module:
    """A random model of two layers; Qwen2 has biases and tied embeddings."""
    torch.manual_seed(1)
    if kind == "llama":
        return LlamaForCausalLM(LlamaConfig(**SIZES)).eval()
    model = Qwen2ForCausalLM(Qwen2Config(**SIZES, tie_word_embeddings=True)).eval()
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(parameter, std=0.3)
    return model


def basis_tensors(model) -> dict:
    """Random matrices of rank 2, three numbers for each of two groups."""
    torch.manual_seed(2)
    tensors = {}
    for name in MODULES:
        module = model.get_submodule(name)
        tensors[f"{name}.A"] = torch.randn(2, module.in_features) / 4
        tensors[f"{name}.B"] = torch.randn(module.out_features, 2) / 4
        tensors[f"{name}.P"] = torch.randn(3, 2, 2)
    return tensors


def basis_body(tensors: dict, modules=MODULES, groups=GROUPS, parameters=6) -> bytes:
    metadata = {"modules": json.dumps(modules), "groups": json.dumps(list(groups)), "parameters": str(parameters)}
    return safetensors.torch.save(tensors, metadata)


def in_double(model) -> torch.nn.Module:
    """A copy in float64, its norms too, which transformers computes in float32 for any type of the model."""
    model = copy.deepcopy(model).double()
    for name, module in list(model.named_modules()):
        if name.endswith("norm"):
            norm = torch.nn.RMSNorm(module.weight.shape, module.variance_epsilon, dtype=torch.float64)
            norm.weight = module.weight
            model.set_submodule(name, norm)
    return model


def judged(model, tensors: dict, v: list[float] | None, temperature: float) -> list[torch.Tensor]:
    """Log-probabilities of the completions, each sequence alone, by a float64 model with ΔW in its weights."""
    model = in_double(model)
    with torch.no_grad():
        for name, group in zip(MODULES, GROUPS) if v else []:
            a, b, p = (tensors[f"{name}.{part}"].double() for part in "ABP")
            m = sum(v[group * 3 + i] * p[i] for i in range(3))
            model.get_submodule(name).weight += b @ m @ a
        rows = []
        for sequence in SEQUENCES:
            prompt, ids = sequence["prompt"], sequence["completion"]
            logits = model(input_ids=torch.tensor([prompt + ids])).logits[0, len(prompt) - 1 : -1] / temperature
            rows.append(torch.log_softmax(logits, -1)[range(len(ids)), ids])
    return rows


class Client:
    """Sends requests to a learner and returns status and answer."""

    def __init__(self, url: str, token: str | None = None):
        self.url, self.headers = url, {"Authorization": f"Bearer {token}"} if token else {}

    def send(self, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        request = urllib.request.Request(self.url + path, body, self.headers | {"Content-Type": "application/octet-stream"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def ask(self, path: str, body=None):
        """The answer to a request that must succeed."""
        status, answer = self.send(path, body if isinstance(body, bytes | None) else json.dumps(body).encode())
        assert status == 200, answer
        return json.loads(answer)

    def error(self, path: str, body) -> tuple[int, str, str]:
        """Status, code and message of a request that must fail."""
        status, answer = self.send(path, body if isinstance(body, bytes) else json.dumps(body).encode())
        error = json.loads(answer)["error"]
        return status, error["code"], error["message"]


# The standard library's server writes a line for each request.
Handler.log_message = lambda *arguments: None


def serve(model, token_budget=4096, token=None):
    """A server in this process, on a free port; returns it with its client."""
    service = Service(Ranks(Learner(model.requires_grad_(False), token_budget)), "tiny", threads=1)
    server = make_server(service, "127.0.0.1", 0, token)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, Client(f"http://127.0.0.1:{server.server_port}", token)


class NumbersTest(unittest.TestCase):
    def check(self, kind: str, token_budget: int):
        model = tiny_model(kind)
        tensors = basis_tensors(model)
        server, client = serve(model, token_budget)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        basis = client.ask("/v1/basis", basis_body(tensors))
        self.assertEqual((basis["parameters"], basis["modules"]), (6, 3))
        for v in (None, ADAPTER):
            request = {"basis": basis["id"] if v else None, "adapter": v, "temperature": 0.7, "sequences": SEQUENCES}
            for row, exact in zip(client.ask("/v1/logprobs", request)["logprobs"], judged(model, tensors, v, 0.7), strict=True):
                torch.testing.assert_close(torch.tensor(row, dtype=torch.float64), exact, rtol=0, atol=2e-5)
        answer = client.ask("/v1/gradients", request | {"weights": WEIGHTS})
        self.assertEqual(answer["logprobs"], client.ask("/v1/logprobs", request)["logprobs"])
        exact = self.differences(model, tensors)
        torch.testing.assert_close(torch.tensor(answer["units"], dtype=torch.float64), exact, rtol=1e-4, atol=1e-4)
        for number in answer["units"][0]:
            self.assertEqual(torch.tensor(number, dtype=torch.float32).item(), number)

    def differences(self, model, tensors, step=1e-4) -> torch.Tensor:
        """Central differences of each unit's Σ weight · log-probability in float64; their error is of the order step²."""

        def sums(v):
            products = [(row * torch.tensor(w)).sum() for row, w in zip(judged(model, tensors, v, 0.7), WEIGHTS)]
            return torch.stack([sum(products[index] for index in unit) for unit in UNITS])

        columns = []
        for index in range(len(ADAPTER)):
            up, down = list(ADAPTER), list(ADAPTER)
            up[index] += step
            down[index] -= step
            columns.append((sums(up) - sums(down)) / (2 * step))
        return torch.stack(columns, dim=1)

    def test_llama_equals_transformers_and_finite_differences(self):
        self.check("llama", 4096)

    def test_qwen2_equals_transformers_and_finite_differences(self):
        self.check("qwen2", 4096)

    def test_a_unit_cut_into_pieces_gives_the_same_numbers(self):
        self.check("llama", 8)

    def test_a_model_in_bfloat16_gives_nearly_the_same_gradient(self):
        model = tiny_model("llama")
        tensors, units = basis_tensors(model), []
        for model in (model, copy.deepcopy(model).bfloat16()):
            learner = Learner(model.requires_grad_(False), 4096)
            basis = learner.add_basis(basis_body(tensors))
            request = Request(True, basis["id"], ADAPTER, 1.0, [Unit([1, 2, 3], [[4, 5, 6, 7]], [[1.0, 0.5, -1.0, 2.0]])])
            units.append(torch.tensor(learner.compute(request, [0])[0][1]))
        # bfloat16 has 8 bits: a few rounding errors of 0.4 % in each of two layers.
        self.assertLess((units[1] - units[0]).norm() / units[0].norm(), 0.05)

    def test_small_weights_give_the_gradient_of_large_ones_in_every_type(self):
        model = tiny_model("llama")
        tensors, weights = basis_tensors(model), [1.0, 0.5, -1.0, 2.0]
        for dtype in (torch.float32, torch.bfloat16, torch.float16):
            learner = Learner(copy.deepcopy(model).to(dtype).requires_grad_(False), 4096)
            basis = learner.add_basis(basis_body(tensors))

            def gradient(factor):
                unit = Unit([1, 2, 3], [[4, 5, 6, 7]], [[weight * factor for weight in weights]])
                return torch.tensor(learner.compute(Request(True, basis["id"], ADAPTER, 1.0, [unit]), [0])[0][1])

            with self.subTest(dtype):
                whole = gradient(1)
                self.assertGreater(whole.norm(), 0)
                for exponent in (-16, -30, 20):  # those of float16 end at -24 and 15
                    self.assertTrue(torch.equal(gradient(2.0**exponent), whole * 2.0**exponent), exponent)

    def test_the_scale_of_weights_is_a_power_of_two_that_float32_has(self):
        cases = [([[]], 1), ([[0.0], [0.0]], 1), ([[0.75, -3.0], [2.0]], 4), ([[-1e-5]], 2.0**-16), ([[3e38]], 2.0**127), ([[1e-44]], 2.0**-126)]
        for weights, scale in cases:
            self.assertEqual(weight_scale(weights), scale, weights)

    def test_pieces_hold_the_token_budget_and_every_completion_once(self):
        lengths = lambda budget: [[len(ids) for ids in piece.completions] for piece in pieces(unit, budget)]
        completions = [[1] * 5, [1] * 5, [1] * 30, [1] * 2]
        unit = Unit([1] * 10, completions, completions)
        self.assertEqual(lengths(20), [[5, 5], [30], [2]])
        self.assertEqual(lengths(1000), [[5, 5, 30, 2]])

    def test_units_are_shared_by_cost(self):
        self.assertEqual(share([5, 1, 1, 1, 2], 2), [[0, 1, 3], [4, 2]])
        self.assertEqual(share([3], 2), [[0], []])


class RanksTest(unittest.TestCase):
    def test_two_ranks_give_the_bytes_of_one(self):
        with tempfile.TemporaryDirectory() as folder:
            model = tiny_model("llama")
            model.save_pretrained(folder)
            body = basis_body(basis_tensors(model))
            one, two = self.answers(folder, body, ["-m"]), self.answers(folder, body, self.torchrun)
        self.assertEqual(one[1:], two[1:])
        self.assertEqual([health["ranks"] for health in (one[0], two[0])], [1, 2])

    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]

    def answers(self, folder: str, body: bytes, start: list[str]) -> list:
        """Health, then the bytes of good and bad requests and of a good one after them."""
        command = [sys.executable, *start, "tinylora_learner", "--model", folder, "--port", "0", "--threads", "1", "--device", "cpu"]
        package = Path(__file__).resolve().parents[1]
        learner = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=package, text=True)
        try:
            client = Client(learner.stdout.readline().strip())
            health, basis = client.ask("/health"), client.ask("/v1/basis", body)
            request = {"basis": basis["id"], "adapter": ADAPTER, "temperature": 1, "sequences": SEQUENCES, "weights": WEIGHTS}
            bad = [request | {"adapter": [3e38] * 6}, request | {"basis": "none"}, request | {"adapter": [1.0]}]
            good = [json.dumps(request).encode()]
            sent = good + [json.dumps(one).encode() for one in bad] + good
            return [health, *(client.send("/v1/gradients", one) for one in sent), client.send("/v1/basis", b"nonsense")]
        finally:
            learner.terminate()
            learner.wait(timeout=60)
            learner.stdout.close()


class ErrorsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model = tiny_model("llama")
        cls.tensors = basis_tensors(cls.model)
        cls.server, cls.client = serve(cls.model, token="secret")
        cls.id = cls.client.ask("/v1/basis", basis_body(cls.tensors))["id"]
        cls.request = {"basis": cls.id, "adapter": ADAPTER, "temperature": 1, "sequences": SEQUENCES, "weights": WEIGHTS}

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def test_bad_requests_are_told_what_is_wrong(self):
        one = lambda prompt, completion: {"sequences": [{"prompt": prompt, "completion": completion}], "weights": [[1] * len(completion)]}
        cases = {
            "outside the vocabulary of 61": one([1, 61], [2]),
            "token id -1": one([1], [-1]),
            "prompt is empty": one([], [2]),
            "is not a list of token ids": one([1, True], [2]),
            "the model's context is 64": one([1] * 60, [2] * 6),
            "adapter has 2 numbers, the basis has 6": {"adapter": [0.1, 0.2]},
            "adapter has a number that is not finite": {"adapter": [1e39] * 6},
            "adapter is missing": {"adapter": None},
            "basis is not the id": {"basis": None},
            "temperature is 0": {"temperature": 0},
            "[temperature] is not a list of numbers": {"temperature": None},
            "at least one sequence": {"sequences": []},
            "a list for each of the 5 sequences": {"weights": [[1.0]]},
            "weights[2] has 2 numbers, the completion has 1": {"weights": WEIGHTS[:2] + [[1, 2]] + WEIGHTS[3:]},
            "weights[0] has a number that is not finite": {"weights": [[float("nan")] * 3] + WEIGHTS[1:]},
        }
        for message, change in cases.items():
            with self.subTest(message):
                status, code, told = self.client.error("/v1/gradients", self.request | change)
                self.assertEqual((status, code), (400, "invalid_request"))
                self.assertIn(message, told)
        for body in (b"", b"[1]", b"[" * 100_000, b"\xff", b'{"temperature": ' + b"9" * 5000 + b"}"):
            self.assertEqual(self.client.error("/v1/logprobs", body)[:2], (400, "invalid_request"))
        self.client.ask("/v1/gradients", self.request)

    def test_a_bad_basis_is_told_what_is_wrong(self):
        name = MODULES[0]
        without = {key: tensor for key, tensor in self.tensors.items() if key != f"{name}.B"}
        cases = {
            "is no safetensors file": b"nonsense",
            f"tensor {name}.B is missing": basis_body(without),
            "tensor extra is of no module": basis_body(self.tensors | {"extra": torch.zeros(1)}),
            "has a name twice": basis_body(self.tensors, MODULES + MODULES[:1]),
            f"{name}.A is torch.float32 [2, 31], expected torch.float32 [2, 32]": basis_body(self.tensors | {f"{name}.A": torch.zeros(2, 31)}),
            f"{name}.P is torch.float32 [3, 1, 1]": basis_body(self.tensors | {f"{name}.P": torch.zeros(3, 1, 1)}),
            f"{name}.B is torch.float16": basis_body(self.tensors | {f"{name}.B": self.tensors[f"{name}.B"].half()}),
            f"{name}.A has a number that is not finite": basis_body(self.tensors | {f"{name}.A": torch.full((2, 32), torch.inf)}),
            "do not make 7 parameters": basis_body(self.tensors, parameters=7),
            "3 groups": basis_body(self.tensors, groups=[0, 1, 5]),
            "2 groups for 3 modules": basis_body(self.tensors, groups=[0, 1]),
        }
        renamed = {key.replace(name, "model.layers.9.q_proj"): tensor for key, tensor in self.tensors.items()}
        cases["no linear layer model.layers.9.q_proj"] = basis_body(renamed, ["model.layers.9.q_proj"] + MODULES[1:])
        for message, body in cases.items():
            with self.subTest(message):
                status, code, told = self.client.error("/v1/basis", body)
                self.assertEqual((status, code), (400, "invalid_basis"))
                self.assertIn(message, told)

    def test_numbers_that_are_not_finite_are_an_error(self):
        self.assertEqual(self.client.error("/v1/gradients", self.request | {"adapter": [3e38] * 6})[:2], (422, "not_finite"))
        self.client.ask("/v1/gradients", self.request)

    def test_a_sum_of_finite_gradients_that_is_not_finite_is_an_error(self):
        server, client = serve(self.model, token_budget=1)  # every completion is a piece of its own
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        basis = client.ask("/v1/basis", basis_body(self.tensors))["id"]
        learner = server.service.ranks.learner
        learner._piece = lambda basis, request, unit: ([[0.0] * len(ids) for ids in unit.completions], torch.full((6,), 2e38))
        self.assertEqual(client.error("/v1/gradients", self.request | {"basis": basis})[:2], (422, "not_finite"))

    def test_an_answer_that_json_cannot_hold_is_an_error(self):
        server, client = serve(self.model)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        server.service.health["threads"] = float("nan")
        status, answer = client.send("/health")
        self.assertEqual((status, json.loads(answer)["error"]["code"]), (500, "internal_error"))

    def test_the_basis_not_used_for_longest_is_forgotten(self):
        server, client = serve(self.model)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        name = f"{MODULES[0]}.P"
        bodies = [basis_body(self.tensors | {name: torch.full((3, 2, 2), float(number))}) for number in range(5)]
        ids = [client.ask("/v1/basis", body)["id"] for body in bodies[:4]]
        client.ask("/v1/gradients", self.request | {"basis": ids[0]})
        client.ask("/v1/basis", bodies[4])
        client.ask("/v1/gradients", self.request | {"basis": ids[0]})
        self.assertEqual(client.error("/v1/gradients", self.request | {"basis": ids[1]})[:2], (404, "unknown_basis"))

    def test_failures_while_computing_are_answers(self):
        server, client = serve(tiny_model("llama"))
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        request = {"basis": None, "adapter": None, "temperature": 1, "sequences": SEQUENCES}
        learner, whole = server.service.ranks.learner, server.service.ranks.learner._logprobs
        for error, expected in (
            (torch.OutOfMemoryError("no memory"), (507, "out_of_memory")),
            (RuntimeError("broken"), (500, "internal_error")),
        ):
            def fail(*arguments):
                raise error

            learner._logprobs = fail
            self.assertEqual(client.error("/v1/logprobs", request)[:2], expected)
        learner._logprobs = whole
        client.ask("/v1/logprobs", request)

    def test_a_request_whose_client_has_gone_is_not_computed(self):
        server, client = serve(self.model)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        service, turn, seen = server.service, threading.Event(), []
        compute = service.ranks.compute
        service.ranks.compute = lambda request: seen.append(request.temperature) or compute(request)
        self.addCleanup(turn.set)
        service.worker.submit(turn.wait)  # a request that takes long
        was_read = threading.Event()
        answer = service.answer
        service.answer = lambda *arguments: was_read.set() or answer(*arguments)
        bodies = [json.dumps({"temperature": number, "sequences": SEQUENCES}).encode() for number in (1, 2)]
        head = f"POST /v1/logprobs HTTP/1.1\r\nHost: x\r\nContent-Length: {len(bodies[0])}\r\n\r\n".encode()
        with socket.create_connection(server.server_address) as connection:
            connection.sendall(head + bodies[0])
            self.assertTrue(was_read.wait(60))
        threading.Timer(0.2, turn.set).start()
        self.assertEqual(client.send("/v1/logprobs", bodies[1])[0], 200)
        self.assertEqual(seen, [2])

    def test_paths_tokens_and_lengths_are_checked(self):
        self.assertEqual(self.client.error("/v1/other", b"{}")[:2], (404, "not_found"))
        self.assertEqual(Client(self.client.url).error("/v1/logprobs", b"{}")[:2], (401, "unauthorized"))
        self.assertEqual(Client(self.client.url, "secres").error("/v1/logprobs", b"{}")[:2], (401, "unauthorized"))
        server, _ = serve(self.model, token="schlüssel")
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        url = f"http://127.0.0.1:{server.server_port}"
        sent = "schlüssel".encode().decode("latin-1")  # urllib encodes headers as Latin-1: the bytes are those of UTF-8
        self.assertEqual(Client(url, sent).ask("/health")["vocab_size"], VOCABULARY)
        self.assertEqual(Client(url, "schlüssel").error("/v1/logprobs", b"{}")[:2], (401, "unauthorized"))
        large = Client(self.client.url, "secret")
        large.headers["Content-Length"] = str(1 << 40)
        self.assertIn("at most", large.error("/v1/basis", b"x")[2])
        self.assertEqual(self.client.ask("/health")["vocab_size"], VOCABULARY)


if __name__ == "__main__":
    unittest.main()
