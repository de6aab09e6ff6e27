"""Who is in the channel, however events, surveys and answers of Discord's overlap."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

import discord
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.voice.people import Change, People, VoiceChannel

BOT, USERS = 1, (11, 22, 33)


def member(user_id: int) -> discord.Member:
    avatar = SimpleNamespace(url="")
    made = SimpleNamespace(
        id=user_id, bot=user_id == 33, display_name=f"User {user_id}", display_avatar=avatar
    )
    return cast("discord.Member", made)


class Scene:
    """A channel as Discord has it, and people as the link knows them."""

    def __init__(self) -> None:
        self.states: dict[int, object] = {BOT: object()}
        self.cached: set[int] = set()
        guild = SimpleNamespace(get_member=lambda one: member(one) if one in self.cached else None)
        self.channel = cast("VoiceChannel", SimpleNamespace(voice_states=self.states, guild=guild))
        self.people = People(BOT)
        self.events: list[tuple[int, bool]] = []
        self.asked: list[int] = []
        self.reported: set[int] = set()

    def report(self, change: Change | None) -> None:
        if change is None:
            return
        for user_id in change.left:
            assert user_id in self.reported
            self.reported.discard(user_id)
        for person in change.joined:
            assert person.id not in self.reported
            assert person.name == f"User {person.id}"
            self.reported.add(person.id)

    def toggle(self, user_id: int, *, told: bool) -> None:
        inside = user_id not in self.states
        if inside:
            self.states[user_id] = object()
        else:
            del self.states[user_id]
        if told:
            self.events.append((user_id, inside))

    def handle(self) -> None:
        if self.events:
            user_id, inside = self.events.pop(0)
            self.report(self.people.moved(member(user_id), inside=inside))

    def look(self) -> None:
        self.report(self.people.look(self.channel))
        self.asked += sorted(self.people.nameless)

    def answer(self) -> None:
        if self.asked:
            user_id = self.asked.pop(0)
            self.report(self.people.named(user_id, member(user_id)))

    def miss(self, user_id: int) -> None:
        """Discord tells nobody; only a survey finds out."""
        while self.events:
            self.handle()
        self.toggle(user_id, told=False)
        self.look()


STEPS = st.one_of(
    st.tuples(st.sampled_from(["moves", "is missed", "is cached", "is not cached"]),
              st.sampled_from(USERS)),
    st.tuples(st.sampled_from(["event", "survey", "answer"]), st.just(0)),
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(STEPS, max_size=40))
def test_no_order_of_events_surveys_and_answers_leaves_anybody_behind_or_out(
    steps: list[tuple[str, int]],
) -> None:
    scene = Scene()
    does: dict[str, Callable[[int], None]] = {
        "moves": lambda user_id: scene.toggle(user_id, told=True),
        "is missed": scene.miss,
        "is cached": scene.cached.add,
        "is not cached": scene.cached.discard,
        "event": lambda _: scene.handle(),
        "survey": lambda _: scene.look(),
        "answer": lambda _: scene.answer(),
    }
    for kind, user_id in steps:
        does[kind](user_id)
        known = {person.id for person in scene.people.members()}
        assert known == scene.reported
    while scene.events:
        scene.handle()
    while scene.asked:
        scene.answer()
    assert scene.people.ids() == set(scene.states) - {BOT}
    assert scene.reported == set(scene.states) - {BOT, 33}
    assert scene.people.alone == (set(scene.states) == {BOT})
