/* One load generator for every server under comparison (single thread, epoll).
 *
 * What it says to a server comes from an adapter file (see adapters/ and README.md);
 * what it measures never changes between servers.
 *
 *   chat  R rooms x M members over websocket, K messages outstanding per room.  A message is
 *         outstanding until EVERY member of the room (the sender too) has received it.
 *   rest  K keep-alive connections, each POSTing durable commands in a closed loop
 *   life  K keep-alive connections, each walking whole lifecycles (the adapter's step lines)
 *   idle  open R x M websockets, log in/join, then sit still; reports memory
 *
 * Prints one JSON object. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ns(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000000ull + t.tv_nsec; }
static void die(const char *f, ...) { va_list a; va_start(a, f); fprintf(stderr, "loadgen: "); vfprintf(stderr, f, a); fputc('\n', stderr); exit(2); }

/* ---------- histogram: 64 sub-buckets per power of two (<1.6 % error) ---------- */
typedef struct { uint64_t n, max, b[64 * 60]; } hist;
static void h_add(hist *h, uint64_t v) {
  int e = 63 - __builtin_clzll(v | 1), i = e < 6 ? (int)v : (e - 5) * 64 + (int)((v >> (e - 6)) & 63);
  h->b[i]++; h->n++; if (v > h->max) h->max = v;
}
static double h_q(hist *h, double q) { /* milliseconds */
  uint64_t want = (uint64_t)(q * h->n), c = 0;
  if (!h->n) return 0;
  for (int i = 0; i < 64 * 60; i++) if ((c += h->b[i]) > want) {
    if (i < 64) return i / 1e6;
    int e = i / 64 + 5; return (double)((64ull + i % 64) << (e - 6)) / 1e6;
  }
  return h->max / 1e6;
}

/* ---------- CPU and memory of a process tree, from /proc ---------- */
typedef struct { double cpu; double rss_mb; int procs; } usage;
static usage tree(const int *roots, int nroots) {
  static struct { int pid, pp; double t; long rss; } p[8192]; int n = 0; usage u = {0, 0, 0};
  DIR *d = opendir("/proc"); struct dirent *e; double hz = sysconf(_SC_CLK_TCK); long pg = sysconf(_SC_PAGESIZE);
  while ((e = readdir(d)) && n < 8192) {
    if (!isdigit((unsigned char)e->d_name[0])) continue;
    char path[300], s[2048]; snprintf(path, sizeof path, "/proc/%s/stat", e->d_name);
    FILE *f = fopen(path, "r"); if (!f) continue;
    size_t l = fread(s, 1, sizeof s - 1, f); fclose(f); s[l] = 0;
    char *q = strrchr(s, ')'); if (!q) continue;
    long ut, st, cut, cst, rss; int pp;
    if (sscanf(q + 2, "%*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld %ld %ld %*d %*d %*d %*d %*u %*u %ld", &pp, &ut, &st, &cut, &cst, &rss) != 6) continue;
    p[n].pid = atoi(e->d_name); p[n].pp = pp; p[n].t = (ut + st + cut + cst) / hz; p[n].rss = rss; n++;
  }
  closedir(d);
  for (int i = 0; i < n; i++) {
    int x = p[i].pid, in = 0;
    for (int hop = 0; hop < 32 && x > 1 && !in; hop++) {
      for (int r = 0; r < nroots; r++) if (roots[r] == x) in = 1;
      int nx = 0; for (int j = 0; j < n; j++) if (p[j].pid == x) { nx = p[j].pp; break; }
      x = nx;
    }
    if (in) { u.cpu += p[i].t; u.rss_mb += p[i].rss * (double)pg / 1048576; u.procs++; }
  }
  return u;
}
static void machine(double *busy, double *total) {
  FILE *f = fopen("/proc/stat", "r"); double v[8] = {0};
  if (f && fscanf(f, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", v, v+1, v+2, v+3, v+4, v+5, v+6, v+7) != 8) die("/proc/stat");
  fclose(f); double hz = sysconf(_SC_CLK_TCK); *total = 0; for (int i = 0; i < 8; i++) *total += v[i] / hz; *busy = *total - (v[3] + v[4]) / hz;
}
static double self_cpu(void) { struct rusage r; getrusage(RUSAGE_SELF, &r); return r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6; }

/* ---------- adapter ---------- */
typedef struct { char who; int status; char method[8], path[512], body[2048]; } httpreq;
static struct {
  char ws_path[1024], ws_header[1024], ws_send[4096], ws_delivery[256], id_key[64];
  struct { int expect; char text[4096]; } login[32]; int nlogin;
  httpreq rest, step[32], prepare[8]; int nstep, nprepare;
} A;
static void parse_req(httpreq *r, char *v) {
  int off = 0; r->body[0] = 0;
  if (sscanf(v, " %c %7s %d %511s %n", &r->who, r->method, &r->status, r->path, &off) < 4) die("bad request line: %s", v);
  if (off) snprintf(r->body, sizeof r->body, "%s", v + off);
}
static void load_adapter(const char *file) {
  FILE *f = fopen(file, "r"); if (!f) die("no adapter %s", file); static char l[8192];
  strcpy(A.id_key, "\"id\":");
  while (fgets(l, sizeof l, f)) {
    l[strcspn(l, "\r\n")] = 0; char *k = l + strspn(l, " \t"); if (!*k || *k == '#') continue;
    char *v = strchr(k, '='); if (!v) die("adapter line: %s", l);
    char *e = v; while (e > k && isspace((unsigned char)e[-1])) e--; *e = 0; v++; v += strspn(v, " \t");
    if (!strcmp(k, "ws_path")) snprintf(A.ws_path, sizeof A.ws_path, "%s", v);
    else if (!strcmp(k, "ws_header")) snprintf(A.ws_header, sizeof A.ws_header, "%s\r\n", v);
    else if (!strcmp(k, "ws_send")) snprintf(A.ws_send, sizeof A.ws_send, "%s", v);
    else if (!strcmp(k, "ws_delivery")) snprintf(A.ws_delivery, sizeof A.ws_delivery, "%s", v);
    else if (!strcmp(k, "id_key")) snprintf(A.id_key, sizeof A.id_key, "%s", v);
    else if (!strcmp(k, "login_send") || !strcmp(k, "login_expect")) { A.login[A.nlogin].expect = k[6] == 'e'; snprintf(A.login[A.nlogin++].text, 4096, "%s", v); }
    else if (!strcmp(k, "rest")) parse_req(&A.rest, v);
    else if (!strcmp(k, "step")) { if (A.nstep == 32) die("too many steps"); parse_req(&A.step[A.nstep++], v); }
    else if (!strcmp(k, "prepare")) { if (A.nprepare == 8) die("too many preparations"); parse_req(&A.prepare[A.nprepare++], v); }
    else die("adapter key %s", k);
  }
  fclose(f);
}
static char **tok; static int ntok;
static void load_tokens(const char *file) {
  FILE *f = fopen(file, "r"); if (!f) die("no tokens %s", file); static char l[4096]; tok = calloc(100001, sizeof *tok);
  while (ntok < 100000 && fgets(l, sizeof l, f)) { l[strcspn(l, "\r\n")] = 0; tok[++ntok] = strdup(l); }
  fclose(f);
}

/* What a server calls the rooms, where that is not their number: lines "NUMBER NAME". */
static struct { int number; char *name; } *rooms; static int nrooms;
static void load_rooms(const char *file) {
  FILE *f = fopen(file, "r"); if (!f) die("no rooms %s", file); int number; static char name[256]; rooms = calloc(100000, sizeof *rooms);
  while (nrooms < 100000 && fscanf(f, "%d %255s", &number, name) == 2) { rooms[nrooms].number = number; rooms[nrooms++].name = strdup(name); }
  fclose(f);
}
static const char *room_name(int number) {
  for (int i = 0; i < nrooms; i++) if (rooms[i].number == number) return rooms[i].name;
  die("no name for room %d", number); return NULL;
}

/* ---------- options ---------- */
static char *mode, *host = "127.0.0.1"; static int port, R = 1, M = 2, room0 = 1, K = 4, nsrv, srv[64], npg, pgp[8];
static double warm = 2, secs = 6; static int body_len = 200, conc = 100;
static void pids(char *s, int *a, int *n) { for (char *t = strtok(s, ","); t; t = strtok(NULL, ",")) a[(*n)++] = atoi(t); }

/* ---------- connections ---------- */
typedef struct conn {
  int fd, ix, user, room, mem, st, login; const char *room_name; /* st: 0 http upgrade, 1 login, 2 ready, 3 dead */
  char *in; size_t nin, cin; char *out; size_t nout, cout; int want_out;
  uint64_t h, cnt; uint64_t t0; int step, prepared; char id[64]; uint64_t life0;
} conn;
static conn *C; static int nc, ep, ready, dead; static char nonce[5]; static uint64_t bytes_in;

static size_t expand(char *o, size_t cap, const char *t, conn *c, int user, const char *body) {
  size_t n = 0; char num[24];
  for (; *t && n + 1 < cap; ) {
    const char *s = NULL; int l = 0;
    if (*t == '{') {
      if (!strncmp(t, "{user}", 6)) { snprintf(num, sizeof num, "%d", user); s = num; l = 6; }
      else if (!strncmp(t, "{room}", 6)) { s = c->room_name; l = 6; if (!s) { snprintf(num, sizeof num, "%d", c->room); s = num; } }
      else if (!strncmp(t, "{token}", 7)) { if (user > ntok) die("too few tokens"); s = tok[user]; l = 7; }
      else if (!strncmp(t, "{body}", 6)) { s = body; l = 6; }
      else if (!strncmp(t, "{id}", 4)) { s = c->id; l = 4; }
    }
    if (s) { size_t m = strlen(s); if (n + m >= cap) die("expand"); memcpy(o + n, s, m); n += m; t += l; }
    else o[n++] = *t++;
  }
  o[n] = 0; return n;
}
static void arm(conn *c, int out) { if (c->want_out == out) return; c->want_out = out; struct epoll_event e = {EPOLLIN | (out ? EPOLLOUT : 0), {.ptr = c}}; epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e); }
static void put(conn *c, const char *b, size_t n) {
  if (!c->nout) { ssize_t w = send(c->fd, b, n, MSG_NOSIGNAL); if (w < 0) { if (errno != EAGAIN) return; w = 0; } b += w; n -= w; }
  if (!n) return;
  if (c->nout + n > c->cout) { c->cout = (c->nout + n) * 2; c->out = realloc(c->out, c->cout); }
  memcpy(c->out + c->nout, b, n); c->nout += n; arm(c, 1);
}
static void flush_out(conn *c) {
  ssize_t w = send(c->fd, c->out, c->nout, MSG_NOSIGNAL); if (w <= 0) return;
  memmove(c->out, c->out + w, c->nout - w); c->nout -= w; if (!c->nout) arm(c, 0);
}
static void ws_frame(conn *c, int op, const char *b, size_t n) {
  static char f[16384]; size_t h = 2; static const unsigned char k[4] = {0x5a, 0x13, 0xc7, 0x2e};
  f[0] = (char)(0x80 | op);
  if (n < 126) f[1] = (char)(0x80 | n); else { f[1] = (char)(0x80 | 126); f[2] = (char)(n >> 8); f[3] = (char)n; h = 4; }
  if (n + h + 4 > sizeof f) die("frame too big");
  memcpy(f + h, k, 4); h += 4; for (size_t i = 0; i < n; i++) f[h + i] = b[i] ^ k[i & 3];
  put(c, f, h + n);
}
static void dial(conn *c) {
  c->fd = socket(AF_INET, SOCK_STREAM, 0); struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)}; inet_pton(AF_INET, host, &a.sin_addr);
  if (connect(c->fd, (void *)&a, sizeof a)) die("connect: %s", strerror(errno));
  int one = 1; setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); fcntl(c->fd, F_SETFL, O_NONBLOCK);
  struct epoll_event e = {EPOLLIN, {.ptr = c}}; epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e); c->nin = c->nout = 0; c->want_out = 0;
}
static void ws_dial(conn *c) {
  char path[2048], hdr[2048], rq[5000]; dial(c);
  expand(path, sizeof path, A.ws_path, c, c->user, ""); expand(hdr, sizeof hdr, A.ws_header, c, c->user, "");
  int n = snprintf(rq, sizeof rq, "GET %s HTTP/1.1\r\nHost: localhost:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n", path, port, hdr);
  put(c, rq, n);
}
static void login_run(conn *c) { /* send every login_send up to the next login_expect */
  static char o[8192];
  while (c->login < A.nlogin && !A.login[c->login].expect) { size_t n = expand(o, sizeof o, A.login[c->login].text, c, c->user, ""); ws_frame(c, 1, o, n); c->login++; }
  if (c->login == A.nlogin) { c->st = 2; ready++; }
}

/* ---------- messages in flight ---------- */
#define RING (1u << 18)
static struct { uint64_t seq, t; int room, mem, got; } ring[RING];
static uint64_t next_seq = 1, oldest = 1, lost, dups, fifo_bad, sent; static uint32_t *rr; static uint64_t *lastseq;
static int measuring, sending; static hist H, HC; static uint64_t deliveries, completed, last_delivery, max_gap; static uint64_t errors; static char err1[400];
static char filler[4096];
static void chat_send(int room) {
  int m = rr[room]++ % M; conn *c = &C[room * M + m]; static char body[4200], o[8192];
  uint64_t s = next_seq++; snprintf(body, sizeof body, "#M%s%010llu#%s", nonce, (unsigned long long)s, filler);
  size_t n = expand(o, sizeof o, A.ws_send, c, c->user, body);
  uint32_t i = s & (RING - 1); ring[i].seq = s; ring[i].room = room; ring[i].mem = m; ring[i].got = 0; ring[i].t = now_ns(); sent++;
  ws_frame(c, 1, o, n);
}
static void on_text(conn *c, const char *p, size_t n) {
  if (c->st == 1) {
    static char want[8192]; expand(want, sizeof want, A.login[c->login].text, c, c->user, "");
    if (memmem(p, n, want, strlen(want))) { c->login++; login_run(c); }
    return;
  }
  if (*A.ws_delivery && !memmem(p, n, A.ws_delivery, strlen(A.ws_delivery))) return; /* of something else than a message */
  const char *q = memmem(p, n, "#M", 2); if (!q || q + 17 > p + n || memcmp(q + 2, nonce, 4)) return;
  uint64_t s = 0; for (int i = 6; i < 16; i++) s = s * 10 + (q[i] - '0');
  uint64_t t = now_ns(); uint32_t i = s & (RING - 1); if (ring[i].seq != s) { dups++; return; }
  c->h = c->h * 1099511628211ull + s; c->cnt++;
  uint64_t *ls = &lastseq[(size_t)c->ix * M + ring[i].mem]; if (s < *ls) fifo_bad++; else *ls = s;
  if (measuring) { deliveries++; h_add(&H, t - ring[i].t); if (last_delivery && t - last_delivery > max_gap) max_gap = t - last_delivery; last_delivery = t; }
  if (++ring[i].got == M) {
    if (measuring) { completed++; h_add(&HC, t - ring[i].t); }
    if (sending) chat_send(ring[i].room);
  } else if (ring[i].got > M) dups++;
}
static void reap_lost(void) {
  uint64_t t = now_ns();
  while (oldest < next_seq && ring[oldest & (RING - 1)].got >= M) oldest++;
  for (uint64_t s = oldest; s < next_seq; s++) { uint32_t i = s & (RING - 1);
    if (ring[i].got < M && t - ring[i].t > 15000000000ull) { lost++; ring[i].got = 1 << 20; if (sending) chat_send(ring[i].room); } }
}

/* ---------- HTTP ---------- */
static httpreq *request_of(conn *c) { return c->prepared < A.nprepare ? &A.prepare[c->prepared] : mode[0] == 'r' ? &A.rest : &A.step[c->step]; }
static void http_send(conn *c) {
  static char path[2048], body[4200], js[8192], rq[16384]; httpreq *r = request_of(c);
  int user = r->who == 'B' ? c->user + 1 : c->user; uint64_t s = next_seq++;
  snprintf(body, sizeof body, "#M%s%010llu#%s", nonce, (unsigned long long)s, filler);
  expand(path, sizeof path, r->path, c, user, body); size_t n = expand(js, sizeof js, r->body, c, user, body);
  int l = snprintf(rq, sizeof rq, "%s %s HTTP/1.1\r\nHost: localhost:%d\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", r->method, path, port, tok[user], n, js);
  c->t0 = now_ns(); if (mode[0] == 'l' && !c->step) c->life0 = c->t0; sent++; put(c, rq, l);
}
static int http_done(conn *c, int *status, int *close_it, char **body) { /* 1 when a whole response is in c->in */
  c->in[c->nin] = 0; char *e = strstr(c->in, "\r\n\r\n"); if (!e) return 0;
  *status = atoi(c->in + 9); *e = 0; char *cl = strcasestr(c->in, "content-length:"), *te = strcasestr(c->in, "transfer-encoding: chunked");
  char *cc = strcasestr(c->in, "connection: close"); *e = '\r'; *close_it = cc != NULL; *body = e + 4; size_t have = c->in + c->nin - (e + 4);
  if (cl) return have >= strtoul(cl + 15, NULL, 10);
  if (te) return have >= 5 && !memcmp(c->in + c->nin - 5, "0\r\n\r\n", 5);
  return *status == 204;
}
static void redial(conn *c) { epoll_ctl(ep, EPOLL_CTL_DEL, c->fd, NULL); close(c->fd); dial(c); }
static uint64_t reconnects;
static void on_http(conn *c) {
  int st, cl; char *b; if (!http_done(c, &st, &cl, &b)) return;
  uint64_t t = now_ns(); httpreq *r = request_of(c); int ok = st == r->status;
  if (!ok) { if (!errors++) snprintf(err1, sizeof err1, "%s %s -> %.300s", r->method, r->path, c->in); }
  if (c->prepared < A.nprepare) { /* outside of what is measured; unprepared, nothing would be worth measuring */
    if (!ok) die("%s", err1);
    c->nin = 0; c->st = ++c->prepared < A.nprepare ? 1 : 2; if (cl) redial(c); if (c->st == 1) http_send(c); return;
  }
  if (measuring) { deliveries++; h_add(&H, t - c->t0); }
  if (mode[0] == 'l') {
    if (ok && c->step == 0) { char *q = strstr(b, A.id_key); int i = 0; if (!q) die("no id in %s", b);
      q += strlen(A.id_key); while (*q == ' ' || *q == '"') q++; while (*q && !strchr("\",} \r\n", *q) && i < 63) c->id[i++] = *q++; c->id[i] = 0; }
    if (ok && ++c->step == A.nstep) { c->step = 0; if (measuring) { completed++; h_add(&HC, t - c->life0); } }
    if (!ok) c->step = 0;
  } else completed += measuring && ok;
  c->nin = 0; if (cl) { redial(c); reconnects++; }
  c->st = 2; if (sending || (mode[0] == 'l' && c->step)) { c->st = 1; http_send(c); } /* a lifecycle that has begun is ended */
}

/* ---------- event loop ---------- */
static void ws_parse(conn *c) {
  size_t o = 0;
  if (c->st == 0) {
    char *e = memmem(c->in, c->nin, "\r\n\r\n", 4); if (!e) return;
    if (memcmp(c->in + 9, "101", 3)) die("upgrade refused: %.200s", c->in);
    o = e + 4 - c->in; c->st = 1; login_run(c);
  }
  for (;;) {
    size_t left = c->nin - o; unsigned char *p = (unsigned char *)c->in + o; if (left < 2) break;
    size_t n = p[1] & 127, h = 2;
    if (n == 126) { if (left < 4) break; n = p[2] << 8 | p[3]; h = 4; }
    else if (n == 127) { if (left < 10) break; n = 0; for (int i = 2; i < 10; i++) n = n << 8 | p[i]; h = 10; }
    if (left < h + n) break;
    int op = p[0] & 15; if (op <= 2) on_text(c, (char *)p + h, n); else if (op == 9) ws_frame(c, 10, (char *)p + h, n); else if (op == 8) { fprintf(stderr, "loadgen: server closed user %d: %.*s\n", c->user, n > 2 ? (int)n - 2 : 0, (char *)p + h + 2); }
    o += h + n;
  }
  if (o) { memmove(c->in, c->in + o, c->nin - o); c->nin -= o; }
}
static int ws_mode;
static void pump(int ms) {
  static struct epoll_event ev[1024]; int n = epoll_wait(ep, ev, 1024, ms);
  for (int i = 0; i < n; i++) {
    conn *c = ev[i].data.ptr; if (ev[i].events & EPOLLOUT) flush_out(c);
    if (!(ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) continue;
    if (c->cin - c->nin < 8192) { c->cin = c->cin * 2 + 16384; c->in = realloc(c->in, c->cin + 1); }
    ssize_t r = recv(c->fd, c->in + c->nin, c->cin - c->nin, 0);
    if (r < 0 && errno == EAGAIN) continue;
    if (r <= 0) {
      if (!ws_mode) { int busy = c->st == 1; redial(c); reconnects++; if (busy) { if (!errors++) snprintf(err1, sizeof err1, "connection closed mid-request"); if (sending) http_send(c); } continue; }
      epoll_ctl(ep, EPOLL_CTL_DEL, c->fd, NULL); close(c->fd); c->st = 3; dead++; if (dead == 1) fprintf(stderr, "loadgen: lost connection of user %d\n", c->user); continue;
    }
    bytes_in += r; c->nin += r; if (ws_mode) ws_parse(c); else on_http(c);
  }
}
int main(int ac, char **av) {
  char *adapter = NULL, *tokens = NULL, *names = NULL; double settle = 1; if (ac < 2) die("usage: loadgen chat|rest|life|idle --adapter F --tokens F --port P ..."); mode = av[1];
  for (int i = 2; i + 1 < ac; i += 2) { char *k = av[i], *v = av[i + 1];
    if (!strcmp(k, "--adapter")) adapter = v; else if (!strcmp(k, "--tokens")) tokens = v; else if (!strcmp(k, "--room-names")) names = v; else if (!strcmp(k, "--host")) host = v; else if (!strcmp(k, "--port")) port = atoi(v);
    else if (!strcmp(k, "--rooms")) R = atoi(v); else if (!strcmp(k, "--members")) M = atoi(v); else if (!strcmp(k, "--first-room")) room0 = atoi(v); else if (!strcmp(k, "--outstanding")) K = atoi(v);
    else if (!strcmp(k, "--warm")) warm = atof(v); else if (!strcmp(k, "--secs")) secs = atof(v); else if (!strcmp(k, "--settle")) settle = atof(v); else if (!strcmp(k, "--server-pids")) pids(v, srv, &nsrv); else if (!strcmp(k, "--pg-pids")) pids(v, pgp, &npg);
    else if (!strcmp(k, "--connect-concurrency")) conc = atoi(v); else if (!strcmp(k, "--body")) body_len = atoi(v); else die("option %s", k); }
  load_adapter(adapter); load_tokens(tokens); if (names) load_rooms(names); struct rlimit rl; getrlimit(RLIMIT_NOFILE, &rl); rl.rlim_cur = rl.rlim_max; setrlimit(RLIMIT_NOFILE, &rl);
  ep = epoll_create1(0); srand((unsigned)now_ns() ^ getpid()); snprintf(nonce, 5, "%04x", rand() & 0xffff);
  for (int i = 0; i < body_len - 17; i++) filler[i] = "the quick brown fox jumps over a lazy dog "[i % 42];
  ws_mode = mode[0] == 'c' || mode[0] == 'i'; nc = ws_mode ? R * M : K; C = calloc(nc, sizeof *C); rr = calloc(R, sizeof *rr); lastseq = calloc((size_t)nc * M, sizeof *lastseq);
  usage u0 = tree(srv, nsrv), s0, s1, p0, p1; double b0, t0, b1, t1; uint64_t c0 = now_ns();
  for (int i = 0; i < nc; i++) { conn *c = &C[i]; c->ix = i; c->fd = -1;
    if (ws_mode) { c->room = room0 + i / M; c->mem = i % M; c->user = i + 1; } else { c->user = 2 * i + 1; c->room = room0 + i; }
    if (names) c->room_name = room_name(c->room); }
  if (ws_mode) { int d = 0; while (ready < nc) { while (d < nc && d - ready < conc) ws_dial(&C[d++]); pump(100); if (dead) die("connection lost while joining"); if (now_ns() - c0 > 120000000000ull) die("only %d of %d joined", ready, nc); } }
  else {
    for (int i = 0; i < nc; i++) { dial(&C[i]); C[i].st = 2; if (A.nprepare) { C[i].st = 1; http_send(&C[i]); } }
    for (int left = A.nprepare > 0; left;) { pump(20); left = 0; for (int i = 0; i < nc; i++) left |= C[i].st == 1; if (now_ns() - c0 > 60000000000ull) die("not prepared"); }
    sent = 0;
  }
  double join_s = (now_ns() - c0) / 1e9;
  for (uint64_t e = now_ns() + settle * 1e9; now_ns() < e;) pump(50);
  if (mode[0] == 'i') { usage u1 = tree(srv, nsrv);
    printf("{\"mode\":\"idle\",\"conns\":%d,\"alive\":%d,\"join_s\":%.2f,\"rss0_mb\":%.1f,\"rss_mb\":%.1f,\"kb_per_conn\":%.1f,\"server_procs\":%d}\n", nc, nc - dead, join_s, u0.rss_mb, u1.rss_mb, (u1.rss_mb - u0.rss_mb) * 1024 / nc, u1.procs); return 0; }
  sending = 1; if (ws_mode) { for (int k = 0; k < K; k++) for (int r = 0; r < R; r++) chat_send(r); } else for (int i = 0; i < nc; i++) { C[i].st = 1; http_send(&C[i]); }
  uint64_t w = now_ns() + warm * 1e9, chk = 0; while (now_ns() < w) { pump(20); if (ws_mode && now_ns() > chk) { reap_lost(); chk = now_ns() + 500000000ull; } }
  s0 = tree(srv, nsrv); p0 = tree(pgp, npg); machine(&b0, &t0); double cc0 = self_cpu(); uint64_t m0 = now_ns(), end = m0 + secs * 1e9; measuring = 1;
  while (now_ns() < end) { pump(20); if (ws_mode && now_ns() > chk) { reap_lost(); chk = now_ns() + 500000000ull; } }
  measuring = 0; double el = (now_ns() - m0) / 1e9, cc = self_cpu() - cc0; s1 = tree(srv, nsrv); p1 = tree(pgp, npg); machine(&b1, &t1); sending = 0;
  uint64_t stop = now_ns() + 20000000000ull; int same = 1, left = 1;
  while (left && now_ns() < stop) { pump(20); left = 0; if (ws_mode) { reap_lost(); left = oldest < next_seq; for (uint64_t s = oldest; left && s < next_seq; s++) { left = ring[s & (RING - 1)].got < M; if (left) break; } } else for (int i = 0; i < nc; i++) left |= C[i].st == 1; }
  for (int i = 0; ws_mode && i < nc; i++) if (C[i].h != C[i - i % M].h || C[i].cnt != C[i - i % M].cnt) same = 0;
  double scpu = s1.cpu - s0.cpu, pcpu = p1.cpu - p0.cpu, dk = deliveries / 1000.0;
  printf("{\"mode\":\"%s\",\"rooms\":%d,\"members\":%d,\"outstanding\":%d,\"secs\":%.2f,\"join_s\":%.2f,\"messages_s\":%.1f,\"deliveries_s\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.1f,\"full_p50_ms\":%.3f,\"full_p99_ms\":%.3f,\"max_gap_ms\":%.1f,"
         "\"server_cpu_s_per_1k\":%.4f,\"pg_cpu_s_per_1k\":%.4f,\"server_cores\":%.3f,\"pg_cores\":%.3f,\"client_cores\":%.3f,\"other_cores\":%.3f,\"machine_busy\":%.3f,\"server_rss_mb\":%.1f,\"server_procs\":%d,\"pg_procs\":%d,"
         "\"sent\":%llu,\"lost\":%llu,\"dup\":%llu,\"fifo_bad\":%llu,\"same_order\":%s,\"dead\":%d,\"errors\":%llu,\"reconnects\":%llu,\"bytes_per_delivery\":%.0f}\n",
         mode, R, M, K, el, join_s, completed / el, deliveries / el, h_q(&H, .5), h_q(&H, .99), H.max / 1e6, h_q(&HC, .5), h_q(&HC, .99), max_gap / 1e6,
         dk ? scpu / dk : 0, dk ? pcpu / dk : 0, scpu / el, pcpu / el, cc / el, (b1 - b0 - scpu - pcpu - cc) / el, (b1 - b0) / (t1 - t0), s1.rss_mb, s1.procs, p1.procs,
         (unsigned long long)sent, (unsigned long long)lost, (unsigned long long)dups, (unsigned long long)fifo_bad, ws_mode ? (same ? "true" : "false") : "null", dead, (unsigned long long)errors, (unsigned long long)reconnects, sent ? (double)bytes_in / (ws_mode ? sent * (double)M : sent) : 0);
  if (errors) fprintf(stderr, "loadgen: %llu errors, first: %s\n", (unsigned long long)errors, err1);
  return errors ? 1 : 0;
}
