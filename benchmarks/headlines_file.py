"""A file of any size in the layout of the Irish Times headlines, made of a real one, with dirt.

    python -m benchmarks.headlines_file ireland_news_2021.csv.gz headlines.csv.gz --rows 1600000

Each headline is the first half of one and the second half of another of the same category, so that
most are different and their words and lengths are real. One row in a hundred is dirty. Category and
date are those of the first half; years are spread over 1996 to 2021.
"""

import csv
import gzip
from pathlib import Path

import click
import numpy as np

CHUNK = 100_000
DIRTY = 0.01  # share of rows
# {0} date, {1} category, {2} headline in quotation marks
DIRT = (
    "20219999,{1},{2}",  # no such day
    ",{1},{2}",
    "{0},{1},",
    "{0},{1},null",
    "{0},,{2}",
    "{0},{1}",  # a column too few
    "{0},{1},{2},more",
    "{0},weather.tides,{2}",  # a category that no rule knows
    "{0},{1},\0{2}",
    "{0},{1},caf\udce9 {1}",  # a byte of cp1252
    '{0},{1},"never closed, {1}',
    "{0},opinion,Letters to the Editor",  # duplicates, and conflicts with the next
    "{0},culture,Letters to the Editor",
)


@click.command()
@click.argument("source", type=click.Path(path_type=Path, exists=True))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--rows", default=1_600_000, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(source: Path, out: Path, rows: int, seed: int) -> None:
    """Write OUT (gzip), of rows made from SOURCE."""
    with gzip.open(source, "rt", encoding="utf-8", newline="") as file:
        header, *records = csv.reader(file)
    dates, categories, headlines = (
        np.array(column, object) for column in zip(*records, strict=True)
    )
    heads, tails = (
        np.array(halves, object) for halves in zip(*map(_halves, headlines), strict=True)
    )
    by_category = np.argsort(categories.astype(str), kind="stable")
    _, first, count = np.unique(
        categories[by_category].astype(str), return_index=True, return_counts=True
    )
    _, code = np.unique(categories.astype(str), return_inverse=True)
    random = np.random.default_rng(seed)
    with gzip.open(out, "wt", 1, encoding="utf-8", errors="surrogateescape", newline="") as file:
        file.write(",".join(header) + "\n")
        for start in range(0, rows, CHUNK):
            size = min(CHUNK, rows - start)
            one = random.integers(len(records), size=size)
            other = by_category[first[code[one]] + random.integers(count[code[one]])]
            years = random.integers(1996, 2022, size=size)
            dirt = random.random(size) < DIRTY
            kind = random.integers(len(DIRT), size=size)
            for row in range(size):
                date = f"{years[row]}{dates[one[row]][4:]}"
                text = f"{heads[one[row]]} {tails[other[row]]}".replace('"', '""')
                form = DIRT[kind[row]] if dirt[row] else "{0},{1},{2}"
                file.write(form.format(date, categories[one[row]], f'"{text}"') + "\n")


def _halves(headline: str) -> tuple[str, str]:
    words = headline.split()
    middle = (len(words) + 1) // 2
    return " ".join(words[:middle]), " ".join(words[middle:])


if __name__ == "__main__":
    main()
