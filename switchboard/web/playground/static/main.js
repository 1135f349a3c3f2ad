// What is on the page: which kind of session, and which of its sides.

import { el } from "./dom.js";
import { gig } from "./gig.js";
import { stream } from "./stream.js";
import { support } from "./support.js";

const SCENES = { gig, stream, support };

const wanted = new URLSearchParams(location.search);
const name = wanted.get("scene") in SCENES ? wanted.get("scene") : "gig";
const scene = SCENES[name];
const roles = Object.keys(scene.roles);
const role = roles.includes(wanted.get("role")) ? wanted.get("role") : null;

function link(text, query, current) {
  return el("a", { href: `?${new URLSearchParams(query)}`, "aria-current": current ? "page" : null }, text);
}

document.getElementById("scenes").append(
  ...Object.entries(SCENES).map(([key, { title }]) => link(title, { scene: key }, key === name)),
);
document.getElementById("who").append(
  link("Both sides here", { scene: name }, !role),
  ...roles.map((one) => link(`Only the ${one}`, { scene: name, role: one }, one === role)),
);
document.getElementById("about").textContent = scene.about;

const wire = document.getElementById("wire");
const pings = document.getElementById("pings");
wire.classList.add("quiet");
pings.addEventListener("change", () => wire.classList.toggle("quiet", !pings.checked));
document.getElementById("clear").addEventListener("click", () => wire.replaceChildren());

const missing = [];
if (!window.WebSocket) missing.push("websockets");
if (!window.RTCPeerConnection) missing.push("WebRTC (no live video)");
if (missing.length) document.getElementById("notice").textContent = `This browser lacks ${missing.join(" and ")}.`;

try {
  const config = await (await fetch("/playground/config.json")).json();
  for (const one of role ? [role] : roles) new scene.roles[one](config);
} catch {
  document.getElementById("notice").textContent = "The server does not answer. Is it running? Reload once it is.";
}
