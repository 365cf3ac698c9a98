"""Files of weights: what torch.save wrote is read without executing anything in it, or refused with true advice."""

import pickle
import re
from argparse import Namespace
from pathlib import Path

import pytest
import torch
from torch import nn

from benchmark.training.weights import read_weights
from ffpms.errors import ConfigError
from tests.helpers.warm_process import run_python

STATE = {"conv.weight": torch.ones(2, 2)}
MODEL = """import torch
class TransferModel(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.model = torch.nn.Linear(2, 2)
"""


class Deed:
    """What a hostile file does as it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("open('deed', 'w')",)


@pytest.mark.parametrize(
    "content",
    [
        STATE,
        STATE | {"epoch": 3},
        {"state_dict": STATE, "epoch": 3},
        {"model": STATE, "optimizer": {"state": {}, "param_groups": []}, "ema": STATE},
        {"net": STATE, "loss": 0.5},
        {"state_dict": STATE, "best_acc1": torch.tensor(71.5)},
        {"net": STATE, "epoch": torch.tensor(3)},
    ],
)
def test_a_state_dict_is_found_among_other_things(content: object, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save(content, path)
    read = read_weights(path)
    assert read.keys() == STATE.keys()
    assert all(torch.equal(read[name], STATE[name]) for name in STATE)


@pytest.mark.parametrize("content", [[1, 2], {"a": {"b": 1}}, {"net": STATE, "ema": STATE}, torch.ones(2)])
def test_what_holds_none_or_several_is_refused(content: object, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "weights.pth")
    with pytest.raises(ConfigError, match=r"holds (no state dict|several state dicts \(net, ema\)).*; save model"):
        read_weights(tmp_path / "weights.pth")


def run_in(folder: Path, code: str) -> None:
    """``python -c CODE`` in a folder."""
    done = run_python(folder, "-c", f"import os; os.chdir({str(folder)!r}); {code}")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("zipped", [True, False])
def test_a_whole_model_is_told_with_the_command_that_converts_it(zipped: bool, tmp_path: Path) -> None:
    """As the authors of FaceForensics++ saved theirs: it can be read only beside their own code."""
    network = tmp_path / "network"
    network.mkdir()
    (network / "__init__.py").touch()
    (network / "models.py").write_text(MODEL)
    form = f"_use_new_zipfile_serialization={zipped}"
    save = f"import torch, network.models as m; torch.save(m.TransferModel(), 'full_c40.p', {form})"
    run_in(tmp_path, save)
    with pytest.raises(ConfigError, match=r"holds more than tensors \(network.models.TransferModel\).*if you trust it"):
        read_weights(tmp_path / "full_c40.p")
    message = _refusal(tmp_path / "full_c40.p")
    (command,) = re.findall(r'python -c "(.*)"$', message)
    run_in(tmp_path, command)
    assert read_weights(tmp_path / "full_c40-tensors.pth").keys() == {"model.weight", "model.bias"}


def test_the_command_converts_a_dict_too(tmp_path: Path) -> None:
    torch.save({"state_dict": STATE, "flags": Namespace(lr=1)}, tmp_path / "own.pth")
    (command,) = re.findall(r'python -c "(.*)"$', _refusal(tmp_path / "own.pth"))
    run_in(tmp_path, command)
    assert read_weights(tmp_path / "own-tensors.pth").keys() == STATE.keys()


@pytest.mark.parametrize("wrapped", [True, False])
def test_nothing_in_a_file_is_executed(wrapped: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "weights.pth"
    torch.save(STATE | {"x": Deed()}, path) if wrapped else path.write_bytes(pickle.dumps(Deed()))
    message = _refusal(path)
    assert not (tmp_path / "deed").exists()
    assert "\n" not in message


def test_a_torchscript_archive_is_named(tmp_path: Path) -> None:
    torch.jit.save(torch.jit.script(nn.Linear(2, 2)), tmp_path / "net.pt")  # type: ignore[no-untyped-call]
    assert re.search(r"a TorchScript archive.*torch.jit.load\('net.pt'\)", _refusal(tmp_path / "net.pt"))


@pytest.mark.parametrize("content", [b"", b"\x89HDF\r\n\x1a\n" + bytes(50)])
def test_another_format_is_not_told_to_be_loaded_by_force(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "weights.h5").write_bytes(content)
    message = _refusal(tmp_path / "weights.h5")
    assert "no readable weights" in message
    assert "weights_only" not in message


def _refusal(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        read_weights(path)
    return str(caught.value)
