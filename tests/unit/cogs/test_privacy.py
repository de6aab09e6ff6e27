"""What people read of being heard and of what is kept of them."""

from bot.consent.consent import Answer
from bot.domain.notices import Announcement, Notice, Occasion
from bot.domain.plan import RoomPlan
from bot.domain.spent import NOBODY
from bot.domain.stored import ConsentMode, GuildSettings, MemberLanguages
from bot.domain.voices import AUTOMATIC, MemberVoice
from bot.records.forgetting import Forgotten, Kept
from bot.ui import consent_notice
from bot.words import lines
from cogs import privacy

OPT_IN, ANNOUNCED = ConsentMode.OPT_IN, ConsentMode.ANNOUNCED
NOTHING = Kept(OPT_IN, False, Answer.NONE, False, MemberLanguages(), AUTOMATIC, 0, 0)  # noqa: FBT003
PLAN = RoomPlan(1, 10, 20, ("en", "es"), spoken="en")


def room_notice(
    settings: GuildSettings, starter: int = 1, occasion: Occasion = Occasion.STARTED, *heard: int
) -> str:
    posted = Notice(PLAN, occasion, starter, heard)
    return consent_notice.text(posted, "a service", "The *Village*", settings=settings)


def test_the_notice_says_who_started_which_languages_who_hears_it_and_what_is_kept() -> None:
    assert room_notice(GuildSettings()).splitlines() == [
        "### <#10> is being translated into English, Spanish",
        "Started by <@1>. Captions appear here.",
        "The English translation is also read aloud there.",
        (
            "**You are heard only if you join in**, and you can stay out again at "
            "any time. Joining in applies to every translated voice channel in The "
            "\\*Village\\*."
        ),
        (
            "-# Speech is sent to a service for translation. Parley doesn't record "
            "it. For each person who is heard it keeps their choice and how many of "
            "their minutes were translated."
        ),
        "-# Captions stay in this channel.",
    ]


def test_the_notice_says_so_when_everybody_is_heard_and_when_a_transcript_is_kept() -> None:
    said = room_notice(
        GuildSettings(consent=ANNOUNCED, transcript_days=7, caption_minutes=1), starter=NOBODY
    )
    assert "Translation starts automatically when someone joins." in said
    assert "named here and heard 10 seconds later, unless they stay out" in said
    assert "**A transcript is kept** for 7 days." in said
    assert "/privacy forget-me deletes your part of it" in said
    assert "deleted after 1 minute." in said
    assert "only if you join in" not in said


def test_the_notice_after_a_restart_or_a_move_says_why_and_who_is_heard() -> None:
    back = room_notice(GuildSettings(), 1, Occasion.BACK, 3, 4).splitlines()
    assert back[1].startswith("I'm back after a restart.")
    assert back[2] == "Heard from now on: <@3>, <@4>."
    moved = room_notice(GuildSettings(), 1, Occasion.MOVED).splitlines()
    assert moved[1].startswith("Translation has moved to this voice channel.")


def test_newcomers_read_what_holds_for_them_and_who_hears_them() -> None:
    opt_in = consent_notice.announced(Announcement(OPT_IN, (3,), (4, 5)), "a service")
    assert opt_in.splitlines() == [
        (
            "<@4>, <@5>: this voice channel is being translated. You are not heard unless you "
            "join in."
        ),
        (
            "<@3>: this voice channel is being translated, and you are heard "
            "because you joined in. You can stay out at any time."
        ),
    ]
    told = consent_notice.announced(Announcement(ANNOUNCED, (), (4,)), "a service")
    assert "**you'll be heard in 10 seconds**" in told
    assert "is sent to a service" in told


def test_newcomers_to_a_pause_read_that_nobody_is_heard_before_it_goes_on() -> None:
    for mode, heard in (
        (OPT_IN, "it resumes, you'll be heard"),
        (ANNOUNCED, "heard when it resumes"),
    ):
        paused = Announcement(mode, (3,) if mode is OPT_IN else (), (4,), paused=True)
        said = consent_notice.announced(paused, "a service")
        assert heard in said
        assert "heard in 10 seconds" not in said


def test_a_crowd_s_announcement_fits_a_message() -> None:
    crowd = [10**18 + number for number in range(40)]
    settings = GuildSettings(transcript_days=365, caption_minutes=600)
    service = "Qwen-LiveTranslate of Alibaba Cloud (dashscope-intl.aliyuncs.com)"
    for heard, others in (([], crowd), (crowd, []), (crowd[:20], crowd[20:])):
        for paused in (False, True):
            of = Announcement(ANNOUNCED, tuple(heard), tuple(others), paused)
            said = consent_notice.announced(of, service, settings=settings, locale="de")
            assert len(said) <= 2000


def standing(**changes: object) -> str:
    kept = Kept(**{field: getattr(NOTHING, field) for field in NOTHING.__slots__} | changes)
    return str(lines(privacy.standing(kept)))


def test_status_says_whether_one_is_heard_and_that_nothing_is_kept() -> None:
    assert standing().splitlines() == [
        "You haven't joined in, so you are not heard.",
        "- Nothing is kept about you.",
        (
            "-# /privacy forget-me deletes all of it. /privacy join and /privacy "
            "leave control whether you are heard."
        ),
    ]


def test_status_names_everything_that_is_kept() -> None:
    said = standing(
        mode=ANNOUNCED,
        answer=Answer.NO,
        answer_stored=True,
        wishes=MemberLanguages("es", "fr"),
        voice=MemberVoice(imitated_since=1_795_000_000.5),
        minutes=2.54,
        sessions=2,
    )
    assert said.splitlines()[:-1] == [
        "You stay out: you are not heard.",
        "- Kept: that you stay out, so that I can respect it.",
        "- Kept: that you speak Spanish.",
        "- Kept: that you want to read French.",
        "- Kept: that on <t:1795000000:D> you agreed that your voice is imitated.",
        "- Kept: that 2.5 minutes of your speech were translated, by day.",
        "- 2 transcripts are kept in this server; they may contain things you said.",
    ]
    assert "your translations aren't read aloud" in standing(voice=MemberVoice(silent=True))
    assert "you chose the voice Ono Anna" in standing(voice=MemberVoice("Ono Anna"))
    assert "you were told and didn't say no" in standing(mode=ANNOUNCED, heard=True)
    assert "You are not heard right now." in standing(mode=ANNOUNCED)
    assert "You've joined in" in standing(answer=Answer.YES, answer_stored=True, heard=True)


def test_who_is_forgotten_reads_what_was_deleted_and_what_that_means() -> None:
    said = privacy.deleted(
        Forgotten(answer=True, wishes=True, voice=True, lines=2, usage_rows=3, started=True),
        ANNOUNCED,
    )
    text = str(lines(said))
    for part in (
        "whether you are heard",
        "languages",
        "voice",
        "2 of your sentences",
        "minutes",
        "started",
    ):
        assert part in text
    assert "use /privacy leave" in text
    assert "Nothing about you was kept" in str(lines(privacy.deleted(Forgotten(), OPT_IN)))
    assert "/privacy leave" not in str(lines(privacy.deleted(Forgotten(), OPT_IN)))
