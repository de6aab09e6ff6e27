"""What settings ask back: a menu of roles, and confirmations. All answer after a restart too."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import discord

from bot.domain.stored import ConsentMode, GuildSettings
from bot.errors import UsageError
from bot.guild.settings import MOST_ROLES, Edit, SettingsService
from bot.ui import settings_shown
from bot.ui.cooldowns import PacedView
from bot.ui.permissions import check_manager
from bot.words import lines, render, t

Interaction = discord.Interaction[Any]
Running = Callable[[int], bool]


class Menu(PacedView):
    """Beneath an answer that one person sees. It is registered once and carries fixed ids.

    Args:
        service: Changes settings.
        running: Whether a guild's room runs.
    """

    def __init__(self, service: SettingsService, running: Running) -> None:
        super().__init__(timeout=None)
        self._service = service
        self._running = running

    async def on_error(
        self, interaction: Interaction, error: Exception, _: discord.ui.Item[Any], /
    ) -> None:
        """Answer as a command does."""
        await interaction.client.tree.on_error(interaction, error)

    async def change(self, interaction: Interaction, edit: Edit) -> None:
        """Do it, and show what holds now in the place of what was asked."""
        person = manager(interaction)
        before = await self._service.settings(person.guild.id)
        after = await self._service.change(person.guild.id, edit)
        running = self._running(person.guild.id)
        said = lines(
            (
                settings_shown.changed(before, after, running=running),
                settings_shown.text(
                    after, self._service.host_minutes(person.guild.id), self._service.most_guests
                ),
            )
        )
        await interaction.response.edit_message(
            content=render(said, str(interaction.locale)),
            view=None,
            allowed_mentions=discord.AllowedMentions.none(),
        )


class StarterMenu(Menu):
    """Chooses the roles that may start rooms."""

    def __init__(
        self,
        service: SettingsService,
        running: Running,
        settings: GuildSettings | None = None,
        locale: str | None = None,
    ) -> None:
        super().__init__(service, running)
        chosen = settings.starter_roles if settings is not None else frozenset()
        self._roles: discord.ui.RoleSelect[Any] = discord.ui.RoleSelect(
            custom_id="parley:settings:starters",
            placeholder=render(t("Roles that can start, stop and change translation"), locale),
            min_values=1,
            max_values=MOST_ROLES,
            default_values=[
                discord.SelectDefaultValue(id=role, type=discord.SelectDefaultValueType.role)
                for role in sorted(chosen)
            ],
        )
        self._roles.callback = self._choose  # type: ignore[method-assign] # discord.py's own way for items that are made
        self.add_item(self._roles)
        self.add_item(
            _button("parley:settings:everybody", t("Everyone"), self._everybody, locale=locale)
        )

    async def _choose(self, interaction: Interaction) -> None:
        sent: Any = interaction.data
        chosen = frozenset(int(role_id) for role_id in sent["values"])
        await self.change(interaction, lambda now: replace(now, starter_roles=chosen))

    async def _everybody(self, interaction: Interaction) -> None:
        await self.change(interaction, lambda now: replace(now, starter_roles=frozenset()))


class AnnouncedConfirmation(Menu):
    """Asks whether everybody is to be heard who does not say no."""

    def __init__(
        self, service: SettingsService, running: Running, locale: str | None = None
    ) -> None:
        super().__init__(service, running)
        self.add_item(
            _button(
                "parley:settings:announced",
                t("The law allows it here"),
                self._confirm,
                locale=locale,
                style=discord.ButtonStyle.danger,
            )
        )

    async def _confirm(self, interaction: Interaction) -> None:
        await self.change(interaction, lambda now: replace(now, consent=ConsentMode.ANNOUNCED))


class ResetConfirmation(Menu):
    """Asks whether all settings are to be as at the beginning."""

    def __init__(
        self, service: SettingsService, running: Running, locale: str | None = None
    ) -> None:
        super().__init__(service, running)
        self.add_item(
            _button(
                "parley:settings:reset",
                t("Reset all settings"),
                self._confirm,
                locale=locale,
                style=discord.ButtonStyle.danger,
            )
        )

    async def _confirm(self, interaction: Interaction) -> None:
        await self.change(interaction, lambda _: GuildSettings())


MENUS: Final = (StarterMenu, AnnouncedConfirmation, ResetConfirmation)
"""Those that are registered when the bot starts."""


def manager(interaction: Interaction) -> discord.Member:
    """Return who asked, if they may manage the server.

    Raises:
        StarterError: They may not.
        UsageError: It is no server.
    """
    if not isinstance(interaction.user, discord.Member):
        raise UsageError(t("This only works in a server."))
    check_manager(interaction.user)
    return interaction.user


def _button(
    custom_id: str,
    label: str,
    pressed: Any,
    *,
    locale: str | None,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
) -> discord.ui.Button[Any]:
    button: discord.ui.Button[Any] = discord.ui.Button(
        label=render(label, locale), custom_id=custom_id, style=style
    )
    button.callback = pressed  # type: ignore[method-assign] # discord.py's own way for items that are made
    return button
