/* HTTP: requests one after the other on each connection, and lifecycles of them. */
#pragma once

#include "messages.h"

static httpreq* request_of(conn* c) {
  return c->prepared < A.nprepare ? &A.prepare[c->prepared]
         : mode[0] == 'r'         ? &A.rest
                                  : &A.step[c->step];
}
static void http_send(conn* c) {
  static char path[2048], body[4200], js[8192], rq[16384];
  httpreq* r = request_of(c);
  int user = r->who == 'B' ? c->user + 1 : c->user;
  uint64_t s = next_seq++;
  snprintf(body, sizeof body, "#M%s%010llu#%s", nonce, (unsigned long long)s, filler);
  expand(path, sizeof path, r->path, c, user, body);
  size_t n = expand(js, sizeof js, r->body, c, user, body);
  int l = snprintf(rq, sizeof rq,
                   "%s %s HTTP/1.1\r\nHost: localhost:%d\r\nAuthorization: Bearer "
                   "%s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                   r->method, path, port, tok[user], n, js);
  c->t0 = now_ns();
  if (mode[0] == 'l' && !c->step) c->life0 = c->t0;
  sent++;
  put(c, rq, l);
}
static int http_done(conn* c, int* status, int* close_it,
                     char** body) { /* 1 when a whole response is in c->in */
  c->in[c->nin] = 0;
  char* e = strstr(c->in, "\r\n\r\n");
  if (!e) return 0;
  *status = atoi(c->in + 9);
  *e = 0;
  char *cl = strcasestr(c->in, "content-length:"),
       *te = strcasestr(c->in, "transfer-encoding: chunked");
  char* cc = strcasestr(c->in, "connection: close");
  *e = '\r';
  *close_it = cc != NULL;
  *body = e + 4;
  size_t have = c->in + c->nin - (e + 4);
  if (cl) return have >= strtoul(cl + 15, NULL, 10);
  if (te) return have >= 5 && !memcmp(c->in + c->nin - 5, "0\r\n\r\n", 5);
  return *status == 204;
}
static void redial(conn* c) {
  epoll_ctl(ep, EPOLL_CTL_DEL, c->fd, NULL);
  close(c->fd);
  dial(c);
}
static uint64_t reconnects;
static void on_http(conn* c) {
  int st, cl;
  char* b;
  if (!http_done(c, &st, &cl, &b)) return;
  uint64_t t = now_ns();
  httpreq* r = request_of(c);
  int ok = st == r->status;
  if (!ok) {
    if (!errors++) snprintf(err1, sizeof err1, "%s %s -> %.300s", r->method, r->path, c->in);
  }
  if (c->prepared <
      A.nprepare) { /* outside of what is measured; unprepared, nothing would be worth measuring */
    if (!ok) die("%s", err1);
    c->nin = 0;
    c->st = ++c->prepared < A.nprepare ? 1 : 2;
    if (cl) redial(c);
    if (c->st == 1) http_send(c);
    return;
  }
  if (measuring) {
    deliveries++;
    h_add(&H, t - c->t0);
  }
  if (mode[0] == 'l') {
    if (ok && c->step == 0) {
      char* q = strstr(b, A.id_key);
      int i = 0;
      if (!q) die("no id in %s", b);
      q += strlen(A.id_key);
      while (*q == ' ' || *q == '"') q++;
      while (*q && !strchr("\",} \r\n", *q) && i < 63) c->id[i++] = *q++;
      c->id[i] = 0;
    }
    if (ok && ++c->step == A.nstep) {
      c->step = 0;
      if (measuring) {
        completed++;
        h_add(&HC, t - c->life0);
      }
    }
    if (!ok) c->step = 0;
  } else completed += measuring && ok;
  c->nin = 0;
  if (cl) {
    redial(c);
    reconnects++;
  }
  c->st = 2;
  if (sending || (mode[0] == 'l' && c->step)) {
    c->st = 1;
    http_send(c);
  } /* a lifecycle that has begun is ended */
}
