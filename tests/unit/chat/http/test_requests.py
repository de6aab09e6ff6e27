import pytest

from bot.chat.http.requests import OTHER, ROUTES, route_of


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/api/v10/channels/123/messages", "/channels/{id}/messages"),
        ("/api/v10/webhooks/123/t0k-En_9", "/webhooks/{id}/{token}"),
        ("/api/v10/webhooks/123/abc/messages/789", "/webhooks/{id}/{token}/messages/{id}"),
        ("/api/v10/webhooks/123/456/messages/789", "/webhooks/{id}/{token}/messages/{id}"),
        ("/api/v10/interactions/1/aW50/callback", "/interactions/{id}/{token}/callback"),
        ("/api/v10/guilds/1/voice-states/@me", "/guilds/{id}/voice-states/@me"),
        ("/channels/123/webhooks", "/channels/{id}/webhooks"),
        ("/api/v10/somewhere/secret", OTHER),
        ("/api/v10/webhooks/123/abc/def", OTHER),
        ("", OTHER),
        ("/", OTHER),
    ],
)
def test_an_address_is_counted_by_its_route_without_ids_and_tokens(path: str, route: str) -> None:
    assert route_of(path) == route
    assert route in ROUTES
