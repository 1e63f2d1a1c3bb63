"""Ages in years: truth and answers are (n,) float."""

import csv
from dataclasses import dataclass

import numpy as np

from kerastc.outputs.output import Output
from kerastc.scores.bootstrap import mean_interval
from kerastc.scores.figures import Figure

WITHIN = 5.0  # years


@dataclass(frozen=True)
class Ages:
    examples: np.ndarray
    truth: np.ndarray
    answers: np.ndarray


class AgeOutput(Output):
    main = Figure("error", higher=False, label="mean error", share=False, mean=True)
    figures = (main, Figure("within_five", label="within five years", of_rows=True))
    answer = "age"

    @property
    def shapes(self):
        return {"years": ()}

    def answers(self, outputs, rows=()):
        return outputs["years"]

    def metrics(self, truth, answers):
        said = Ages(None, truth, answers)
        rows = {one.name: self.counts(one.name, said)[:, 0] for one in self.figures}
        return {
            "rows": len(truth),
            **{name: float(values.mean()) for name, values in rows.items()},
            "intervals": {name: mean_interval(values) for name, values in rows.items()},
        }

    def worth(self, truth, answers):
        found = self.metrics(truth, answers)
        ends = {f"{name}_interval": interval for name, interval in found["intervals"].items()}
        return {name: value for name, value in found.items() if name != "intervals"} | ends

    def counts(self, figure, predictions):
        away = np.abs(predictions.answers - predictions.truth)
        values = away if figure == "error" else (away <= WITHIN).astype(float)
        return np.stack([values, np.ones(len(values))], axis=1)

    def of_counts(self, figure, sums):
        return sums[..., 0] / sums[..., 1]

    def same(self, answers, others):
        return float((np.abs(answers - others) < 1).mean())

    def kept(self, truth, answers):
        return {"truth": truth, "answers": answers}

    def of_kept(self, arrays):
        return Ages(None, arrays["truth"], arrays["answers"])

    def json_rows(self, examples, answers):
        return [{"years": years} for years in answers.tolist()]

    def table(self, answers):
        return ("years",), [(f"{years:.0f}",) for years in answers]

    def write_predictions(self, path, columns, examples, truth, answers):
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*columns, "age", "said"])
            writer.writerows(zip(examples, truth.tolist(), answers.tolist(), strict=True))

    def read_predictions(self, path):
        with path.open(encoding="utf-8", newline="") as file:
            _, *rows = csv.reader(file)
        examples, truth, answers = zip(*rows, strict=True)
        return Ages(np.array(examples, object), np.array(truth, float), np.array(answers, float))


OUTPUT = AgeOutput
