// A stream: a visitor of a dealer's page, and the dealer who shows the car live. The auto API.

import { Pusher } from "./pusher.js";
import { Side, happened } from "./side.js";
import { VideoCall } from "./video.js";
import { call } from "./wire.js";

const PING_EVERY = 30_000;

const CODES = {
  0: "somebody wants to see a car",
  1: "a dealer accepted",
  2: "cancelled",
  3: "stopped",
  4: "it starts",
  5: "the dealer was silent for too long",
  6: "another dealer took it",
  7: "nobody took it",
  10: "it went to the next dealer",
};

const WORDS = {
  requested: "The dealer whose phone was heard last is asked first, then the next.",
  streaming: "Live.",
  stopped: "Over. A note or a lead completes it.",
  completed: "Done.",
  expired: "The dealer was silent for too long.",
  missed: "Nobody took it in time.",
  "missed-offline": "No dealer is there.",
};

const LIVE = new Set(["requested", "streaming"]);

class Party {
  constructor(config, name, about) {
    this.config = config;
    this.side = new Side(name, about);
  }

  async api(method, path, json, quiet = false) {
    const answer = await call(this.side.name, method, `/auto${path}`, { token: this.token, json, quiet });
    return answer.data ?? answer;
  }

  connect(auth) {
    this.pusher = new Pusher(this.side.name, {
      ...this.config.auto,
      auth,
      lost: () => happened(this.side.name, "lost its connection, and comes back by itself"),
    });
  }

  async look() {
    if (this.stream) await this.show(await this.api("GET", `/streams/${this.stream.id}`));
  }

  async enter(video, offers) {
    if (this.video) return;
    this.video = new VideoCall({
      pusher: this.pusher,
      channel: video.sessionId,
      iceServers: video.iceServers,
      offers,
      sends: offers,
      view: this.side.view,
    });
    await this.video.join();
  }

  async show(stream) {
    this.stream = { ...this.stream, ...stream };
    const terms = this.config.terms.stream;
    const until = stream.status === "requested" ? Date.parse(stream.createdAt) + terms.missed_after : null;
    const length = stream.duration == null ? "" : ` It took ${stream.duration} s.`;
    this.side.state(stream.status, (WORDS[stream.status] ?? "") + length, until, "then it is missed");
    if (!LIVE.has(stream.status)) {
      this.video?.leave();
      this.video = null;
      this.side.chatIsOver();
    }
    this.side.actions(...this.offered(this.stream));
  }

  async stop() {
    await this.show(await this.api("POST", `/streams/stop/${this.stream.id}`));
  }

  async note() {
    const note = `Shown from all sides (${new Date().toTimeString().slice(0, 5)})`;
    await this.show(await this.api("POST", `/streams/note/${this.stream.id}`, { note }));
  }

  async talk() {
    const { id } = this.stream;
    if (this.chat === id) return;
    this.chat = id;
    this.side.noChat();
    this.side.chat((message) => this.api("POST", `/chat/${id}`, { from: this.from(), message }));
    this.seen = new Set();
    (await this.api("GET", `/chat/${id}`)).forEach((one) => this.said(one));
  }

  said(one) {
    if (!this.seen || this.seen.has(one._id)) return;
    this.seen.add(one._id);
    this.side.said(one.from === this.from() ? "me" : this.other, one.message);
  }

  /** What the stream's own channel tells both sides. */
  async follow(id) {
    await this.pusher.subscribe(`private-${id}`, (event, data) => {
      if (event === "chat") this.said(data);
      else if (event === "streaming") {
        happened(this.side.name, `is told ${data.code}: ${CODES[data.code] ?? data.title}`);
        this.side.run(() => this.look());
      } else if (event === "pusher_internal:subscription_succeeded") this.side.run(() => this.look());
    });
  }
}

class Visitor extends Party {
  other = "Dora";

  constructor(config) {
    super(config, "Visitor", "Somebody without an account looks at a car on a dealer's page.");
    this.side.state("", "Ready to ask.");
    this.guest = `guest-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
    this.connect(() => ({ path: "/auto/socket/auth", form: this.viewer ? { viewerToken: this.viewer } : {} }));
    this.side.actions(["Show me this car live", () => this.ask(), true]);
  }

  from() {
    return this.guest;
  }

  async ask() {
    const { organization, vin } = this.config;
    const stream = await this.api("POST", `/streams/request/${organization}`, { vin, guestId: this.guest });
    this.viewer = stream.viewerToken;
    this.keys = stream.video;
    await this.show(stream);
    await this.follow(stream.id);
  }

  async show(stream) {
    await super.show(stream);
    if (stream.status !== "streaming") return;
    await this.talk();
    await this.enter(this.keys, false);
  }

  offered({ status }) {
    if (LIVE.has(status)) return [["Stop", () => this.stop(), status === "streaming"]];
    const again = ["Ask again", () => this.ask(), true];
    if (status === "stopped") return [["Leave my address", () => this.lead(), true], again];
    return [again];
  }

  async lead() {
    await this.api("POST", "/leads", { streamId: this.stream.id, firstName: "Vera", email: "vera@example.test", comment: "Call me" });
    await this.look();
  }
}

class Dealer extends Party {
  other = "the visitor";

  constructor(config) {
    super(config, "Dealer", "Dora stands beside the car, with a phone.");
    this.side.state("", "Getting an account …");
    this.side.run(() => this.arrive());
  }

  from() {
    return this.id;
  }

  async arrive() {
    const number = crypto.getRandomValues(new Uint32Array(1))[0];
    const username = `dora-${number}`;
    const password = `${crypto.randomUUID()}`;
    const { organization } = this.config;
    const email = `${username}@example.test`;
    await this.api("POST", "/auth/register", { username, email, password, firstName: "Dora", organizationCode: organization });
    const signedIn = await call(this.side.name, "POST", "/auto/auth", { json: { username, password } });
    this.token = signedIn.token;
    this.id = signedIn.data.id;
    this.connect(() => ({ path: "/auto/socket/auth", token: this.token }));
    await this.pusher.subscribe(`private-${this.id}`, (event, data) => event === "streaming" && this.told(data));
    await this.settle();
    setInterval(() => this.api("POST", "/ping", null, true).catch(() => {}), PING_EVERY);
  }

  async settle() {
    await this.api("POST", "/accounts/status/online");
    this.stream = null;
    this.side.state("", "Online, and waits for a visitor.");
    this.side.actions();
  }

  told(data) {
    happened(this.side.name, `is told ${data.code}: ${CODES[data.code] ?? data.title}`);
    if (data.code === 0) this.side.run(() => this.offer(data._id));
    else if (this.stream?.id === data._id) {
      this.side.run(() => (this.stream.status === "requested" ? this.settle() : this.look()));
    }
  }

  async offer(id) {
    if (this.stream && LIVE.has(this.stream.status) && this.stream.id !== id) return;
    this.stream = { id, status: "requested" };
    const until = Date.now() + this.config.terms.stream.offer_timeout;
    this.side.state("requested", "A visitor wants to see a car.", until, "then the next dealer is asked");
    this.side.actions(["Accept", () => this.accept(), true]);
  }

  async accept() {
    const stream = await this.api("POST", `/streams/accept/${this.stream.id}`);
    await this.show(stream);
    await this.talk();
    await this.follow(stream.id);
    await this.enter(stream.video, true);
  }

  offered({ status }) {
    if (status === "streaming") return [["Stop", () => this.stop(), true]];
    const next = ["Wait for the next one", () => this.settle(), true];
    return status === "stopped" ? [["Write a note", () => this.note()], next] : [next];
  }
}

export const stream = {
  title: "Dealer stream",
  about: "A visitor of a dealer's page asks to be shown a car; the dealer whose phone was heard last is asked first.",
  roles: { visitor: Visitor, dealer: Dealer },
};
