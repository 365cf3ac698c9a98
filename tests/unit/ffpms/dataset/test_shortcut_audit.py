"""The shortcut audit stays at chance where nothing leaks and finds what was planted."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
import pytest

from ffpms.dataset.shortcut_audit import ALL, FEATURES, MIN_PAIRS, AuditProbe, as_json, audit, verdict
from ffpms.schema import FRAME, SOURCE, VIDEO

Tables = dict[str, pd.DataFrame]
SLOTS = 20


def bag_rows(bag: str, real: str, n_fake: int, track: np.ndarray, draw: np.random.Generator) -> dict[str, np.ndarray]:
    """A bag whose frames all come from the same drifting track, fake or not."""
    fake = np.isin(np.arange(SLOTS), draw.permutation(SLOTS)[:n_fake])
    return {
        "bag_id": np.repeat(bag, SLOTS),
        "slot": np.arange(SLOTS),
        "label": fake.astype(int),
        "status": np.repeat("ok", SLOTS),
        "source_video": np.where(fake, bag, real),
        **dict(zip(("box_x", "box_y", "box_w"), track.T, strict=False)),
        "n_bytes": (60_000 + 400 * draw.normal(size=SLOTS)).round(),
        "rim_luma": track[:, 3] + draw.normal(scale=0.5, size=SLOTS),
        "rim_sharpness": 3 + 0.1 * draw.normal(size=SLOTS),
    }


@cache
def made(seed: int, n_pairs: int, kinds: tuple[str, ...] = ("DF", "FS")) -> Tables:
    """A set in which no feature depends on the label."""
    draw, videos, parts, known = np.random.default_rng(seed), [], [], []
    for pair in range(n_pairs):
        ids = (f"{2 * pair:03d}", f"{2 * pair + 1:03d}")
        for both in (ids, ids[::-1]):
            steps = draw.normal(size=(SLOTS, 4)).cumsum(axis=0) + draw.normal(scale=30, size=4)
            track = np.hstack([(200 + steps[:, :3]).round(), 120 + steps[:, 3:]])
            real = f"original_{both[0]}"
            for kind in kinds:
                bag = "_".join((kind, *both))
                videos.append({"bag_id": bag, "manipulation": kind, "pair_id": "_".join(ids), "label": 1})
                parts.append(bag_rows(bag, real, int(draw.integers(1, SLOTS)), track, draw))
                known += [bag, real]
    frames = pd.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})
    sources = pd.DataFrame({"source_video": list(dict.fromkeys(known))})
    tables = {
        "videos": pd.DataFrame(videos).assign(segment_start=-1),
        "frames": frames.assign(box_h=frames["box_w"]),
        "sources": sources.assign(scale_x=1.0, scale_y=1.0, shift_x=0.0, shift_y=0.0),
    }
    schemas = {"videos": VIDEO, "frames": FRAME, "sources": SOURCE}
    return {name: table.reindex(columns=schemas[name].names) for name, table in tables.items()}


def make(seed: int = 0, n_pairs: int = 20) -> Tables:
    """The same, to be changed."""
    return {name: table.copy() for name, table in made(seed, n_pairs).items()}


@cache
def sound() -> dict[str, AuditProbe]:
    """What is found where nothing leaks."""
    return audit(**make())


def shifted(tables: Tables, column: str, by: float, kind: str = "") -> Tables:
    """The same set, its fake frames (of one manipulation) shifted in one column."""
    frames = tables["frames"].copy()
    fake = (frames["label"] == 1) & frames["bag_id"].str.startswith(kind)
    frames[column] += fake * by
    return tables | {"frames": frames}


def test_where_nothing_leaks_chance_is_within_the_intervals() -> None:
    """As often as they say: 99 of 100 intervals, 19 of 20 verdicts."""
    off, alarms = [], 0
    for seed in range(12):
        probes = audit(**make(seed))
        alarms += not verdict(probes).startswith("At chance")
        off += [auc.is_off for probe in probes.values() for auc in (*probe.features.values(), *probe.own.values())]
    assert alarms <= 1
    assert np.mean(off) <= 0.03


LEAKS = {
    "n_bytes": ("n_bytes", 400),
    "rim_luma": ("rim_luma", 3),
    "rim_sharpness": ("rim_sharpness", -0.1),
    "box_side": ("box_w", 2),
    "box_x": ("box_x", 2),
    "box_y": ("box_y", -2),
}


@pytest.mark.parametrize("feature", LEAKS)
def test_a_planted_leak_is_found_and_named(feature: str) -> None:
    after = audit(**shifted(make(), *LEAKS[feature]))
    assert verdict(after).startswith("Not at chance in all, DF, FS")
    assert feature in verdict(after)
    for name, probe in after.items():
        others = [f for f in FEATURES if f != feature]
        assert probe.features[feature].is_off
        assert {f: probe.features[f] for f in others} == {f: sound()[name].features[f] for f in others}


def test_a_leak_in_one_manipulation_is_placed_there() -> None:
    probes = audit(**shifted(make(), "rim_luma", 3, "FS"))
    assert probes["FS"].leaks
    assert not probes["DF"].leaks


def test_opposite_leaks_of_two_manipulations_do_not_hide_each_other() -> None:
    probes = audit(**shifted(shifted(make(), "rim_luma", 3, "FS"), "rim_luma", -3, "DF"))
    assert not probes[ALL].leaks
    assert verdict(probes).startswith("Not at chance in DF, FS")


def test_a_leak_whose_sign_differs_from_bag_to_bag_shows_in_its_own_direction() -> None:
    tables = make()
    sign = tables["frames"]["bag_id"].map(lambda bag: 3 if int(bag[-3:]) % 4 < 2 else -3)
    tables["frames"]["rim_luma"] += sign * tables["frames"]["label"]
    probes = audit(**tables)
    assert not probes[ALL].features["rim_luma"].is_off
    assert (probes[ALL].own["rim_luma"].low or 0) > 0.6
    assert "differ, in a direction of its own, in rim_luma" in verdict(probes)


def test_what_is_the_same_for_a_whole_bag_gives_nothing_away() -> None:
    tables = make()
    n_fake = tables["frames"].groupby("bag_id")["label"].transform("sum")
    tables["frames"]["rim_luma"] += 10 * n_fake
    assert audit(**tables) == sound()


def test_a_value_is_the_share_of_pairs_within_bags() -> None:
    tables = make(n_pairs=3)
    won = total = 0.0
    for _, bag in tables["frames"].groupby("bag_id"):
        fakes, reals = (bag["box_x"][bag["label"] == label].to_numpy() for label in (1, 0))
        more, same = fakes[:, None] > reals, fakes[:, None] == reals
        won, total = won + more.sum() + same.sum() / 2, total + more.size
    assert audit(**tables)[ALL].features["box_x"].value == pytest.approx(won / total, abs=1e-4)


def moved(tables: Tables, **geometry: float) -> Tables:
    """The fakes' files changed in geometry, their boxes with them, in the precision in which they are stored."""
    frames, sources = tables["frames"].copy(), tables["sources"].copy()
    made = ~sources["source_video"].str.startswith("original")
    for name, value in geometry.items():
        sources.loc[made, name] = np.float32(value)
    fake = frames["label"] == 1
    for axis, side in (("x", "w"), ("y", "h")):
        scale = np.float32(geometry.get(f"scale_{axis}", 1.0))
        place = scale * frames[f"box_{axis}"] + np.float32(geometry.get(f"shift_{axis}", 0.0))
        frames[f"box_{axis}"] = frames[f"box_{axis}"].where(~fake, place).astype(np.float32)
        frames[f"box_{side}"] = frames[f"box_{side}"].where(~fake, scale * frames[f"box_{side}"]).astype(np.float32)
    return tables | {"frames": frames, "sources": sources}


def test_a_cropped_fake_is_compared_where_the_crop_lies_on_the_real_video() -> None:
    assert audit(**moved(make(), shift_x=-11)) == sound()


def test_a_crop_that_forgets_the_geometry_is_found() -> None:
    tables = moved(make(), shift_x=-11)
    assert "box_x" in verdict(audit(**tables | {"frames": make()["frames"]}))


def test_a_resized_fake_differs_in_width_and_in_nothing_else() -> None:
    probes = audit(**moved(make(), scale_x=832 / 854))
    assert "Off alone: frame_width (all, DF, FS)." in verdict(probes)
    for name, probe in probes.items():
        assert probe.features["frame_width"].value == 0
        assert {f: v for f, v in probe.features.items() if f != "frame_width"} == {
            f: v for f, v in sound()[name].features.items() if f != "frame_width"
        }


def test_a_geometry_that_is_not_known_is_the_same_geometry() -> None:
    tables = make()
    tables["sources"][["scale_x", "scale_y", "shift_x", "shift_y"]] = np.nan
    assert audit(**tables) == sound()


def test_slots_without_pixels_do_not_count() -> None:
    tables = shifted(make(), "rim_luma", 100)
    tables["frames"].loc[tables["frames"]["label"] == 1, "status"] = "no_face"
    assert audit(**tables)[ALL].n_bags == 0


def test_segments_have_no_direction_of_their_own() -> None:
    """A drift in time is enough to tell a segment from the rest; a rule for all bags it is not."""
    tables = make()
    frames = tables["frames"]
    n_fake = frames.groupby("bag_id")["label"].transform("sum")
    frames["label"] = ((frames["slot"] >= 2) & (frames["slot"] < 2 + n_fake)).astype(int)
    probes = audit(**tables, placement="segments")
    assert all(probe.own == {} for probe in probes.values())
    assert set(probes[ALL].features) == set(FEATURES)


@pytest.mark.parametrize("n_pairs", [1, 2, MIN_PAIRS - 1])
def test_too_few_pairs_have_no_interval_and_the_reason(n_pairs: int) -> None:
    probes = audit(**shifted(make(n_pairs=n_pairs), "rim_luma", 50))
    assert f": {n_pairs}, of at least" in probes[ALL].reason
    assert verdict(probes) == f"Not known ({probes[ALL].reason})."
    assert probes[ALL].classifier.low is None
    assert (probes[ALL].classifier.value is None) == (n_pairs == 1)


@pytest.mark.parametrize("keep", [lambda t: t["label"] == 0, lambda t: t["label"] == 1, lambda t: t["label"] > 1])
def test_a_set_without_mixed_bags_has_nothing_to_tell(keep: Callable[[pd.DataFrame], pd.Series]) -> None:
    tables = make(n_pairs=9)
    tables["frames"] = tables["frames"][keep(tables["frames"])]
    probes = audit(**tables)
    assert list(probes) == [ALL]
    assert as_json(probes)["verdict"] == "Not known (pairs of videos with mixed bags: 0, of at least 2)."


def test_the_order_of_rows_changes_nothing() -> None:
    tables = make()
    mixed = {name: table.sample(frac=1, random_state=3) for name, table in tables.items()}
    assert as_json(audit(**mixed)) == as_json(audit(**tables))
