"""A classifier's report: each class, confusions, calibration, single examples."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kerastc import formatting
from kerastc.report.output_page import Card, Column, OutputPage, Section
from kerastc.scores.class_scores import MACRO
from kerastc.scores.figures import Figure

if TYPE_CHECKING:
    from rich.console import RenderableType

    from kerastc.report.drawing.captioned import Picture, Plot
    from kerastc.report.record import RunRecord

_TOP = Figure("top_5_accuracy", label="top-5 accuracy")
_PRECISION = Figure("macro_precision")
_RECALL = Figure("macro_recall")
_ERROR = Figure("ece", higher=False, label="calibration error")
_FLIPPED = "test_flipped"  # for images, figures of the mean with their mirror images


class ClassesPage(OutputPage):
    """See `OutputPage`."""

    @property
    def figures(self) -> tuple[Figure, ...]:
        accuracy, macro_f1, loss = self.output.figures
        return accuracy, _TOP, _PRECISION, _RECALL, macro_f1, loss, _ERROR

    @property
    def compared(self) -> tuple[Figure, ...]:
        accuracy, macro_f1, loss = self.output.figures
        return accuracy, _TOP, macro_f1, _PRECISION, _RECALL, loss, _ERROR

    @property
    def further_parts(self) -> Mapping[str, tuple[Figure, ...]]:
        return {_FLIPPED: (self.output.main,)}

    @property
    def logged(self) -> tuple[str, ...]:
        return MACRO

    def columns(self) -> tuple[Sequence[Column], ...]:
        return (
            (
                Column("validation", "validation", "accuracy"),
                Column("test", "test", "accuracy"),
                Column("test F1", "test", "macro_f1"),
                Column("top-5", "test", "top_5_accuracy"),
                Column("train", "train", "accuracy"),
            ),
            (Column("test loss", "test", "loss"),),
            (
                Column("precision", "test", "macro_precision"),
                Column("recall", "test", "macro_recall"),
            ),
        )

    def page_columns(self) -> Sequence[Column]:
        return (
            Column("Train accuracy", "train", "accuracy", optional=True),
            Column("Validation accuracy", "validation", "accuracy", interval=True),
            Column("Test accuracy", "test", "accuracy", interval=True),
            Column("Test accuracy, flipped", _FLIPPED, "accuracy", optional=True),
            Column("Test top-5", "test", "top_5_accuracy", optional=True),
            Column("Test macro F1", "test", "macro_f1"),
            Column("Test precision", "test", "macro_precision"),
            Column("Test recall", "test", "macro_recall"),
            Column("Test loss", "test", "loss"),
        )

    def group_columns(self) -> Sequence[Column]:
        return (
            Column("validation", "validation", "accuracy"),
            Column("test", "test", "accuracy"),
            Column("test F1", "test", "macro_f1"),
            Column("test top-5", "test", "top_5_accuracy"),
            Column("train", "train", "accuracy"),
            Column("test flipped", _FLIPPED, "accuracy"),
        )

    def lead(self, record: "RunRecord") -> str:
        return f"{len(record.labels)} classes"

    def cards(self, record: "RunRecord") -> list[Card]:
        accuracy, macro_f1, _ = self.output.figures
        final = record.metrics[record.part]
        top = [f"top-5: {formatting.number(final[_TOP.name])}"] if _TOP.name in final else []
        return [self.card(record, accuracy, *top), self.card(record, macro_f1)]

    def plots(self, record: "RunRecord") -> Iterator["Plot"]:
        from kerastc.outputs.classes.gallery import class_run_plots

        return class_run_plots(record)

    def sections(self, record: "RunRecord", plots: Mapping[str, "Picture"]) -> list[Section]:
        from kerastc.outputs.classes.sections import class_sections

        return class_sections(record, plots)

    def shown_rows(self, truth: Any, answers: Any) -> list[int]:
        from kerastc.outputs.classes.examples import shown_rows

        return shown_rows(truth, answers)

    def terminal(
        self, metrics: Mapping[str, Any], title: str, units: str
    ) -> "list[RenderableType]":
        """Macro and per-class figures, F1 and accuracy with 95 % intervals if available.

        Of many classes the table has those with the highest and the lowest F1.
        """
        from kerastc.outputs.classes.terminal import class_table, headline

        return [class_table(metrics, title, units), headline(metrics)]

    def further_lines(self, metrics: Mapping[str, Any]) -> list[str]:
        if _FLIPPED not in metrics:
            return []
        from rich.markup import escape

        flipped = metrics[_FLIPPED]
        accuracy = formatting.short(flipped["accuracy"], flipped["intervals"]["accuracy"])
        return [f"with mirror images (test-time flip), separately: accuracy {escape(accuracy)}"]


PAGE = ClassesPage
