"""Muon for convolutions."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("plates")
class ConvolutionMuon(keras.optimizers.Muon):
    """Muon (Jordan et al., 2024), which keras has for matrices alone, for the kernels of convolutions too.

    A kernel ``[height, width, inputs, outputs]`` is taken as a matrix of ``outputs`` columns. All other weights, and
    the layers to be excluded, learn by AdamW.
    """

    def _should_use_adamw(self, variable: Any) -> bool:
        excluded = any(name in variable.path for name in self.exclude_layers)
        return excluded or len(variable.shape) != 4

    def _muon_update_step(self, gradient: Any, variable: Any, lr: Any, m: Any) -> None:
        self.assign_add(m, gradient + m * (self.momentum - 1))
        direction = gradient + self.momentum * m if self.nesterov else m
        matrix = ops.reshape(direction, (-1, variable.shape[-1]))
        update = self.lr_adjust(lr * self.zeropower_via_newtonschulz5(matrix, self.ns_steps))
        self.assign_sub(variable, ops.reshape(update, variable.shape))
