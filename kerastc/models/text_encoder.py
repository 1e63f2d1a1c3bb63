"""One layer around any KerasHub encoder: tokens in, one vector a token out, part of it trained."""

import re

import keras
import keras_hub  # noqa: F401 (registers the backbones, so that a saved model loads)

from kerastc.errors import UserError


@keras.saving.register_keras_serializable("kerastc")
class TextEncoder(keras.layers.Layer):
    """The sequence output of a backbone, whatever further inputs and outputs it has.

    Segment ids are zeros. Dropout is on in training unless the whole encoder is frozen.

    Args:
        backbone: a KerasHub backbone with `token_ids` and `padding_mask` among its inputs.
        tuned: what is trained: "head" (nothing here), "top_K" transformer layers, or "all".

    Call:
        inputs: {"token_ids", "padding_mask"}, each (batch, length) int32.
        returns: (batch, length, width) in the backbone's precision.
    """

    def __init__(self, backbone: keras.Model, tuned: str = "all", **kwargs):
        super().__init__(**kwargs)
        self.backbone = backbone
        for generator in seed_generators(backbone):
            # On PyTorch a generator made without a seed is ignored in favour of the global one,
            # and its state, which a checkpoint restores, would decide nothing.
            if generator._initial_seed is None:
                generator._initial_seed = 0
        self.tune(tuned)

    def build(self, input_shape):
        self.built = True  # a backbone comes built

    def call(self, inputs, training=None):
        inputs = dict(inputs)
        if "segment_ids" in self.backbone.input:
            inputs["segment_ids"] = keras.ops.zeros_like(inputs["token_ids"])
        if self.tuned == "head":
            training = False
        output = self.backbone(inputs, training=training)
        return output["sequence_output"] if isinstance(output, dict) else output

    def compute_output_spec(self, inputs, training=None):
        # Stated, because KerasHub's position embedding cannot be traced with an open length on JAX.
        batch_and_length = inputs["token_ids"].shape
        dtype = self.backbone.compute_dtype
        return keras.KerasTensor((*batch_and_length, self.backbone.hidden_dim), dtype)

    def tune(self, tuned: str) -> None:
        """Chooses what is trained; takes effect with the next `compile`.

        Raises:
            UserError: `tuned` is none of "head", "top_1" to "top_<layers>", "all".
        """
        layers = transformer_layers(self.backbone)
        top = _top_layers(tuned, len(layers))
        self.tuned = tuned
        self.trainable = top > 0
        # Each layer by itself: a KerasHub backbone does not pass the flag on to all of them.
        chosen = self.backbone.layers if tuned == "all" else layers[len(layers) - top :]
        for layer in self.backbone.layers:
            layer.trainable = layer in chosen
        for layer in _unused_layers(self.backbone):
            layer.trainable = False

    def get_config(self):
        backbone = keras.saving.serialize_keras_object(self.backbone)
        return super().get_config() | {"backbone": backbone, "tuned": self.tuned}

    @classmethod
    def from_config(cls, config):
        backbone = keras.saving.deserialize_keras_object(config["backbone"])
        return cls(**(config | {"backbone": backbone}))


def token_inputs() -> dict[str, keras.KerasTensor]:
    """Symbolic inputs of every text model, (batch, length) int32 each."""
    return {
        name: keras.Input((None,), dtype="int32", name=name)
        for name in ("token_ids", "padding_mask")
    }


def seed_generators(model: keras.Model) -> list[keras.random.SeedGenerator]:
    """The random states of a model's dropout layers, in a stable order."""
    found = [getattr(layer, "seed_generator", None) for layer in model._flatten_layers()]
    return [generator for generator in found if generator is not None]


def transformer_layers(backbone: keras.Model) -> list[keras.layers.Layer]:
    """The transformer layers, bottom up; ALBERT's shared ones once."""
    layers = []
    for layer in backbone.transformer_layers:
        layers.extend(layer if isinstance(layer, list | tuple) else [layer])
    return layers


def _top_layers(tuned: str, layers: int) -> int:
    """How many layers from the top are trained."""
    if tuned in ("head", "all"):
        return 0 if tuned == "head" else layers
    match = re.fullmatch(r"top_([1-9][0-9]*)", str(tuned))
    if match is None or int(match[1]) > layers:
        top = "top_1" if layers == 1 else f"top_1 to top_{layers}"
        raise UserError(
            f"trainable={tuned!r} is not possible.", f"Allowed for this encoder: head, {top}, all."
        )
    return int(match[1])


def _unused_layers(backbone: keras.Model) -> list[keras.layers.Layer]:
    """Layers such as BERT's pooler, which the sequence output does not see: no gradient."""
    if not isinstance(backbone.output, dict):
        return []
    used = keras.Model(backbone.input, backbone.output["sequence_output"]).layers
    return [layer for layer in backbone.layers if layer not in used]
