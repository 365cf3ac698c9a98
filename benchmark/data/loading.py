"""Loading: makes batches ahead of time, in processes or in a thread."""

import errno
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from benchmark.data.batches import BagDataset, Batch, collate_bags
from benchmark.data.features import Features
from ffpms.engine import hide_main
from ffpms.errors import FfpmsError
from ffpms.progress import Log

TIMEOUT_S = 900
"""Seconds after which workers that made no batch are given up."""


def load_batches(
    dataset: BagDataset, batches: list[list[Any]], workers: int = 0, log: Log = lambda _: None
) -> Iterator[Batch]:
    """Loads the batches in the given order.

    ``workers`` processes make them. With none, the next is made while the last one is used; that
    is always so with embeddings, which need no decoding. Where shared memory is full, workers hand
    batches over by a pipe, or none is started; ``log`` is told once.

    Raises:
        RuntimeError: a worker was killed, or none made a batch in ``TIMEOUT_S``.
    """
    if isinstance(dataset.read, Features):
        return _ahead(map(partial(dataset.read.load, dataset), batches))
    here = DataLoader(dataset, batch_sampler=batches, collate_fn=collate_bags)
    if not workers:
        return _ahead(here)
    loader = DataLoader(dataset, batch_sampler=batches, collate_fn=_hand_over, num_workers=workers, timeout=TIMEOUT_S)
    try:
        with hide_main():  # a script without a guard would start its training again in each process
            return _receive(iter(loader), log)
    except OSError as error:
        if error.errno != errno.ENOSPC:  # not even the workers' semaphores have room
            raise
    _tell_once(log)
    return _ahead(here)


def _hand_over(items: list[dict[str, Any]]) -> Batch | dict[str, Any]:
    """Makes a batch in a worker, of tensors in shared memory; of arrays where that is full.

    torch would share them later, in a thread of the worker whose errors nobody hears.
    """
    batch = collate_bags(items)
    try:
        for tensor in (batch.faces, batch.mask, batch.label, batch.move):
            tensor.share_memory_()  # type: ignore[no-untyped-call]
    except RuntimeError:
        return {name: part.numpy() if isinstance(part, Tensor) else part for name, part in vars(batch).items()}
    return batch


def _receive(source: Iterator[Batch | dict[str, Any]], log: Log) -> Iterator[Batch]:
    """Yields the batches that workers hand over.

    Raises:
        FfpmsError: one that a worker raised, in its own words.
    """
    while True:
        try:
            made = next(source)
        except StopIteration:
            return
        except FfpmsError as error:  # torch has put the worker's traceback before it
            raise type(error)(str(error).strip().splitlines()[-1].partition(": ")[2]) from error
        if isinstance(made, dict):
            _tell_once(log)
            index = made.pop("index")
            made = Batch(**{name: torch.from_numpy(part) for name, part in made.items()}, index=index)
        yield made


@cache
def _tell_once(log: Log) -> None:
    log(
        "workers: shared memory (/dev/shm) is full; batches are handed over without it, which is slower; "
        "give more of it (docker run --shm-size 2g), or --workers 0"
    )


def _ahead(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Makes the next batch in a thread of its own."""
    source = iter(batches)
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, source, None)
        while (batch := coming.result()) is not None:
            coming = thread.submit(next, source, None)
            yield batch
