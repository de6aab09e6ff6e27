// The page: brings the connection, the lines and the voice together.

import { Captions } from "./captions.js";
import { Live } from "./live.js";
import { Voice } from "./voice.js";

const ORIGINAL = "original";
const WORDS = JSON.parse(document.getElementById("words").textContent);
const byId = (id) => document.getElementById(id);
const overlay = new URLSearchParams(location.search).get("overlay") === "1";
document.documentElement.classList.toggle("overlay", overlay);

const captions = new Captions({
  list: byId("lines"),
  spoken: byId("spoken"),
  empty: byId("empty"),
  newest: byId("newest"),
  overlay,
});
const voice = new Voice();
const wanted = { language: null, epoch: "", after: 0 };
let run = null;
let room = null;
let caughtUp = false; // what comes now is new
let asked = 0; // what comes before the answer to this is of another language
let answered = -1;
let playing = false;
let unable = !Voice.supported();

const live = new Live(socketUrl(), () => ({ ...wanted, voice: playing ? voice.kind : null, number: asked }));
live.addEventListener("event", ({ detail }) => detail.t in HANDLERS && batch(detail));
live.addEventListener("voice", ({ detail }) => answered === asked && voice.take(detail));
live.addEventListener("lost", ({ detail }) => {
  asked += 1;
  caughtUp = false;
  voice.reset();
  speaking([]);
  say(detail, "warn");
});
live.addEventListener("over", ({ detail }) => (detail === "left" ? leave("shut") : over(detail)));

const HANDLERS = {
  room(event) {
    if (run !== null && run !== event.run) {
      captions.clear(); // another call, in the same browser
      wanted.language = null;
    }
    run = event.run;
    room = event;
    say(event.state === "live" ? "" : event.state, "warn");
    languages();
    speaking(event.speaking);
    voiceState();
  },
  stream(event) {
    answered = event.number;
    if (answered !== asked) return;
    caughtUp = false;
    if (event.language !== wanted.language && wanted.language !== null) captions.clear();
    else if (event.epoch !== wanted.epoch) captions.settle(); // the bot was started anew
    wanted.language = event.language;
    wanted.epoch = event.epoch;
    wanted.after = 0;
    byId("missed").hidden = !event.missed;
    byId("controls").hidden = byId("leave").hidden = overlay;
    languages();
    voiceState();
  },
  line: (event) => captions.line(event, lineId(event)),
  gone: (event) => captions.gone(lineId(event)),
  seq(event) {
    wanted.after = event.seq;
    caughtUp = true;
    captions.count();
  },
};

// The numbers of lines begin anew with each start of the bot.
function lineId(event) {
  return `${wanted.epoch}.${event.id}`;
}

function batch(event) {
  if (answered !== asked && event.t !== "stream" && event.t !== "room") return;
  if (event.t === "line" || event.t === "gone") captions.change(() => HANDLERS[event.t](event), { quiet: !caughtUp });
  else HANDLERS[event.t](event);
}

function socketUrl() {
  const url = new URL("live", document.baseURI);
  url.protocol = url.protocol.replace("http", "ws");
  url.search = url.hash = "";
  return url.href;
}

function say(name, kind = "") {
  const status = byId("status");
  const text = WORDS[name] ?? "";
  if (status.textContent !== text) status.textContent = text;
  status.dataset.kind = kind;
}

function languages() {
  if (!room) return;
  const select = byId("language");
  const codes = [...room.languages, ORIGINAL];
  if (codes.join() !== [...select.options].map((option) => option.value).join()) {
    select.replaceChildren(
      ...codes.map((code) => {
        const option = document.createElement("option");
        option.value = code;
        option.textContent = code === ORIGINAL ? WORDS.original : languageName(code);
        return option;
      }),
    );
  }
  if (wanted.language) select.value = wanted.language;
}

function languageName(code) {
  const name = (locale) => {
    try {
      return new Intl.DisplayNames([locale], { type: "language" }).of(code);
    } catch {
      return code;
    }
  };
  const own = name(code);
  const here = name(document.documentElement.lang);
  return own === here ? own : `${own} (${here})`;
}

function speaking(members) {
  const names = members.map(({ name }) => `\u2068${name}\u2069`);
  byId("speaking").textContent = names.length ? WORDS.speaking.replace("{names}", names.join(", ")) : "";
}

function voiceState() {
  const button = byId("play");
  const spoken = wanted.language === ORIGINAL ? ORIGINAL : room?.spoken[wanted.language];
  let text = "";
  if (unable) text = WORDS.voice_unsupported;
  else if (spoken === ORIGINAL) text = playing ? WORDS.voice_original : "";
  else if (spoken === "none") text = WORDS.voice_none;
  else if (playing && spoken !== "open") text = WORDS.voice_opening;
  button.hidden = spoken === ORIGINAL && !playing;
  button.setAttribute("aria-disabled", String(!playing && (spoken === "none" || !Voice.supported())));
  button.setAttribute("aria-pressed", String(playing));
  byId("play-label").textContent = playing ? WORDS.stop : WORDS.play;
  const status = byId("voice-status");
  if (status.textContent !== text) status.textContent = text;
}

async function play(on) {
  if (on === playing) return;
  playing = on;
  const keep = byId("keep");
  if (on) {
    // Phones let a page go on with the screen off while it plays media.
    if ("audioSession" in navigator) navigator.audioSession.type = "playback";
    keep.play().catch(() => {}); // the voice plays without it, too
    unable = false;
    mediaSession();
    voiceState();
    try {
      await voice.start();
    } catch {
      playing = false;
      unable = true;
    }
  } else {
    voice.stop();
  }
  if (!playing) keep.pause();
  mediaSession();
  voiceState();
  live.ask();
}

function mediaSession() {
  if (!("mediaSession" in navigator)) return;
  navigator.mediaSession.playbackState = playing ? "playing" : "paused";
  navigator.mediaSession.metadata = new MediaMetadata({
    title: WORDS.title,
    artist: wanted.language ? byId("language").selectedOptions[0]?.textContent ?? "" : "",
    album: "Parley",
    artwork: [{ src: new URL("static/icon-512.png", document.baseURI).href, sizes: "512x512", type: "image/png" }],
  });
}

function over(name) {
  play(false);
  speaking([]);
  byId("controls").hidden = true;
  byId("empty").hidden = true;
  byId("leave").hidden = true;
  if (["invalid", "denied", "left"].includes(name)) captions.clear();
  say(name, "warn");
}

// Nothing of it is left in this browser, nor open in another.
async function leave(how = "") {
  live.shut();
  over("left");
  await post("leave", how);
  say("left", "warn");
}

async function enter() {
  const token = location.hash.slice(1);
  if (!token) return "";
  // Out of the address at once: not in the history, nor in what is shared of it.
  history.replaceState(null, "", location.pathname + location.search);
  // Where it was refused, it may have been used here before.
  return (await post("session", token)) === 429 ? "limited" : "";
}

// Returns the status, once the bot can be reached.
async function post(path, body) {
  for (let wait = 500; ; wait = Math.min(5000, wait * 2)) {
    try {
      const { status } = await fetch(path, { method: "POST", body, credentials: "same-origin", cache: "no-store", keepalive: true });
      if (status < 500) return status;
    } catch {
      // Not reached: a link is as good as it was.
    }
    say("reconnecting", "warn");
    await new Promise((done) => setTimeout(done, wait));
  }
}

byId("language").addEventListener("change", ({ target }) => {
  captions.clear();
  voice.reset();
  wanted.language = target.value;
  wanted.after = 0;
  wanted.epoch = "";
  asked += 1;
  mediaSession();
  voiceState();
  live.ask();
});
byId("leave").addEventListener("click", () => leave());
byId("play").addEventListener("click", ({ currentTarget }) => {
  if (currentTarget.getAttribute("aria-disabled") !== "true") play(!playing);
});
if ("mediaSession" in navigator) {
  navigator.mediaSession.setActionHandler("play", () => play(true));
  navigator.mediaSession.setActionHandler("pause", () => play(false));
  navigator.mediaSession.setActionHandler("stop", () => play(false));
}

say("connecting");
const refused = await enter();
if (refused) over(refused);
else live.open();

export { live, voice };
