"""Who is in which voice channel: the states that are told, and the way into the voice server."""

import secrets
from typing import Any

from bot.loopback.state.entities import Bot, Channel, ChannelType, GuildState, Json, VoiceState
from bot.loopback.state.intents import Intents
from bot.loopback.state.observation import VoiceStateChanged
from bot.loopback.state.payloads import voice_state_json
from bot.loopback.state.permissions import Permissions
from bot.loopback.state.refusal import Refusal, missing_access, missing_permissions, unknown
from bot.loopback.state.world import Dispatch, World
from bot.loopback.voice import VoiceMember, VoiceServer


class VoiceStates:
    """Moves accounts between voice channels; bots come by socket, people in process."""

    def __init__(self, world: World, server: VoiceServer) -> None:
        self._world = world
        self._server = server
        self._stays: dict[int, VoiceMember] = {}

    def stay(self, user_id: int) -> VoiceMember | None:
        """Return a person's membership in the voice channel they are in or were in last."""
        return self._stays.get(user_id)

    def request(self, bot: Bot, session_id: str, data: Json) -> None:
        """Handle a bot's gateway op 4: join, move, mute, deafen or leave.

        Raises:
            Refusal: What the real gateway ignores without a word.
        """
        guild = self._world.guild_for(bot, _id(data.get("guild_id")))
        wanted = data.get("channel_id")
        channel = None
        if wanted is not None:
            channel = self._world.channel_for(bot.id, _id(wanted), Permissions.CONNECT)
            if channel.guild is not guild:
                raise unknown("Channel")
            if not channel.is_voice:
                raise Refusal(400, 50024, "Cannot execute action on this channel type")
            self._check_room(channel, bot.id)
        self.place(
            guild,
            bot.id,
            channel,
            session_id=session_id,
            self_mute=bool(data.get("self_mute")),
            self_deaf=bool(data.get("self_deaf")),
        )

    def place(
        self,
        guild: GuildState,
        user_id: int,
        channel: Channel | None,
        *,
        session_id: str | None = None,
        self_mute: bool = False,
        self_deaf: bool = False,
    ) -> None:
        """Put an account into a channel or, with None, out of voice; tell everyone.

        As on Discord the state goes out first, then the server to the bot that joined; the old
        voice socket is closed with 4014.
        """
        before = guild.voice_states.get(user_id)
        if before is None and channel is None:
            return
        old_id = None if before is None else before.channel_id
        if session_id is None:
            session_id = secrets.token_hex(16) if before is None else before.session_id
        same_session = before is not None and before.session_id == session_id
        new_id = None if channel is None else channel.id
        moved = old_id != new_id
        state = VoiceState(
            user_id,
            new_id,
            session_id,
            self_mute,
            self_deaf,
            suppress=(
                before.suppress
                if before is not None and not moved
                else channel is not None and channel.type is ChannelType.STAGE
            ),
            request_to_speak=None if moved or before is None else before.request_to_speak,
        )
        if channel is None:
            del guild.voice_states[user_id]
        else:
            guild.voice_states[user_id] = state
        rejoins = moved or not same_session
        if old_id is not None and rejoins:
            self._server.expel(old_id, user_id)
        self._tell(guild, state)
        if channel is not None and rejoins:
            self._admit(guild, channel, state)
        previous = None if old_id is None else self._world.channels.get(old_id)
        user = self._world.users[user_id]
        now = self._world.clock.now()
        self._world.observers.notify(VoiceStateChanged(now, user, channel, previous))

    def move(self, guild: GuildState, user_id: int, channel: Channel | None) -> None:
        """Move or throw out someone who is in voice, as a moderator does.

        Raises:
            Refusal: 40032, they are not in voice.
        """
        state = guild.voice_states.get(user_id)
        if state is None:
            raise Refusal(400, 40032, "Target user is not connected to voice.")
        if channel is not None and not channel.is_voice:
            raise Refusal(400, 50024, "Cannot execute action on this channel type")
        self.place(guild, user_id, channel, self_mute=state.self_mute, self_deaf=state.self_deaf)

    def speak_on_stage(self, bot: Bot, guild: GuildState, form: Json) -> None:
        """Let a bot be heard on a stage, raise its hand or go back to listening.

        Raises:
            Refusal: It is not on that stage, or may not.
        """
        state = guild.voice_states.get(bot.id)
        if state is None or state.channel_id is None:
            raise unknown("Voice State")
        channel = self._world.channels[state.channel_id]
        if "channel_id" in form and _id(form["channel_id"]) != channel.id:
            raise Refusal(400, 50035, "Invalid Form Body")
        if channel.type is not ChannelType.STAGE:
            raise Refusal(400, 50024, "Cannot execute action on this channel type")
        have = guild.permissions(bot.id, channel)
        if form.get("suppress") is False and not have & Permissions.MUTE_MEMBERS:
            raise missing_permissions()
        raised = form.get("request_to_speak_timestamp")
        if raised is not None and not have & Permissions.REQUEST_TO_SPEAK:
            raise missing_permissions()
        if "suppress" in form:
            state.suppress = bool(form["suppress"])
        if "request_to_speak_timestamp" in form:
            state.request_to_speak = None if raised is None else self._world.wall()
        self._tell(guild, state)

    def tell(self, guild: GuildState, user_id: int) -> None:
        """Tell of a member's voice state after it was changed elsewhere."""
        self._tell(guild, guild.voice_states[user_id])

    def leave_all(self, bot: Bot, session_id: str) -> None:
        """Take a bot out of the channels that its ended gateway session joined."""
        for guild in self._world.guilds.values():
            state = guild.voice_states.get(bot.id)
            if state is not None and state.session_id == session_id:
                self.place(guild, bot.id, None)

    def _admit(self, guild: GuildState, channel: Channel, state: VoiceState) -> None:
        bot = self._world.bots.get(state.user_id)
        if bot is None:
            self._stays[state.user_id] = self._server.enter(channel.id, state.user_id)
            return
        token = self._server.admit(
            guild_id=guild.id,
            channel_id=channel.id,
            user_id=bot.id,
            session_id=state.session_id,
        )
        data = {"token": token, "guild_id": str(guild.id), "endpoint": self._server.endpoint}
        self._world.dispatch(Dispatch("VOICE_SERVER_UPDATE", data, guild, to=bot))

    def _tell(self, guild: GuildState, state: VoiceState) -> None:
        data = voice_state_json(guild, state)
        needed = Intents.GUILD_VOICE_STATES
        self._world.dispatch(Dispatch("VOICE_STATE_UPDATE", data, guild, intents=needed))

    def _check_room(self, channel: Channel, user_id: int) -> None:
        inside = channel.guild.in_voice(channel)
        full = channel.user_limit and len(inside) >= channel.user_limit
        have = channel.guild.permissions(user_id, channel)
        if full and user_id not in inside and not have & Permissions.MOVE_MEMBERS:
            raise missing_access()


def _id(value: Any) -> int:
    if isinstance(value, bool) or not str(value).isdecimal():
        raise Refusal(400, 50035, "Invalid Form Body")
    return int(value)
