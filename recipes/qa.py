"""Find the answers to questions in texts.

The file is SQuAD's JSON, 1.1 or 2.0, or has a JSON object for each question: its question, its
context and its answers, each with its text and the character of the context that it begins at. A
context of any length is read, in windows of max_tokens that overlap by stride. Where a file has
questions without an answer, the threshold for saying so is chosen on validation questions.

    kerastc train qa data=squad_es.json test=mlqa.json language=es
    kerastc train qa data=train-v2.0.json validation=dev-v2.0.json test_fraction=0
    kerastc train qa data=my.jsonl backbone=minilm max_tokens=256

Data: your own questions, or SQuAD, XQuAD, MLQA and the like.

Cost: as of texts of max_tokens; a long context as of several.

Expect: exact match and F1, as SQuAD's evaluation counts them, or MLQA's where language is not en.
"""

from typing import ClassVar, Literal

from kerastc import data, training
from kerastc.training.config import Backbone, Count, Fraction, Positive


class Config(data.TextParts, training.QuestionConfig):
    """An encoder that is trained whole, and a layer that finds where answers begin and end."""

    usual_shares: ClassVar[tuple[float, float]] = (0.1, 0.1)

    backbone: Backbone = "e5"  # or minilm, a KerasHub preset, hf://OWNER/MODEL, a folder, a run
    trainable: str = "all"  # head: the encoder is frozen | top_K: and its top K layers | all
    epochs: Count = 3  # at most
    batch_size: Count = 16  # windows
    learning_rate: Positive = 1e-4  # the peak
    head_rate: Positive = 100  # a factor of that; what e5 says of one token and another is alike
    warmup_fraction: Fraction = 0.06  # of all updates
    dropout: Fraction = 0.1  # before the layer that finds answers
    early_stopping: training.EarlyStopping = training.EarlyStopping(metric=None)  # by F1

    data: str  # the file
    language: Literal["en", "es", "de", "vi", "ar", "hi", "zh", "other"] = "en"  # of its texts
    encoding: str = "utf-8"  # of the file


def load(config: Config, run) -> data.Splits:
    def read(file: str) -> data.LabelledQuestions:
        return data.read_questions(file, config.language, config.encoding)

    questions = read(config.data)
    return data.split_questions(questions, config, read, config.seed, config.train_fraction)


def train(splits: data.Splits, config: Config, run) -> training.Trained:
    return training.fine_tuned(splits, config, run)
