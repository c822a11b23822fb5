"""The processes that train together: this one alone, or as many as `accelerate launch` has started."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

_T = TypeVar("_T")


class Team:
    """Each process has the whole model and a part of every batch; gradients are summed over all of them.

    The adapters' gradients are two hundredths of the model, and only one adapter has any at a time, so that
    one sum over one flat vector a step is less than what wrapping the model for it would take.
    """

    def __init__(self) -> None:
        import torch
        from accelerate import Accelerator

        self._accelerator = Accelerator(cpu=not torch.cuda.is_available())

    @property
    def device(self) -> Any:
        """Where this process computes."""
        return self._accelerator.device

    @property
    def size(self) -> int:
        """How many processes there are."""
        return int(self._accelerator.num_processes)

    @property
    def is_first(self) -> bool:
        """Whether this is the one that writes files and tells how it goes."""
        return bool(self._accelerator.is_main_process)

    def mine(self, items: Sequence[_T]) -> Sequence[_T]:
        """This process' part."""
        return items[self._accelerator.process_index :: self.size]

    def summed(self, values: Sequence[float]) -> list[float]:
        """Sums over all processes, the same in each of them."""
        if self.size == 1:
            return list(values)
        import torch

        vector = torch.tensor(values, dtype=torch.float64, device=self.device)
        return [float(v) for v in self._accelerator.reduce(vector, "sum")]

    def sum_gradients(self, weights: Sequence[Any]) -> None:
        """Put the sum over all processes in the place of each gradient."""
        if self.size == 1:
            return
        import torch

        for weight in weights:
            if weight.grad is None:
                weight.grad = torch.zeros_like(weight)
        flat = torch.cat([weight.grad.flatten() for weight in weights])
        whole = self._accelerator.reduce(flat, "sum")
        at = 0
        for weight in weights:
            weight.grad.copy_(whole[at : at + weight.numel()].view_as(weight))
            at += weight.numel()

    def meet(self) -> None:
        """Wait for all of them."""
        self._accelerator.wait_for_everyone()

    def part(self) -> None:
        """The end: nothing can be shared any more."""
        self._accelerator.end_training()
