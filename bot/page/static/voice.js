// The voice: decoded where the browser can (WebCodecs), else taken as plain samples.

const OPUS = { codec: "opus", sampleRate: 48000, numberOfChannels: 1 };
const PCM_RATE = 24000;
const FRAME_US = 20000;
const LAST = 1;
const CUT = 2;
const HEAD = 8; // bytes before the frames
const START_MS = 3000; // Firefox waits for a loudspeaker for ever

export class Voice {
  #context = null;
  #decoder = null;
  #lastFrame = -1; // of an utterance that is over, while it is decoded
  #decodedFrame = -1;
  #generation = 0;
  node = null;
  stats = { played: 0, gaps: 0, dropped: 0, queued: 0, lost: 0 };
  #next = null;

  static supported() {
    return typeof AudioWorkletNode === "function" && isSecureContext;
  }

  // "opus" or "pcm": what to ask the bot for; null: not playing.
  kind = null;

  // To be called in answer to a click or a key: else browsers do not let a page sound.
  async start() {
    const kind = (await canDecode()) ? "opus" : "pcm";
    const context = new AudioContext({ sampleRate: kind === "opus" ? OPUS.sampleRate : PCM_RATE, latencyHint: "interactive" });
    this.#context = context;
    this.kind = kind;
    // A call, or another app, may have taken the loudspeaker meanwhile.
    document.addEventListener("visibilitychange", () => context.state !== "closed" && !document.hidden && context.resume());
    try {
      await context.audioWorklet.addModule(new URL("player.js", import.meta.url));
      await inTime(context.resume(), START_MS);
    } catch (error) {
      if (this.#context !== context) return; // stopped meanwhile
      this.stop();
      throw error;
    }
    if (this.#context !== context) return;
    this.node = new AudioWorkletNode(context, "player", { numberOfInputs: 0, outputChannelCount: [1] });
    this.node.port.onmessage = ({ data }) => Object.assign(this.stats, data);
    this.node.connect(context.destination);
  }

  stop() {
    this.#generation += 1;
    this.kind = null;
    if (this.#decoder && this.#decoder.state !== "closed") this.#decoder.close();
    this.#decoder = null;
    this.node?.disconnect();
    this.node = null;
    this.#context?.close();
    this.#context = null;
    this.#next = null;
  }

  // Another language, or a new connection: what was of the old one is not played.
  reset() {
    this.#next = null;
    this.#cut();
  }

  take(packet) {
    if (!this.node) return;
    const view = new DataView(packet);
    const flags = view.getUint8(1);
    const first = view.getUint32(4);
    if (flags & CUT) this.#cut();
    if (this.#next !== null && first !== this.#next) this.stats.lost += (first - this.#next) >>> 0;
    let number = first;
    for (let at = HEAD; at + 2 <= packet.byteLength; number += 1) {
      const size = view.getUint16(at);
      const frame = new Uint8Array(packet, at + 2, size);
      if (this.kind === "opus") this.#decode(number, frame);
      else this.#play(samples(frame));
      at += 2 + size;
    }
    this.#next = number >>> 0;
    if (flags & LAST) {
      if (this.kind === "opus" && this.#decodedFrame < number - 1) this.#lastFrame = number - 1;
      else this.node.port.postMessage("end");
    }
  }

  #decode(number, frame) {
    if (this.#decoder === null || this.#decoder.state === "closed") {
      const generation = ++this.#generation;
      this.#decoder = new AudioDecoder({
        output: (data) => {
          if (generation === this.#generation) this.#decoded(data);
          data.close();
        },
        error: () => {
          if (generation === this.#generation) this.#decoder = null; // the next frame begins anew
        },
      });
      this.#decoder.configure(OPUS);
    }
    this.#decoder.decode(new EncodedAudioChunk({ type: "key", timestamp: number * FRAME_US, duration: FRAME_US, data: frame }));
  }

  #decoded(data) {
    const out = new Float32Array(data.numberOfFrames);
    data.copyTo(out, { planeIndex: 0, format: "f32-planar" });
    this.#play(out);
    this.#decodedFrame = Math.round(data.timestamp / FRAME_US);
    if (this.#lastFrame >= 0 && this.#decodedFrame >= this.#lastFrame) {
      this.#lastFrame = -1;
      this.node?.port.postMessage("end");
    }
  }

  #play(out) {
    this.node?.port.postMessage(out, [out.buffer]);
  }

  #cut() {
    if (this.#decoder && this.#decoder.state !== "closed") this.#decoder.close();
    this.#decoder = null;
    this.#generation += 1;
    this.#lastFrame = this.#decodedFrame = -1;
    this.node?.port.postMessage("cut");
  }
}

function inTime(promise, ms) {
  return Promise.race([promise, new Promise((_, late) => setTimeout(() => late(new Error("late")), ms))]);
}

async function canDecode() {
  if (typeof AudioDecoder !== "function") return false;
  try {
    return Boolean((await AudioDecoder.isConfigSupported(OPUS)).supported);
  } catch {
    return false;
  }
}

function samples(frame) {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const out = new Float32Array(frame.byteLength >> 1);
  for (let i = 0; i < out.length; i += 1) out[i] = view.getInt16(2 * i, true) / 32768;
  return out;
}
