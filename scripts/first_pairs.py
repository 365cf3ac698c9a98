"""Writes split files with the first pairs of train and of val, and all of test.

Usage: python -m scripts.first_pairs SPLITS OUT N_TRAIN N_VAL
"""

import json
import sys
from pathlib import Path


def take_first(splits: Path, out: Path, n_train: int, n_val: int) -> None:
    """Writes the split files of FaceForensics++'s form, with so many pairs."""
    out.mkdir(parents=True, exist_ok=True)
    for split, count in (("train", n_train), ("val", n_val), ("test", None)):
        pairs = json.loads((splits / f"{split}.json").read_text(encoding="utf-8"))
        (out / f"{split}.json").write_text(json.dumps(pairs[:count]), encoding="utf-8")


if __name__ == "__main__":
    take_first(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
