"""The errors a user can meet, each of which is one line."""

from __future__ import annotations

MAX_SHOWN = 300  # characters of what was given that an error repeats


def visible(text: str) -> str:
    """`text` with each character that a terminal would act on, or not show, escaped (`\\x1b`); only
    ends of lines and tabs stay. For all text that comes from elsewhere and is printed or kept."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


class RlbenchError(Exception):
    """Base of every error that a user sees as one line, without a traceback."""

    exit_status = 1

    def __init__(self, *args: object) -> None:
        super().__init__(*(visible(arg) if isinstance(arg, str) else arg for arg in args))


class ConfigError(RlbenchError):
    """A bad configuration; nothing has been written (exit status 2). file: which file sets the key,
    where it is known."""

    exit_status = 2

    def __init__(self, key: str, got: object, takes: str, file: str = "") -> None:
        self.key, self.got, self.takes, self.file = key, got, takes, file
        place = f"{file}: {short(key)}" if file else short(key)
        super().__init__(f"{place}: {self._complaint()}")

    def _complaint(self) -> str:
        return f"got {short(_shown(self.got))}; takes {self.takes}"

    def within(self, file: str) -> ConfigError:
        """The same error with the name of the file that sets the key."""
        return type(self)(self.key, self.got, self.takes, file)

    def __reduce__(self) -> tuple[type[ConfigError], tuple[str, object, str, str]]:
        return type(self), (self.key, self.got, self.takes, self.file)


class UnknownKeyError(ConfigError):
    """A key that does not exist; `takes` says so, and what there is in its place."""

    def _complaint(self) -> str:
        return self.takes


class ConfigFileError(ConfigError):
    """A file of the configuration that cannot be used as a whole; `takes` says why."""

    def _complaint(self) -> str:
        return self.takes


class ReportError(RlbenchError):
    """Runs that cannot be read, or a place where nothing can be written (exit status 2)."""

    exit_status = 2


def short(text: str) -> str:
    """`text`, without its middle where it is long."""
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 20]}…{text[-19:]}"


class OutputError(ReportError):
    """A place for files, `--out`, where they cannot be written."""

    def __init__(self, out: object, error: OSError | ValueError) -> None:
        why: str | None = str(error)
        if isinstance(error, OSError):
            elsewhere = error.filename is not None and str(error.filename) != str(out)
            why = f"{error.filename}: {error.strerror}" if elsewhere else error.strerror
        super().__init__(f"--out {out}: cannot be written ({why})")


def _shown(value: object) -> str:
    """`value` as it is written on the command line; text is quoted."""
    words = {None: "null", True: "true", False: "false"}
    return words[value] if value is None or isinstance(value, bool) else repr(value)


class RunError(RlbenchError):
    """A run that failed while running: its environment, a worker or the disk (exit status 1)."""


class HeldError(RunError):
    """Runs that other processes are making, so that nothing was tried."""


class StuckError(BaseException):
    """Raised in the midst of an environment's code that does not answer; it is no mistake of that
    code, and is not caught with those."""
