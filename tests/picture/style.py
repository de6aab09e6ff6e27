"""How the page looks: Discord's measures and colours, without anything of Discord's own."""

STYLE = """
:root {
  --back: #fff; --side: #f2f3f5; --line: #e1e2e4; --text: #313338; --strong: #060607;
  --muted: #5c5e66; --code: #ebedef; --mention: #e6e8fd; --mention-text: #4752c4;
  --here: #d7d9dc; --select: #ebedef; --chosen: #d7d9dc; --secondary: #e3e5e8;
  --secondary-text: #313338; --link: #006ce7;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #313338; --side: #2b2d31; --line: #26272b; --text: #dbdee1; --strong: #f2f3f5;
    --muted: #a5abb3; --code: #1e1f22; --mention: #3c4270; --mention-text: #c9cdfb;
    --here: #404249; --select: #1e1f22; --chosen: #404249; --secondary: #4e5058;
    --secondary-text: #fff; --link: #00a8fc;
  }
}
* { box-sizing: border-box; margin: 0 }
/* The edge of the picture, where the page around it has the same colour. */
html::after { content: ""; position: fixed; inset: 0; border: 1px solid var(--line) }
html { background: var(--back) }
body {
  display: grid; grid-template-columns: 270px minmax(0, 1fr); min-height: 100vh;
  font: 20px/1.4 "Noto Sans", "Noto Sans CJK JP", sans-serif; color: var(--text);
}
nav { background: var(--side); padding-bottom: 16px }
.server {
  padding: 14px 18px; font-weight: 600; color: var(--strong); border-bottom: 1px solid var(--line);
  margin-bottom: 12px;
}
.channel {
  display: flex; align-items: center; margin: 2px 10px; padding: 5px 10px; border-radius: 6px;
  color: var(--muted); font-weight: 500;
}
.channel.here { background: var(--here); color: var(--strong) }
.hash { color: var(--muted); font-size: 1.2em; line-height: 1; margin-right: 10px }
svg { fill: none; stroke: currentColor; stroke-width: 2; width: 24px; height: 24px; flex: none }
.speaker { margin: 0 8px 0 -4px; stroke-linejoin: round; stroke-linecap: round }
.member {
  display: flex; align-items: center; margin: 2px 10px 2px 34px; padding: 5px 8px;
  color: var(--muted);
}
.member.speaking { color: var(--strong) }
.avatar {
  display: grid; place-items: center; border-radius: 50%; width: 32px; height: 32px; flex: none;
  font-size: 15px; font-weight: 600; color: #fff;
}
.avatar.speaking { box-shadow: 0 0 0 2px var(--side), 0 0 0 4.5px #23a559 }
.bot { background: #5865f2 } .c0 { background: #c2410c } .c1 { background: #0f766e }
.c2 { background: #be185d } .c3 { background: #1d6fb8 } .c4 { background: #7e3fa8 }
.who { margin-left: 11px; min-width: 0; overflow-wrap: anywhere }
.app {
  background: #5865f2; color: #fff; font-size: .66em; font-weight: 600; line-height: 1.5;
  padding: 0 .45em; border-radius: 4px; margin-left: 8px; flex: none;
}
main { display: flex; flex-direction: column; min-width: 0 }
header {
  display: flex; align-items: center; padding: 14px 22px; font-weight: 600; color: var(--strong);
  border-bottom: 1px solid var(--line); line-height: 28px; flex: none;
}
section {
  flex: 1; min-height: 0; display: flex; flex-direction: column; justify-content: flex-end;
  padding-bottom: 22px;
}
.post { position: relative; padding: 0 26px 0 88px; margin-top: 18px; overflow-wrap: anywhere }
.post.on { margin-top: 8px }
.post > .avatar {
  position: absolute; left: 22px; top: 3px; width: 48px; height: 48px; font-size: 22px;
}
.head { display: flex; align-items: center; flex-wrap: wrap }
.name { font-weight: 600; color: var(--strong) }
.time { color: var(--muted); font-size: .75em; margin-left: 9px }
.heading { font-size: 1.15em; font-weight: 700; color: var(--strong); margin: 4px 0 }
.small, .edited { color: var(--muted); font-size: .82em }
.small .edited { font-size: .9em }
.bullet { display: list-item; list-style: disc; margin-left: 1.3em }
.quote { border-left: 4px solid var(--here); padding-left: 12px }
strong { color: inherit; font-weight: 700 }
code {
  background: var(--code); border-radius: 4px; padding: .1em .3em; font-size: .85em;
  font-family: "Noto Sans Mono", monospace;
}
.mention {
  background: var(--mention); color: var(--mention-text); border-radius: 3px; padding: 0 .15em;
  font-weight: 500; -webkit-box-decoration-break: clone; box-decoration-break: clone;
}
.link { color: var(--link) }
.moment { background: var(--code); border-radius: 3px; padding: 0 .15em }
.row { display: flex; flex-wrap: wrap; gap: 10px; margin-top: 10px }
.button { padding: 6px 20px; border-radius: 8px; color: #fff; font-size: .9em; font-weight: 500 }
.primary { background: #5865f2 } .success { background: #248046 } .danger { background: #da373c }
.secondary { background: var(--secondary); color: var(--secondary-text) }
.select {
  display: flex; align-items: center; flex-wrap: wrap; gap: 6px; width: 500px; max-width: 100%;
  background: var(--select); border-radius: 8px; padding: 8px 44px 8px 10px; position: relative;
  color: var(--muted);
}
.chosen { background: var(--chosen); color: var(--text); border-radius: 4px; padding: 0 8px;
  font-size: .9em }
.down { position: absolute; right: 12px; top: calc(50% - 12px) }

/* A window of fixed height, as in the moving picture: what is older leaves at the top. */
body.window { height: 100vh; grid-template-rows: minmax(0, 1fr) }
.window main { height: 100vh }
.window section {
  overflow: hidden; -webkit-mask-image: linear-gradient(transparent, #000 24px);
  mask-image: linear-gradient(transparent, #000 24px);
}
.window section > * { flex: none }

@media (max-width: 600px) {
  body { display: flex; flex-direction: column; font-size: 15.5px }
  nav { display: flex; padding: 8px 12px; border-bottom: 1px solid var(--line) }
  nav > .server, nav > .here { display: none }
  nav > .channel {
    align-self: flex-start; margin: 0 14px 0 0; padding: 2px 0; font-size: 13px; line-height: 22px;
  }
  nav .speaker { width: 19px; height: 19px; margin: 0 5px 0 0 }
  .members { display: flex; flex-wrap: wrap; gap: 6px 16px; justify-content: flex-start }
  .member { margin: 0; padding: 2px 0; font-size: 13px; line-height: 22px }
  .member .avatar { width: 22px; height: 22px; font-size: 11px }
  .member .app { display: none }
  .avatar.speaking { box-shadow: 0 0 0 1.5px var(--side), 0 0 0 3.5px #23a559 }
  .who { margin-left: 7px }
  main { flex: 1 }
  header { padding: 9px 14px }
  section { padding-bottom: 14px }
  .post { padding: 0 14px 0 58px; margin-top: 14px }
  .post > .avatar { left: 12px; width: 36px; height: 36px; font-size: 17px }
  .row { gap: 8px }
  .button { padding: 5px 13px }
  .window main { height: auto; min-height: 0 }
}
"""
