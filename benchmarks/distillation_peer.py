"""The peer for distillation in its own process: PyTorch's usual loop.

    python -m benchmarks.distillation_peer FOLDER

FOLDER as made by benchmarks/distillation.py: `teacher`, `corpus`, task.json; takes result.json.
"""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch
import transformers
from torch.nn import functional

SOFT, HARD, STATES, TEMPERATURE = 5.0, 2.0, 1.0, 2.0
RATE, DECAY, MASKING = 1e-4, 0.01, 0.15


def made_teacher(folder: Path, layers: int, width: int, tokens: int, length: int) -> None:
    """Saves a random masked language model."""
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=tokens,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=width // 32,
        intermediate_size=4 * width,
        max_position_embeddings=length,
        attn_implementation="sdpa",
    )
    transformers.BertForMaskedLM(config).save_pretrained(folder)


class Speaker(torch.nn.Module):
    """A masked language model whose head is at some places alone."""

    def __init__(self, model: transformers.BertForMaskedLM, related: bool):
        super().__init__()
        self.encoder, self.head = model.bert, model.cls
        self.related = {}
        if related:
            attention = self.encoder.encoder.layer[-1].attention.self
            for name in ("query", "key", "value"):
                getattr(attention, name).register_forward_hook(
                    lambda _, __, found, name=name: self.related.__setitem__(name, found)
                )

    def forward(self, ids, places):
        found = self.encoder(ids, output_hidden_states=True)
        vectors = found.last_hidden_state.flatten(0, 1)[places]
        return self.head(vectors), found.hidden_states, dict(self.related)


def main(folder: Path) -> None:
    """Trains as task.json says and writes the tokens a second to result.json."""
    from kerastc.data.corpus import Corpus

    task = json.loads((folder / "task.json").read_text())
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    torch.manual_seed(0)
    model = transformers.BertForMaskedLM.from_pretrained(folder / "teacher")
    config = transformers.BertConfig.from_pretrained(
        folder / "teacher", num_hidden_layers=task["layers"]
    )
    small = transformers.BertForMaskedLM(config)
    small.load_state_dict(model.state_dict(), strict=False)
    for number, layer in enumerate(small.bert.encoder.layer):
        kept = number * model.config.num_hidden_layers // task["layers"]
        layer.load_state_dict(model.bert.encoder.layer[kept].state_dict())
    related = bool(task["relations"])
    teacher, student = Speaker(model, related).eval(), Speaker(small, related).train()
    weights = [
        {"params": [p for p in student.parameters() if p.ndim > 1], "weight_decay": DECAY},
        {"params": [p for p in student.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(weights, RATE, fused=True)
    batches = masked(Corpus.open(folder / "corpus"), task)
    for step, (ids, places, targets) in enumerate(batches):
        if step == task["steps"]:
            began = time.perf_counter()
        with torch.inference_mode():
            theirs = teacher(ids, places)
        loss = losses(student(ids, places), theirs, targets, task)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
    tokens = task["batch"] * task["length"] * task["steps"]
    (folder / "result.json").write_text(json.dumps(tokens / (time.perf_counter() - began)))


def losses(own, theirs, targets, task: dict):
    """Those of both sides' words, states and relations, weighted."""
    words, states, related = own
    teacher, other_states, other_related = theirs
    loss = HARD * functional.cross_entropy(words, targets)
    apart = functional.kl_div(
        functional.log_softmax(words / TEMPERATURE, -1),
        functional.softmax(teacher / TEMPERATURE, -1),
        reduction="batchmean",
    )
    loss = loss + SOFT * TEMPERATURE**2 * apart
    cosine = functional.cosine_similarity(states[-1], other_states[-1], dim=-1)
    loss = loss + STATES * (1 - cosine).mean()
    if task["hidden"]:
        ratio, layers = (len(other_states) - 1) / (len(states) - 1), len(states)
        pairs = [(states[j], other_states[int(j * ratio)]) for j in range(layers)]
        apart = sum(functional.mse_loss(mine, other) for mine, other in pairs)
        loss = loss + task["hidden"] * apart / len(pairs)
    if task["relations"]:
        loss = loss + task["relations"] * sum(
            divergence(related, other_related, *pair)
            for pair in (("query", "key"), ("value", "value"))
        )
    return loss


def divergence(own: dict, theirs: dict, one: str, other: str):
    """That of a relation, the mean over heads and tokens."""

    def scores(side: dict):
        first, second = (
            side[name].unflatten(-1, (-1, 32)).transpose(1, 2) for name in (one, other)
        )
        return functional.log_softmax(first @ second.transpose(-1, -2) / 32**0.5, -1)

    mine, said = scores(own), scores(theirs)
    apart = functional.kl_div(mine, said, reduction="sum", log_target=True)
    return apart / mine[..., 0].numel()


def masked(corpus, task: dict) -> list:
    """The batches, drawn beforehand: ids, masked places in the flattened batch, and targets."""
    tokenizer, random = corpus.tokenizer, np.random.default_rng(0)
    tokens = np.concatenate([np.asarray(shard.tokens[:]) for shard in corpus.shards])
    rows = tokens.reshape(-1, task["length"] - 2)[: 2 * task["steps"] * task["batch"]]
    found = []
    for batch in rows.reshape(2 * task["steps"], task["batch"], -1):
        edges = np.full((len(batch), 1), 0)
        ids = np.hstack([edges + tokenizer.id("[CLS]"), batch, edges + tokenizer.id("[SEP]")])
        count = round(MASKING * batch.shape[1])
        chosen = np.argsort(random.random(batch.shape), axis=1)[:, :count] + 1
        places = (chosen + np.arange(len(ids))[:, None] * ids.shape[1]).ravel()
        targets = ids.ravel()[places].copy()
        kind = random.random(len(places))
        new = np.where(kind < 0.8, tokenizer.mask_id, targets)
        swapped = (kind >= 0.8) & (kind < 0.9)
        new[swapped] = random.choice(tokens, swapped.sum())
        ids.ravel()[places] = new
        found.append(tuple(torch.from_numpy(a.astype(np.int64)) for a in (ids, places, targets)))
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
