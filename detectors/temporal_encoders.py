"""Encoders: layers over the sequence of faces, which depend on its order."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, pad


class KernelEncoder(nn.Module):
    """Convolution over time: c_i = ReLU(w * h_{i..i+k-1} + b) (Li 2020, Eq. 11).

    It turns k successive faces into one spatial-temporal instance. Zero padding at both ends keeps
    M faces M instances. For k = 3 instance i is faces i - 1 to i + 1. An even kernel looks one face
    further ahead than back. For k = 2 it is faces i and i + 1, so that the last instance is the
    last face and a zero. Beyond a bag's faces all is zero, be it the padding of a batch or the end
    of the tensor.

    Shape: (B, M, D), mask (B, M) -> (B, M, filters).

    Example:
        >>> encode = KernelEncoder(num_features=4, filters=6, kernel=2)
        >>> encode(torch.zeros(1, 3, 4), torch.tensor([[True, True, False]])).shape
        torch.Size([1, 3, 6])
    """

    def __init__(self, num_features: int, filters: int = 512, kernel: int = 1) -> None:
        super().__init__()
        self.kernel = kernel
        self.ends = ((kernel - 1) // 2, kernel // 2)
        self.convolve = nn.Conv1d(num_features, filters, kernel)
        self.num_features = filters

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        """Returns one instance per face."""
        if self.kernel == 1:
            seen = features
        else:  # one product of the faces side by side; on a CPU a quarter quicker than a convolution
            whole, count = pad(features * mask.unsqueeze(-1), (0, 0, *self.ends)), features.shape[1]
            seen = torch.cat([whole[:, start : start + count] for start in range(self.kernel)], dim=2)
        filters = self.convolve.weight.transpose(1, 2).flatten(1)  # (filters, kernel D)
        return torch.relu(linear(seen, filters, self.convolve.bias))


class RecurrentEncoder(nn.Module):
    """LSTM over time: h_i = LSTM(x_i, h_{i-1}) (Hochreiter and Schmidhuber, 1997).

    The state of a face depends on this face and all before it. Padding comes last, so no real state
    depends on it.

    Shape: (B, M, D), mask (B, M) -> (B, M, hidden).

    Example:
        >>> encode = RecurrentEncoder(num_features=4, hidden=6)
        >>> encode(torch.zeros(1, 3, 4), torch.ones(1, 3, dtype=torch.bool)).shape
        torch.Size([1, 3, 6])
    """

    def __init__(self, num_features: int, hidden: int = 512) -> None:
        super().__init__()
        self.recur = nn.LSTM(num_features, hidden, batch_first=True)
        self.num_features = hidden

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:  # noqa: ARG002
        """Returns one state per face."""
        states: Tensor = self.recur(features)[0]  # (B, M, hidden)
        return states
