"""Layouts: how the output of a layer holds the feature maps of faces."""

from dataclasses import dataclass
from math import isqrt
from typing import Literal, Self

import torch
from torch import Tensor

MOST_TOKENS_AHEAD = 5
"""The most tokens that stand before those of the places, unless the network declares more."""


@dataclass(frozen=True)
class Layout:
    """Takes the maps out of an output, and puts others in their place.

    ``tokens`` come row by row, after ``ahead`` others, such as the class token. ``NCTHW`` is one
    clip: its maps are those of its steps of time.

    Example:
        >>> layout = Layout.of(torch.zeros(2, 1 + 9, 4))
        >>> layout, layout.maps(torch.zeros(2, 10, 4)).shape
        (Layout(kind='tokens', ahead=1), torch.Size([2, 4, 3, 3]))
    """

    kind: Literal["NCHW", "NHWC", "NCTHW", "tokens"]
    ahead: int = 0

    @classmethod
    def of(cls, values: object, declared: str | None = None, ahead: int = 0) -> Self | None:
        """Finds the layout of an output; None if it holds no square maps of more than one place.

        ``declared`` is what the network says of itself, ``NCHW`` or ``NHWC``. ``ahead`` is the
        number of tokens that it says stand before the others.
        """
        if not isinstance(values, Tensor):
            return None
        shape = tuple(values.shape)
        if len(shape) == 3:
            return cls._of_tokens(shape[1], ahead)
        if len(shape) == 5:
            return cls("NCTHW") if shape[0] == 1 and shape[3] == shape[4] > 1 else None
        if len(shape) != 4:
            return None
        last_are_places, first_are_places = shape[2] == shape[3] > 1, shape[1] == shape[2] > 1
        if first_are_places and (declared == "NHWC" or not last_are_places):
            return cls("NHWC")
        return cls("NCHW") if last_are_places else None

    @classmethod
    def _of_tokens(cls, count: int, declared: int) -> Self | None:
        for ahead in (declared, *range(MOST_TOKENS_AHEAD + 1)):
            if count - ahead > 1 and isqrt(count - ahead) ** 2 == count - ahead:
                return cls("tokens", ahead)
        return None

    def maps(self, values: Tensor) -> Tensor:
        """Returns the maps.

        Shape: what :meth:`of` was given -> (P, C, h, w), P faces or steps of time.
        """
        if self.kind == "NHWC":
            return values.permute(0, 3, 1, 2)
        if self.kind == "NCTHW":
            return values.squeeze(0).transpose(0, 1)
        if self.kind == "tokens":
            side = isqrt(values.shape[1] - self.ahead)
            own = values[:, self.ahead :].transpose(1, 2)  # (P, C, h w)
            return own.reshape(*own.shape[:2], side, side)
        return values

    def restore(self, maps: Tensor, values: Tensor) -> Tensor:
        """Returns the output with other maps; it inverts :meth:`maps`.

        Shape: maps (P, C, h, w), and the output that they replace -> as the output.
        """
        if self.kind == "NHWC":
            return maps.permute(0, 2, 3, 1)
        if self.kind == "NCTHW":
            return maps.transpose(0, 1).unsqueeze(0)
        if self.kind == "tokens":
            return torch.cat([values[:, : self.ahead], maps.flatten(2).transpose(1, 2)], dim=1)
        return maps
