"""A built set unmixed is FaceForensics++ itself: the same crops, no frame replaced, and a name of its own."""

from pathlib import Path

import pandas as pd
import pytest

from benchmark.data.face_cache import open_faces
from benchmark.leaderboards.paper import paper_cells, read_paper, subtract_paper
from ffpms.dataset.built_set import BuiltSet
from ffpms.dataset.loading import load, unmix
from ffpms.protocol.rendered import CAVEAT

KINDS = ("DF", "F2F", "FS", "NT")


@pytest.mark.parametrize(("split", "seed"), [("test", None), ("val", None), ("train", 7)])
def test_every_face_of_a_fake_is_fake_and_every_face_of_an_original_real(
    built: Path, split: str, seed: int | None
) -> None:
    mixed, unmixed = load(built, False), load(built, True)
    bags = {bag.bag_id: bag for bag in unmixed.bags(split, KINDS, seed)}
    assert {bag.bag_id for bag in mixed.bags(split, KINDS, seed)} == set(bags)
    for bag in bags.values():
        assert len(bag.crops) == 20
        assert set(bag.frame_labels) == {bag.label} == {bag.fake_rate}
        assert all(f"/{bag.bag_id}/" in crop for crop in bag.crops)


def test_it_shares_the_stored_faces_but_not_the_identity(built: Path, tmp_path: Path) -> None:
    mixed = BuiltSet.load(built)
    unmixed = unmix(mixed)
    assert unmixed.sha256 != mixed.sha256
    assert unmixed.name == "Minicorpus-10-whole-custom"
    assert unmixed.reasons[0] == mixed.reasons[0] == CAVEAT
    for data in (mixed, unmixed):
        open_faces(data, tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


def test_the_paper_s_rows_stand_beside_the_same_data_alone() -> None:
    c0 = pd.DataFrame(paper_cells("FF++-c0"))
    assert set(c0["method"]) == {"xn-avg", "lstm", "i3d", "s-mil", "s-mil-t", "mil", "x-ray"}
    assert not c0.duplicated(["method", "manipulation", "metric"]).any()
    assert set(c0["metric"]) == {"accuracy", "frame_auc"}
    assert len(paper_cells("FF++-c23")) == len(paper_cells("FF++-c40")) == 6 * 4
    for other in ("FF++-c40-custom 1234abcd", "Minicorpus-1000", "Minicorpus-1000-whole"):
        assert paper_cells(other) == []
    cell = {"table": "FF++-c23", "manipulation": "NT", "metric": "accuracy", "value": 0.9}
    assert subtract_paper(cell, "s-mil") == pytest.approx(0.9 - 0.9571)


def test_every_number_of_the_paper_on_faceforensics_has_a_table() -> None:
    paper = read_paper()
    printed = paper[paper["dataset"].isin(["FFPMS", "FF++"])].drop_duplicates(
        ["dataset", "compression", "manipulation", "method", "level", "metric"]
    )
    tables = ("FFPMS", "FF++-c0", "FF++-c23", "FF++-c40")
    assert sum(len(paper_cells(table)) for table in tables) == len(printed)
