"""One rank's model: log-probabilities of completions and gradients of adapters, one unit at a time.

Shapes: C completions of one prompt · L tokens of the longest · V vocabulary · N numbers of the adapter.
"""

import math
from collections import OrderedDict
from contextlib import nullcontext

import torch

from .basis import Basis, read_basis
from .errors import LearnerError, require
from .requests import Request, Unit

BASES_KEPT = 4


class Learner:
    """A frozen base model and the bases used last. Used from one thread."""

    def __init__(self, model, token_budget: int):
        self.model, self.token_budget = model, token_budget
        self.bases: OrderedDict[str, Basis] = OrderedDict()

    def add_basis(self, body: bytes) -> dict:
        """Reads a basis, keeps it, and forgets the one that was not used for longest. Returns its id and sizes."""
        basis = read_basis(body, self.model)
        self.bases.pop(basis.id, None)
        self.bases[basis.id] = basis
        if len(self.bases) > BASES_KEPT:
            self.bases.popitem(last=False)
        return {"id": basis.id, "parameters": basis.parameters, "modules": len(basis.layers)}

    def compute(self, request: Request, indices: list[int]) -> dict[int, tuple[list, list]]:
        """For each of the units at `indices`: log-probabilities, a list for each completion, and the gradient [N] if asked for."""
        basis = self._basis(request) if request.adapter is not None else None
        return {index: self._unit(basis, request, request.units[index]) for index in indices}

    def _basis(self, request: Request) -> Basis:
        """The basis that a request names, marked as used."""
        if request.basis not in self.bases:
            raise LearnerError(404, "unknown_basis", f"the basis {request.basis} is not held here: upload it again")
        self.bases.move_to_end(request.basis)
        basis, count = self.bases[request.basis], len(request.adapter)
        require(count == basis.parameters, f"adapter has {count} numbers, the basis has {basis.parameters} parameters")
        return basis

    def _unit(self, basis: Basis | None, request: Request, unit: Unit) -> tuple[list, list]:
        """Computes one unit in pieces of at most `token_budget` tokens, whose gradients are added in order."""
        parts = [self._piece(basis, request, piece) for piece in pieces(unit, self.token_budget)]
        gradient = sum(gradient for _, gradient in parts)
        _require_finite(gradient)
        return [row for logprobs, _ in parts for row in logprobs], gradient.tolist()

    def _piece(self, basis: Basis | None, request: Request, unit: Unit) -> tuple[list[list[float]], torch.Tensor]:
        """Log-probabilities, and the gradient [N] of Σ weight · log-probability if asked for."""
        v = torch.tensor(request.adapter or [], dtype=torch.float32, device=self.model.device, requires_grad=request.gradients)
        gradient = torch.zeros(0)
        with torch.set_grad_enabled(request.gradients), basis.applied(v) if basis else nullcontext():
            logprobsCL = self._logprobs(unit.prompt, unit.completions, request.temperature)
        if request.gradients:
            scale = weight_scale(unit.weights)
            weightsCL = padded([[weight / scale for weight in row] for row in unit.weights], torch.float32).to(v.device)
            gradient = torch.autograd.grad((logprobsCL * weightsCL).sum(), v, materialize_grads=True)[0].cpu() * scale
        _require_finite(logprobsCL)
        return [row[: len(ids)] for row, ids in zip(logprobsCL.tolist(), unit.completions)], gradient

    def _logprobs(self, prompt: list[int], completions: list[list[int]], temperature: float) -> torch.Tensor:
        """Log-probabilities [C, L] of the completions' tokens, 0 after a completion's end.

        The prompt is computed once; its keys and values are repeated for the completions. Shorter completions are padded on the
        right, where causal attention keeps the padding away from their tokens.
        """
        device = self.model.device
        tokensCL = padded(completions, torch.long).to(device)
        insideCL = padded([[True] * len(ids) for ids in completions], torch.bool).to(device)
        start = self.model(input_ids=torch.tensor([prompt], device=device), use_cache=True, logits_to_keep=1)
        logprobsCL = chosen(start.logits.expand(len(completions), -1, -1), tokensCL[:, :1], temperature)
        if tokensCL.shape[1] > 1:
            start.cache.batch_repeat_interleave(len(completions))
            logits = self.model(input_ids=tokensCL[:, :-1], cache=start.cache, use_cache=True).logits
            if start.cache.get_seq_length() != len(prompt) + logits.shape[1]:
                raise RuntimeError("the model did not read the prompt's keys and values: this type of model is not supported")
            logprobsCL = torch.cat([logprobsCL, chosen(logits, tokensCL[:, 1:], temperature)], dim=1)
        return logprobsCL.masked_fill(~insideCL, 0)


def _require_finite(numbers: torch.Tensor) -> None:
    """Raises unless all log-probabilities, or all numbers of a gradient, are finite."""
    if not numbers.isfinite().all():
        raise LearnerError(422, "not_finite", "the model's logits or gradients have a number that is not finite")


def chosen(logits: torch.Tensor, tokens: torch.Tensor, temperature: float) -> torch.Tensor:
    """Log-probabilities of `tokens` [C, T] under logits [C, T, V] divided by the temperature, in float32."""
    return torch.log_softmax(logits.float() / temperature, dim=-1).gather(-1, tokens[..., None]).squeeze(-1)


def weight_scale(weights: list[list[float]]) -> float:
    """A power of two that the weights are divided by before a backward pass, and its gradient multiplied by after it.

    The largest weight is then between 1/2 and 1. Weights such as 1 / (completions · tokens) would leave the range of float16 on their
    way through the model. In float32 and bfloat16 the factor changes no bit.
    """
    exponent = math.frexp(max((abs(weight) for row in weights for weight in row), default=0))[1]
    return 2.0 ** min(max(exponent, -126), 127)


def padded(rows: list[list], dtype: torch.dtype) -> torch.Tensor:
    """The rows as one tensor of at least one column, with zeros after the end of shorter rows."""
    longest = max(1, *map(len, rows))
    return torch.tensor([row + [0] * (longest - len(row)) for row in rows], dtype=dtype)


def pieces(unit: Unit, token_budget: int) -> list[Unit]:
    """Cuts a unit into pieces of at most `token_budget` tokens, padding counted, but at least one completion.

    Depends on the unit alone, so that its bytes do not depend on what is computed beside it.
    """
    ends, longest = [0], 0
    for index, ids in enumerate(unit.completions):
        longest = max(longest, len(ids))
        if index > ends[-1] and len(unit.prompt) + (index + 1 - ends[-1]) * longest > token_budget:
            ends.append(index)
            longest = len(ids)
    slices = [slice(*ends) for ends in zip(ends, ends[1:] + [len(unit.completions)])]
    return [Unit(unit.prompt, unit.completions[rows], unit.weights[rows]) for rows in slices]
