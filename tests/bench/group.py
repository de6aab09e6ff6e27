"""A DAVE group of one hearer and many speakers, made by a single commit."""

import davey

from bot.loopback.voice import mls

CHANNEL = 555_000_000_000_000_001
HEARER = 100


def _member(user_id: int, sender: mls.ExternalSender) -> davey.DaveSession:
    session = davey.DaveSession(1, user_id, CHANNEL)
    session.set_external_sender(sender.package)
    return session


def group(speakers: list[int]) -> tuple[davey.DaveSession, dict[int, davey.DaveSession]]:
    """The hearer's session, and each speaker's by user id; all share one epoch.

    All are proposed together: one at a time, every member would follow every join.
    """
    sender = mls.ExternalSender(CHANNEL)
    hearer = _member(HEARER, sender)
    hearer.get_serialized_key_package()
    others = {user_id: _member(user_id, sender) for user_id in speakers}
    proposals = b"".join(
        sender.add(0, session.get_serialized_key_package()).message for session in others.values()
    )
    answer = hearer.process_proposals(
        davey.ProposalsOperationType.append, mls.vector(proposals), [HEARER, *speakers]
    )
    if answer is None or answer.welcome is None:
        raise RuntimeError("The hearer made no group.")
    hearer.process_commit(answer.commit)
    for session in others.values():
        session.process_welcome(answer.welcome)
    return hearer, others
