"""Settings, read from the environment and a .env file by the entry point and passed on as values.

A wrong setting is one line that names it; values are never repeated, as the wrong one may be a
secret in the wrong place. Only the path of a file that is there is, when it can't be read.
"""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from bot import setting_forms as forms
from bot.errors import SettingsError
from bot.translation import timeouts
from bot.usage import prices
from bot.usage.access import AccessRules
from bot.usage.ceiling import MonthlyLimits
from bot.usage.prices import Prices

ENV_ENCODING: Final = "utf-8-sig"  # some editors begin a file with a mark

GuildIds = Annotated[frozenset[int], NoDecode, BeforeValidator(forms.guild_ids)]
LogFormat = Literal["text", "json"]
FanOutMode = Literal["speech", "text", "auto"]
LogLevel = Literal["debug", "info", "warning", "error", "critical"]


@dataclass(frozen=True, slots=True)
class DiscordSettings:
    """How Discord is reached.

    Attributes:
        gateway_url: None takes the one that the API names.
        ca_file: Certificates to trust beside the system's.
    """

    token: SecretStr
    api_url: str
    gateway_url: str | None
    ca_file: Path | None


@dataclass(frozen=True, slots=True)
class VoiceSettings:
    """How voice is heard.

    Attributes:
        noise_gate: Only speech is passed on, not what an open microphone hears between.
    """

    noise_gate: bool


@dataclass(frozen=True, slots=True)
class TranslationSettings:
    """How the translation service is reached and used."""

    api_key: SecretStr
    url: str
    workspace: str | None
    model: str
    silence_ms: int
    connects_per_minute: int
    open_conversations: int
    tokens_per_minute: int
    idle_seconds: float
    fan_out: FanOutMode
    text_model: str
    text_requests_per_minute: int
    tts_model: str
    max_languages: int


@dataclass(frozen=True, slots=True)
class UsageSettings:
    """What translation may use, and costs.

    Attributes:
        access: Which servers may use the bot, and how many minutes a day.
        monthly: What all of them together may use in a month.
        prices: Prices by model.
    """

    access: AccessRules
    monthly: MonthlyLimits
    prices: Prices

    @property
    def limited(self) -> bool:
        """Whether a server that the host did not name can't use any amount."""
        stranger = self.access.of(0)
        return (
            stranger.denied
            or stranger.daily_minutes > 0
            or self.monthly.minutes > 0
            or self.monthly.dollars > 0
        )


@dataclass(frozen=True, slots=True)
class ShardingSettings:
    """How the bot is divided among processes.

    Attributes:
        count: Into how many shards; None: as Discord recommends.
        per_process: How many a process may have; None: its fair part.
    """

    count: int | None
    per_process: int | None


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """Where health is asked for; port 0 is nowhere."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class PageSettings:
    """Where the page is served on which calls are read and heard.

    Attributes:
        public_url: How people reach it; None: there is none.
        host: Address to listen on.
        port: Port to listen on.
    """

    public_url: str | None
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is logged, and how."""

    level: LogLevel
    format: LogFormat


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set."""

    discord: DiscordSettings
    voice: VoiceSettings
    translation: TranslationSettings
    usage: UsageSettings
    glossary_file: Path | None
    database_url: str = field(repr=False)  # may hold a password
    sharding: ShardingSettings
    health: HealthSettings
    page: PageSettings
    logs: LogSettings


def load(
    env_file: Path | None = Path(".env"), *, given: Mapping[str, str] | None = None
) -> Settings:
    """Read the settings from `given` (by variable name), else the environment, else `env_file`.

    A file that is not there is no error, an empty value counts as missing.

    Raises:
        SettingsError: One line per setting that is missing or malformed.
    """
    try:
        read = _read(env_file, given)
    except ValidationError as error:
        raise SettingsError("\n".join(_sentences(error).values())) from None
    return Settings(
        discord=DiscordSettings(
            token=read.discord_token,
            api_url=read.discord_api_url,
            gateway_url=read.discord_gateway_url,
            ca_file=read.discord_ca_file,
        ),
        voice=VoiceSettings(noise_gate=read.noise_gate == "on"),
        translation=TranslationSettings(
            api_key=read.dashscope_api_key,
            url=read.dashscope_url,
            workspace=read.dashscope_workspace,
            model=read.livetranslate_model,
            silence_ms=read.livetranslate_silence_ms,
            connects_per_minute=read.livetranslate_connects_per_minute,
            open_conversations=read.livetranslate_open_conversations,
            tokens_per_minute=read.livetranslate_tokens_per_minute,
            idle_seconds=read.livetranslate_idle_seconds,
            fan_out=read.fan_out,
            text_model=read.text_model,
            text_requests_per_minute=read.text_requests_per_minute,
            tts_model=read.tts_model,
            max_languages=read.max_languages,
        ),
        usage=UsageSettings(
            access=AccessRules(
                daily_minutes=read.daily_minutes,
                guest_minutes=read.guest_daily_minutes,
                allowed=read.allowed_guilds,
                denied=read.denied_guilds,
                contact=read.host_contact,
            ),
            monthly=MonthlyLimits(read.monthly_minutes, read.monthly_cost),
            prices=_prices(read.dashscope_url, read.prices),
        ),
        glossary_file=read.glossary_file,
        database_url=read.database_url,
        sharding=ShardingSettings(read.shard_count, read.shards_per_process),
        health=HealthSettings(host=read.health_host, port=read.health_port),
        page=PageSettings(read.public_url, read.web_host, read.web_port),
        logs=LogSettings(level=read.log_level, format=read.log_format),
    )


def health_address(env_file: Path | None = Path(".env")) -> tuple[str, int]:
    """Return where a bot with these settings serves its health; no other setting is needed.

    Raises:
        SettingsError: HEALTH_HOST or HEALTH_PORT is malformed.
    """
    health = load_without_secrets(env_file).health
    return health.host, health.port


def wrong(env_file: Path | None = Path(".env")) -> Mapping[str, str]:
    """Return what is wrong with each setting that is missing or malformed, by variable name.

    Raises:
        SettingsError: The file can't be read.
    """
    try:
        _read(env_file, None)
    except ValidationError as error:
        return _sentences(error)
    return {}


def load_without_secrets(env_file: Path | None = Path(".env")) -> Settings:
    """Read the settings where neither token nor key is needed; what stands for them is no use.

    Raises:
        SettingsError: One line per setting that is malformed.
    """
    return load(env_file, given={"discord_token": "unused", "dashscope_api_key": "unused"})


def _prices(service: str, given: str) -> Prices:
    return Prices(
        {**prices.published(urlsplit(service).hostname or ""), **prices.parse(given)},
        others=prices.FREE if is_local(service) else None,
    )


def names() -> tuple[str, ...]:
    """Return every variable that is read."""
    return tuple(name.upper() for name in _Environment.model_fields)


def is_local(url: str) -> bool:
    """Return whether a URL names this machine by loopback address or as localhost."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _read(env_file: Path | None, given: Mapping[str, str] | None) -> "_Environment":
    values = {name.lower(): value for name, value in (given or {}).items()}
    if env_file is not None:
        _check_env_file(env_file)
    # Annotated by hand: the values are texts, and `_env_file` is an argument of its base class.
    make: Callable[..., _Environment] = _Environment
    return make(_env_file=env_file, **values)


def _check_env_file(path: Path) -> None:
    try:
        if forms.is_there(path):
            path.read_text(encoding=ENV_ENCODING)
    except UnicodeDecodeError:
        raise SettingsError(f"{path} can't be read as UTF-8 text.") from None
    except OSError as error:
        raise SettingsError(f"{path} can't be read: {error.strerror}.") from None


class _Environment(BaseSettings):
    """The variables, flat, as they are named outside. `_ADVICE` has a line for each."""

    model_config = SettingsConfigDict(
        env_file_encoding=ENV_ENCODING,
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    discord_token: Annotated[SecretStr, forms.secret("bot token")]
    dashscope_api_key: Annotated[SecretStr, forms.secret("API key")]
    dashscope_url: Annotated[str, forms.url("wss", "ws")] = (
        "wss://dashscope-intl.aliyuncs.com/api-ws/v1/realtime"
    )
    dashscope_workspace: str | None = None
    livetranslate_model: Annotated[
        str, BeforeValidator(forms.lower), AfterValidator(forms.live_model)
    ] = "qwen3-livetranslate-flash-realtime"
    livetranslate_silence_ms: Annotated[int, Field(ge=200, le=6000)] = 800
    livetranslate_connects_per_minute: Annotated[int, Field(ge=1, le=1000)] = 10
    livetranslate_open_conversations: Annotated[int, Field(ge=1, le=1000)] = 40
    livetranslate_tokens_per_minute: Annotated[int, Field(ge=1000, le=1_000_000_000)] = 100_000
    livetranslate_idle_seconds: Annotated[float, Field(ge=5, le=280)] = timeouts.IDLE_S
    daily_minutes: Annotated[float, Field(ge=0, le=1_000_000)] = 0
    allowed_guilds: GuildIds = frozenset()
    denied_guilds: GuildIds = frozenset()
    guest_daily_minutes: Annotated[float, Field(ge=0, le=1_000_000)] | None = None
    host_contact: Annotated[str, Field(max_length=100)] = ""
    monthly_minutes: Annotated[float, Field(ge=0, le=1_000_000_000)] = 0
    prices: Annotated[str, AfterValidator(forms.price_table)] = "{}"
    glossary_file: (
        Annotated[Path, forms.readable("must be the path of a CSV file that exists.")] | None
    ) = None
    fan_out: Annotated[FanOutMode, BeforeValidator(forms.lower)] = "auto"
    text_model: Annotated[str, BeforeValidator(forms.lower), AfterValidator(forms.text_model)] = (
        "qwen-mt-flash"
    )
    text_requests_per_minute: Annotated[int, Field(ge=1, le=100_000)] = 60
    tts_model: Annotated[str, BeforeValidator(forms.lower), AfterValidator(forms.tts_model)] = (
        "qwen3-tts-flash"
    )
    monthly_cost: Annotated[float, Field(ge=0, le=1_000_000_000)] = 0  # after what it depends on
    max_languages: Annotated[int, Field(ge=1, le=20)] = 5
    noise_gate: Annotated[
        Literal["on", "off"], BeforeValidator(forms.lower), AfterValidator(forms.gate)
    ] = "off"
    database_url: Annotated[str, AfterValidator(forms.database)] = (
        "sqlite+aiosqlite:///data/parley.db"
    )
    shard_count: Annotated[int, Field(ge=1, le=10_000)] | None = None
    shards_per_process: Annotated[int, Field(ge=1, le=10_000)] | None = None
    health_host: str = "127.0.0.1"
    health_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    public_url: Annotated[str, forms.url("https", "http")] | None = None
    web_host: str = "127.0.0.1"
    web_port: Annotated[int, Field(ge=1, le=65535)] = 8081
    log_level: Annotated[LogLevel, BeforeValidator(forms.lower)] = "info"
    log_format: Annotated[LogFormat, BeforeValidator(forms.lower)] = "text"
    discord_api_url: Annotated[str, forms.url("https", "http")] = "https://discord.com/api/v10"
    discord_gateway_url: Annotated[str, forms.url("wss", "ws")] | None = None
    discord_ca_file: (
        Annotated[Path, forms.readable("must be the path of a file that exists.")] | None
    ) = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del settings_cls, file_secret_settings
        return init_settings, env_settings, dotenv_settings

    @field_validator("denied_guilds")
    @classmethod
    def _names_no_other(cls, denied: frozenset[int], info: ValidationInfo) -> frozenset[int]:
        if twice := denied & info.data.get("allowed_guilds", frozenset()):
            raise ValueError(f"names servers that ALLOWED_GUILDS names too: {len(twice)}.")
        return denied

    @field_validator("monthly_cost")
    @classmethod
    def _can_be_reached(cls, cost: float, info: ValidationInfo) -> float:
        data = info.data
        needed = {"dashscope_url", "prices", "livetranslate_model", "text_model", "tts_model"}
        if cost and needed <= data.keys():  # else one of them is wrong itself
            known = _prices(data["dashscope_url"], data["prices"])
            names = (data["livetranslate_model"], data["text_model"], data["tts_model"])
            if unknown := [name for name in names if name and known.of(name) is None]:
                raise ValueError(
                    f"needs the prices of {' and '.join(unknown)}: give them in PRICES."
                )
        return cost

    @model_validator(mode="before")
    @classmethod
    def _tidy(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Drop blank values, and let an engine on this machine need no key."""
        kept = {}
        for name, value in values.items():
            tidy = value.strip() if isinstance(value, str) else value
            if tidy != "":
                kept[name] = tidy
        if is_local(str(kept.get("dashscope_url", ""))):
            kept.setdefault("dashscope_api_key", "local")
        return kept


_ADVICE: Mapping[str, str] = {
    "discord_token": "copy it from the Bot page of your application at "
    "https://discord.com/developers/applications.",
    "dashscope_api_key": "make one in Alibaba Cloud Model Studio, or set DASHSCOPE_URL to a local "
    "engine.",
    "livetranslate_silence_ms": "must be a whole number from 200 to 6000.",
    "livetranslate_connects_per_minute": "must be a whole number from 1 to 1000.",
    "livetranslate_open_conversations": "must be a whole number from 1 to 1000.",
    "livetranslate_tokens_per_minute": "must be a whole number from 1000 to 1000000000.",
    "livetranslate_idle_seconds": "must be a number from 5 to 280.",
    "daily_minutes": "must be a number of minutes, 0 (no limit) or more.",
    "guest_daily_minutes": "must be a number of minutes, 0 (none) or more.",
    "host_contact": "must have at most 100 characters.",
    "monthly_minutes": "must be a number of minutes, 0 (no limit) or more.",
    "monthly_cost": "must be an amount in US dollars, 0 (no limit) or more.",
    "fan_out": "must be speech, text or auto.",
    "text_requests_per_minute": "must be a whole number from 1 to 100000.",
    "max_languages": "must be a whole number from 1 to 20.",
    "noise_gate": "must be on or off.",
    "shard_count": "must be a whole number from 1 to 10000.",
    "shards_per_process": "must be a whole number from 1 to 10000.",
    "health_port": "must be a whole number from 0 (off) to 65535.",
    "web_port": "must be a whole number from 1 to 65535.",
    "log_level": "must be debug, info, warning, error or critical.",
    "log_format": "must be text or json.",
}


def _sentences(error: ValidationError) -> dict[str, str]:
    sentences = {}
    for problem in error.errors(include_url=False, include_input=False):
        name = str(problem["loc"][0]) if problem["loc"] else ""
        says = _ADVICE.get(name, "has a value that can't be used.")
        if problem["type"] == "missing":
            says = f"is missing: {says}"
        elif problem["type"] == "value_error":
            says = str(problem["ctx"]["error"])
        sentences[name.upper()] = f"{name.upper()} {says}"
    return sentences
