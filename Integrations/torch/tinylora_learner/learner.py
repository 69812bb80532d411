"""One rank's model: log-probabilities of completions and gradients of adapters, one unit at a time.

Shapes: C completions of one prompt · L tokens of the longest · V vocabulary · N numbers of the adapter.
"""

from collections import OrderedDict
from contextlib import nullcontext
from typing import NamedTuple

import torch

from .basis import Basis, read_basis
from .errors import LearnerError, as_learner_error, require
from .requests import Request, Unit

BASES_KEPT = 4


class Result(NamedTuple):
    """A unit's log-probabilities, a list for each completion, and its gradient [N] if it has weights."""

    logprobs: list[list[float]]
    gradient: list[float] | None


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

    def compute(self, request: Request, indices: list[int]) -> dict[int, Result | LearnerError]:
        """Computes the units at `indices`; stops at the first that fails."""
        basis = self._basis(request) if request.adapter is not None else None
        results: dict[int, Result | LearnerError] = {}
        for index in indices:
            try:
                results[index] = self._unit(basis, request, request.units[index])
            except Exception as error:
                results[index] = as_learner_error(error)
                break
        return results

    def _basis(self, request: Request) -> Basis:
        """The basis that a request names, marked as used."""
        if request.basis not in self.bases:
            raise LearnerError(404, "unknown_basis", f"the basis {request.basis} is not held here: upload it again")
        self.bases.move_to_end(request.basis)
        basis, count = self.bases[request.basis], len(request.adapter)
        require(count == basis.parameters, f"adapter has {count} numbers, the basis has {basis.parameters} parameters")
        return basis

    def _unit(self, basis: Basis | None, request: Request, unit: Unit) -> Result:
        """Computes one unit in pieces of at most `token_budget` tokens, whose gradients are added in order."""
        logprobs, gradient = [], torch.zeros(basis.parameters if basis else 0)
        for rows in pieces(unit, self.token_budget):
            weights = unit.weights and unit.weights[rows]
            piece = self._piece(basis, request, Unit(unit.prompt, unit.completions[rows], weights))
            logprobs, gradient = logprobs + piece[0], gradient + piece[1]
        return Result(logprobs, gradient.tolist() if unit.weights else None)

    def _piece(self, basis: Basis | None, request: Request, unit: Unit) -> tuple[list[list[float]], torch.Tensor | int]:
        """Log-probabilities, and the gradient [N] of Σ weight · log-probability if there are weights."""
        gradient, v = torch.zeros(()), torch.tensor(request.adapter or [], dtype=torch.float32, device=self.model.device)
        with torch.set_grad_enabled(unit.weights is not None):
            v.requires_grad_(unit.weights is not None)
            with basis.applied(v) if basis else nullcontext():
                logprobsCL = self._logprobs(unit.prompt, unit.completions, request.temperature)
            if unit.weights is not None:
                weightsCL = padded(unit.weights, torch.float32).to(v.device)
                gradient = torch.autograd.grad((logprobsCL * weightsCL).sum(), v, materialize_grads=True)[0].cpu()
        if not (logprobsCL.isfinite().all() and gradient.isfinite().all()):
            raise LearnerError(422, "not_finite", "the model's logits or gradients have a number that is not finite")
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
            cache = start.past_key_values
            cache.batch_repeat_interleave(len(completions))
            logits = self.model(input_ids=tokensCL[:, :-1], past_key_values=cache, use_cache=True).logits
            logprobsCL = torch.cat([logprobsCL, chosen(logits, tokensCL[:, 1:], temperature)], dim=1)
        return logprobsCL.masked_fill(~insideCL, 0)


def chosen(logits: torch.Tensor, tokens: torch.Tensor, temperature: float) -> torch.Tensor:
    """Log-probabilities of `tokens` [C, T] under logits [C, T, V] divided by the temperature, in float32."""
    return torch.log_softmax(logits.float() / temperature, dim=-1).gather(-1, tokens[..., None]).squeeze(-1)


def padded(rows: list[list], dtype: torch.dtype) -> torch.Tensor:
    """The rows as one tensor of at least one column, with zeros after the end of shorter rows."""
    longest = max(1, *map(len, rows))
    return torch.tensor([row + [0] * (longest - len(row)) for row in rows], dtype=dtype)


def pieces(unit: Unit, token_budget: int) -> list[slice]:
    """Cuts a unit's completions into pieces of at most `token_budget` tokens, padding counted, but at least one completion.

    Depends on the unit alone, so that its bytes do not depend on what is computed beside it.
    """
    slices, start, longest = [], 0, 0
    for index, ids in enumerate(unit.completions):
        longest = max(longest, len(ids))
        if index > start and len(unit.prompt) + (index + 1 - start) * longest > token_budget:
            slices.append(slice(start, index))
            start, longest = index, len(ids)
    return slices + [slice(start, len(unit.completions))]
