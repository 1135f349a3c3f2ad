// The phoenix library under Node. Commands come as JSON lines on stdin; what happens goes out the same way.
const path = require("node:path");
const readline = require("node:readline");
const modules = process.argv[2];
const { Socket, Presence, LongPoll } = require(path.join(modules, "phoenix"));
// The last with version 1 of the protocol; it looks for what browsers have, and needs none of it.
global.window = global;
const old = require(path.join(modules, "phoenix-of-2016"));
delete global.window;
const WebSocket = require(path.join(modules, "ws"));

const say = (what) => process.stdout.write(JSON.stringify(what) + "\n");
const sockets = {};
const channels = {};

function connect({ client, url, token, params, longpoll, of2016 }) {
  const socket = new (of2016 ? old.Socket : Socket)(url, {
    transport: longpoll ? LongPoll : WebSocket,
    params: params || {},
    ...(token ? { authToken: token } : {}),
  });
  sockets[client] = socket;
  socket.onOpen(() => say({ client, state: "open" }));
  socket.onClose((event) => say({ client, state: "closed", code: event.code }));
  socket.onError(() => say({ client, state: "error" }));
  socket.connect();
}

function join({ client, topic, events, presence }) {
  const channel = sockets[client].channel(topic, {});
  channels[client + "/" + topic] = channel;
  for (const event of events) {
    channel.on(event, (payload) => say({ client, topic, event, payload }));
  }
  channel.onError(() => say({ client, topic, event: "errored" }));
  channel.onClose(() => say({ client, topic, event: "left" }));
  if (presence) {
    const here = new Presence(channel);
    here.onSync(() => say({ client, topic, event: "present", users: here.list((id, { metas }) => [id, metas.length]) }));
  }
  channel.join()
    .receive("ok", (response) => say({ client, topic, joined: "ok", response }))
    .receive("error", (response) => say({ client, topic, joined: "error", response }))
    .receive("timeout", () => say({ client, topic, joined: "timeout" }));
}

const commands = {
  connect,
  join,
  push: ({ client, topic, event, payload, tag, binary }) => {
    const sent = binary ? new Uint8Array([1, 2, 3]).buffer : payload;
    channels[client + "/" + topic].push(event, sent)
      .receive("ok", (response) => say({ client, tag, status: "ok", response }))
      .receive("error", (response) => say({ client, tag, status: "error", response }))
      .receive("timeout", () => say({ client, tag, status: "timeout" }));
  },
  leave: ({ client, topic }) => channels[client + "/" + topic].leave(),
  disconnect: ({ client }) => sockets[client].disconnect(),
  // The network fails: no close frame is exchanged, and the library comes back by itself.
  cut: ({ client }) => sockets[client].conn._socket.destroy(),
};

say({ ready: true });
readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { command, ...rest } = JSON.parse(line);
  commands[command](rest);
}).on("close", () => process.exit(0));
