// Live video between the two browsers: WebRTC, with client events of the session's channel as its signalling.

const SIGNAL = "client-signal";

/** The camera, or a picture that moves if there is none; and what to say about that. */
export async function camera() {
  if (!window.RTCPeerConnection) return { stream: null, word: "This browser has no WebRTC: no video here." };
  if (!navigator.mediaDevices?.getUserMedia) {
    const word = "Browsers give the camera to https pages and to localhost alone: a test picture is sent.";
    return { stream: testPicture(), word };
  }
  try {
    return { stream: await navigator.mediaDevices.getUserMedia({ video: true, audio: true }), word: "" };
  } catch (error) {
    const why = error.name === "NotAllowedError" ? "The camera was not allowed" : "No camera was found";
    return { stream: testPicture(), word: `${why}: a test picture is sent.` };
  }
}

function testPicture() {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: 320, height: 240 });
  const pen = canvas.getContext("2d");
  const began = Date.now();
  const timer = setInterval(() => {
    const seconds = (Date.now() - began) / 1000;
    pen.fillStyle = `hsl(${(seconds * 40) % 360} 60% 40%)`;
    pen.fillRect(0, 0, 320, 240);
    pen.fillStyle = "#fff";
    pen.font = "48px sans-serif";
    pen.fillText(seconds.toFixed(1), 110, 135);
  }, 100);
  const stream = canvas.captureStream(10);
  stream.getVideoTracks()[0].addEventListener("ended", () => clearInterval(timer));
  return stream;
}

export class VideoCall {
  /**
   * One side of a call. The side that `offers` does so whenever the other one comes; each offer is a new connection,
   * and what belongs to an earlier one is not listened to.
   *
   * @param options.sends whether our picture goes out
   * @param options.view what is shown: see Side
   */
  constructor({ pusher, channel, iceServers, offers, sends, view }) {
    Object.assign(this, { pusher, channel, iceServers, offers, sends, view });
    this.others = 0;
    this.number = null;
    this.candidates = [];
  }

  async join() {
    let stream = null;
    let word = "";
    if (this.sends) ({ stream, word } = await camera());
    this.local = stream;
    this.view.local(stream, word);
    await this.pusher.subscribe(this.channel, (event, data) => this.heard(event, data));
  }

  heard(event, data) {
    if (event === "pusher_internal:subscription_succeeded") this.present(data.presence.count - 1);
    else if (event === "pusher_internal:member_added") this.present(this.others + 1);
    else if (event === "pusher_internal:member_removed") this.present(this.others - 1);
    else if (event === SIGNAL) this.soon(() => this.signalled(data));
  }

  present(others) {
    const came = others > this.others;
    this.others = others;
    if (!window.RTCPeerConnection) this.view.word("This browser has no WebRTC.");
    else if (!others) this.view.word("Waiting for the other side.");
    else if (this.offers && (came || !this.peer)) this.soon(() => this.offer());
  }

  /** One signal after the other: a candidate must not overtake its description. */
  soon(what) {
    const last = this.turn ?? Promise.resolve();
    this.turn = last.then(what).catch((error) => this.view.word(`Video: ${error.message}`));
  }

  open(number) {
    this.peer?.close();
    this.number = number;
    this.candidates = [];
    const peer = (this.peer = new RTCPeerConnection({ iceServers: this.iceServers ?? [] }));
    peer.onicecandidate = ({ candidate }) => candidate && this.signal({ call: number, candidate });
    peer.ontrack = ({ streams }) => this.view.remote(streams[0]);
    peer.onconnectionstatechange = () => {
      const state = peer.connectionState;
      this.view.word(state === "connected" ? "" : `Video is ${state}.`);
    };
    this.local?.getTracks().forEach((track) => peer.addTrack(track, this.local));
    return peer;
  }

  async offer() {
    const number = crypto.getRandomValues(new Uint32Array(1))[0];
    const peer = this.open(number);
    await peer.setLocalDescription();
    this.signal({ call: number, description: peer.localDescription });
  }

  async signalled({ call, description, candidate }) {
    if (description?.type === "offer" && !this.offers) {
      const peer = this.open(call);
      await peer.setRemoteDescription(description);
      await peer.setLocalDescription();
      this.signal({ call, description: peer.localDescription });
    } else if (call !== this.number || !this.peer) {
      return; // Of a connection that is over.
    } else if (description) await this.peer.setRemoteDescription(description);
    else if (!this.peer.remoteDescription) this.candidates.push(candidate);
    else await this.peer.addIceCandidate(candidate);
    if (this.peer.remoteDescription) {
      for (const one of this.candidates.splice(0)) await this.peer.addIceCandidate(one);
    }
  }

  signal(data) {
    this.pusher.tell(this.channel, SIGNAL, data);
  }

  leave() {
    this.pusher.unsubscribe(this.channel);
    this.peer?.close();
    this.peer = null;
    this.local?.getTracks().forEach((track) => {
      track.stop();
      track.dispatchEvent(new Event("ended"));
    });
    this.view.end();
  }
}
