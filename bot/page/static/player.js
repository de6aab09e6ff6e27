// The end of the voice's way, on the audio thread: a queue of samples with a small jitter buffer.

const FIRST_S = 0.2; // is gathered before an utterance begins
const STEP_S = 0.05; // more, each time it ran dry
const MOST_S = 0.6;
const PATIENCE_S = 0.4; // then what there is begins
const LONGEST_S = 30; // of voice that waits; the oldest is dropped
const REPORT_S = 0.25;
const FADE = 0.995; // of the last sample, where nothing follows

class Player extends AudioWorkletProcessor {
  constructor() {
    super();
    this.chunks = [];
    this.offset = 0;
    this.queued = 0;
    this.playing = false;
    this.ended = false;
    this.waited = 0;
    this.buffer = FIRST_S;
    this.last = 0;
    this.gaps = 0;
    this.played = 0;
    this.dropped = 0;
    this.quiet = 0;
    this.port.onmessage = ({ data }) => this.take(data);
  }

  take(data) {
    if (data === "end") {
      this.ended = true;
    } else if (data === "cut") {
      this.chunks = [];
      this.offset = this.queued = 0;
      this.ended = true;
    } else {
      this.ended = false;
      this.chunks.push(data);
      this.queued += data.length;
      while (this.queued > LONGEST_S * sampleRate) {
        const old = this.chunks.shift().length - this.offset;
        this.offset = 0;
        this.queued -= old;
        this.dropped += old;
      }
    }
  }

  process(_inputs, [[out]]) {
    if (!this.playing && this.queued > 0) {
      this.waited += out.length;
      this.playing = this.ended || this.queued >= this.buffer * sampleRate || this.waited >= PATIENCE_S * sampleRate;
    }
    let at = 0;
    if (this.playing) {
      this.waited = 0;
      while (at < out.length && this.chunks.length) {
        const chunk = this.chunks[0];
        const count = Math.min(out.length - at, chunk.length - this.offset);
        out.set(chunk.subarray(this.offset, this.offset + count), at);
        at += count;
        this.offset += count;
        if (this.offset === chunk.length) {
          this.chunks.shift();
          this.offset = 0;
        }
      }
      this.queued -= at;
      this.played += at;
      if (at > 0) this.last = out[at - 1];
      if (at < out.length) {
        this.playing = false;
        if (!this.ended) {
          this.gaps += 1;
          this.buffer = Math.min(MOST_S, this.buffer + STEP_S);
        }
      }
    }
    for (; at < out.length; at += 1) {
      this.last *= FADE;
      out[at] = this.last;
    }
    this.quiet += out.length;
    if (this.quiet >= REPORT_S * sampleRate) {
      this.quiet = 0;
      const { played, gaps, dropped, queued } = this;
      this.port.postMessage({ played: played / sampleRate, gaps, dropped: dropped / sampleRate, queued: queued / sampleRate });
    }
    return true;
  }
}

registerProcessor("player", Player);
