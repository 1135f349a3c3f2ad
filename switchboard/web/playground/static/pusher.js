// A client of the Pusher protocol 7, as small as this page needs it. Programs use pusher-js.

import { call, frame } from "./wire.js";

const AGAIN_FIRST = 500;
const AGAIN_MOST = 10_000;
/** Close codes after which the protocol says: do not come back as you are. */
const FOR_GOOD = (code) => code >= 4000 && code < 4100;

export class Pusher {
  /** @param auth (socketId, channel) -> {path, token?, form?}: how to ask the auth endpoint. */
  constructor(side, { key, path, auth, lost }) {
    this.side = side;
    this.auth = auth;
    this.lost = lost ?? (() => {});
    this.channels = new Map();
    this.again = AGAIN_FIRST;
    this.closed = false;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    this.url = `${scheme}//${location.host}${path}/${key}?protocol=7&client=playground&version=1`;
    this.connect();
  }

  connect() {
    const socket = (this.socket = new WebSocket(this.url));
    socket.onmessage = ({ data }) => this.heard(data);
    socket.onclose = ({ code }) => {
      this.socketId = null;
      if (this.closed || FOR_GOOD(code)) return;
      this.lost();
      const wait = this.again * (0.5 + Math.random());
      this.again = Math.min(this.again * 2, AGAIN_MOST);
      setTimeout(() => this.closed || this.connect(), wait);
    };
  }

  send(event, data, channel) {
    const text = JSON.stringify(channel ? { event, channel, data } : { event, data });
    frame(this.side, "→", text, event === "pusher:pong");
    this.socket.send(text);
  }

  heard(text) {
    const message = JSON.parse(text);
    const data = typeof message.data === "string" ? JSON.parse(message.data || "{}") : message.data;
    frame(this.side, "←", text, message.event === "pusher:ping");
    if (message.event === "pusher:connection_established") {
      this.again = AGAIN_FIRST;
      this.socketId = data.socket_id;
      for (const name of this.channels.keys()) this.ask(name);
    } else if (message.event === "pusher:ping") {
      this.send("pusher:pong", {});
    } else if (message.channel) {
      const channel = this.channels.get(message.channel);
      if (message.event === "pusher_internal:subscription_succeeded") channel?.ready?.(data);
      channel?.on(message.event, data, message);
    }
  }

  /** @param on (event, data) of the channel; @returns when the server has let us in. */
  subscribe(name, on) {
    return new Promise((ready, refused) => {
      this.channels.set(name, { on, ready, refused });
      if (this.socketId) this.ask(name);
    });
  }

  async ask(name) {
    const socketId = this.socketId;
    const { path, token, form } = this.auth(name);
    try {
      const signed = await call(this.side, "POST", path, {
        token,
        form: { socket_id: socketId, channel_name: name, ...form },
      });
      if (this.socketId === socketId) this.send("pusher:subscribe", { channel: name, ...signed });
    } catch (refusal) {
      this.channels.get(name)?.refused(refusal);
    }
  }

  unsubscribe(name) {
    if (this.channels.delete(name) && this.socketId) this.send("pusher:unsubscribe", { channel: name });
  }

  /** To everybody else in the channel. */
  tell(name, event, data) {
    if (this.socketId) this.send(event, data, name);
  }

  close() {
    this.closed = true;
    this.socket.close();
  }
}
