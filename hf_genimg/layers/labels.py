"""Class labels as networks take them: one class for each image, or a mixture of several."""

from __future__ import annotations

import torch
import torch.nn.functional as F


def one_hot(class_labels: torch.Tensor, num_classes: int) -> torch.Tensor:
    """int64 [N] to int64 [N, num_classes], a one at the place of the class; weights, float [N, num_classes], stay as
    they are.
    """
    if class_labels.is_floating_point():
        return class_labels
    table = torch.eye(num_classes, dtype=torch.long, device=class_labels.device)
    return F.embedding(class_labels, table)  # F.one_hot reads the values, which it cannot under torch.func.vmap


def rows(table: torch.Tensor, class_labels: torch.Tensor) -> torch.Tensor:
    """The row of each image's class.

    Args:
        table: float [num_classes, D].
        class_labels: int64 [N]; or weights, float [N, num_classes], for the weighted sum of the rows.

    Returns:
        float [N, D].
    """
    return (
        class_labels.to(table.dtype) @ table if class_labels.is_floating_point() else F.embedding(class_labels, table)
    )
