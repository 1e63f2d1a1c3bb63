"""The layers behind a published encoder: its pooler, and the classifier it was fine-tuned with.

Read from a folder in Hugging Face's layout, and put into a model of ours, whose logits are then
those of `transformers`, before any training.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from safetensors import SafetensorError

from kerastc.errors import UserError
from kerastc.models.tensors import Tensors, open_tensors, read_json, weight_files

if TYPE_CHECKING:
    from kerastc.models.encoders import Encoder

# By type of the model: the pooling that its classifier of whole texts needs, the names of the dense
# layer in front of the classifier, and the classifier's.
LAYERS = {
    "albert": ("pooler", ("pooler",), "classifier"),
    "bert": ("pooler", ("pooler.dense",), "classifier"),
    "distilbert": ("first", ("pre_classifier",), "classifier"),
    "roberta": ("pooler", ("classifier.dense", "pooler.dense"), "classifier.out_proj"),
    "xlm-roberta": ("pooler", ("classifier.dense", "pooler.dense"), "classifier.out_proj"),
}
OF_TEXTS, OF_TOKENS = "ForSequenceClassification", "ForTokenClassification"


class Weights(NamedTuple):
    """Of a dense layer: kernel (inputs, outputs) and bias (outputs,), float32."""

    kernel: np.ndarray
    bias: np.ndarray


@dataclass(frozen=True)
class PublishedHead:
    """The layers that a folder has behind its encoder.

    Args:
        source: the encoder's name, for errors.
        architecture: as in config.json: "BertForSequenceClassification".
        pooling: of a classifier of whole texts: "pooler", or "first" where ReLU takes tanh's place.
        dense: the layer in front of the classifier; None if the folder has none.
        classifier: None if the folder has none.
        labels: of the classifier, in the order of its outputs.
    """

    source: str
    architecture: str
    pooling: str
    dense: Weights | None
    classifier: Weights | None
    labels: tuple[str, ...]

    @classmethod
    def of(cls, encoder: "Encoder") -> "PublishedHead":
        """The head in an encoder's folder, without layers if that is in another layout.

        Raises:
            UserError: the folder is damaged.
        """
        folder = encoder.folder
        config = {} if folder is None else read_json(folder / "config.json")
        if config.get("model_type") not in LAYERS:
            return cls(encoder.name, "", "pooler", None, None, ())
        try:
            return cls._read(encoder.name, folder, config)
        except (KeyError, ValueError, TypeError, AttributeError, OSError, SafetensorError) as error:
            raise UserError(
                f"The classifier in {folder} cannot be read: {type(error).__name__}: {error}.",
                "The files are damaged or do not belong together; copy or download them again.",
            ) from None

    @classmethod
    def _read(cls, source: str, folder: Path, config: dict) -> "PublishedHead":
        kind = config["model_type"]
        architecture = next(iter(config.get("architectures") or ()), "")
        pooling, before, last = LAYERS[kind]
        with open_tensors(weight_files(folder), kind) as tensors:
            dense = next((found for name in before if (found := _weights(tensors, name))), None)
            name = "classifier" if architecture.endswith(OF_TOKENS) else last
            known = architecture.endswith((OF_TEXTS, OF_TOKENS))
            classifier = _weights(tensors, name) if known else None
        named = {int(number): str(label) for number, label in config.get("id2label", {}).items()}
        count = 0 if classifier is None else len(classifier.bias)
        labels = tuple(named.get(number, f"LABEL_{number}") for number in range(count))
        return cls(source, architecture, pooling, dense, classifier, labels)

    def classifier_of(self, labels: Sequence[str], ending: str) -> Weights:
        """The classifier, its outputs in the order of a model's labels.

        Args:
            labels: of the data.
            ending: of the architecture: `OF_TEXTS` or `OF_TOKENS`.

        Raises:
            UserError: there is no such classifier, or it has other labels.
        """
        if self.classifier is None or not self.architecture.endswith(ending):
            held = f" It holds a {self.architecture}." if self.architecture else ""
            raise UserError(
                f"head=backbone, but {self.source} has no classifier to start from.{held}",
                f"Give head=new, or a folder of a model saved as …{ending}.",
            )
        numbers = {label: number for number, label in enumerate(self.labels)}
        unnamed = {f"LABEL_{number}" for number in range(len(self.labels))} == set(numbers)
        if unnamed:  # labels that are numbers need no names
            numbers = {str(number): number for number in range(len(self.labels))}
        if set(labels) != set(numbers) or len(labels) != len(self.labels):
            raise UserError(
                f"head=backbone, but the classifier of {self.source} has {_listed(self.labels)}, "
                f"the data {_listed(labels)}.",
                'Name the labels in "id2label" of its config.json as the data does, '
                "or give head=new.",
            )
        order = [numbers[label] for label in labels]
        return Weights(self.classifier.kernel[:, order], self.classifier.bias[order])


def pooler_of(encoder: "Encoder") -> Weights:
    """The dense layer of an encoder that reads the first token, before its tanh.

    Raises:
        UserError: the encoder came without one.
    """
    if encoder.layer.pooler is not None:
        return Weights(*encoder.layer.pooler.get_weights())
    head = PublishedHead.of(encoder)
    if head.dense is None or head.pooling != "pooler":
        raise UserError(
            f"pooling=pooler, but {encoder.name} has no weights of a pooler.",
            "Give pooling=mean, or pooling=first for the first token without a pooler.",
        )
    return head.dense


def text_layers(encoder: "Encoder", labels: Sequence[str], pooling: str) -> dict[str, Weights]:
    """A folder's own classifier of whole texts, by the layers of a `sequence_classifier`.

    Args:
        labels: the classes of the data.
        pooling: of the model; the pooler itself comes with the encoder.

    Raises:
        UserError: the folder has no classifier of these classes, or one that pools otherwise.
    """
    head = PublishedHead.of(encoder)
    found = {"classifier": head.classifier_of(labels, OF_TEXTS)}
    if pooling != head.pooling:
        read = "pooler" if head.pooling == "pooler" else "first token"
        raise UserError(
            f"head=backbone with pooling={pooling}, but {head.architecture} reads the {read}.",
            f"Give pooling={head.pooling}.",
        )
    return found if pooling == "pooler" else found | {"pre_classifier": head.dense}


def token_layer(encoder: "Encoder", labels: Sequence[str]) -> Weights:
    """The classifier of each token in an encoder's folder.

    Args:
        labels: the tags of the data.

    Raises:
        UserError: the folder has no classifier of tokens with these labels.
    """
    return PublishedHead.of(encoder).classifier_of(labels, OF_TOKENS)


def _weights(tensors: Tensors, name: str) -> Weights | None:
    """Of a dense layer, which Hugging Face saves as (outputs, inputs)."""
    if f"{name}.weight" not in tensors:
        return None
    return Weights(tensors[f"{name}.weight"].T, tensors[f"{name}.bias"])


def _listed(labels: Sequence[str], most: int = 6) -> str:
    more = f" and {len(labels) - most} more" * (len(labels) > most)
    return f"{len(labels)} labels ({', '.join(map(str, labels[:most]))}{more})"
