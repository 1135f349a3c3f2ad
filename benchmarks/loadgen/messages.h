/* Messages in flight: sent, received by every member, lost. */
#pragma once

#include "connection.h"

#define RING (1u << 18)
static struct {
  uint64_t seq, t;
  int room, mem, got;
} ring[RING];
static uint64_t next_seq = 1, oldest = 1, lost, dups, fifo_bad, sent;
static uint32_t* rr;
static uint64_t* lastseq;
static int measuring, sending;
static hist H, HC;
static uint64_t deliveries, completed, last_delivery, max_gap;
static uint64_t errors;
static char err1[1000];
static char filler[4096];
static void chat_send(int room) {
  int m = rr[room]++ % M;
  conn* c = &C[room * M + m];
  static char body[4200], o[8192];
  uint64_t s = next_seq++;
  snprintf(body, sizeof body, "#M%s%010llu#%s", nonce, (unsigned long long)s, filler);
  size_t n = expand(o, sizeof o, A.ws_send, c, c->user, body);
  uint32_t i = s & (RING - 1);
  ring[i].seq = s;
  ring[i].room = room;
  ring[i].mem = m;
  ring[i].got = 0;
  ring[i].t = now_ns();
  sent++;
  ws_frame(c, 1, o, n);
}
static void on_text(conn* c, const char* p, size_t n) {
  if (c->st == 1) {
    static char want[8192];
    expand(want, sizeof want, A.login[c->login].text, c, c->user, "");
    if (memmem(p, n, want, strlen(want))) {
      c->login++;
      login_run(c);
    }
    return;
  }
  if (*A.ws_delivery && !memmem(p, n, A.ws_delivery, strlen(A.ws_delivery)))
    return; /* of something else than a message */
  const char* q = memmem(p, n, "#M", 2);
  if (!q || q + 17 > p + n || memcmp(q + 2, nonce, 4)) return;
  uint64_t s = 0;
  for (int i = 6; i < 16; i++) s = s * 10 + (q[i] - '0');
  uint64_t t = now_ns();
  uint32_t i = s & (RING - 1);
  if (ring[i].seq != s) {
    dups++;
    return;
  }
  c->h = c->h * 1099511628211ull + s;
  c->cnt++;
  uint64_t* ls = &lastseq[(size_t)c->ix * M + ring[i].mem];
  if (s < *ls) fifo_bad++;
  else *ls = s;
  if (measuring) {
    deliveries++;
    h_add(&H, t - ring[i].t);
    if (last_delivery && t - last_delivery > max_gap) max_gap = t - last_delivery;
    last_delivery = t;
  }
  if (++ring[i].got == M) {
    if (measuring) {
      completed++;
      h_add(&HC, t - ring[i].t);
    }
    if (sending) chat_send(ring[i].room);
  } else if (ring[i].got > M) dups++;
}
static void reap_lost(void) {
  uint64_t t = now_ns();
  while (oldest < next_seq && ring[oldest & (RING - 1)].got >= M) oldest++;
  for (uint64_t s = oldest; s < next_seq; s++) {
    uint32_t i = s & (RING - 1);
    if (ring[i].got < M && t - ring[i].t > 15000000000ull) {
      lost++;
      ring[i].got = 1 << 20;
      if (sending) chat_send(ring[i].room);
    }
  }
}
