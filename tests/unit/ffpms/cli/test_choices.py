"""Choices of options are copies, for the help is to be quick: each is what the code takes."""

from collections.abc import Collection
from typing import get_args

import click
import pytest

from benchmark import train_config
from benchmark.heat_maps.grad_cam import Logit
from benchmark.leaderboards import av_deepfake1m_files, submission_files
from benchmark.metrics.protocols import PROTOCOLS
from ffpms import cli
from ffpms.engine import ENGINES
from ffpms.extraction.decoding.wanted_frames import DECODERS
from ffpms.protocol import crop_config


@pytest.mark.parametrize(
    ("command", "flag", "taken"),
    [
        ("bench", "--tune", train_config.TUNES),
        ("bench", "--frame-faces", train_config.FRAME_FACES),
        ("bench", "--select", train_config.SELECTS),
        ("bench", "--precision", train_config.PRECISIONS),
        ("bench", "--engine", ENGINES),
        ("build", "--engine", ENGINES),
        ("build", "--faces", crop_config.FACES),
        ("build", "--finder", crop_config.FINDERS),
        ("build", "--decoder", DECODERS),
        ("explain run", "--logit", get_args(Logit)),
        ("leaderboard", "--protocol", PROTOCOLS),
        ("leaderboard", "--to", (av_deepfake1m_files.FOLDER, submission_files.FOLDER)),
    ],
)
def test_the_choices_of_an_option_are_those_of_the_code(command: str, flag: str, taken: Collection[str]) -> None:
    found: click.Command = cli.main
    for word in command.split():
        assert isinstance(found, click.Group)
        found = found.commands[word]
    (option,) = (p for p in found.params if flag in p.opts)
    assert isinstance(option.type, click.Choice)
    assert tuple(option.type.choices) == tuple(taken)
