"""The database: whether it can be used, and at which step its tables are."""

from bot.doctor.checks import Diagnosis, fault, ok, warning
from bot.errors import StoreError
from bot.store.look import DatabaseLook, look


class DatabaseChecks:
    """Looks at the database once.

    Args:
        url: As the setting has it.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._seen: DatabaseLook | None = None

    @property
    def seen(self) -> DatabaseLook:
        """What was seen, once `reached` found no fault."""
        if self._seen is None:
            raise RuntimeError("not looked at")
        return self._seen

    async def reached(self) -> Diagnosis:
        """Check that it can be opened and written."""
        try:
            seen = self._seen = await look(self._url)
        except StoreError as error:
            line, _, cure = str(error).rstrip(".").rpartition(". ")
            if not line:
                return fault(str(error), "Correct DATABASE_URL.")
            return fault(f"{line}.", f"{cure}.")
        if seen.kind == "PostgreSQL":
            return ok("PostgreSQL answers.")
        if seen.file is None:
            return warning(
                "It is in memory: all settings, consent and usage are gone when the bot ends.",
                "Name a file in DATABASE_URL: sqlite+aiosqlite:///data/parley.db",
            )
        if not seen.exists:
            return ok(f"{seen.file} is made when the bot starts.")
        return ok(f"{seen.file} can be read and written.")

    async def migrations(self) -> Diagnosis:
        """Check which version of Parley its tables are of."""
        steps = self.seen.steps
        if steps is None:
            return ok("Its tables are made when the bot starts.")
        if steps.unknown:
            return fault(
                f"A newer version of Parley made it (step {steps.current}; this one ends at "
                f"{steps.newest}).",
                "Update Parley, or name another database in DATABASE_URL.",
            )
        if steps.current is None:
            return ok("Its tables are made when the bot starts.")
        if steps.pending:
            return warning(
                f"At step {steps.current}; the next start brings it to {steps.newest}, and earlier "
                "versions of Parley can't use it then.",
                "Make a copy of it before you start the bot.",
            )
        return ok(f"At step {steps.current}, the newest.")
