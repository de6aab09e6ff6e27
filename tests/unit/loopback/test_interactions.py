"""The life of an interaction: 3 seconds to acknowledge, once, and 15 minutes to follow up."""

import pytest

from bot.loopback.state.chat import Chat
from bot.loopback.state.entities import Bot, Channel, ChannelType, User
from bot.loopback.state.intents import NONE
from bot.loopback.state.interactions import CallbackType, Interaction, Interactions, InteractionType
from bot.loopback.state.refusal import Refusal
from bot.loopback.state.world import World
from tests.support.clock import WallClock


class Scene:
    def __init__(self) -> None:
        self.clock = WallClock()
        self.world = World(self.clock, self.clock.wall)
        self.interactions = Interactions(self.world, Chat(self.world))
        guild = self.world.new_guild("Village", "en-US")
        self.channel: Channel = self.world.new_channel(guild, ChannelType.TEXT, "captions")
        self.bot: Bot = self.world.new_bot("Parley", NONE)
        self.user: User = self.world.new_user("Ana")
        self.world.new_member(guild, self.user)
        self.world.new_member(guild, self.bot.user)

    def asked(self) -> Interaction:
        return self.interactions.open(
            InteractionType.COMMAND, self.bot, self.user, self.channel, {"name": "translate"}
        )

    def found(self, interaction: Interaction) -> Interaction:
        return self.interactions.by_token(self.bot.application_id, interaction.token)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def code(refused: "pytest.ExceptionInfo[Refusal]") -> int:
    return refused.value.json_code


def test_after_three_seconds_it_is_unknown(scene: Scene) -> None:
    asked = scene.asked()
    scene.clock.seconds = 2.9
    assert scene.interactions.to_answer(asked.id, asked.token) is asked
    scene.clock.seconds = 3.1
    with pytest.raises(Refusal) as refused:
        scene.interactions.to_answer(asked.id, asked.token)
    assert code(refused) == 10062


def test_it_is_acknowledged_once(scene: Scene) -> None:
    asked = scene.asked()
    scene.interactions.answer(asked, CallbackType.MESSAGE, {"content": "Yes"})
    with pytest.raises(Refusal) as refused:
        scene.interactions.to_answer(asked.id, asked.token)
    assert code(refused) == 40060


def test_follow_ups_come_after_the_acknowledgement_and_within_fifteen_minutes(
    scene: Scene,
) -> None:
    asked = scene.asked()
    with pytest.raises(Refusal) as early:
        scene.found(asked)
    assert code(early) == 10015
    scene.interactions.answer(asked, CallbackType.DEFERRED_MESSAGE, {})
    scene.clock.seconds = 15 * 60
    assert scene.found(asked) is asked
    scene.clock.seconds += 1
    with pytest.raises(Refusal) as late:
        scene.found(asked)
    assert code(late) == 50027


def test_the_first_follow_up_takes_the_place_of_the_deferral(scene: Scene) -> None:
    asked = scene.asked()
    scene.interactions.answer(asked, CallbackType.DEFERRED_MESSAGE, {})
    assert [m.loading for m in scene.channel.messages] == [True]
    assert "first_seen_at=None" in repr(asked)
    scene.clock.seconds = 2.0
    scene.interactions.follow_up(asked, {"content": "Done"})
    assert [(m.content, m.loading) for m in scene.channel.messages] == [("Done", False)]
    assert asked.first_seen_at == 2.0
    scene.interactions.follow_up(asked, {"content": "And more"})
    assert [m.content for m in scene.channel.messages] == ["Done", "And more"]


def test_a_private_answer_is_in_no_channel_and_stays_private_when_edited(scene: Scene) -> None:
    asked = scene.asked()
    scene.interactions.answer(asked, CallbackType.DEFERRED_MESSAGE, {"flags": 64})
    assert asked.original is not None
    scene.interactions.change(asked, asked.original, {"content": "Psst", "flags": 0})
    assert asked.original.ephemeral
    assert asked.original.private_to == scene.user.id
    assert scene.channel.messages == []


def test_a_deleted_answer_is_unknown(scene: Scene) -> None:
    asked = scene.asked()
    scene.interactions.answer(asked, CallbackType.MESSAGE, {"content": "Yes"})
    message = scene.interactions.message(asked, "@original")
    scene.interactions.delete(asked, message)
    assert message.deleted
    with pytest.raises(Refusal) as refused:
        scene.interactions.message(asked, "@original")
    assert code(refused) == 10008
