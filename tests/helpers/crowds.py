"""Bags of several people, as ``--faces all`` makes them."""

from ffpms.dataset.bag import BagRecord


def crowd(bag: BagRecord, n_people: int = 3) -> BagRecord:
    """The bag with that many people in each frame, of whom the first alone may be fake; all look the same."""
    faces = [
        (slot, person, label if person == 0 else 0, crop, sha256)
        for slot, _, label, crop, sha256 in bag.instances
        for person in range(n_people)
    ]
    return bag.with_faces(faces)
