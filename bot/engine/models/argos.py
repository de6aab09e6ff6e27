"""Argos Translate (MIT), for those who installed it and its language packages."""

import importlib
import importlib.util
import threading
from typing import Any

from bot.errors import EngineError


class ArgosTranslator:
    """The pairs of the installed packages.

    Raises:
        EngineError: It is not installed, or has no packages.
    """

    def __init__(self) -> None:
        if importlib.util.find_spec("argostranslate") is None:
            raise EngineError("Argos Translate is not installed.")
        installed = importlib.import_module("argostranslate.translate").get_installed_languages()
        # Languages list translations by way of a third one too, so take the packages' own pairs.
        self._engines: dict[tuple[str, str], Any] = {}
        for package in importlib.import_module("argostranslate.package").get_installed_packages():
            pair = (package.from_code, package.to_code)
            languages = {language.code: language for language in installed}
            if pair[0] in languages and pair[1] in languages:
                found = languages[pair[0]].get_translation(languages[pair[1]])
                if found is not None:
                    self._engines[pair] = found
        if not self._engines:
            raise EngineError("Argos Translate has no language packages.")
        self._lock = threading.Lock()  # it does not say that it may be used by several threads

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """The pairs of languages that are installed."""
        return frozenset(self._engines)

    def translate(self, text: str, source: str, target: str) -> str:
        """Return the translation.

        Raises:
            EngineError: The package is not installed, or it failed.
        """
        engine = self._engines.get((source, target))
        if engine is None:
            raise EngineError(f"Argos Translate has no package {source} to {target}.")
        try:
            with self._lock:
                return str(engine.translate(text))
        except Exception as error:  # a plug-in of the user's: its failures are not ours to list
            raise EngineError(f"Argos Translate failed: {type(error).__name__}.") from error
