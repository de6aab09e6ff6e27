from bot.voice.watch.voice_state import OwnVoice, Standing


def texts(own: OwnVoice, *standings: Standing) -> list[tuple[str, str]]:
    return [(code, text) for standing in standings for code, text in own.changed(standing)]


def test_being_deafened_and_its_end_are_told_once_each() -> None:
    deaf = Standing(deafened=True)
    assert texts(OwnVoice(speaks=False), Standing(), deaf, deaf, Standing()) == [
        ("deafened", "I've been server deafened. I can't hear anyone until that is undone."),
        ("deafened", "I'm no longer deafened and can hear you again."),
    ]


def test_being_muted_matters_only_when_translations_are_spoken() -> None:
    muted = Standing(muted=True)
    assert texts(OwnVoice(speaks=False), muted, Standing()) == []
    assert texts(OwnVoice(speaks=True), muted, Standing()) == [
        ("muted", "I've been server muted. Translations aren't read aloud until that is undone."),
        ("muted", "I'm no longer muted. Translations are read aloud again."),
    ]


AUDIENCE, SPEAKER = Standing(listener=True, stage=True), Standing(stage=True)


def test_becoming_a_speaker_of_a_stage_is_told_once_to_whom_the_contrary_was() -> None:
    own = OwnVoice(speaks=True)
    own.waits()
    assert texts(own, AUDIENCE, SPEAKER, AUDIENCE, SPEAKER) == [
        ("stage", "I can speak on the stage now.")
    ]


def test_a_speaker_of_a_stage_from_the_beginning_says_nothing_of_it() -> None:
    assert texts(OwnVoice(speaks=True), AUDIENCE, SPEAKER) == []


def test_who_leaves_the_stage_does_not_speak_on_it() -> None:
    own = OwnVoice(speaks=True)
    own.waits()
    assert texts(own, AUDIENCE, Standing()) == []


def test_losing_the_permission_to_speak_is_told_when_translations_are_spoken() -> None:
    unpermitted = Standing(unpermitted=True)
    assert texts(OwnVoice(speaks=False), unpermitted) == []
    assert texts(OwnVoice(speaks=True), unpermitted, unpermitted, Standing()) == [
        (
            "speak",
            "I don't have the Speak permission here, so translations aren't read aloud until I do.",
        ),
        ("speak", "I have the Speak permission again. Translations are read aloud again."),
    ]
