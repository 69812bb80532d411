"""The HTTP side: routes, limits, the optional token, errors as JSON. All computing is done on one thread, in the order of arrival."""

import hmac
import json
import selectors
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import torch

from .errors import LearnerError, as_learner_error, require
from .ranks import Ranks
from .requests import read_request

CLIENT_GONE = 499  # nginx's status, for the log
LARGEST_BODY = 1 << 30  # bytes; the basis of a large model with a high rank has some hundred million


class Service:
    """What each route answers, as values that become JSON."""

    def __init__(self, ranks: Ranks, name: str, threads: int):
        self.ranks, self.worker = ranks, ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(threads,))
        model = ranks.learner.model
        self.health = {
            "status": "ok",
            "protocol": "tinylora-learner/1",
            "model": name,
            "dtype": str(model.dtype).removeprefix("torch."),
            "device": model.device.type,
            "ranks": ranks.count,
            "threads": threads,
            "vocab_size": model.get_input_embeddings().num_embeddings,
            "max_position_embeddings": getattr(model.config, "max_position_embeddings", None),
            "torch": torch.__version__.split("+")[0],
        }

    def answer(self, route: str, body: bytes, is_gone: Callable[[], bool] = lambda: False) -> dict:
        """Answers a request, after those that came before it; /health does not wait.

        When its turn comes, a request whose client `is_gone` is not computed.
        """
        work = {
            "POST /v1/basis": self.ranks.add_basis,
            "POST /v1/logprobs": partial(self._results, False),
            "POST /v1/gradients": partial(self._results, True),
        }
        if route == "GET /health":
            return self.health
        if route not in work:
            raise LearnerError(404, "not_found", f"there is no {route}")
        return self.worker.submit(self._unless_gone, is_gone, work[route], body).result()

    def _unless_gone(self, is_gone: Callable[[], bool], work: Callable[[bytes], dict], body: bytes) -> dict:
        if is_gone():
            raise LearnerError(CLIENT_GONE, "client_gone", "the client closed its connection before its turn came")
        return work(body)

    def _results(self, gradients: bool, body: bytes) -> dict:
        request = read_request(body, gradients, self.health["vocab_size"], self.health["max_position_embeddings"])
        results = self.ranks.compute(request)
        answer: dict = {"logprobs": [row for logprobs, _ in results for row in logprobs]}
        return answer | {"units": [gradient for _, gradient in results]} if gradients else answer


class Handler(BaseHTTPRequestHandler):
    """One connection, which is closed after its request. The server's `service` and `token` come from `make_server`."""

    timeout = 600  # seconds without a byte from the client

    def do_GET(self):
        """Answers a request."""
        try:
            route = f"{self.command} {self.path}"
            status, answer = 200, self.server.service.answer(route, self.body(), partial(is_closed, self.connection))
            content = json.dumps(answer, allow_nan=False).encode()
        except Exception as error:
            failure = as_learner_error(error)
            kind = "invalid_request_error" if failure.status < 500 else "server_error"
            status = failure.status
            if status == CLIENT_GONE:
                return self.log_request(status)
            content = json.dumps({"error": {"message": failure.message, "type": kind, "code": failure.code}}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET

    def body(self) -> bytes:
        """The request's body, if the request has the token and a length within the limit."""
        token, given = self.server.token, self.headers.get("Authorization", "")
        # The standard library reads the bytes of a header as Latin-1; the token is sent as UTF-8.
        if token is not None and not hmac.compare_digest(given.encode("latin-1"), f"Bearer {token}".encode()):
            raise LearnerError(401, "unauthorized", "the header Authorization does not carry this server's token")
        length = self.headers.get("Content-Length", "0")
        require(length.isascii() and length.isdigit(), "the header Content-Length is not a number")
        require(len(length) < 12 and int(length) <= LARGEST_BODY, f"the body has {length} bytes, at most {LARGEST_BODY} are read")
        return self.rfile.read(int(length))


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side has closed a connection on which everything it sent was read."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        if not selector.select(0):
            return False
    try:
        return not connection.recv(1, socket.MSG_PEEK)
    except OSError:
        return True


def make_server(service: Service, host: str, port: int, token: str | None) -> ThreadingHTTPServer:
    """A server that accepts connections already and answers them in `serve_forever`."""
    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads, server.service, server.token = True, service, token
    return server
