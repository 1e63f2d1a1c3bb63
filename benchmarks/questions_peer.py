"""The peer for questions in its own process: `Trainer` and `BertForQuestionAnswering`.

    python -m benchmarks.questions_peer FOLDER

FOLDER as for benchmarks/peer.py; a row's texts are a question and its context, its label the true
answers, each with its text, begin and end. Windows, targets and the best answer of all windows
are made as in the documentation of transformers on question answering, but for a batch's padding,
which goes to its longest window alone. Texts are compared as ours are.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import transformers

from benchmarks.peer import trained
from kerastc.outputs.spans.normal import f1

BEST = 20  # starts and ends that are combined
CONTEXT = 1  # its number among the sequences


def main(folder: Path) -> None:
    """Trains as task.json says and writes result.json."""
    config = json.loads((folder / "task.json").read_text())["config"]
    judged: list[dict] = []  # the validation windows, with what the model does not get

    def model(task: dict) -> torch.nn.Module:
        return transformers.BertForQuestionAnswering.from_pretrained(task["weights"])

    def read(path: Path, tokenizer, max_tokens: int) -> list[dict]:
        windows = windows_of(path, tokenizer, max_tokens, config["stride"])
        judged[:] = windows  # the last file is that of validation
        names = [*tokenizer.model_input_names, "start_positions", "end_positions"]
        return [{name: row[name] for name in names if name in row} for row in windows]

    def figure(output, task: dict) -> float:
        return mean_f1(output.predictions, judged, config["longest_answer"], config["language"])

    trained(folder, model, read, transformers.DataCollatorWithPadding, figure)


def windows_of(path: Path, tokenizer, max_tokens: int, stride: int) -> list[dict]:
    """The windows of questions, unpadded, with targets, offsets and their question's answers."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    questions, contexts = zip(*(row["texts"] for row in rows), strict=True)
    encoded = tokenizer(
        list(questions),
        list(contexts),
        truncation="only_second",
        max_length=max_tokens,
        stride=stride,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    found = []
    for number, question in enumerate(encoded["overflow_to_sample_mapping"]):
        window = {name: encoded[name][number] for name in tokenizer.model_input_names}
        inside = np.array([part == CONTEXT for part in encoded.sequence_ids(number)])
        offsets = np.array(encoded["offset_mapping"][number])
        answers = [answer for answer in rows[question]["label"] if answer[1] >= 0]
        begin, end = place(answers[0][1:], offsets, inside) if answers else (0, 0)
        window |= {"start_positions": begin, "end_positions": end}
        window |= {"question": question, "offsets": offsets, "inside": inside}
        texts = [answer[0] for answer in rows[question]["label"]]
        found.append(window | {"context": contexts[question], "answers": texts or [""]})
    return found


def place(answer: list[int], offsets: np.ndarray, inside: np.ndarray) -> tuple[int, int]:
    """The first and last token of an answer; 0 and 0 where a window does not have it whole."""
    begin, end = answer
    there = np.flatnonzero(inside)
    if not len(there) or offsets[there[0], 0] > begin or offsets[there[-1], 1] < end:
        return 0, 0
    of = there[(offsets[there, 0] < end) & (offsets[there, 1] > begin)]
    return (int(of[0]), int(of[-1])) if len(of) else (0, 0)


def mean_f1(predictions, windows: list[dict], longest: int, language: str) -> float:
    """Of the best span of all windows of each question.

    Args:
        predictions: logits of starts and of ends, (windows, tokens) each, padded.
        windows: of `windows_of`.
        longest: the most tokens of an answer.
        language: of the texts.
    """
    best: dict[int, tuple[float, str, list[str]]] = {}
    for starts, ends, window in zip(*predictions, windows, strict=True):
        question, offsets = window["question"], window["offsets"]
        best.setdefault(question, (-np.inf, "", window["answers"]))
        allowed = np.flatnonzero(window["inside"])
        first = allowed[np.argsort(-starts[allowed])[:BEST]]
        last = allowed[np.argsort(-ends[allowed])[:BEST]]
        scores = starts[first][:, None] + ends[last][None, :]
        length = last[None, :] - first[:, None] + 1
        scores = np.where((length > 0) & (length <= longest), scores, -np.inf)
        if scores.max() > best[question][0]:
            at, to = np.unravel_index(scores.argmax(), scores.shape)
            text = window["context"][offsets[first[at], 0] : offsets[last[to], 1]]
            best[question] = (scores.max(), text, window["answers"])
    return float(np.mean([f1(text, true, language) for _, text, true in best.values()]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
