"""What a room says and does while a translation service can't be used."""

from collections.abc import Callable, Sequence

from bot.domain.trouble import KEPT_S, ServiceTrouble
from bot.usage.availability import Services
from bot.words import Text, command, language_name, listing, number, t


class Outages:
    """Says once when the service fails, why and since when, and when it works again.

    A room that is refused for good ends as soon as nobody in it is translated any more: open
    conversations may live on.

    Args:
        services: What is known of the services.
        say: Tells the people in the room.
        changed: Called when anything changed that people see.
        translated: Returns whether anybody's conversation is open.
        written: Returns the languages made in writing, for which the text service may fail.
        renew: Called when what was given up may work again.
        give_up: Called with the reason when the room has to end.
    """

    def __init__(
        self,
        services: Services,
        *,
        say: Callable[[str], None],
        changed: Callable[[], None],
        translated: Callable[[], bool],
        written: Callable[[], Sequence[str]],
        renew: Callable[[], None],
        give_up: Callable[[str], None],
    ) -> None:
        self._services = services
        self._say = say
        self._changed = changed
        self._translated = translated
        self._written = written
        self._renew = renew
        self._give_up = give_up
        self._said: ServiceTrouble | None = None
        self._missing: tuple[str, ...] = ()  # as was said
        self._renewals = self._counted()
        self._hearing = False
        self._over = False
        self._stop_listening = services.listen(self._known)

    @property
    def missing(self) -> tuple[str, ...]:
        """Languages that the text service owes."""
        return () if self._services.texts.trouble is None else tuple(self._written())

    def begin(self) -> None:
        """Say what is to be said from now on: the room hears."""
        self._hearing = True
        self.look()

    def _known(self) -> None:
        if not self._over:
            self.look()
            self._changed()

    def look(self) -> None:
        """See how things stand. To be called also when a conversation opened or ended."""
        if self._over or not self._hearing:
            return
        self._look_at_speech()
        if not self._over:
            self._look_at_texts()
        if self._renewals != (now := self._counted()):
            self._renewals = now
            self._renew()

    def _counted(self) -> tuple[int, int]:
        return self._services.speech.renewals, self._services.texts.renewals

    def _look_at_speech(self) -> None:
        trouble, said = self._services.speech.lasting, self._said
        if trouble is not None and trouble.final:
            if not self._translated():
                self._over = True
                self._give_up(ended(trouble))
            elif said is None or not said.final:
                self._said = trouble
                self._say(living_on(trouble))
        elif trouble is not None and said is None:
            self._said = trouble
            self._say(began(trouble))
        elif self._services.speech.trouble is None and said is not None:
            self._said = None
            self._say(t("The translation service works again, so translation continues."))

    def _look_at_texts(self) -> None:
        trouble = self._services.texts.lasting
        missing = () if trouble is None else tuple(self._written())
        if trouble is not None and missing and not self._missing:
            self._missing = missing
            self._say(missing_since(missing, trouble))
        elif self._services.texts.trouble is None and self._missing:
            back, self._missing = self._missing, ()
            self._say(t("Captions in {languages} are back.", languages=_named(back)))

    def close(self) -> None:
        """Say nothing more. Idempotent."""
        self._over = True
        stop, self._stop_listening = self._stop_listening, _nothing
        stop()


def _nothing() -> None:
    return


def began(trouble: ServiceTrouble) -> Text:
    """Say that the service can't be used for now."""
    return t(
        "{reason} Nothing new can be translated since {time}. What you say now is kept for "
        "about {seconds} seconds, then it is lost.",
        reason=trouble.reason,
        time=when(trouble),
        seconds=number(KEPT_S, 0),
    )


def living_on(trouble: ServiceTrouble) -> Text:
    """Say that the service refuses for good, though some are still translated."""
    return t(
        "{reason} Whoever is being translated now still is until they pause for a while. Nobody "
        "else is translated.",
        reason=trouble.reason,
    )


def ended(trouble: ServiceTrouble) -> Text:
    """Say that the room ends, as the service refuses for good."""
    return t(
        "{reason} Translation has ended and nobody is heard anymore. Whoever runs this bot "
        "has to fix that (its log says how). Then start again with {command}.",
        reason=trouble.reason,
        command=command("translate start"),
    )


def refused(trouble: ServiceTrouble) -> Text:
    """Say that no room begins, as the service refuses for good."""
    return t(
        "{reason} Whoever runs this bot has to fix that. Its log says how.",
        reason=trouble.reason,
    )


def missing_since(languages: Sequence[str], trouble: ServiceTrouble) -> Text:
    """Say which languages have no captions, since when and why."""
    return t(
        "Captions in {languages} have been missing since {time}, as texts can't be translated: "
        "{reason}",
        languages=_named(languages),
        time=when(trouble),
        reason=trouble.reason,
    )


def when(trouble: ServiceTrouble) -> str:
    """Return when the trouble began, as Discord shows it to each reader."""
    return f"<t:{int(trouble.since)}:t>"


def _named(codes: Sequence[str]) -> str:
    return listing(language_name(code) for code in codes)
