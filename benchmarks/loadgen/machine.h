/* CPU and memory of process trees and of the machine, from /proc. */
#pragma once

#include "common.h"

typedef struct {
  double cpu;
  double rss_mb;
  int procs;
} usage;
static usage tree(const int* roots, int nroots) {
  static struct {
    int pid, pp;
    double t;
    long rss;
  } p[8192];
  int n = 0;
  usage u = {0, 0, 0};
  DIR* d = opendir("/proc");
  struct dirent* e;
  double hz = sysconf(_SC_CLK_TCK);
  long pg = sysconf(_SC_PAGESIZE);
  while ((e = readdir(d)) && n < 8192) {
    if (!isdigit((unsigned char)e->d_name[0])) continue;
    char path[300], s[2048];
    snprintf(path, sizeof path, "/proc/%s/stat", e->d_name);
    FILE* f = fopen(path, "r");
    if (!f) continue;
    size_t l = fread(s, 1, sizeof s - 1, f);
    fclose(f);
    s[l] = 0;
    char* q = strrchr(s, ')');
    if (!q) continue;
    long ut, st, cut, cst, rss;
    int pp;
    if (sscanf(q + 2,
               "%*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld %ld %ld %*d %*d %*d %*d %*u %*u "
               "%ld",
               &pp, &ut, &st, &cut, &cst, &rss) != 6)
      continue;
    p[n].pid = atoi(e->d_name);
    p[n].pp = pp;
    p[n].t = (ut + st + cut + cst) / hz;
    p[n].rss = rss;
    n++;
  }
  closedir(d);
  for (int i = 0; i < n; i++) {
    int x = p[i].pid, in = 0;
    for (int hop = 0; hop < 32 && x > 1 && !in; hop++) {
      for (int r = 0; r < nroots; r++)
        if (roots[r] == x) in = 1;
      int nx = 0;
      for (int j = 0; j < n; j++)
        if (p[j].pid == x) {
          nx = p[j].pp;
          break;
        }
      x = nx;
    }
    if (in) {
      u.cpu += p[i].t;
      u.rss_mb += p[i].rss * (double)pg / 1048576;
      u.procs++;
    }
  }
  return u;
}
static void machine(double* busy, double* total) {
  FILE* f = fopen("/proc/stat", "r");
  double v[8] = {0};
  if (f && fscanf(f, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", v, v + 1, v + 2, v + 3, v + 4, v + 5,
                  v + 6, v + 7) != 8)
    die("/proc/stat");
  fclose(f);
  double hz = sysconf(_SC_CLK_TCK);
  *total = 0;
  for (int i = 0; i < 8; i++) *total += v[i] / hz;
  *busy = *total - (v[3] + v[4]) / hz;
}
static double self_cpu(void) {
  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  return r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}
