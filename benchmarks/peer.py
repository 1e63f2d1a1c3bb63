"""The peer in its own process: Hugging Face `Trainer` on PyTorch, as its documentation shows it.

    python -m benchmarks.peer FOLDER

FOLDER holds task.json, train.jsonl and validation.jsonl (of benchmarks/contest.py) and takes
result.json. The model is BERT, mean pooling and kerastc's head. What a user can have for nothing,
it has: the fast tokenizer, run once; fused attention and optimizer; as many threads as cores; no
gradient in a frozen encoder.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from torch import nn


class Classifier(nn.Module):
    """Token ids (batch, length) to a loss and logits (batch, classes).

    Args:
        weights: folder in Hugging Face layout.
        classes: how many there are.
        config: hyperparameters of the run that is repeated.
        quiet_encoder: no dropout in a frozen encoder.
    """

    def __init__(self, weights: str, classes: int, config: dict, quiet_encoder: bool):
        super().__init__()
        self.encoder = transformers.BertModel.from_pretrained(weights, add_pooling_layer=False)
        width = self.encoder.config.hidden_size
        hidden = config["hidden"] or width
        self.pre_classifier = nn.Linear(width, hidden)
        self.dropout = nn.Dropout(config["dropout"])
        self.classifier = nn.Linear(hidden, classes)
        self.label_smoothing = config["label_smoothing"]
        for layer in (self.pre_classifier, self.classifier):
            nn.init.trunc_normal_(layer.weight, std=0.02)
            nn.init.zeros_(layer.bias)
        self.frozen = config["trainable"] == "head"
        self.quiet_encoder = quiet_encoder and self.frozen
        self.encoder.requires_grad_(not self.frozen)

    def train(self, mode: bool = True):
        super().train(mode)
        if self.quiet_encoder:
            self.encoder.eval()
        return self

    def forward(self, input_ids, attention_mask, labels=None, token_type_ids=None):
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            tokens = self.encoder(
                input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
            ).last_hidden_state
            mask = attention_mask.unsqueeze(-1).to(tokens.dtype)
            pooled = (tokens * mask).sum(1) / mask.sum(1)
        logits = self.classifier(self.dropout(torch.relu(self.pre_classifier(pooled))))
        smoothing = self.label_smoothing if self.training else 0.0
        loss = nn.functional.cross_entropy(logits, labels, label_smoothing=smoothing)
        return {"loss": loss, "logits": logits}


class Clock(transformers.TrainerCallback):
    """The seconds of each epoch from its first batch to its last, without validation."""

    def __init__(self):
        self.seconds: list[float] = []

    def on_epoch_begin(self, args, state, control, **kwargs):
        self.began = time.perf_counter()

    def on_epoch_end(self, args, state, control, **kwargs):
        self.seconds.append(time.perf_counter() - self.began)


def main(folder: Path) -> None:
    """Trains as task.json says and writes result.json."""

    def model(task: dict) -> nn.Module:
        return Classifier(
            task["weights"], len(task["classes"]), task["config"], task["quiet_encoder"]
        )

    def accuracy(output, task: dict) -> float:
        return float(np.mean(output.predictions.argmax(1) == output.label_ids))

    trained(folder, model, read, transformers.DataCollatorWithPadding, accuracy)


def trained(
    folder: Path,
    model: Callable[[dict], nn.Module],
    read: Callable[[Path, Any, int], list[dict]],
    collator: Callable[[Any], Any],
    figure: Callable[[Any, dict], float],
) -> None:
    """A training as task.json says; writes result.json.

    Args:
        folder: as for `main`.
        model: by the content of task.json.
        read: from a file of rows, the tokenizer and the most tokens to the rows of a data set.
        collator: by the tokenizer.
        figure: of the predictions of an evaluation, by the content of task.json.
    """
    task = json.loads((folder / "task.json").read_text())
    config = task["config"]
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    transformers.set_seed(config["seed"])
    tokenizer = transformers.AutoTokenizer.from_pretrained(task["weights"])
    clock = Clock()
    trainer = transformers.Trainer(
        model=model(task),
        args=arguments(folder, config, task["group_by_length"]),
        train_dataset=read(folder / "train.jsonl", tokenizer, config["max_tokens"]),
        eval_dataset=read(folder / "validation.jsonl", tokenizer, config["max_tokens"]),
        data_collator=collator(tokenizer),
        processing_class=tokenizer,
        compute_metrics=lambda output: {"figure": figure(output, task)},
        callbacks=[clock],
    )
    trainer.train()
    epochs = [row for row in trainer.state.log_history if "eval_loss" in row]
    best = min(epochs, key=lambda row: row["eval_loss"])  # the weights that are put back
    result = {
        "rows": len(trainer.train_dataset),
        "epoch_seconds": clock.seconds,
        "evaluated_per_second": epochs[-1]["eval_samples_per_second"],
        "figure": best["eval_figure"],
    }
    (folder / "result.json").write_text(json.dumps(result))


def arguments(folder: Path, config: dict, group_by_length: bool) -> transformers.TrainingArguments:
    """kerastc's hyperparameters in the peer's words; the optimizer is its default, fused AdamW."""
    warm = config["warmup_steps"] or config["warmup_fraction"]
    constant = "constant_with_warmup" if warm else "constant"
    return transformers.TrainingArguments(
        output_dir=str(folder / "checkpoints"),
        num_train_epochs=config["epochs"],
        per_device_train_batch_size=config["batch_size"],
        per_device_eval_batch_size=config["batch_size"],
        learning_rate=config["learning_rate"],
        lr_scheduler_type=constant if config["schedule"] == "constant" else config["schedule"],
        warmup_steps=warm,
        weight_decay=config["weight_decay"],
        max_grad_norm=config["clip_norm"],
        train_sampling_strategy="group_by_length" if group_by_length else "random",
        eval_strategy="epoch",
        save_strategy="best",  # the least that load_best_model_at_end needs
        save_only_model=True,
        save_total_limit=1,
        load_best_model_at_end=True,
        metric_for_best_model="loss",
        logging_strategy="epoch",
        disable_tqdm=True,
        dataloader_pin_memory=False,  # pays on a GPU only
        use_cpu=True,
        seed=config["seed"],
    )


def read(path: Path, tokenizer, max_tokens: int) -> list[dict]:
    """A tokenized row a text or pair, unpadded: the collator pads each batch to its longest."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    sides = [list(side) for side in zip(*(row["texts"] for row in rows), strict=True)]
    more = {"return_token_type_ids": False} if len(sides) == 1 else {}
    encoded = tokenizer(*sides, truncation=True, max_length=max_tokens, **more)
    return [
        {name: column[number] for name, column in encoded.items()} | {"labels": row["label"]}
        for number, row in enumerate(rows)
    ]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
