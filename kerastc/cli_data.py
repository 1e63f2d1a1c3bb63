"""The commands on data files: `kerastc data ...`. Nothing heavy is imported at the top."""

import click


@click.group()
def data() -> None:
    """Clean a file of labelled texts and see what is in it, before anything is trained.

    \b
    kerastc data prepare headlines.csv.gz --out prepared.csv.gz --categories irish_times
    """
