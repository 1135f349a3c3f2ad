// A gig: a customer at a place, an operator nearby. The dropin API.

import { Pusher } from "./pusher.js";
import { Side, happened } from "./side.js";
import { VideoCall } from "./video.js";
import { call } from "./wire.js";

const PLACE = { lat: 48.8566, lng: 2.3522 };
const SIGN_EVERY = 30_000;
/** Nobody is pushed that the other one has started or rated: clients look. */
const LOOK_EVERY = 2_000;
const LOOKED_AT = new Set(["handshaking", "purchased"]);

const CODES = {
  2: "video keys from the other side",
  3: "the stream was stopped",
  4: "somebody nearby asks",
  5: "an operator was found",
  7: "nobody takes it",
  11: "the customer confirmed",
  12: "the customer chose otherwise",
  13: "cancelled",
  14: "ended by itself",
  100: "a message of another client",
};

const WORDS = {
  pendingOperator: ["The operators nearby are asked.", "then it expires"],
  operatorFound: ["An operator takes it. The customer confirms or not.", "then it expires"],
  operatorEnroute: ["On the way. Whoever shakes hands first opens the video room.", "then it expires"],
  handshaking: ["Both have their keys. Somebody starts the clock.", "then it expires"],
  streaming: ["Live, and paid by the second.", ""],
  purchased: ["Over. Each rates the other.", "then no new gig without a rating"],
  voted: ["Both have rated.", ""],
  cancelled: ["Cancelled.", ""],
  expired: ["Nobody went on in time.", ""],
  allOperatorsRejected: ["No operator wanted it.", ""],
  customerRejected: ["The customer did not want this operator.", ""],
  failed: ["No video room could be had.", ""],
  terminated: ["Nobody was heard for too long.", ""],
};

const LIVE = new Set(["pendingOperator", "operatorFound", "operatorEnroute", "handshaking", "streaming"]);
const TALKING = new Set(["operatorEnroute", "handshaking", "streaming"]);

/** What both sides do alike. */
class Party {
  constructor(config, name, about, operates) {
    this.config = config;
    this.operates = operates;
    this.side = new Side(name, about);
    this.side.state("", "Getting an account …");
    this.side.run(() => this.arrive());
  }

  async api(method, path, json, quiet = false) {
    return call(this.side.name, method, `/dropin${path}`, { token: this.token, json, quiet });
  }

  async arrive() {
    const number = crypto.getRandomValues(new Uint32Array(1))[0];
    const name = this.operates ? "Olga" : "Carl";
    const account = await this.api("POST", "/accounts", {
      firstName: name,
      identities: [{ type: "email", value: `${name.toLowerCase()}-${number}@example.test` }],
      ...(this.operates ? { operator: {} } : {}),
    });
    this.id = account.id;
    this.token = account.accessToken;
    if (!this.token) throw new Error("This server gives new accounts no token: the playground needs the embedded default.");
    this.pusher = new Pusher(this.side.name, {
      ...this.config.dropin,
      auth: () => ({ path: "/dropin/notifications/authchannel", token: this.token }),
      lost: () => happened(this.side.name, "lost its connection, and comes back by itself"),
    });
    await this.pusher.subscribe(`private-${this.id}`, (event, data) => this.told(event, data));
    setInterval(() => LOOKED_AT.has(this.gig?.status) && this.look(true).catch(() => {}), LOOK_EVERY);
    await this.settle();
  }

  told(event, data) {
    if (event === "pusher_internal:subscription_succeeded") {
      // Also after a reconnect: what was missed meanwhile is looked up.
      if (this.gig) this.look();
      return;
    }
    if (event !== "gig") return;
    happened(this.side.name, `is told ${data.code}: ${CODES[data.code] ?? data.title}`);
    this.side.run(() => this.pushed(data));
  }

  async look(quiet = false) {
    if (!this.gig) return;
    const { id } = this.gig;
    const { gig } = await this.api("GET", `/gigs/${this.id}/${id}`, undefined, quiet);
    if (this.gig?.id === id) await this.show(gig);
  }

  async command(what, json) {
    const answer = await this.api("POST", `/gigs/${what}/${this.gig.id}`, json);
    if (answer.provider) await this.enter(answer);
    await this.show(answer.gig);
    return answer;
  }

  async handshake() {
    await this.command("handshake");
  }

  /** Into the video room with one's own keys. */
  async enter(keys) {
    if (this.video) return;
    this.video = new VideoCall({
      pusher: this.pusher,
      channel: keys.sessionId,
      iceServers: keys.iceServers,
      offers: this.operates,
      sends: true,
      view: this.side.view,
    });
    await this.video.join();
  }

  leave() {
    this.video?.leave();
    this.video = null;
  }

  async show(gig) {
    this.gig = gig;
    const terms = this.config.terms.gig;
    const [words, then] = WORDS[gig.status] ?? [gig.status, ""];
    const until = {
      pendingOperator: [gig.createdAt, terms.claim_timeout],
      operatorFound: [gig.updatedAt, terms.confirm_timeout],
      operatorEnroute: [gig.confirmedAt, terms.enroute_timeout],
      handshaking: [gig.updatedAt, terms.handshake_timeout],
      purchased: [gig.stoppedAt, terms.rating_window],
    }[gig.status];
    const money = gig.price ? ` ${gig.duration} s, $${gig.price.toFixed(2)}.` : "";
    this.side.state(gig.status, words + money, until && Date.parse(until[0]) + until[1], then);
    if (!LIVE.has(gig.status)) {
      this.leave();
      this.side.chatIsOver();
    } else if (TALKING.has(gig.status)) await this.talk(gig.id);
    this.side.actions(...this.offered(gig));
  }

  async talk(gig) {
    if (this.chat === gig) return;
    if (this.chat) this.pusher.unsubscribe(`private-chat_${this.chat}`);
    this.chat = gig;
    this.side.noChat();
    this.side.chat((message) => this.api("POST", "/chat/save", { gig, from: this.id, message }));
    const seen = new Set();
    const said = (one) => {
      if (seen.has(one.id)) return;
      seen.add(one.id);
      this.side.said(one.account === this.id ? "me" : this.operates ? "Carl" : "Olga", one.message);
    };
    const room = `private-chat_${gig}`;
    await this.pusher.subscribe(room, async (event, data) => {
      if (event === "chat") said(data);
      // At the first time and after a reconnect: what was said before.
      else if (event === "pusher_internal:subscription_succeeded") (await this.api("GET", `/chat/${gig}`)).forEach(said);
    });
  }

  common(gig) {
    switch (gig.status) {
      case "operatorEnroute":
        return [["Shake hands", () => this.handshake(), true], ["Cancel", () => this.command("cancel")]];
      case "handshaking":
        return [
          this.video ? null : ["Fetch my keys", () => this.handshake(), true],
          ["Start", () => this.command("start"), Boolean(this.video)],
          ["Cancel", () => this.command("cancel")],
        ];
      case "streaming":
        return [this.video ? null : ["Back into the call", () => this.handshake(), true], ["Stop", () => this.command("stop"), true]];
      case "purchased":
        return this.rated === gig.id ? [] : [1, 2, 3, 4, 5].map((stars) => ["★".repeat(stars), () => this.rate(stars)]);
      default:
        return [];
    }
  }

  async rate(rating) {
    await this.command("rate", { rating });
    this.rated = this.gig.id;
    await this.look();
  }

  offered(gig) {
    const own = this.own(gig);
    return [...own, ...this.common(gig)].filter(Boolean);
  }
}

class Customer extends Party {
  constructor(config) {
    super(config, "Customer", "Carl wants to see a place that he is not at, through the eyes of somebody there.", false);
  }

  async settle() {
    this.side.state("", "Ready to ask.");
    this.side.actions(["Ask for an operator", () => this.ask(), true]);
  }

  async ask() {
    const { gig } = await this.api("POST", "/gigs", { latitude: PLACE.lat, longitude: PLACE.lng, deviceId: "playground" });
    await this.show(gig);
  }

  async pushed({ code }) {
    await this.look();
    // The operator shook hands: our own keys are there to be fetched.
    if (code === 2 && !this.video) await this.handshake();
  }

  own(gig) {
    if (gig.status === "pendingOperator") return [["Cancel", () => this.command("cancel")]];
    if (gig.status === "operatorFound") {
      const name = gig.operator?.firstName;
      return [
        [name ? `Confirm ${name}` : "Confirm", () => this.command("confirm"), true],
        ["Not this one", () => this.command("reject")],
        ["Cancel", () => this.command("cancel")],
      ];
    }
    return LIVE.has(gig.status) || gig.status === "purchased" ? [] : [["Ask again", () => this.ask(), true]];
  }
}

class Operator extends Party {
  constructor(config) {
    super(config, "Operator", "Olga is near that place, with a phone.", true);
  }

  async settle() {
    await this.api("POST", "/accounts/status/online", PLACE);
    this.side.state("", "Online, and waits for somebody to ask.");
    this.side.actions();
    clearInterval(this.signs);
    this.signs = setInterval(() => this.sign(), SIGN_EVERY);
  }

  /** A phone says every now and then that it is there; the server forgets who is silent for two minutes. */
  async sign() {
    try {
      await this.api("POST", "/map", { ...PLACE, gigId: this.gig && LIVE.has(this.gig.status) ? this.gig.id : undefined }, true);
    } catch {
      return; // The next one follows.
    }
  }

  async pushed({ code, data }) {
    const busy = this.gig && LIVE.has(this.gig.status) && this.gig.id !== data.gig.id;
    if (code === 4 && !busy) {
      this.gig = { id: data.gig.id, status: "pendingOperator" };
      const until = Date.now() + this.config.terms.gig.claim_timeout;
      this.side.state("pendingOperator", "Somebody nearby asks.", until, "then it expires");
      this.side.actions(
        ["Accept", () => this.command("claim", { response: "accept" }), true],
        ["Decline", () => this.decline()],
      );
    } else if (this.gig && data.gig.id === this.gig.id) {
      if (this.gig.status === "pendingOperator") await this.settle();
      else await this.look();
      if (code === 2 && !this.video) await this.handshake();
    }
  }

  async decline() {
    await this.api("POST", `/gigs/claim/${this.gig.id}`, { response: "reject" });
    this.gig = null;
    await this.settle();
  }

  own(gig) {
    if (gig.status === "operatorFound") return [["Back out", () => this.command("cancel")]];
    return LIVE.has(gig.status) || gig.status === "purchased" ? [] : [["Wait for the next one", () => this.settle(), true]];
  }
}

export const gig = {
  title: "Gig",
  about: "A customer asks for somebody near a place; an operator takes it; they see each other live; they rate each other.",
  roles: { customer: Customer, operator: Operator },
};
