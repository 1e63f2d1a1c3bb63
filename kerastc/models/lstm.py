"""The recurrence of an LSTM over whole sequences: one product for all steps where there can be one.

Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000. The gates stand in the
order input, forget, cell, output, as in Keras and PyTorch. Everything is time-major: a step is then
a piece of memory.
"""

import keras
from keras import ops


def lstm(inputs, hidden, cell, kernel, recurrent, bias):
    """Runs an LSTM.

    PyTorch has an operation for it. On the others a loop has the recurrent product alone, and its
    gradient is written out: those of the kernels are then one product over all steps each. What
    automatic differentiation makes of the loop adds them up step by step.

    Args:
        inputs: (length, batch, width).
        hidden, cell: (batch, units), the state before the first step.
        kernel: (width, 4 * units).
        recurrent: (units, 4 * units).
        bias: (4 * units,).

    Returns:
        the hidden states, (length, batch, units), and the state after the last step, twice
        (batch, units).
    """
    if keras.backend.backend() == "torch":
        return _torch(inputs, hidden, cell, kernel, recurrent, bias)
    batch, width = ops.shape(inputs)[1], inputs.shape[-1]
    given = ops.matmul(ops.reshape(inputs, (-1, width)), kernel) + bias
    given = ops.reshape(given, (-1, batch, kernel.shape[-1]))
    outputs, last = ops.custom_gradient(_recurrence)(given, hidden, cell, recurrent)
    return outputs, outputs[-1], last


def _torch(inputs, hidden, cell, kernel, recurrent, bias):
    import torch

    state = (hidden[None].contiguous(), cell[None].contiguous())
    weights = (kernel.T.contiguous(), recurrent.T.contiguous(), bias, torch.zeros_like(bias))
    options = (True, 1, 0.0, torch.is_grad_enabled(), False, False)
    outputs, hidden, cell = torch.lstm(inputs, state, weights, *options)
    return outputs, hidden[0], cell[0]


def _recurrence(given, hidden, cell, recurrent):
    """All hidden states and the last cell state, and the function of their gradients.

    Args:
        given: (length, batch, 4 * units), the part of the gates that is of the inputs.
        hidden, cell: (batch, units).
        recurrent: (units, 4 * units).
    """

    def step(carry, given):
        hidden, cell, _ = carry
        gates = given + ops.matmul(hidden, recurrent)
        into, forget, new, out = ops.split(gates, 4, axis=-1)
        cell = ops.sigmoid(forget) * cell + ops.sigmoid(into) * ops.tanh(new)
        carry = ops.sigmoid(out) * ops.tanh(cell), cell, gates
        return carry, carry

    first = (hidden, cell, ops.zeros_like(given[0]))
    (_, last, _), (outputs, cells, gates) = ops.scan(step, first, given)

    def gradient(*upstream):
        wanted, of_last = keras.tree.flatten(upstream)
        into, forget, new, out = ops.split(gates, 4, axis=-1)
        into, forget, out, new = *map(ops.sigmoid, (into, forget, out)), ops.tanh(new)
        shown = ops.tanh(cells)
        before = ops.concatenate([cell[None], cells[:-1]])
        # The derivatives of the cell by the gates in it, of the hidden state by its own and by it.
        of_gates = ops.concatenate(
            [new * into * (1 - into), before * forget * (1 - forget), into * (1 - new * new)], -1
        )
        of_out, of_cell = shown * out * (1 - out), out * (1 - shown * shown)
        turned = ops.transpose(recurrent)

        def back(carry, given):
            gates, cell = carry
            wanted, of_gates, of_out, of_cell, forget = ops.split(given, places, axis=-1)
            hidden = wanted + ops.matmul(gates, turned)
            cell = cell + hidden * of_cell
            gates = ops.concatenate([ops.tile(cell, (1, 3)) * of_gates, hidden * of_out], -1)
            carry = gates, cell * forget
            return carry, carry

        begin = (ops.zeros_like(given[0]), of_last)
        units = hidden.shape[-1]
        places = [units, 4 * units, 5 * units, 6 * units]
        # One array: on TensorFlow Keras scans several of a length that is not known with an error.
        parts = ops.concatenate([wanted, of_gates, of_out, of_cell, forget], -1)
        (first_gates, first_cell), (found, _) = ops.scan(back, begin, parts, reverse=True)
        earlier = ops.concatenate([hidden[None], outputs[:-1]])
        of_recurrent = ops.matmul(
            ops.transpose(ops.reshape(earlier, (-1, units))), ops.reshape(found, (-1, 4 * units))
        )
        return found, ops.matmul(first_gates, turned), first_cell, of_recurrent

    return (outputs, last), gradient
