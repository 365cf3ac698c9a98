"""Identity of a built set's code: every module that a build reaches is hashed, or excused here by name."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import ffpms
from ffpms.builder.config import CODE, BuildConfig
from ffpms.hashing import code_digest
from tests.helpers.imports import covers, missed_by, reached_by

EXCUSED = {
    "data_manifests": "a path; the content of split files is hashed as pairs_sha256",
    "ffpms": "the version, which build.json names",
    "ffpms.checks": "refuses settings; those it lets through are in build.json",
    "ffpms.clutter": "names that no video has",
    "ffpms.dataset.card": "describes the set in words",
    "ffpms.dataset.card_tables": "the same",
    "ffpms.dataset.segments": "finds segments for the card",
    "ffpms.dataset.card_head": "describes the set to other programs",
    "ffpms.dataset.contact_sheet": "a picture of some bags",
    "ffpms.dataset.crops": "reads what was built, for that picture",
    "ffpms.stored_paths": "judges paths that a table names",
    "ffpms.dataset.set_files": "names of files, and build.json itself",
    "ffpms.engine": "maps over targets, whatever they are",
    "ffpms.errors": "what a user is told",
    "ffpms.installation": "refuses old libraries; those used are in build.json",
    "ffpms.locks": "who may write a file; it changes no byte of it",
    "ffpms.machine.allocator": "how memory is kept, whatever is in it",
    **dict.fromkeys(("ffpms.machine.cgroups", "ffpms.machine.cores"), "how many workers, whatever they do"),
    "ffpms.parquet": "opens tables or refuses them, whatever they hold",
    "ffpms.progress": "gives items back as they are",
    "ffpms.regular_files": "opens files or refuses them, whatever they hold",
    "ffpms.storage": "how files are written; it changes no byte of them",
}


def test_every_module_that_a_build_reaches_is_hashed_or_excused() -> None:
    hashed = [f"ffpms/{part}" for part in CODE]
    reached = reached_by("ffpms.builder.build")
    missing = missed_by(hashed, "ffpms.builder.build", EXCUSED, "ffpms.engine")
    assert not missing, "changes of these would leave an old set 'complete already'"
    assert reached >= EXCUSED.keys(), "an excuse that nobody needs"
    assert all(any(covers(part, module) for module in reached) for part in hashed)


def test_no_other_kind_of_file_decides_a_set() -> None:
    """Modules and the face detector are hashed; a licence decides nothing."""
    folders = [folder for part in CODE if (folder := Path(ffpms.__file__).parent / part).is_dir()]
    endings = {file.suffix for folder in folders for file in folder.rglob("*") if file.is_file()}
    assert endings - {".pyc"} == {".py", ".svm", ".md"}


@pytest.mark.parametrize(
    "name", ["protocol/recipe.py", "builder/assembly.py", "schema.py", "extraction/faces/frontal_face_detector.svm"]
)
def test_a_change_of_any_file_is_other_code(tmp_path: Path, name: str) -> None:
    """A corrected draw of labels must not leave an old set 'complete already'."""
    copy = tmp_path / "ffpms"
    shutil.copytree(Path(ffpms.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__", "*.npz"))
    assert code_digest(copy, CODE) == BuildConfig().code_sha256
    (copy / name).write_bytes((copy / name).read_bytes() + b"\n# changed\n")
    assert code_digest(copy, CODE) != BuildConfig().code_sha256


def test_line_ends_and_the_order_of_parts_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"x = 1\n")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c.py").write_bytes(b"y = 2\n")
    before = code_digest(tmp_path, ["a.py", "b"])
    (tmp_path / "a.py").write_bytes(b"x = 1\r\n")
    assert code_digest(tmp_path, ["b", "a.py"]) == before
    (tmp_path / "b" / "c.py").rename(tmp_path / "b" / "d.py")
    assert code_digest(tmp_path, ["a.py", "b"]) != before, "a file's name is part of it"


def test_configurations_of_the_same_code_are_equal() -> None:
    assert BuildConfig() == replace(BuildConfig(), limit=None)
