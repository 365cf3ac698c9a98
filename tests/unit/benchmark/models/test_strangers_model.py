"""A packed model may be a stranger's: whatever is wrong with it is one line, before anything is made of it."""

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from benchmark import open_model, pack
from ffpms.errors import ManifestError
from ffpms.hashing import file_digest
from tests.conftest import Patience
from tests.helpers.trained_runs import find_run

Edit = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def sound(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A packed S-MIL."""
    return pack(find_run(runs, "s-mil"), tmp_path_factory.mktemp("packed") / "own").folder


@pytest.fixture
def own(sound: Path, tmp_path: Path) -> Path:
    """A copy to be damaged."""
    return shutil.copytree(sound, tmp_path / "own")


def refuse(own: Path, *said: str) -> None:
    """Checks that the model is refused in one line that names a file and says this."""
    with pytest.raises(ManifestError) as caught:
        open_model(own)
    line = str(caught.value)
    assert line.startswith(str(own))
    assert "\n" not in line
    assert len(line) < 450
    assert all(part in line for part in said), line


def edit(own: Path, change: Edit) -> None:
    path = own / "config.json"
    about = json.loads(path.read_text())
    change(about)
    path.write_text(json.dumps(about))


@pytest.mark.parametrize(
    ("part", "value", "said"),
    [
        ("format", "other", "not written by 'ffpms pack'"),
        ("format_version", 2, "format version 2, written by ffpms"),
        ("format_version", True, "format version True"),
        ("name", 5, "name: 5 is of type int"),
        ("weights_sha256", None, "weights_sha256: None"),
        ("versions", ["timm"], "versions"),
        ("detector", "s-mil", "detector: 's-mil' is no object"),
        ("detector.method", ["s-mil"], "detector.method"),
        ("detector.method", "../../evil", "cannot be made"),
        ("detector.backbone", "/etc/passwd", "cannot be made"),
        ("detector.backbone", "hf-hub:evil/model", "cannot be made"),
        ("detector.backbone", 7, "detector.backbone: 7"),
        ("detector.pretrained", "yes", "detector.pretrained"),
        ("detector.batch_size", 0, "batch-size: 0"),
        ("detector.input_size", 10**9, "input-size: 1000000000 px"),
        ("detector.options", ["filters=99999999999"], "more memory than its weights"),
        ("detector.options", ["filters=-1"], "cannot be made"),
        ("detector.options", ["filters=__import__('os')"], "cannot be made"),
        ("detector.code", "import os", "detector: got an unexpected keyword argument 'code'"),
        ("preprocessing.size", 1e400, "Infinity is no number"),
        ("preprocessing.size", 10**9, "size: 1000000000 px is not in 16..4096"),
        ("preprocessing.margin", "1.3", "margin: '1.3' is not a number"),
        ("preprocessing.finder", "../finder", "finder: '../finder' is unknown"),
        ("preprocessing.frames", -1, "frames: -1"),
        ("calibration.temperature", 0, "temperature: 0.0 is not in"),
        ("calibration.temperature", 10**400, "calibration"),
        ("calibration.real_val_prob", [0.1, 7], "real_val_prob: 7 is not in 0..1"),
        ("calibration.thresholds", {"fixed": 0.5, "val": None}, "thresholds.val: None is not a number"),
        ("trained_on.manipulations", [1], "manipulations: 1 is no text"),
        ("trained_on.bags", {"val": {"original": -1}}, "bags.val: -1"),
        ("input.mean", [0.5], "mean: (0.5,) is no list of 3 numbers"),
        ("input.mean", [0.4, 0.5, 0.5], "install the timm that it was packed with"),
        ("input.side", 64, "install the timm that it was packed with"),
    ],
)
def test_wrong_values_are_one_line(own: Path, part: str, value: object, said: str) -> None:
    def change(about: dict[str, Any]) -> None:
        *outer, name = part.split(".")
        for key in outer:
            about = about[key]
        about[name] = value

    edit(own, change)
    start = time.monotonic()
    refuse(own, said)
    assert time.monotonic() - start < 20, "it is made"


@pytest.mark.parametrize("part", ["detector", "calibration", "name", "weights_sha256"])
def test_what_is_missing_is_one_line(own: Path, part: str) -> None:
    edit(own, lambda about: about.pop(part))
    refuse(own, "config.json: edited, damaged or of another version", part)


def test_what_is_there_too_much_is_one_line(own: Path) -> None:
    edit(own, lambda about: about.update(hook="import os"))
    refuse(own, "config.json", "hook")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"format": "ffpms-model"}', "[" * 100_000, "\udc80"])
def test_what_is_no_json_of_ours_is_one_line(own: Path, text: str) -> None:
    (own / "config.json").write_bytes(text.encode(errors="surrogateescape"))
    refuse(own, "config.json")


def test_nan_is_no_number(own: Path) -> None:
    path = own / "config.json"
    text = path.read_text()
    temperature = json.loads(text)["calibration"]["temperature"]
    path.write_text(text.replace(f'"temperature": {temperature}', '"temperature": NaN'))
    refuse(own, "config.json", "NaN is no number")


def test_a_huge_config_is_not_read(own: Path) -> None:
    with (own / "config.json").open("r+b") as file:
        file.truncate(1 << 40)  # sparse
    refuse(own, "config.json: has over 1048576 bytes")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_links_pipes_and_folders_are_refused(own: Path, sound: Path, name: str, patience: Patience) -> None:
    (own / name).unlink()
    (own / name).symlink_to(sound / name)
    refuse(own, f"{name}: a link")
    (own / name).unlink()
    (own / name).mkdir()
    refuse(own, f"{name}: a folder")
    (own / name).rmdir()
    os.mkfifo(own / name)
    with patience(20):
        refuse(own, f"{name}: a pipe")
    (own / name).unlink()
    refuse(own, name if name == "model.safetensors" else "no run and no packed model")


def rewrite(own: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    """Changes the weights, and the hash in config.json with them."""
    path = own / "model.safetensors"
    weights = safetensors.torch.load_file(path)
    change(weights)
    safetensors.torch.save_file(weights, path)
    edit(own, lambda about: about.update(weights_sha256=file_digest(path)))


def test_other_weights_are_one_line(own: Path) -> None:
    path = own / "model.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    refuse(own, "model.safetensors: is not the file that config.json names")
    path.write_bytes(b"\x80\x04pickled")
    edit(own, lambda about: about.update(weights_sha256=file_digest(path)))
    refuse(own, "model.safetensors: no whole safetensors file")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda w, name: w.update({name: w[name][:1].clone()}), "not float32"),
        (lambda w, name: w.update({name: w[name].double()}), "is float64"),
        (lambda w, name: w.update({name: w[name] * float("nan")}), "has what is no finite number"),
        (lambda w, name: w.pop(name), "is missing"),
        (lambda w, name: w.update({"x" * 500: w[name].clone()}), "is unknown"),
    ],
)
def test_weights_of_another_detector_are_one_line(
    own: Path, change: Callable[[dict[str, torch.Tensor], str], object], said: str
) -> None:
    rewrite(own, lambda weights: change(weights, next(name for name in sorted(weights) if weights[name].ndim > 1)))
    refuse(own, "model.safetensors: not the weights of this detector", said)


def test_complex_weights_are_one_line(own: Path) -> None:
    """An older safetensors neither writes nor reads them: the name of the type is written into the file."""
    path = own / "model.safetensors"
    rewrite(own, lambda weights: weights.update({name: tensor.double() for name, tensor in weights.items()}))
    path.write_bytes(path.read_bytes().replace(b'"F64"', b'"C64"'))
    edit(own, lambda about: about.update(weights_sha256=file_digest(path)))
    is_known = torch.complex64 in safetensors.torch._SIZE
    refuse(own, "model.safetensors: ", "is complex64" if is_known else "no whole safetensors file")
