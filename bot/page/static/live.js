// The connection to the bot: opened again whenever it is lost, going on where it was.

const FINAL = new Map([[4401, "invalid"], [4403, "denied"], [4409, "elsewhere"], [4410, "ended"], [4411, "left"]]);
const GOING_AWAY = 1001;
const FIRST_MS = 250;
const MOST_MS = 5000;
const SILENT_MS = 25000; // the bot says something each 10 s

export class Live extends EventTarget {
  #socket = null;
  #timer = 0;
  #watch = 0;
  #tries = 0;
  #over = false;
  #wanted;

  // `wanted` gives what to ask for: {language, voice, epoch, after}.
  constructor(url, wanted) {
    super();
    this.url = url;
    this.#wanted = wanted;
    addEventListener("online", () => this.#now());
    document.addEventListener("visibilitychange", () => document.hidden || this.#now());
  }

  open() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#listen();
    socket.onopen = () => this.ask();
    socket.onmessage = ({ data }) => {
      this.#listen();
      if (typeof data === "string") {
        this.#tries = 0;
        for (const event of JSON.parse(data)) this.#tell("event", event);
      } else {
        this.#tell("voice", data);
      }
    };
    socket.onclose = ({ code }) => socket === this.#socket && this.#closed(code);
  }

  // Say anew what is wanted, after it has changed.
  ask() {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(this.#wanted()));
  }

  // For good, without a word.
  shut() {
    this.#over = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#watch);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #closed(code) {
    clearTimeout(this.#watch);
    this.#socket = null;
    if (FINAL.has(code)) {
      this.#over = true;
      this.#tell("over", FINAL.get(code));
      return;
    }
    this.#tell("lost", code === GOING_AWAY ? "restarting" : "reconnecting");
    const most = Math.min(MOST_MS, FIRST_MS * 2 ** this.#tries++);
    this.#timer = setTimeout(() => this.open(), most * (0.5 + Math.random() / 2));
  }

  #now() {
    if (this.#timer && !this.#over) this.open();
  }

  // A network that is gone tells nobody: silence is taken for a loss.
  #listen() {
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => {
      const socket = this.#socket;
      if (!socket) return;
      this.#closed(1006);
      socket.close();
    }, SILENT_MS);
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
