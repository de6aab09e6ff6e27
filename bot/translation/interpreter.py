"""LiveTranslate as the room's interpreter."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self
from urllib.parse import urlsplit

from bot.clock import Clock
from bot.domain.events import ConversationEvent, ConversationRequest
from bot.domain.spent import NOBODY
from bot.domain.voices import OfferedVoices
from bot.errors import LanguageError, SettingsError
from bot.translation import timeouts
from bot.translation.connection.link import Link
from bot.translation.ports import Endpoint, LinkPort, OnEvent, OnLost, Reach, report
from bot.translation.protocol import faults, languages
from bot.translation.protocol.bounds import Excess
from bot.translation.protocol.models import SourceTextSupport, model_named
from bot.translation.protocol.session_body import SessionOptions, VoiceClone
from bot.translation.quota.quota import BudgetFigures, Claim, ConnectBudget
from bot.translation.quota.shared import SharedConnects, SharedConversations, SharedTokens
from bot.translation.quota.tokens import TokenPace
from bot.translation.sockets import Sockets
from bot.translation.speech import notices
from bot.translation.speech.conversation import LiveConversation, Shared
from bot.translation.speech.echo import EchoRule
from bot.translation.speech.meter import Meter
from bot.translation.speech.prepared import PreparedConversations
from bot.translation.speech.session_settings import Imitation, SessionSettings
from bot.translation.speech.turns import Turns
from bot.words import language_name, listing, t

SHORTEST_SILENCE_MS: Final = 200
LONGEST_SILENCE_MS: Final = 6000


@dataclass(frozen=True, slots=True)
class AccountLimits:
    """The limits of the account, shared by all conversations.

    Attributes:
        connects_per_minute: Connections that may be opened in each minute.
        open_conversations: Conversations open at once; beyond, an idle one makes room.
        tokens_per_minute: Tokens read and written in each minute.

    Raises:
        SettingsError: One of them is less than 1.
    """

    connects_per_minute: int = 10
    open_conversations: int = 40
    tokens_per_minute: int = 100_000

    def __post_init__(self) -> None:
        if self.connects_per_minute < 1:
            raise SettingsError("The connects per minute must be at least 1.")
        if self.open_conversations < 1:
            raise SettingsError("The open conversations must be at least 1.")
        if self.tokens_per_minute < 1:
            raise SettingsError("The tokens per minute must be at least 1.")


@dataclass(frozen=True, slots=True)
class SpeechSettings:
    """How conversations listen.

    Attributes:
        silence_ms: Silence that ends a turn, 200 to 6000.
        idle_s: Seconds without speech after which a conversation is finished.
        source_text: Whether the original text is wanted.
        lends: Whether an idle link may go on to another speaker of its guild when connects are
            short; never where the speaker's own voice is imitated.

    Raises:
        SettingsError: The silence is too short or too long.
    """

    silence_ms: int = 800
    idle_s: float = timeouts.IDLE_S
    source_text: bool = True
    lends: bool = True

    def __post_init__(self) -> None:
        if not SHORTEST_SILENCE_MS <= self.silence_ms <= LONGEST_SILENCE_MS:
            raise SettingsError(
                f"The silence that ends a turn must be {SHORTEST_SILENCE_MS} to "
                f"{LONGEST_SILENCE_MS} milliseconds, not {self.silence_ms}."
            )


class LiveTranslate:
    """Implements `bot.domain.ports.Interpreter` with Qwen-LiveTranslate. One per process.

    Args:
        endpoint: The service, the account, and the name of a LiveTranslate model; `model_named`
            says what is known of that.
        clock: Tells the time and calls back.
        limits: The account's limits.
        speech: How conversations detect speech.
        servers: Returns how many servers the bot is in; with more than one, a part of the connects
            is kept for one that comes.
        reach: Learns whether the service can be used.

    Raises:
        SettingsError: The address or the key can't be one.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        clock: Clock,
        limits: AccountLimits,
        speech: SpeechSettings,
        servers: Callable[[], int] = lambda: 1,
        reach: Reach | None = None,
    ) -> None:
        _check_url(endpoint.url)
        key = endpoint.api_key.strip()
        if not key or not key.isprintable() or not key.isascii():
            raise SettingsError("DASHSCOPE_API_KEY is empty or not a key.")
        self._model = model_named(endpoint.model)
        self._endpoint = replace(endpoint, api_key=key)
        self._speech = speech
        self._source_text = (
            speech.source_text or self._model.source_text is SourceTextSupport.ALWAYS
        )
        self._budget = ConnectBudget(
            limits.connects_per_minute,
            clock,
            most_open=limits.open_conversations,
            tokens_per_minute=limits.tokens_per_minute,
            pace=TokenPace(
                self._model.tokens_in_per_s,
                self._model.tokens_out_per_s,
                cumulative=self._model.cumulative_usage,
            ),
            servers=servers,
        )
        self._shared = Shared(
            self._budget,
            clock,
            speech.idle_s,
            random.Random(),  # noqa: S311 - jitter, no secret
            reach,
        )
        self._prepared = PreparedConversations(self._conversation, self._slow)
        self._sockets = Sockets()
        self._imitation = Imitation(possible=self._model.imitates)

    def open(self) -> None:
        """Make what all connections share, so that the first need not wait for it."""
        self._sockets.open()
        if self._endpoint.url.startswith("wss"):
            _ = self._sockets.tls

    async def close(self) -> None:
        """Close what all connections share; conversations are closed before. Idempotent."""
        await self._sockets.close()

    async def __aenter__(self) -> Self:
        self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def shared_limits(self) -> tuple[SharedConnects, SharedConversations, SharedTokens]:
        """Return what several processes with one account divide."""
        budget = self._budget
        return SharedConnects(budget), SharedConversations(budget), SharedTokens(budget)

    @property
    def connects_waiting(self) -> int:
        """Conversations that wait for a connect, for the status panel."""
        return self._budget.waiting

    def budget(self) -> BudgetFigures:
        """Return what of the account's limits is used now, for the status panel."""
        return self._budget.figures()

    def has_room(self, conversations: int, guild_id: int) -> bool:
        """Return whether a server could open so many more soon, within its share of every limit."""
        return self._budget.has_room(conversations, guild_id)

    def languages(self) -> Mapping[str, bool]:
        """Return, by English name, each target language's code and whether it can be spoken."""
        codes = sorted(self._model.targets, key=languages.name)
        return {code: code in self._model.spoken for code in codes}

    def voices(self) -> OfferedVoices:
        """Return what translations can be spoken with."""
        return OfferedVoices(self._model.voices.known, imitates=self._imitation.possible)

    def check(self, request: ConversationRequest) -> None:
        """Raise LanguageError when the model can't serve the request.

        A language that can be written and not spoken is served as text.
        """
        if request.target not in self._model.targets:
            raise LanguageError(
                t(
                    "The model doesn't translate into {language}. With voice: {spoken}. Text "
                    "only: {written}.",
                    language=language_name(request.target),
                    spoken=_listed(self._model.spoken),
                    written=_listed(self._model.text_only),
                )
            )
        if request.source is not None and request.source not in self._model.targets:
            raise LanguageError(
                t(
                    "The model doesn't understand {language}. It understands {known}.",
                    language=language_name(request.source),
                    known=_listed(self._model.targets),
                )
            )
        self._check_voice(request)

    def _check_voice(self, request: ConversationRequest) -> None:
        voices = self._model.voices
        if request.voice is None or request.target not in self._model.spoken:
            return
        speaking = voices.speaking(request.target)
        unknown = not voices.has(request.voice)
        if request.voice not in speaking and (voices.complete or not unknown):
            raise LanguageError(
                t(
                    "The voice {voice} doesn't speak {language}. These do: {others}.",
                    voice=request.voice,
                    language=language_name(request.target),
                    others=listing(speaking),
                )
            )

    def converse(
        self, request: ConversationRequest, listener: Callable[[ConversationEvent], None]
    ) -> LiveConversation:
        """Return a conversation, not yet open; `listener` is called on the event loop.

        Raises:
            LanguageError: As `check`.
        """
        self.check(request)
        return self._prepared.take(request, listener) or self._conversation(request, listener)

    async def prepare(self, request: ConversationRequest) -> None:
        """Open a request's conversation before its first word; `converse` takes it over.

        Raises:
            LanguageError: As `check`.
            ConversationError: The service refuses for good.
        """
        self.check(request)
        await self._prepared.open(request)

    async def attempt(self) -> None:
        """Open a conversation in which nothing is said, and close it; `reach` learns of it."""
        target = "en" if "en" in self._model.targets else min(self._model.targets)
        await self._prepared.attempt(ConversationRequest(NOBODY, target))

    def _slow(self) -> None:
        if self._shared.reach is not None:
            report(self._shared.reach, faults.SLOW)

    async def discard(self, guild_id: int) -> None:
        """Close what was prepared for a guild and not taken over."""
        await self._prepared.discard(guild_id)

    def _conversation(
        self, request: ConversationRequest, listener: Callable[[ConversationEvent], None]
    ) -> LiveConversation:
        speakable = request.target in self._model.spoken
        voice = None
        if request.spoken and speakable:
            voice = request.voice or self._model.voices.choose(request.target)
        imitated = voice is not None and request.imitated and self._imitation.possible
        source_text = self._source_text or request.source_text
        options = SessionOptions(
            target=request.target,
            source=request.source,
            voice=voice,
            source_text=source_text,
            silence_ms=self._speech.silence_ms,
            phrases=request.glossary,
            # Anew with each sentence it would change within a talk; of one speaker, once will do.
            clone=VoiceClone.ONCE if imitated else None,
        )
        session = SessionSettings(self._model, options, self._imitation)
        excess = Excess()

        def open_link(on_event: OnEvent, on_lost: OnLost) -> LinkPort:
            return Link(
                self._sockets,
                self._endpoint,
                session.body(),
                on_event,
                on_lost,
                excess,
                guild_id=request.guild_id,
            )

        return LiveConversation(
            self._shared,
            Claim(request.guild_id, request.speaker_id, lambda: self._alike(session)),
            open_link=open_link,
            session=session,
            turns=Turns(
                request.target,
                source_expected=source_text,
                echo=self._echo(request),
                excess=excess,
            ),
            meter=Meter(cumulative=self._model.cumulative_usage),
            listener=listener,
            notice=notices.text_only(request.target) if request.spoken and not speakable else None,
        )

    def _alike(self, session: SessionSettings) -> Mapping[str, Any] | None:
        """Return what sessions must share to serve each other's speakers; None: never."""
        body = session.body()
        return body if self._speech.lends and not body.get("enable_voice_clone") else None

    def _echo(self, request: ConversationRequest) -> EchoRule:
        return EchoRule(
            request.target,
            declared=request.source if self._model.source_language else None,
            assumed=self._model.assumed_source,
        )


def _listed(codes: frozenset[str]) -> str:
    return listing(language_name(code) for code in sorted(codes, key=languages.name))


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError as error:
        raise SettingsError(f"DASHSCOPE_URL is no address: {error}.") from error
    if parts.scheme not in {"ws", "wss"} or not parts.hostname or not port_is_valid:
        raise SettingsError(
            "DASHSCOPE_URL must be like wss://dashscope-intl.aliyuncs.com/api-ws/v1/realtime."
        )
    if parts.query or parts.fragment or url.endswith("?"):
        raise SettingsError(
            "DASHSCOPE_URL must have no query: the model is appended from LIVETRANSLATE_MODEL."
        )
