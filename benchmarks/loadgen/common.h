/* Includes, the clock, the way out, and histograms of 64 sub-buckets per power of two (<1.6 %
 * error). */
#pragma once

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

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}
static void die(const char* f, ...) {
  va_list a;
  va_start(a, f);
  fprintf(stderr, "loadgen: ");
  vfprintf(stderr, f, a);
  fputc('\n', stderr);
  exit(2);
}

typedef struct {
  uint64_t n, max, b[64 * 60];
} hist;
static void h_add(hist* h, uint64_t v) {
  int e = 63 - __builtin_clzll(v | 1),
      i = e < 6 ? (int)v : (e - 5) * 64 + (int)((v >> (e - 6)) & 63);
  h->b[i]++;
  h->n++;
  if (v > h->max) h->max = v;
}
static double h_q(hist* h, double q) { /* milliseconds */
  uint64_t want = (uint64_t)(q * h->n), c = 0;
  if (!h->n) return 0;
  for (int i = 0; i < 64 * 60; i++)
    if ((c += h->b[i]) > want) {
      if (i < 64) return i / 1e6;
      int e = i / 64 + 5;
      return (double)((64ull + i % 64) << (e - 6)) / 1e6;
    }
  return h->max / 1e6;
}
