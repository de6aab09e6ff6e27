// The lines: each is put where it belongs, and changed in place until it is final.

const KEPT = 1000;
const OVERLAY_KEPT = 3;
const SPOKEN_MS = 8000; // a line stays in the live region; what is there longer would be read twice
const NEAR = 80; // pixels from the end that still count as being there

export class Captions {
  #lines = new Map();
  #heard = new Set(); // lines that a screen reader was given
  #quiet = false;
  #follows = true; // the reader is at the end, and stays there

  constructor({ list, spoken, empty, newest, overlay }) {
    this.list = list;
    this.spoken = spoken;
    this.empty = empty;
    this.newest = newest;
    this.kept = overlay ? OVERLAY_KEPT : KEPT;
    newest.addEventListener("click", () => this.#toEnd());
    const look = () => {
      this.#follows = this.#atEnd();
      if (this.#follows) newest.hidden = true;
    };
    addEventListener("scroll", look, { passive: true });
    // Lines, notices and the window itself take more room or less.
    const stay = () => this.#follows && this.#toEnd();
    new ResizeObserver(stay).observe(document.body);
    addEventListener("resize", stay);
  }

  clear() {
    this.#lines.clear();
    this.#heard.clear();
    this.list.replaceChildren();
  }

  // Change many at once; what is only caught up on is not read out.
  change(work, { quiet }) {
    const before = this.list.lastElementChild;
    this.#quiet = quiet;
    work();
    while (this.list.childElementCount > this.kept) this.#remove(this.list.firstElementChild.dataset.id);
    if (this.#follows) this.#toEnd();
    else if (this.list.lastElementChild !== before) this.newest.hidden = false;
  }

  // Say that there is nothing yet, where that is so.
  count() {
    this.empty.hidden = this.list.childElementCount > 0;
  }

  line(event, id) {
    const item = this.#lines.get(id) ?? this.#add(id, event);
    const text = item.lastElementChild;
    item.classList.toggle("interim", !event.final);
    text.classList.toggle("untranslated", Boolean(event.original));
    if (event.lang) text.lang = event.lang;
    else text.removeAttribute("lang");
    text.textContent = event.text;
    if (event.final) this.#say(id, event);
  }

  gone(id) {
    this.#remove(id);
  }

  // Nothing more comes for lines that are not final.
  settle() {
    for (const item of this.list.querySelectorAll(".interim")) {
      item.classList.remove("interim");
      item.lastElementChild.append(" […]");
    }
  }

  #add(id, event) {
    const item = document.createElement("li");
    const name = document.createElement("span");
    const called = document.createElement("bdi");
    const text = document.createElement("span");
    item.dataset.id = id;
    item.dataset.who = event.who;
    item.dataset.at = event.at;
    name.className = "name";
    called.textContent = event.name;
    name.append(called);
    text.className = "text";
    text.dir = "auto";
    item.append(name, text);
    let after = this.list.lastElementChild;
    while (after && Number(after.dataset.at) > event.at) after = after.previousElementSibling;
    if (after) after.after(item);
    else this.list.prepend(item);
    this.#lines.set(id, item);
    this.#group(item);
    this.#group(item.nextElementSibling);
    return item;
  }

  #remove(id) {
    const item = this.#lines.get(id);
    if (!item) return;
    const next = item.nextElementSibling;
    item.remove();
    this.#lines.delete(id);
    this.#group(next);
  }

  // The name is shown once for lines in a row.
  #group(item) {
    item?.classList.toggle("same", item.previousElementSibling?.dataset.who === item.dataset.who);
  }

  #say(id, event) {
    if (this.#heard.has(id)) return;
    this.#heard.add(id);
    if (this.#quiet) return;
    const said = document.createElement("p");
    if (event.lang) said.lang = event.lang;
    said.textContent = `${event.name}: ${event.text}`;
    this.spoken.append(said);
    setTimeout(() => said.remove(), SPOKEN_MS);
  }

  #atEnd() {
    const page = document.documentElement;
    return page.scrollHeight - page.scrollTop - page.clientHeight < NEAR;
  }

  #toEnd() {
    const page = document.documentElement;
    page.scrollTop = page.scrollHeight;
    this.#follows = true;
    this.newest.hidden = true;
  }
}
