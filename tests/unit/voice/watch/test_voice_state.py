from bot.voice.watch.voice_state import OwnVoice, Standing


def texts(own: OwnVoice, *standings: Standing) -> list[tuple[str, str]]:
    return [(code, text) for standing in standings for code, text in own.changed(standing)]


def test_being_deafened_and_its_end_are_told_once_each() -> None:
    deaf = Standing(deafened=True)
    assert texts(OwnVoice(speaks=False), Standing(), deaf, deaf, Standing()) == [
        ("deafened", "I was deafened by the server: I hear nobody until that is undone."),
        ("deafened", "I am no longer deafened and hear you again."),
    ]


def test_being_muted_matters_only_when_translations_are_spoken() -> None:
    muted = Standing(muted=True)
    assert texts(OwnVoice(speaks=False), muted, Standing()) == []
    assert texts(OwnVoice(speaks=True), muted, Standing()) == [
        ("muted", "I was muted by the server: translations are not spoken until that is undone."),
        ("muted", "I am no longer muted and speak the translations again."),
    ]


AUDIENCE, SPEAKER = Standing(listener=True, stage=True), Standing(stage=True)


def test_becoming_a_speaker_of_a_stage_is_told_once_to_whom_the_contrary_was() -> None:
    own = OwnVoice(speaks=True)
    own.waits()
    assert texts(own, AUDIENCE, SPEAKER, AUDIENCE, SPEAKER) == [
        ("stage", "I may speak on the stage now.")
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
            "I lack the permission Speak here: translations are not spoken until I have it.",
        ),
        ("speak", "I have the permission Speak and speak the translations again."),
    ]
