"""Runtime: where ``ffpms bench`` runs its trials.

It is this process, its torchrun ranks, or a Ray cluster.
"""

import os
from dataclasses import replace
from typing import Any

import click
import torch

from benchmark.training.device import Machine, Setup
from benchmark.training.distributed import join_ranks, leave_ranks
from benchmark.trials.ray_runner import Cluster
from benchmark.trials.runner import Runner, run_here
from ffpms.cli.options import progress
from ffpms.engine import largest_node
from ffpms.errors import ConfigError
from ffpms.machine.cores import usable_cores
from ffpms.progress import Log, Progress


def find_runtime(flags: dict[str, Any]) -> tuple[Machine, Runner]:
    """Returns the machine, and the runner of trials on it; only rank 0 prints.

    Raises:
        ConfigError: there is no such device, or no such cluster.
    """
    names = ("device", "workers", "threads", "deterministic", "compile", "tensorboard")
    setup = Setup(*(flags[name] for name in names))
    if flags["engine"] == "ray":
        return _join_cluster(setup, flags["quiet"])
    machine = setup.apply()
    ranks, device = join_ranks(machine.device)
    click.get_current_context().call_on_close(leave_ranks)
    bar, log = _callbacks(flags["quiet"] or not ranks.first)
    return replace(machine, ranks=ranks, device=device, progress=bar, log=log), run_here


def _join_cluster(setup: Setup, quiet: bool) -> tuple[Machine, Runner]:
    """Connects to the Ray cluster.

    Where a machine of the cluster has GPUs, a trial takes one, with its share of the cores. Else it
    takes ``--threads`` cores, or one.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise ConfigError("engine: torchrun shares one trial's batches, --engine ray spreads trials; use one of them")
    workers = usable_cores()
    cores, gpus = largest_node(workers)
    wants_gpu = setup.device == "cuda" or (setup.device == "auto" and gpus > 0)
    if setup.device not in ("auto", "cpu", "cuda") or (wants_gpu and not gpus):
        raise ConfigError(f"device: {setup.device} is not available on the cluster; leave it at auto, or give cpu")
    threads = setup.threads or (max(1, cores // gpus) if wants_gpu else 1)
    if threads > cores:
        raise ConfigError(f"threads: no machine of the cluster has {threads} cores; give --threads {cores} or less")
    bar, log = _callbacks(quiet)
    machine = Machine(torch.device("cuda" if wants_gpu else "cpu"), progress=bar, log=log)
    return machine, Cluster(replace(setup, threads=threads), workers, int(wants_gpu)).run


def _callbacks(quiet: bool) -> tuple[Progress, Log]:
    """Returns the callbacks for progress and for log lines."""
    bars = progress(quiet, "batch")
    return bars, (lambda _: None) if quiet else bars.log
