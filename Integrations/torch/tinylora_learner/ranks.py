"""Data parallelism: every rank holds the whole model and computes some of the units, each alone.

Nothing is reduced between ranks: results come back whole and are put in order, so the bytes of an answer do not depend on the number
of ranks. Control messages go over gloo; rank 0 asks and all ranks answer.
"""

import os
from datetime import timedelta

import torch.distributed as dist

from .errors import LearnerError, as_learner_error
from .learner import Learner
from .requests import Request

IDLE_LIMIT = timedelta(days=365)  # gloo's default of half an hour would end ranks that wait for work


class Ranks:
    """The learners of all ranks. Without torchrun there is one."""

    def __init__(self, learner: Learner):
        self.learner = learner
        self.rank, self.count = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        if self.count > 1:
            dist.init_process_group("gloo", timeout=IDLE_LIMIT)

    def add_basis(self, body: bytes) -> dict:
        """Gives a basis to every rank. A rank that could not take it answers `unknown_basis` later; the client uploads it again."""
        return self._ask("add_basis", [(body,)] * self.count)[0]

    def compute(self, request: Request) -> list[tuple[list, list]]:
        """Computes a request's units on all ranks; returns what `Learner.compute` gives for each, in order."""
        costs = [len(unit.prompt) + sum(map(len, unit.completions)) for unit in request.units]
        answers = self._ask("compute", [(request, indices) for indices in share(costs, self.count)])
        results = {index: result for answer in answers for index, result in answer.items()}
        return [results[index] for index in range(len(costs))]

    def take_part(self, calls: list[tuple] | None = None) -> list | None:
        """One round: rank 0 gives each rank the name and arguments of a learner's method, and gets every rank's answer."""
        if self.count == 1:
            return [self._call(*calls[0])]
        call, answers = [None], [None] * self.count if self.rank == 0 else None
        dist.scatter_object_list(call, calls, src=0)
        dist.gather_object(self._call(*call[0]), answers, dst=0)
        return answers

    def _ask(self, method: str, arguments: list[tuple]) -> list:
        """What a method of each rank's learner returns; raises the first rank's error."""
        answers = self.take_part([(method, own) for own in arguments])
        for error in (answer for answer in answers if isinstance(answer, LearnerError)):
            raise error
        return answers

    def _call(self, method: str, arguments: tuple):
        """An error is an answer too: a rank that left a round early would leave the others waiting."""
        try:
            return getattr(self.learner, method)(*arguments)
        except Exception as error:
            return as_learner_error(error)


def share(costs: list[int], count: int) -> list[list[int]]:
    """Deals units to `count` ranks in turn, the dearest first."""
    order = sorted(range(len(costs)), key=lambda index: -costs[index])
    return [order[rank::count] for rank in range(count)]
