"""Commands of the command line, called in this process."""

from click.testing import CliRunner, Result

from kerastc.cli import main


def kerastc(*words: object, **more: object) -> str:
    """What a command prints on standard output; it has to end well."""
    return _ended(0, words, more).stdout


def told(*words: object, **more: object) -> str:
    """All that a command says, errors and notes too, on one line; it has to end well."""
    return _line(_ended(0, words, more))


def refused(*words: object, **more: object) -> str:
    """What a command says, on one line, that is refused."""
    return _line(_ended(1, words, more))


def _ended(code: int, words: tuple[object, ...], more: dict[str, object]) -> Result:
    done = CliRunner().invoke(main, [str(word) for word in words], **more)
    assert done.exit_code == code, done.output
    return done


def _line(done: Result) -> str:
    return " ".join(done.output.split())
