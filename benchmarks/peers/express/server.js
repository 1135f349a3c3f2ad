// Express 5 + pg + ws.  One node process.
'use strict';
const crypto = require('node:crypto');
const http = require('node:http');
const express = require('express');
const jwt = require('jsonwebtoken');
const { Pool } = require('pg');
const { WebSocketServer } = require('ws');

// a KeyObject, not the string: given a string, jsonwebtoken 9 first tries (and fails) to parse it as a public key on every call
const SECRET = crypto.createSecretKey(Buffer.from(process.env.PEERS_SECRET));
const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
const rooms = new Map(); // room id -> Set of sockets

const q = (name, text) => (db, ...values) => db.query({ name, text, values }); // named = prepared once per connection
const isMember = q('member', 'SELECT 1 FROM room_member WHERE room_id = $1 AND user_id = $2');
const addMessage = q('msg', 'INSERT INTO chat_message (room_id, sender_id, body) VALUES ($1, $2, $3) RETURNING id, created_at');

const userOf = (token) => Number(jwt.verify(token, SECRET, { algorithms: ['HS256'] }).sub);

async function post(room, sender, body) {
  const { rows } = await addMessage(pool, room, sender, body); // autocommit: resolves after COMMIT is flushed
  const message = { id: rows[0].id, room, sender, body, at: rows[0].created_at };
  const text = JSON.stringify(message);
  for (const s of rooms.get(room) ?? []) if (s.readyState === 1) s.send(text);
  return message;
}

const app = express();
app.disable('x-powered-by');
app.use(express.json());
app.use((req, res, next) => {
  try { req.user = userOf((req.headers.authorization ?? '').slice(7)); next(); } catch { res.status(401).json({ error: 'unauthorized' }); }
});

app.post('/rooms/:room/messages', async (req, res) => {
  const room = Number(req.params.room);
  const { body } = req.body;
  if (typeof body !== 'string' || !body || body.length > 4000) return res.status(400).json({ error: 'body' });
  if (!(await isMember(pool, room, req.user)).rowCount) return res.status(403).json({ error: 'not a member' });
  res.status(201).json(await post(room, req.user, body));
});

const addGig = q('gig', 'INSERT INTO gig (title, client_id) VALUES ($1, $2) RETURNING id, title, state, client_id');
const lockGig = q('lock', 'SELECT id, state, client_id, worker_id FROM gig WHERE id = $1 FOR UPDATE');
const setGig = q('set', 'UPDATE gig SET state = $2, worker_id = $3, updated_at = now() WHERE id = $1');
const addRating = q('rate', 'INSERT INTO gig_rating (gig_id, rater_id, stars) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING');
const countRatings = q('nrate', 'SELECT count(*)::int AS n FROM gig_rating WHERE gig_id = $1');

app.post('/gigs', async (req, res) => {
  if (typeof req.body.title !== 'string' || !req.body.title) return res.status(400).json({ error: 'title' });
  res.status(201).json((await addGig(pool, req.body.title, req.user)).rows[0]);
});

const STEPS = { // verb: [from, to, who]
  claim: ['open', 'claimed', 'other'], confirm: ['claimed', 'confirmed', 'client'], handshake: ['confirmed', 'handshaken', 'worker'],
  start: ['handshaken', 'active', 'worker'], stop: ['active', 'stopped', 'worker'], rate: ['stopped', 'closed', 'either'],
};
const allowed = (who, gig, user) => who === 'client' ? user === gig.client_id : who === 'worker' ? user === gig.worker_id
  : who === 'other' ? user !== gig.client_id : user === gig.client_id || user === gig.worker_id;

app.post('/gigs/:id/:verb', async (req, res) => {
  const step = STEPS[req.params.verb];
  if (!step) return res.status(404).json({ error: 'no such step' });
  const [from, to, who] = step;
  const db = await pool.connect();
  try {
    await db.query('BEGIN');
    const gig = (await lockGig(db, req.params.id)).rows[0];
    const fail = !gig ? [404, 'no such gig'] : !allowed(who, gig, req.user) ? [403, 'not yours'] : gig.state !== from ? [409, `gig is ${gig.state}`] : null;
    if (fail) { await db.query('ROLLBACK'); return res.status(fail[0]).json({ error: fail[1] }); }
    if (req.params.verb === 'rate') {
      const stars = req.body.stars;
      if (!Number.isInteger(stars) || stars < 1 || stars > 5) { await db.query('ROLLBACK'); return res.status(400).json({ error: 'stars' }); }
      if (!(await addRating(db, gig.id, req.user, stars)).rowCount) { await db.query('ROLLBACK'); return res.status(409).json({ error: 'already rated' }); }
      if ((await countRatings(db, gig.id)).rows[0].n === 2) { await setGig(db, gig.id, to, gig.worker_id); gig.state = to; }
    } else {
      if (who === 'other') gig.worker_id = req.user;
      await setGig(db, gig.id, to, gig.worker_id);
      gig.state = to;
    }
    await db.query('COMMIT');
    res.json(gig);
  } catch (e) {
    await db.query('ROLLBACK').catch(() => {});
    throw e;
  } finally { db.release(); }
});

const server = http.createServer(app);
const wss = new WebSocketServer({ noServer: true });
server.on('upgrade', async (req, socket, head) => {
  const refuse = (line) => socket.end(`HTTP/1.1 ${line}\r\nConnection: close\r\n\r\n`);
  try {
    const url = new URL(req.url, 'http://x');
    const room = Number(/^\/ws\/(\d+)$/.exec(url.pathname)?.[1]);
    let user;
    try { user = userOf(url.searchParams.get('token')); } catch { return refuse('401 Unauthorized'); }
    if (!room || !(await isMember(pool, room, user)).rowCount) return refuse('403 Forbidden');
    wss.handleUpgrade(req, socket, head, (ws) => {
      if (!rooms.has(room)) rooms.set(room, new Set());
      rooms.get(room).add(ws);
      ws.on('close', () => { const set = rooms.get(room); set.delete(ws); if (!set.size) rooms.delete(room); });
      ws.on('error', () => {});
      const handle = async (data) => {
        try {
          const { body } = JSON.parse(data);
          if (typeof body !== 'string' || !body || body.length > 4000) return ws.close(1007, 'body');
          await post(room, user, body);
        } catch (e) { ws.close(1011, 'error'); }
      };
      // The usual async handler lets one sender's pipelined messages overtake each other; IN_ORDER chains them.
      let tail = Promise.resolve();
      ws.on('message', process.env.IN_ORDER ? (data) => { tail = tail.then(() => handle(data)); } : handle);
    });
  } catch { refuse('500 Internal Server Error'); }
});
server.listen(Number(process.env.PORT), '127.0.0.1');
