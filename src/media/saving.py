"""The output folder: names of one's own in it, and files that appear whole or not at all."""

import contextlib
import dataclasses
import functools
import itertools
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..basics.errors import OutputError
from ..basics.results import ImageResult, VideoResult
from .answers import json_bytes, json_content
from .encoding import encode_picture, roomy_suffix
from .images import BGRImage
from .inputs import Photograph, printable
from .leftovers import is_abandoned, remove_leftovers, temporary_beside, this_process

#: What a JSON file says while its answer is being made.
_NOT_FINISHED = "reading has not ended, or was ended by force; what was read until then may lie beside this file"
#: It looks at all names of the folder.
_remove_leftovers_once = functools.cache(remove_leftovers)
_KINDS = {"image": ImageResult, "video": VideoResult}
#: File systems allow 255 bytes; ``-1234.frames.jsonl`` has to fit as well.
_LONGEST_STEM_BYTES = 230


class OutputFolder:
    """The folder that results are saved in.

    Files that belong together are renamed when all of them are whole: a full disk leaves what was there before. A name
    that is in use gets a number, ``street-2.jpg``, unless its JSON says that it holds the answer for the same file as
    now: reading a photograph again replaces its results, never a photograph, or the results of another of that name.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Make the folder if need be; raises :class:`OutputError` where nothing can be written into it."""
        self._path = Path(path)
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._path):
                pass
            _remove_leftovers_once(self._path)
        except (OSError, ValueError) as error:
            raise self._unwritable(error) from error

    def save(self, photograph: Photograph, annotated: BGRImage | None, result: ImageResult) -> ImageResult:
        """Save the answer for a picture as JSON, and its annotated copy; returns it with the names of the files.

        Raises:
            OutputError: the folder cannot be written into any more.
        """
        original = Path(photograph.file_name)
        suffix = roomy_suffix(photograph.image, original.suffix)
        with self.complaining(), contextlib.ExitStack() as undo:
            stem = self.claim(original.stem, suffix, photograph.name if photograph.path else None)
            undo.callback(self.release, stem)
            files: dict[str, bytes | Path] = {}
            saved = {"json": str(self.path(f"{stem}.json"))}
            if annotated is not None:
                saved = {"annotated": str(self.path(f"{stem}{suffix}")), **saved}
                files[saved["annotated"]] = encode_picture(annotated, suffix)
            result = dataclasses.replace(result, saved=saved)
            self.write({**files, saved["json"]: json_bytes(result.to_dict())})
            undo.pop_all()
        return result

    def earlier_answer(self, file_name: str, owner: str) -> ImageResult | VideoResult | None:
        """The whole answer for an input that lies here since an earlier run; None where there is none."""
        for name in _names(Path(file_name).stem):
            content = json_content(self.path(f"{name}.json"))
            if not content:
                break
            kind: type[ImageResult | VideoResult] | None = _KINDS.get(content.get("kind", ""))
            if kind and content.get("input") == owner and not content.get("error"):
                return kind.from_dict(content)
        return None

    def tidy(self) -> None:
        """Remove what processes that were killed have left here."""
        remove_leftovers(self._path)

    def path(self, name: str) -> Path:
        """The path of a file in the folder."""
        return self._path / name

    @contextlib.contextmanager
    def complaining(self) -> Iterator[None]:
        """Turns a failure to write into :class:`OutputError`."""
        try:
            yield
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError | ValueError) -> OutputError:
        reason = (error.strerror or error) if isinstance(error, OSError) else error
        name = printable(str(self._path))
        return OutputError(f"{name}: results cannot be saved there ({reason}); choose another output folder")

    def claim(self, stem: str, suffix: str, owner: str | None) -> str:
        """The first of ``stem``, ``stem-2``, … that is free or holds the owner's earlier answer.

        A free name is taken by making its JSON file, which only one thread or process can. Until the answer is there it
        says whose it will be; of a process that was killed it can be taken over.
        """
        names = _names(stem)
        while True:
            name = next(names)
            record = self.path(f"{name}.json")
            try:
                with record.open("x") as file:
                    if not os.path.lexists(self.path(f"{name}{suffix}")):
                        json.dump({"input": owner, "error": _NOT_FINISHED, "process": this_process()}, file)
                        return name
                record.unlink()
            except FileExistsError:
                if owner is not None and _is_answer_for(record, owner):
                    return name
            except OSError:
                record.unlink(missing_ok=True)
                raise

    def release(self, stem: str) -> None:
        """Give a claimed name back if nothing was saved under it: its JSON file still says whose it will be."""
        record = self.path(f"{stem}.json")
        with contextlib.suppress(OSError):
            if "process" in json_content(record):
                record.unlink()

    def write(self, files: Mapping[str, bytes | Path]) -> None:
        """Write contents, or rename temporary files beside their paths; none appears before all are whole.

        Raises:
            OSError: they cannot be written; nothing is left of them.
        """
        whole: dict[str, Path] = {}
        try:
            for path, content in files.items():
                whole[path] = content if isinstance(content, Path) else temporary_beside(path)
                if not isinstance(content, Path):
                    whole[path].write_bytes(content)
            for path, temporary in whole.items():
                os.replace(temporary, path)
        except BaseException:
            for temporary in whole.values():
                temporary.unlink(missing_ok=True)
            raise


def _names(stem: str) -> Iterator[str]:
    """The stem, cut to what file systems allow, then the same with numbers."""
    encoded = os.fsencode(stem)
    if len(encoded) > _LONGEST_STEM_BYTES:
        stem = encoded[:_LONGEST_STEM_BYTES].decode(errors="ignore")
    yield stem
    yield from (f"{stem}-{number}" for number in itertools.count(2))


def _is_answer_for(record: Path, owner: str) -> bool:
    """Whether an earlier JSON file holds the answer for an input, or was to hold it when its process was killed."""
    content = json_content(record)
    if content.get("input") != owner:
        return False
    return "process" not in content or is_abandoned(record, str(content["process"]))
