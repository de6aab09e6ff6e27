"""Draws a moment of a call as a page that looks like Discord on any screen, light and dark."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tests.picture.markdown import Reader
from tests.picture.scene import Member, Post, Scene
from tests.picture.style import STYLE

_BUTTONS = {1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "secondary"}
_COLOURS = 5  # of people without a picture
_SPEAKER = '<svg class="speaker" viewBox="0 0 24 24"><path d="M11 5 6.5 9H3v6h3.5L11 19zM14 8.5\
a4.5 4.5 0 0 1 0 7M16.5 6a8 8 0 0 1 0 12"/></svg>'
_DOWN = '<svg class="down" viewBox="0 0 24 24"><path d="m6 9 6 6 6-6"/></svg>'


def page(scene: Scene) -> str:
    """The whole page."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>The text channel of a call</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n{body(scene)}\n</body>\n</html>\n"
    )


def body(scene: Scene) -> str:
    """What is in the page, which changes from moment to moment."""
    colours = {member.name: number for number, member in enumerate(_people(scene))}
    posts = []
    before: str | None = None
    for post in scene.posts:
        posts.append(_post(post, scene, colours, goes_on=post.author == before))
        before = post.author
    members = "\n".join(_member(member, colours) for member in scene.members)
    return (
        f'<nav><div class="server">{escape(scene.server)}</div>\n'
        f'<div class="channel here"><span class="hash">#</span>{escape(scene.text)}</div>\n'
        f'<div class="channel">{_SPEAKER}{escape(scene.voice)}</div>\n'
        f'<div class="members">\n{members}\n</div></nav>\n'
        f'<main><header><span class="hash">#</span>{escape(scene.text)}</header>\n'
        f"<section>\n{''.join(posts)}</section></main>"
    )


def _people(scene: Scene) -> list[Member]:
    return [member for member in scene.members if not member.bot]


def _avatar(name: str, colours: Mapping[str, int], *, speaking: bool = False) -> str:
    colour = f"c{colours[name] % _COLOURS}" if name in colours else "bot"
    ring = " speaking" if speaking else ""
    return f'<span class="avatar {colour}{ring}">{escape(name[0])}</span>'


def _member(member: Member, colours: Mapping[str, int]) -> str:
    speaking = " speaking" if member.speaking else ""
    app = '<span class="app">APP</span>' if member.bot else ""
    return (
        f'<div class="member{speaking}">'
        f"{_avatar(member.name, colours, speaking=member.speaking)}"
        f'<span class="who">{escape(member.name)}</span>{app}</div>'
    )


def _post(post: Post, scene: Scene, colours: Mapping[str, int], *, goes_on: bool) -> str:
    def moment(style: str) -> str:
        return "a few seconds ago" if style == "R" else _clock(0)

    content = Reader(scene.names, moment).html(post.content)
    if post.edited:
        start, _, end = content.rpartition("</div>")
        content = f'{start} <span class="edited">(edited)</span></div>{end}'
    head = (
        ""
        if goes_on
        else f'{_avatar(post.author, {} if post.own else colours)}<div class="head">'
        f'<span class="name">{escape(post.author)}</span><span class="app">APP</span>'
        f'<span class="time">Today at {_clock(post.minute)}</span></div>'
    )
    rows = "".join(_row(row["components"]) for row in post.components)
    kind = "post on" if goes_on else "post"
    return f'<article class="{kind}">{head}\n{content}\n{rows}</article>\n'


def _clock(minute: int) -> str:
    """The time of day, in a call that began at a quarter past eight."""
    return f"{20 + (15 + minute) // 60}:{(15 + minute) % 60:02}"


def _row(components: Sequence[Mapping[str, Any]]) -> str:
    return f'<div class="row">{"".join(map(_component, components))}</div>\n'


def _component(component: Mapping[str, Any]) -> str:
    if component["type"] == 2:
        look = _BUTTONS[component["style"]]
        return f'<span class="button {look}">{escape(component["label"])}</span>'
    chosen = [option["label"] for option in component["options"] if option.get("default")]
    shown = "".join(f'<span class="chosen">{escape(label)}</span>' for label in chosen)
    return f'<span class="select">{shown or escape(component["placeholder"])}{_DOWN}</span>'
