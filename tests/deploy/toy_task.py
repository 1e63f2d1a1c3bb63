"""A task that kerastc does not have: a label for each token of a text. Its rooms are made here.

The truth of a text is the label of its first token behind the start.
"""

import json
import sys
import types

import numpy as np

from kerastc.outputs.output import LENGTH, Figure, Output
from kerastc.tasks import TASKS, Task

NAME = "toy-tagging"


class Tags(Output):
    main = Figure("right")
    figures = (Figure("right"),)
    answer = "labels"

    @property
    def shapes(self):
        return {"tags": (LENGTH, len(self.labels))}

    def answers(self, outputs, rows=()):
        assert [len(row) for row in rows] == [len(tags) for tags in outputs["tags"]]
        return [tags.argmax(axis=1).tolist() for tags in outputs["tags"]]

    def metrics(self, truth, answers):
        right = [tags[1] == wanted for tags, wanted in zip(answers, truth, strict=True)]
        return {"rows": len(answers), "right": float(np.mean(right))}

    def worth(self, truth, answers):
        found = self.metrics(truth, answers)
        return found | {"right_interval": [found["right"]] * 2}

    def counts(self, figure, predictions):
        raise NotImplementedError

    def of_counts(self, figure, sums):
        raise NotImplementedError

    def kept(self, truth, answers):
        raise NotImplementedError

    def of_kept(self, arrays):
        raise NotImplementedError

    def same(self, answers, others):
        return float(np.mean([a == b for a, b in zip(answers, others, strict=True)]))

    def json_rows(self, examples, answers):
        return [{"tags": [self.labels[tag] for tag in tags]} for tags in answers]

    def table(self, examples, answers):
        return ("tags",), [(" ".join(self.labels[tag] for tag in tags),) for tags in answers]

    def write_predictions(self, path, columns, examples, truth, answers):
        rows = [[str(e), int(t), a] for e, t, a in zip(examples, truth, answers, strict=True)]
        path.write_text(json.dumps(rows))

    def read_predictions(self, path):
        examples, truth, answers = zip(*json.loads(path.read_text()), strict=True)
        return types.SimpleNamespace(
            examples=np.array(examples, object), truth=list(truth), answers=list(answers)
        )


def served(outputs, labels):
    import tensorflow as tf

    return {"names": tf.gather(tf.constant(list(labels)), tf.argmax(outputs["tags"], axis=2))}


def register() -> None:
    """Adds the task to the registry of this process, and its rooms."""
    room = "kerastc.outputs.toy"
    parts = {
        room: {"CAPABILITIES": frozenset()},
        f"{room}.scores": {"OUTPUT": Tags},
        f"{room}.export": {"served": served},
    }
    for name, content in parts.items():
        sys.modules[name] = types.ModuleType(name)
        vars(sys.modules[name]).update(content)
    TASKS[NAME] = Task(NAME, "text", "toy")


def unregister() -> None:
    for name in [name for name in sys.modules if name.startswith("kerastc.outputs.toy")]:
        del sys.modules[name]
    TASKS.pop(NAME, None)
