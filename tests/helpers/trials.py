"""What the tests of training share: a configuration that takes seconds, and the machine."""

import torch

from benchmark.train_config import TrainConfig
from benchmark.training.device import Machine

CONFIG = TrainConfig(
    method="s-mil", manipulations=("DF", "F2F", "FS", "NT"), backbone="tiny", epochs=3, batch_size=8, precision="fp32"
)
CPU = Machine(torch.device("cpu"))
