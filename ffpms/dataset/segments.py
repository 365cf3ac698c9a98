"""Finds the true segments of videos from the labels of all their slots, faceless ones included."""

import pandas as pd

from ffpms.schema import SEGMENT


def find_segments(slots: pd.DataFrame) -> pd.DataFrame:
    """Finds each run of fake slots of a video, in the columns of SEGMENT, by video and time.

    ``slots`` has a row a slot, or a row a face: bag_id, slot and label. A slot is as fake as the
    most fake of its faces. Slots of a video are neighbours if no row lies between them.

    >>> table = pd.DataFrame({"bag_id": "a", "slot": range(5), "label": [1, 0, 1, 1, 0]})
    >>> find_segments(table)[["start", "end"]].to_numpy().tolist()
    [[0, 1], [2, 4]]
    """
    labels = slots.groupby(["bag_id", "slot"])["label"].max().reset_index()
    fake, bag = labels["label"] == 1, labels["bag_id"]
    goes_on = fake & fake.shift(fill_value=False) & (bag == bag.shift())
    first, last = fake & ~goes_on, fake & ~goes_on.shift(-1, fill_value=False)
    ends = labels.loc[last, "slot"].to_numpy() + 1
    found = labels[first].rename(columns={"slot": "start"}).assign(end=ends).reset_index(drop=True)
    segments: pd.DataFrame = found[SEGMENT.names]
    return segments
