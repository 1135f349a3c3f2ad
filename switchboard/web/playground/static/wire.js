// Calls of the public APIs, each shown with what it sent and what came back.

import { addLine, clock, el } from "./dom.js";

const LINES_MOST = 400;
const SECRETS = /^(token|accessToken|viewerToken|auth|password|auth_token)$/;

/** A call that was refused, or did not come through. */
export class Refused extends Error {
  constructor(message, status, body) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

function shortened(name, value) {
  const secret = typeof value === "string" && (SECRETS.test(name) || /^(JWT )?eyJ/.test(value));
  return secret && value.length > 16 ? `${value.slice(0, 12)}…` : value;
}

function pretty(body) {
  if (body === undefined || body === "") return "(nothing)";
  if (typeof body !== "string") return JSON.stringify(body, shortened, 2);
  try {
    return JSON.stringify(JSON.parse(body), shortened, 2);
  } catch {
    return body;
  }
}

function line(side, kind, title, good, parts, quiet) {
  const details = el("details", {}, el("summary", { class: good ? "ok" : "bad" }, `${clock()} ${side} ${title}`));
  for (const [name, body] of parts) details.append(el("div", {}, name), el("pre", {}, pretty(body)));
  addLine(document.getElementById("wire"), el("li", { class: quiet ? "ping" : kind }, details), LINES_MOST);
}

/** A websocket frame. `direction`: → sent, ← received. */
export function frame(side, direction, text, quiet = false) {
  let title = text;
  try {
    const { event, channel } = JSON.parse(text);
    title = channel ? `${event} ${channel}` : event;
  } catch {
    // A frame that is no JSON is shown as it is.
  }
  line(side, "frame", `${direction} ${title}`, true, [["frame", text]], quiet);
}

/** What a refusal says, in whichever of the APIs' shapes. */
function told(body, status) {
  const first = Array.isArray(body) ? body[0] : body;
  const found = first?.message ?? first?.error?.message ?? first?.error ?? first?.detail;
  return typeof found === "string" && found ? found : `the server answered ${status}`;
}

/** One call; its body as an object. Throws Refused. */
export async function call(side, method, path, { token, json, form, quiet } = {}) {
  const headers = {};
  if (token) headers.Authorization = token.includes(" ") ? token : `Bearer ${token}`;
  let body;
  if (form) body = new URLSearchParams(form);
  else if (method !== "GET") {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(json ?? null);
  }
  const sent = form ?? json;
  let answer;
  try {
    answer = await fetch(path, { method, headers, body });
  } catch {
    line(side, "call", `${method} ${path} did not come through`, false, [["sent", sent]], quiet);
    throw new Refused("The server does not answer.", 0);
  }
  const text = await answer.text();
  let got = text;
  try {
    got = JSON.parse(text);
  } catch {
    // Not every answer is JSON.
  }
  // The auto API says its own status in the body of a 200.
  const failed = !answer.ok || (typeof got?.status === "number" && got.status >= 400) || got?.success === false;
  line(side, "call", `${method} ${path} ${answer.status}`, !failed, [["sent", sent], ["answered", got]], quiet);
  if (failed) throw new Refused(told(got, answer.status), answer.status, got);
  return got;
}
