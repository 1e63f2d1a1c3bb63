"""The commands that take a run to a device: export. Nothing heavy is imported at the top."""

import json
from pathlib import Path

import click

FORMATS = click.option(
    "--format",
    "formats",
    metavar="saved_model|litert|onnx",
    multiple=True,
    default=("litert",),
    show_default=True,
    help="What to write; may be given more than once.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@FORMATS
@click.option("--batch", default="1", show_default=True, help="Texts a call, or any.")
@click.option("--length", help="Tokens a text, or any; by default what the run was trained with.")
@click.option(
    "--quantization",
    metavar="float32|float16|int8|int8-static|int4",
    default="float32",
    show_default=True,
    help="Of LiteRT files: how the weights are stored.",
)
@JSON
def export(run, formats, batch, length, quantization, as_json) -> None:
    """Write a finished RUN as files that other programs run, and check that they agree with it."""
    from kerastc.deploy import export as export_run
    from kerastc.run import Run

    opened = Run.open(run)
    written = [
        export_run(opened, name, batch=batch, length=length, quantization=quantization)
        for name in formats
    ]
    if as_json:
        click.echo(json.dumps([signature.as_dict() for signature in written], indent=2))
