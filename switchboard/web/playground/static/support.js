// A support chat: a visitor's widget on a product's page, and the staff that answers. The dowell API.

import { Pusher } from "./pusher.js";
import { Side, happened } from "./side.js";
import { call } from "./wire.js";

const WHERE = { org_id: "DOWELL12345", portfolio_name: "playground", product_name: "LOGIN" };
const LOOK_EVERY = 5_000;

class Party {
  constructor(config, name, about, client) {
    this.client = client;
    this.side = new Side(name, about);
    this.seen = new Set();
    this.pusher = new Pusher(name, {
      ...config.dowell,
      auth: () => ({ path: "/dowell/api/v2/socket/auth" }),
      lost: () => happened(name, "lost its connection, and comes back by itself"),
    });
  }

  async api(method, path, options) {
    return call(this.side.name, method, `/dowell/api/v2/${path}`, options);
  }

  async enter(room) {
    if (this.room) this.pusher.unsubscribe(`private-room-${this.room}`);
    this.room = room;
    this.seen.clear();
    this.side.noChat();
    this.side.chat((text) => this.write(text));
    await this.pusher.subscribe(`private-room-${room}`, (event, data) => {
      if (event === "message") this.said(data);
      // At the first time and after a reconnect: what was written before.
      else if (event === "pusher_internal:subscription_succeeded") this.side.run(() => this.history());
    });
  }

  async history() {
    const { response } = await this.api("GET", `room-service/?type=get_messages&room_id=${this.room}`);
    response.forEach((one) => this.said(one));
  }

  said(one) {
    if (this.seen.has(one._id)) return;
    this.seen.add(one._id);
    const mine = one.side === this.client;
    if (!mine) happened(this.side.name, `is told: a message of ${this.client ? "the staff" : "the visitor"}`);
    const text = typeof one.message_data === "string" ? one.message_data : JSON.stringify(one.message_data);
    this.side.said(mine ? "me" : this.client ? "Staff" : "Visitor", text);
  }

  async write(text) {
    await this.api("POST", "room-service/", {
      json: {
        type: "create_message",
        room_id: this.room,
        message_data: text,
        side: this.client,
        author: this.client ? "client" : "staff",
        message_type: "text",
      },
    });
  }

  async close() {
    await this.api("POST", "room-service/", { json: { type: "delete_room", room_id: this.room, is_active: false } });
    this.side.chatIsOver();
    this.side.state("closed", "The room is closed, and stays readable.");
    this.side.actions(...this.after());
  }
}

class Visitor extends Party {
  constructor(config) {
    super(config, "Visitor", "Somebody has a question on a product's page.", true);
    this.user = `visitor-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
    this.side.state("", "The widget is closed.");
    this.side.actions(...this.after());
  }

  after() {
    return [["Open the chat", () => this.open(), true]];
  }

  async open() {
    const room = await this.api("POST", "room-control/", { json: { user_id: this.user, ...WHERE } });
    await this.enter(room.inserted_id);
    this.side.state("active", "Write, and the staff sees it at once.");
    this.side.actions(["Close the room", () => this.close()]);
  }
}

class Staff extends Party {
  constructor(config) {
    super(config, "Staff", "Somebody answers for the product.", false);
    this.side.state("", "Waits for visitors.");
    this.side.run(() => this.look());
    setInterval(() => this.room || this.look().catch(() => {}), LOOK_EVERY);
  }

  after() {
    return [["Other rooms", () => this.leave(), true]];
  }

  async leave() {
    this.pusher.unsubscribe(`private-room-${this.room}`);
    this.room = null;
    this.side.noChat();
    this.side.state("", "Waits for visitors.");
    await this.look();
  }

  async look() {
    const path = `room-list/?org_id=${WHERE.org_id}&product_name=${WHERE.product_name}&limit=5`;
    const { rooms } = await this.api("GET", path, { quiet: true });
    if (this.room) return;
    const open = rooms.filter((room) => room.is_active);
    this.side.actions(...open.map((room) => [`Answer ${room.user_id ?? room.room_room_id}`, () => this.answer(room._id), true]));
    if (!open.length) this.side.words.textContent = "Waits for visitors; no room is open.";
    else this.side.words.textContent = `${open.length === 1 ? "A room is" : `${open.length} rooms are`} open.`;
  }

  async answer(room) {
    await this.enter(room);
    this.side.state("active", "Write, and the visitor sees it at once.");
    this.side.actions(["Close the room", () => this.close()], ["Other rooms", () => this.leave()]);
  }
}

export const support = {
  title: "Support chat",
  about: "A visitor of a product's page writes to its staff, who answers from its list of rooms.",
  roles: { visitor: Visitor, staff: Staff },
};
