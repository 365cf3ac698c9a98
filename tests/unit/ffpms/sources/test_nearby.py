"""Nearby trees: a folder that cannot be looked into does not hide those beside it."""

from pathlib import Path

from ffpms.sources.nearby import near_tree


def test_a_folder_that_nobody_may_look_into_is_no_tree(tmp_path: Path) -> None:
    for name in ("lost+found", "tree"):
        (tmp_path / name).mkdir()

    def is_tree(folder: Path) -> bool:
        if folder.name == "lost+found":
            raise PermissionError(13, "Permission denied", str(folder))
        return folder.name == "tree"

    assert near_tree(tmp_path, is_tree) == f"give {tmp_path / 'tree'}, which is one"
    assert near_tree(tmp_path / "none", lambda _: False) == ""
