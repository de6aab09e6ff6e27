"""Which voice speaks whom, as the service is asked for it."""

from collections.abc import Iterable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.events import ConversationRequest
from bot.domain.voices import MemberVoice, ModelVoice, OfferedVoices
from bot.room.spoken.casting import Casting

VOICES = OfferedVoices(tuple(ModelVoice(name) for name in ("Tina", "Ryan", "Cindy", "Lenn")))


class Channel:
    """Casts for whoever is in the voice channel."""

    def __init__(self, *present: int, offered: OfferedVoices = VOICES) -> None:
        self.present = list(present)
        self.casting = Casting(lambda: offered, {}, lambda: self.present)

    def request(self, user_id: int, language: str = "en") -> ConversationRequest:
        wanted = ConversationRequest(user_id, language, spoken=True)
        return self.casting.cast([wanted])[0]

    def voice(self, user_id: int, language: str = "en") -> str | None:
        return self.request(user_id, language).voice

    def voices(self, user_ids: Iterable[int], language: str = "en") -> Sequence[str | None]:
        return [self.voice(user_id, language) for user_id in user_ids]


@given(st.sets(st.integers(1, 2**63), min_size=1, max_size=4))
def test_as_long_as_there_are_enough_no_two_people_have_the_same_voice(people: set[int]) -> None:
    channel = Channel(*people)
    assert len(set(channel.voices(people))) == len(people)


def test_where_there_are_too_few_each_voice_speaks_about_as_many_people() -> None:
    channel = Channel(*range(1, 10))
    cast = channel.voices(channel.present)
    assert sorted(cast.count(voice.name) for voice in VOICES.voices) == [2, 2, 2, 3]
    assert channel.voices(channel.present) == cast, "who comes again keeps theirs"


def test_a_person_has_the_same_voice_in_the_next_room_and_in_other_languages() -> None:
    for person in range(1, 50):
        channel = Channel(person)
        assert channel.voice(person) == Channel(person).voice(person) == channel.voice(person, "es")


def test_who_went_and_comes_back_gets_their_voice_again_unless_another_has_it_by_then() -> None:
    channel = Channel(1, 2)
    first, second = channel.voices((1, 2))
    channel.present.remove(1)
    assert channel.voices((2,)) == [second]
    channel.present.append(1)
    assert channel.voices((1, 2)) == [first, second]
    channel.present.remove(1)
    channel.casting.wish(2, MemberVoice(first))
    assert channel.voice(2) == first
    channel.present.append(1)
    assert channel.voice(1) != first


def test_a_chosen_voice_is_its_persons_and_whoever_had_it_by_chance_gives_way() -> None:
    channel = Channel(1, 2, 3)
    had = channel.voice(1)
    channel.casting.wish(2, MemberVoice(had))
    assert channel.voice(2) == had
    assert channel.casting.take_displaced() == {1}
    assert channel.casting.take_displaced() == set()
    assert channel.voice(1) != had
    channel.casting.wish(3, MemberVoice(had))
    assert channel.voices((2, 3)) == [had, had], "two may choose the same"
    assert channel.casting.take_displaced() == set()


def test_a_choice_counts_before_its_person_has_spoken() -> None:
    for person in range(1, 20):
        channel = Channel(person, 100)
        channel.casting.wish(100, MemberVoice(Channel(person).voice(person)))
        assert channel.voice(person) != channel.voice(100)


def test_only_voices_that_speak_the_language_are_given_and_dialects_only_to_who_chose_them() -> (
    None
):
    chinese = frozenset({"zh"})
    offered = OfferedVoices(
        (
            ModelVoice("Cherry", languages=frozenset({"zh", "en"})),
            ModelVoice("Peter", languages=chinese, dialect=True),
            ModelVoice("Kiki", languages=frozenset({"yue"})),
        )
    )
    channel = Channel(1, 2, offered=offered)
    assert channel.voices((1, 2), "zh") == ["Cherry", "Cherry"]
    assert channel.voices((1, 2), "yue") == ["Kiki", "Kiki"]
    channel.casting.wish(2, MemberVoice("Peter"))
    assert [channel.voice(2, language) for language in ("zh", "en")] == ["Peter", "Cherry"]
    assert channel.voice(1, "tr") is None


def test_who_wants_none_is_not_spoken_and_takes_nobodys_voice() -> None:
    channel = Channel(1, 2)
    channel.casting.wish(1, MemberVoice(silent=True))
    assert not channel.request(1).spoken
    assert channel.voice(2) == Channel(2).voice(2)


def test_only_who_agreed_is_imitated_and_only_where_the_model_can() -> None:
    able = Channel(1, 2, offered=OfferedVoices(VOICES.voices, imitates=True))
    unable = Channel(1, 2)
    for channel in (able, unable):
        channel.casting.wish(1, MemberVoice(imitated_since=5.0))
        assert channel.request(1).voice, "should the service refuse"
        assert not channel.request(2).imitated
    assert able.request(1).imitated
    assert not unable.request(1).imitated
    unspoken = able.casting.cast([ConversationRequest(1, "en")])
    assert unspoken == [ConversationRequest(1, "en")]
