/* Options, and connections: what they are, how they are opened and written to. */
#pragma once

#include "adapter.h"

static char *mode, *host = "127.0.0.1";
static int port;
static int R = 1, M = 2, room0 = 1; /* rooms, members of each, number of the first */
static int K = 4;                   /* messages outstanding in each room, or connections */
static int nsrv, srv[64], npg, pgp[8];
static double warm = 2, secs = 6;
static int body_len = 200;
static int conc = 100; /* connections that are opened at once */
static void pids(char* s, int* a, int* n) {
  for (char* t = strtok(s, ","); t; t = strtok(NULL, ",")) a[(*n)++] = atoi(t);
}

typedef struct conn {
  int fd, ix, user, room, mem; /* mem: which member of its room */
  int st;    /* websocket: 0 upgrade, 1 login, 2 ready, 3 dead; HTTP: 1 waits, 2 does not */
  int login; /* lines of the login that are done */
  const char* room_name; /* NULL: its number */
  char* in;
  size_t nin, cin;
  char* out;
  size_t nout, cout;
  int want_out;
  uint64_t h, cnt; /* hash of the messages received, in their order, and how many */
  uint64_t t0;     /* when its request was sent */
  int step, prepared;
  char id[64];    /* what the first step's answer has */
  uint64_t life0; /* when its lifecycle began */
} conn;
static conn* C;
static int nc, ep, ready, dead;
static char nonce[5];
static uint64_t bytes_in;

static size_t expand(char* o, size_t cap, const char* t, conn* c, int user, const char* body) {
  size_t n = 0;
  char num[24];
  for (; *t && n + 1 < cap;) {
    const char* s = NULL;
    int l = 0;
    if (*t == '{') {
      if (!strncmp(t, "{user}", 6)) {
        snprintf(num, sizeof num, "%d", user);
        s = num;
        l = 6;
      } else if (!strncmp(t, "{room}", 6)) {
        s = c->room_name;
        l = 6;
        if (!s) {
          snprintf(num, sizeof num, "%d", c->room);
          s = num;
        }
      } else if (!strncmp(t, "{token}", 7)) {
        if (user > ntok) die("too few tokens");
        s = tok[user];
        l = 7;
      } else if (!strncmp(t, "{body}", 6)) {
        s = body;
        l = 6;
      } else if (!strncmp(t, "{id}", 4)) {
        s = c->id;
        l = 4;
      }
    }
    if (s) {
      size_t m = strlen(s);
      if (n + m >= cap) die("expand");
      memcpy(o + n, s, m);
      n += m;
      t += l;
    } else o[n++] = *t++;
  }
  o[n] = 0;
  return n;
}
static void arm(conn* c, int out) {
  if (c->want_out == out) return;
  c->want_out = out;
  struct epoll_event e = {EPOLLIN | (out ? EPOLLOUT : 0), {.ptr = c}};
  epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
}
static void put(conn* c, const char* b, size_t n) {
  if (!c->nout) {
    ssize_t w = send(c->fd, b, n, MSG_NOSIGNAL);
    if (w < 0) {
      if (errno != EAGAIN) return;
      w = 0;
    }
    b += w;
    n -= w;
  }
  if (!n) return;
  if (c->nout + n > c->cout) {
    c->cout = (c->nout + n) * 2;
    c->out = realloc(c->out, c->cout);
  }
  memcpy(c->out + c->nout, b, n);
  c->nout += n;
  arm(c, 1);
}
static void flush_out(conn* c) {
  ssize_t w = send(c->fd, c->out, c->nout, MSG_NOSIGNAL);
  if (w <= 0) return;
  memmove(c->out, c->out + w, c->nout - w);
  c->nout -= w;
  if (!c->nout) arm(c, 0);
}
static void ws_frame(conn* c, int op, const char* b, size_t n) {
  static char f[16384];
  size_t h = 2;
  static const unsigned char k[4] = {0x5a, 0x13, 0xc7, 0x2e};
  f[0] = (char)(0x80 | op);
  if (n < 126) f[1] = (char)(0x80 | n);
  else {
    f[1] = (char)(0x80 | 126);
    f[2] = (char)(n >> 8);
    f[3] = (char)n;
    h = 4;
  }
  if (n + h + 4 > sizeof f) die("frame too big");
  memcpy(f + h, k, 4);
  h += 4;
  for (size_t i = 0; i < n; i++) f[h + i] = b[i] ^ k[i & 3];
  put(c, f, h + n);
}
static void dial(conn* c) {
  c->fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, host, &a.sin_addr);
  if (connect(c->fd, (void*)&a, sizeof a)) die("connect: %s", strerror(errno));
  int one = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  fcntl(c->fd, F_SETFL, O_NONBLOCK);
  struct epoll_event e = {EPOLLIN, {.ptr = c}};
  epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
  c->nin = c->nout = 0;
  c->want_out = 0;
}
static void ws_dial(conn* c) {
  char path[2048], hdr[2048], rq[5000];
  dial(c);
  expand(path, sizeof path, A.ws_path, c, c->user, "");
  expand(hdr, sizeof hdr, A.ws_header, c, c->user, "");
  int n = snprintf(rq, sizeof rq,
                   "GET %s HTTP/1.1\r\nHost: localhost:%d\r\nUpgrade: websocket\r\nConnection: "
                   "Upgrade\r\nSec-WebSocket-Key: "
                   "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
                   path, port, hdr);
  put(c, rq, n);
}
static void login_run(conn* c) { /* send every login_send up to the next login_expect */
  static char o[8192];
  while (c->login < A.nlogin && !A.login[c->login].expect) {
    size_t n = expand(o, sizeof o, A.login[c->login].text, c, c->user, "");
    ws_frame(c, 1, o, n);
    c->login++;
  }
  if (c->login == A.nlogin) {
    c->st = 2;
    ready++;
  }
}
