"""The glossaries of servers: kept in the store, used by their rooms."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path

from bot.domain.glossary import Glossary
from bot.domain.glossary import terms as terms_of
from bot.domain.stored import Term
from bot.domain.stores import GlossaryStore
from bot.errors import GlossaryFileError, SettingsError
from bot.records import glossary_file
from bot.records.terms import MOST_TERMS, glossary
from bot.words.languages import find


class Glossaries:
    """Changes glossaries; a running room has the change at once.

    Args:
        store: Where they are kept.
        use: Called with a guild's whole glossary after each change.
        default: Terms for every guild; a guild's own go before them.
        most: Terms that a guild may have.
    """

    def __init__(
        self,
        store: GlossaryStore,
        use: Callable[[int, Glossary], None],
        *,
        default: Glossary | None = None,
        most: int = MOST_TERMS,
    ) -> None:
        self._store = store
        self._default = default or {}
        self._use = use
        self._most = most

    async def terms(self, guild_id: int, target: str | None = None) -> list[Term]:
        """Return a guild's terms, or those of one language.

        Raises:
            StoreError: They can't be read.
        """
        return await self._store.terms(guild_id, target)

    async def into(self, guild_id: int, target: str) -> Mapping[str, str]:
        """Return how words are translated into a language in a guild: source term to target term.

        Raises:
            StoreError: They can't be read.
        """
        own = glossary(await self._store.terms(guild_id, target))
        return terms_of(target, own, self._default)

    async def put(self, guild_id: int, terms: Sequence[Term]) -> tuple[int, int]:
        """Keep all of these or none; returns how many are new, and how many changed.

        Raises:
            GlossaryFullError: There would be more than a guild may have.
            StoreError: They can't be kept.
        """
        counts = await self._store.put_terms(guild_id, terms, most=self._most)
        await self._tell(guild_id)
        return counts

    async def remove(self, guild_id: int, target: str | None, source: str) -> int:
        """Remove a word from one language or from all; returns how many there were.

        Raises:
            StoreError: The store can't be written.
        """
        removed = await self._store.remove_terms(guild_id, target, [source])
        await self._tell(guild_id)
        return removed

    async def _tell(self, guild_id: int) -> None:
        self._use(guild_id, await load(self._store, guild_id))


async def load(store: GlossaryStore, guild_id: int) -> Glossary:
    """Return a guild's glossary, as its rooms take it.

    Raises:
        StoreError: It can't be read.
    """
    return glossary(await store.terms(guild_id))


def of_host(file: Path | None, codes: Collection[str]) -> Glossary:
    """Return the terms of a file, which hold for every server.

    Args:
        file: None: there are none.
        codes: The languages there are.

    Raises:
        SettingsError: It can't be read, or has mistakes.
    """
    if file is None:
        return {}
    try:
        return glossary(glossary_file.read(file.read_bytes(), partial(find, codes=codes)))
    except OSError as error:
        raise SettingsError(f"GLOSSARY_FILE: {file} can't be read: {error.strerror}.") from None
    except GlossaryFileError as error:
        raise SettingsError(f"GLOSSARY_FILE: {error}") from None
