"""Image files and their classes from a table of paths and labels."""

from contextlib import closing
from operator import itemgetter
from pathlib import Path

from kerastc.data.images.files import EXTENSIONS, NO_IMAGE, ImageFiles, files_without_labels
from kerastc.data.images.images import check_class_names
from kerastc.data.label_names import Labels
from kerastc.data.tables.columns import NamedColumns
from kerastc.data.tables.guessed_columns import label_column
from kerastc.data.tables.reading import Reading
from kerastc.data.tables.table_file import DELIMITED
from kerastc.data.tables.table_kinds import open_table
from kerastc.errors import UserError

# Tried in this order, ignoring case.
IMAGE_COLUMNS = ("image", "path", "file", "filename", "file_name", "image_path", "filepath")
IMAGE_COLUMNS += ("image_id", "photo", "id", "name", "imagen", "archivo", "foto")
TWICE = "rows that name an image again, with the same label"


def table_beside(folder: Path) -> Path | None:
    """The CSV or TSV file in a folder that lists its images; None if there is no such file.

    It is the only one, has a column with a usual name for images, and names an image first.
    """
    tables = [path for path in sorted(folder.glob("*")) if path.suffix.lower() in DELIMITED]
    if len(tables) != 1 or not tables[0].is_file():
        return None
    table = open_table(tables[0], Reading())
    if (column := _usual(table)) is None:
        return None
    with closing(table.rows([column])) as rows:
        _, (first,) = next(rows, (0, ("",)))
    return tables[0] if Path(str(first)).suffix.lower() in EXTENSIONS else None


def listed_files(
    path: Path, image: str = "", label: str = ""
) -> tuple[Path, dict[str, ImageFiles]]:
    """The files that a table names, and as unlabelled all others in its folder.

    Paths are relative to the table's folder, and lead to nothing outside it, through links either.
    A row without a label is for an unlabelled image.

    Args:
        path: the table.
        image: its column of paths; guessed if empty.
        label: its column of classes; guessed if empty.

    Returns:
        The folder, and its "train" and perhaps "unlabelled" files.

    Raises:
        UserError: with the table's line: a path leads out of the folder or to no file, or an image
            has two labels; the columns are not there, or there are fewer than two classes.
    """
    folder, table = path.parent, open_table(path, Reading())
    column = table.require(image, "image") if image else _usual(table)
    if column is None:
        raise UserError(
            f"{path}: none of the columns has a usual name for the images. "
            f"They are {table.shown_columns()}.",
            "Set image= to the one with their paths.",
        )
    label, _ = label_column(table, label, [column])
    labels, class_of, repeated = Labels(), {}, 0
    with closing(table.rows([column, label])) as rows:
        for line, (given, value) in rows:
            where = f"{path}, {table.unit} {line}"
            file, name = _file(str(given or "").strip(), folder, where), labels.name(value)
            if class_of.setdefault(file, name) != name:
                raise UserError(
                    f"{where}: {given} has the label {name!r}, and in a row before "
                    f"{class_of[file]!r}.",
                    "Leave one of the two rows out.",
                )
            repeated += 1
    labelled = sorted(((file, name) for file, name in class_of.items() if name), key=itemgetter(1))
    train, every = ImageFiles(folder, dict(labelled)), files_without_labels(folder)
    check_class_names(train.classes, path)
    if len(train.classes) < 2:
        raise UserError(
            f"{path} has {len(train.classes)} class in the column {label!r}; two are needed."
        )
    every.passed_over[NO_IMAGE] -= path.suffix.lower() not in EXTENSIONS  # the table itself
    train.passed_over = +every.passed_over
    train.passed_over[TWICE] = repeated - len(class_of)
    named = set(train.class_of)
    rest = [file for file in every.class_of if folder / _inside(file, folder) not in named]
    unlabelled = {"unlabelled": ImageFiles(folder, dict.fromkeys(rest, ""))} if rest else {}
    return folder, {"train": train} | unlabelled


def _file(given: str, folder: Path, where: str) -> Path:
    """The file that a row names.

    Raises:
        UserError: it is outside the folder, is not there, or has no extension of an image.
    """
    file = folder / given
    if not given or Path(given).is_absolute() or ".." in Path(given).parts:
        raise UserError(
            f"{where}: {given!r} is no path inside {folder}.",
            "Paths are relative to the folder of the table.",
        )
    if not file.is_file():
        raise UserError(f"{where}: there is no file {file}.", "Mend the path, or leave it out.")
    if (inside := _inside(file, folder)) is None:
        raise UserError(f"{where}: {given!r} is a link that leads out of {folder}.")
    if file.suffix.lower() not in EXTENSIONS:
        raise UserError(
            f"{where}: {given!r} is no image by its name.",
            f"Taken are {' '.join(sorted(EXTENSIONS))}",
        )
    return folder / inside


def _inside(file: Path, folder: Path) -> Path | None:
    """The path within a folder that a file has once links are followed; None outside it."""
    home, found = folder.resolve(), file.resolve()
    return found.relative_to(home) if found.is_relative_to(home) else None


def _usual(table: NamedColumns) -> str | None:
    names = {name.casefold().replace(" ", "_"): name for name in table.columns}
    return next((names[name] for name in IMAGE_COLUMNS if name in names), None)
