// One person's half of the page: where the session stands, what can be done, video, chat.

import { addLine, clock, el } from "./dom.js";

const EVENTS_MOST = 200;

/** A line in "What happens". */
export function happened(who, text) {
  const line = el("li", {}, el("time", {}, clock()), el("b", {}, who), ` ${text}`);
  addLine(document.getElementById("events"), line, EVENTS_MOST);
}

export class Side {
  constructor(name, about) {
    this.name = name;
    this.code = el("code");
    this.words = el("span");
    this.left = el("span", { class: "left" });
    this.buttons = el("div", { class: "actions", role: "group", "aria-label": `What ${name} can do` });
    this.problem = el("p", { class: "problem", role: "alert" });
    this.remoteVideo = el("video", { class: "remote", autoplay: true, playsinline: true, "aria-label": "The other side's video" });
    this.localVideo = el("video", { class: "local", autoplay: true, playsinline: true, "aria-label": "Your own video" });
    this.localVideo.muted = true;
    this.videoWord = el("p", { role: "status" });
    this.videoBox = el("div", { class: "video", hidden: true }, this.remoteVideo, this.localVideo, this.videoWord);
    this.lines = el("ol", { role: "log", "aria-label": `${name}'s chat`, tabindex: "0" });
    this.entry = el("input", { type: "text", placeholder: "Write a message", "aria-label": `${name} writes`, maxlength: "500", autocomplete: "off" });
    this.form = el("form", { onsubmit: (event) => this.write(event) }, this.entry, el("button", {}, "Send"));
    this.chatBox = el("div", { class: "chat", hidden: true }, this.lines, this.form);
    const state = el("p", { class: "state", role: "status" }, this.code, this.words, this.left);
    this.box = el("section", { class: "side", "aria-label": name }, el("h2", {}, name), el("p", { class: "about" }, about), state, this.buttons, this.problem, this.videoBox, this.chatBox);
    document.getElementById("sides").append(this.box);
    setInterval(() => this.tick(), 250);
  }

  /** @param until when it ends by itself, in ms since the epoch */
  state(code, words, until = null, then = "") {
    if (this.code.textContent !== code) happened(this.name, `sees ${code || "nothing yet"}`);
    this.code.textContent = code;
    this.words.textContent = words;
    this.until = until;
    this.then = then;
    this.box.dataset.state = code;
    this.tick();
  }

  tick() {
    const seconds = this.until == null ? null : Math.max(0, Math.ceil((this.until - Date.now()) / 1000));
    const shown = seconds == null ? "" : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} ${this.then}`;
    if (this.left.textContent !== shown) this.left.textContent = shown;
  }

  /** @param actions [label, what it does, main?] */
  actions(...actions) {
    const signature = actions.map(([label]) => label).join("|");
    this.doing = new Map(actions.map(([label, run]) => [label, run]));
    if (this.signature === signature) return;
    this.signature = signature;
    this.buttons.replaceChildren(
      ...actions.map(([label, , main]) => el("button", { type: "button", class: main ? "main" : null, onclick: () => this.run(() => this.doing.get(label)()) }, label)),
    );
  }

  /** Does something, and shows why if it is refused. */
  async run(what) {
    this.problem.textContent = "";
    for (const button of this.buttons.children) button.disabled = true;
    try {
      return await what();
    } catch (refusal) {
      this.problem.textContent = refusal.message;
      happened(this.name, `hears: ${refusal.message}`);
    } finally {
      for (const button of this.buttons.children) button.disabled = false;
    }
  }

  // -- chat

  chat(send) {
    this.send = send;
    this.chatBox.hidden = this.form.hidden = false;
  }

  write(event) {
    event.preventDefault();
    const text = this.entry.value.trim();
    if (!text) return;
    this.run(async () => {
      await this.send(text);
      // What could not be sent stays in the field.
      if (this.entry.value.trim() === text) this.entry.value = "";
    });
  }

  said(who, text) {
    addLine(this.lines, el("li", {}, el("b", {}, `${who}: `), text), EVENTS_MOST);
  }

  /** What was said stays to be read. */
  chatIsOver() {
    this.form.hidden = true;
  }

  noChat() {
    this.chatBox.hidden = true;
    this.lines.replaceChildren();
  }

  // -- video

  get view() {
    return {
      local: (stream, word) => {
        this.videoBox.hidden = false;
        this.localVideo.hidden = !stream;
        this.localVideo.srcObject = stream;
        this.videoNotice = word;
        this.videoWord.textContent = word;
      },
      remote: (stream) => {
        this.remoteVideo.srcObject = stream;
        this.remoteVideo.play().catch(() => {
          // Browsers hold sound back until somebody has touched the page; pictures they show.
          this.remoteVideo.muted = true;
          this.remoteVideo.play();
        });
      },
      word: (text) => {
        this.videoWord.textContent = [this.videoNotice, text].filter(Boolean).join(" ");
      },
      end: () => {
        this.videoBox.hidden = true;
        this.remoteVideo.srcObject = this.localVideo.srcObject = null;
      },
    };
  }
}
