"""Encoders that see the order of the faces."""

import torch
from torch import Tensor, nn
from torch.nn.functional import pad


class KernelEncoder(nn.Module):
    """c_i = ReLU(w * h_{i..i+k-1} + b): k successive faces to one spatial-temporal instance (Li 2020, Eq. 11), zero
    padding at both ends, so that M faces stay M instances.

    Instance i is faces i - 1 to i + 1 for k = 3. An even kernel looks one face further ahead than back: i and i + 1 for
    k = 2, so that the last instance is the last face and a zero. What lies beyond a bag's faces is zero, be it the
    padding of a batch or the end of the tensor.

    Shape: (B, M, D), mask (B, M) -> (B, M, filters).
    """

    def __init__(self, num_features: int, filters: int = 512, kernel: int = 1) -> None:
        super().__init__()
        self.kernel = kernel
        self.ends = ((kernel - 1) // 2, kernel // 2)
        self.convolve = nn.Conv1d(num_features, filters, kernel)
        self.num_features = filters

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        sequence = (features * mask.unsqueeze(-1)).transpose(1, 2)  # (B, D, M), zeros at padding
        encoded: Tensor = torch.relu(self.convolve(pad(sequence, self.ends))).transpose(1, 2)
        return encoded  # (B, M, filters)


class RecurrentEncoder(nn.Module):
    """h_i = LSTM(x_i, h_{i-1}): a state for each face, of it and all before it (Hochreiter and Schmidhuber, 1997).
    Padding comes last and an LSTM looks back only, so no real state knows of it.

    Shape: (B, M, D), mask (B, M) -> (B, M, hidden).
    """

    def __init__(self, num_features: int, hidden: int = 512) -> None:
        super().__init__()
        self.recur = nn.LSTM(num_features, hidden, batch_first=True)
        self.num_features = hidden

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:  # noqa: ARG002
        states: Tensor = self.recur(features)[0]  # (B, M, hidden)
        return states
