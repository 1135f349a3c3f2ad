/* The event loop: what has come is read and taken apart. */
#pragma once

#include "requests.h"

static void ws_parse(conn* c) {
  size_t o = 0;
  if (c->st == 0) {
    char* e = memmem(c->in, c->nin, "\r\n\r\n", 4);
    if (!e) return;
    if (memcmp(c->in + 9, "101", 3)) die("upgrade refused: %.200s", c->in);
    o = e + 4 - c->in;
    c->st = 1;
    login_run(c);
  }
  for (;;) {
    size_t left = c->nin - o;
    unsigned char* p = (unsigned char*)c->in + o;
    if (left < 2) break;
    size_t n = p[1] & 127, h = 2;
    if (n == 126) {
      if (left < 4) break;
      n = p[2] << 8 | p[3];
      h = 4;
    } else if (n == 127) {
      if (left < 10) break;
      n = 0;
      for (int i = 2; i < 10; i++) n = n << 8 | p[i];
      h = 10;
    }
    if (left < h + n) break;
    int op = p[0] & 15;
    if (op <= 2) on_text(c, (char*)p + h, n);
    else if (op == 9) ws_frame(c, 10, (char*)p + h, n);
    else if (op == 8) {
      fprintf(stderr, "loadgen: server closed user %d: %.*s\n", c->user, n > 2 ? (int)n - 2 : 0,
              (char*)p + h + 2);
    }
    o += h + n;
  }
  if (o) {
    memmove(c->in, c->in + o, c->nin - o);
    c->nin -= o;
  }
}
static int ws_mode;
static void pump(int ms) {
  static struct epoll_event ev[1024];
  int n = epoll_wait(ep, ev, 1024, ms);
  for (int i = 0; i < n; i++) {
    conn* c = ev[i].data.ptr;
    if (ev[i].events & EPOLLOUT) flush_out(c);
    if (!(ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) continue;
    if (c->cin - c->nin < 8192) {
      c->cin = c->cin * 2 + 16384;
      c->in = realloc(c->in, c->cin + 1);
    }
    ssize_t r = recv(c->fd, c->in + c->nin, c->cin - c->nin, 0);
    if (r < 0 && errno == EAGAIN) continue;
    if (r <= 0) {
      if (!ws_mode) {
        int busy = c->st == 1;
        redial(c);
        reconnects++;
        if (busy) {
          if (!errors++) snprintf(err1, sizeof err1, "connection closed mid-request");
          if (sending) http_send(c);
        }
        continue;
      }
      epoll_ctl(ep, EPOLL_CTL_DEL, c->fd, NULL);
      close(c->fd);
      c->st = 3;
      dead++;
      if (dead == 1) fprintf(stderr, "loadgen: lost connection of user %d\n", c->user);
      continue;
    }
    bytes_in += r;
    c->nin += r;
    if (ws_mode) ws_parse(c);
    else on_http(c);
  }
}
