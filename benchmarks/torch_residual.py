"""The residual network of `kerastc.models.image_classifier` in PyTorch, layer for layer."""

from collections.abc import Sequence

import torch
from torch import nn

WIDTHS = (32, 64, 128, 256)
MOMENTUM = 0.1  # PyTorch's is of the new value, Keras's 0.9 of the old one
EPSILON = 1e-3  # Keras's


class Residual(nn.Module):
    """Pixels from 0 to 255, (batch, 3, 32, 32), to pooled features (batch, 256).

    Args:
        widths: filters of each stage; every stage but the first halves height and width.
    """

    def __init__(self, widths: Sequence[int] = WIDTHS):
        super().__init__()
        self.stem = nn.Conv2d(3, widths[0], 3, padding=1, bias=False)
        before = (widths[0], *widths)
        self.blocks = nn.Sequential(
            *(
                Block(narrow, wide, 1 if stage == 0 else 2)
                for stage, (narrow, wide) in enumerate(zip(before, widths, strict=False))
            )
        )
        self.norm = nn.BatchNorm2d(widths[-1], EPSILON, MOMENTUM)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = self.blocks(self.stem((images - 127.5) / 64))
        return torch.relu(self.norm(x)).mean((2, 3))


class Block(nn.Module):
    """A pre-activation block whose shortcut takes means; see `kerastc.models.image_networks`."""

    def __init__(self, narrow: int, wide: int, stride: int):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(narrow, EPSILON, MOMENTUM)
        self.shortcut = None
        if stride > 1 or narrow != wide:
            pool = [nn.AvgPool2d(stride)] if stride > 1 else []
            self.shortcut = nn.Sequential(*pool, nn.Conv2d(narrow, wide, 1, bias=False))
        self.conv1 = nn.Conv2d(narrow, wide, 3, stride, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(wide, EPSILON, MOMENTUM)
        self.conv2 = nn.Conv2d(wide, wide, 3, padding=1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        active = torch.relu(self.norm1(x))
        shortcut = x if self.shortcut is None else self.shortcut(active)
        return shortcut + self.conv2(torch.relu(self.norm2(self.conv1(active))))
