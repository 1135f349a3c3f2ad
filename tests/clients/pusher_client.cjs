// pusher-js and laravel-echo under Node. Commands come as JSON lines on stdin; what happens goes out the same way.
const path = require("node:path");
const readline = require("node:readline");
const modules = process.argv[2];
const Pusher = require(path.join(modules, "pusher-js"));
let Echo;

const say = (what) => process.stdout.write(JSON.stringify(what) + "\n");
const clients = {};
const channels = {};

function connect({ client, key, host, port, auth, userAuth, headers, echo }) {
  const options = {
    wsHost: host, wsPort: port, forceTLS: false, enabledTransports: ["ws"], cluster: "x", disableStats: true,
    channelAuthorization: { endpoint: auth, headers, transport: "ajax" },
    userAuthentication: { endpoint: userAuth, headers, transport: "ajax" },
  };
  const pusher = new Pusher(key, options);
  clients[client] = { pusher, echo: echo ? new Echo({ broadcaster: "pusher", client: pusher, key }) : null };
  pusher.connection.bind("state_change", ({ current }) => say({ client, state: current }));
  pusher.connection.bind("error", (error) => say({ client, error }));
}

function watch(client, name, channel) {
  channels[client + "/" + name] = channel;
  channel.bind_global((event, data) => say({ client, channel: name, event, data: data && data.members ? { count: data.count } : data }));
}

const commands = {
  connect,
  subscribe: ({ client, channel }) => watch(client, channel, clients[client].pusher.subscribe(channel)),
  trigger: ({ client, channel, event, data }) => channels[client + "/" + channel].trigger(event, data),
  unsubscribe: ({ client, channel }) => clients[client].pusher.unsubscribe(channel),
  disconnect: ({ client }) => clients[client].pusher.disconnect(),
  // What a browser's "online" event does; by itself pusher-js tries again 15 s after a refused connection.
  online: ({ client }) => clients[client].pusher.connection.retryIn(0),
  signin: ({ client }) => {
    const { pusher } = clients[client];
    pusher.bind("pusher:signin_success", () => say({ client, event: "signed_in" }));
    pusher.user.bind("greeting", (data) => say({ client, event: "greeting", data }));
    pusher.signin();
  },
  listen: ({ client, channel, event }) =>
    clients[client].echo.private(channel).subscribed(() => say({ client, event: "subscribed" }))
      .listen("." + event, (data) => say({ client, event, data })),
};

// laravel-echo is an ES module.
import(path.join(modules, "laravel-echo", "dist", "echo.js")).then((module) => {
  Echo = module.default;
  say({ ready: true });
});

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { command, ...rest } = JSON.parse(line);
  commands[command](rest);
}).on("close", () => process.exit(0));
