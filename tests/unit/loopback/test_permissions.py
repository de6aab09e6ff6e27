"""How roles and overwrites add up."""

from bot.loopback.state.permissions import (
    EVERYONE,
    NONE,
    Overwrite,
    Permissions,
    in_channel,
    in_guild,
)

P = Permissions
GUILD, ROLE, OTHER_ROLE, USER = 1, 2, 3, 4


def resolve(*overwrites: Overwrite, base: Permissions = EVERYONE, voice: bool = False) -> P:
    return in_channel(
        base,
        overwrites,
        guild_id=GUILD,
        role_ids=frozenset({ROLE, OTHER_ROLE}),
        user_id=USER,
        voice=voice,
    )


def test_roles_add_up() -> None:
    assert in_guild(P.VIEW_CHANNEL, [P.CONNECT, P.SPEAK], owner=False) == (
        P.VIEW_CHANNEL | P.CONNECT | P.SPEAK
    )


def test_owners_and_administrators_may_do_everything_whatever_a_channel_denies() -> None:
    assert in_guild(0, [], owner=True) == P.everything()
    admin = in_guild(0, [P.ADMINISTRATOR], owner=False)
    assert (
        resolve(Overwrite(USER, is_member=True, deny=P.VIEW_CHANNEL), base=admin) == P.everything()
    )


def test_a_role_outweighs_everyone_and_a_member_outweighs_roles() -> None:
    everyone = Overwrite(GUILD, is_member=False, deny=P.SEND_MESSAGES)
    role = Overwrite(ROLE, is_member=False, allow=P.SEND_MESSAGES)
    member = Overwrite(USER, is_member=True, deny=P.SEND_MESSAGES)
    assert not resolve(everyone) & P.SEND_MESSAGES
    assert resolve(everyone, role) & P.SEND_MESSAGES
    assert not resolve(everyone, role, member) & P.SEND_MESSAGES


def test_one_role_that_allows_outweighs_another_that_denies() -> None:
    denies = Overwrite(ROLE, is_member=False, deny=P.CONNECT)
    allows = Overwrite(OTHER_ROLE, is_member=False, allow=P.CONNECT)
    assert resolve(allows, denies) & P.CONNECT


def test_who_does_not_see_a_channel_may_do_nothing_there() -> None:
    assert resolve(Overwrite(GUILD, is_member=False, deny=P.VIEW_CHANNEL)) == NONE


def test_who_may_not_send_may_not_attach_or_embed_either() -> None:
    left = resolve(Overwrite(GUILD, is_member=False, deny=P.SEND_MESSAGES))
    assert not left & (P.ATTACH_FILES | P.EMBED_LINKS | P.MENTION_EVERYONE)
    assert left & P.READ_MESSAGE_HISTORY


def test_who_may_not_connect_may_not_speak() -> None:
    left = resolve(Overwrite(GUILD, is_member=False, deny=P.CONNECT), voice=True)
    assert not left & (P.SPEAK | P.USE_VAD)
    assert left & P.SEND_MESSAGES


def test_bits_without_a_name_here_pass_through() -> None:
    unnamed = P(1 << 49)
    assert (
        resolve(Overwrite(GUILD, is_member=False, deny=P.CONNECT), base=EVERYONE | unnamed)
        & unnamed
    )
