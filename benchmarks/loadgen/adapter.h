/* What is said to a server: the adapter file, tokens, the rooms' own names. */
#pragma once

#include "common.h"

typedef struct {
  char who;
  int status;
  char method[8], path[512], body[2048];
} httpreq;
static struct {
  char ws_path[1024], ws_header[1024], ws_send[4096], ws_delivery[256], id_key[64];
  struct {
    int expect;
    char text[4096];
  } login[32];
  int nlogin;
  httpreq rest, step[32], prepare[8];
  int nstep, nprepare;
} A;
static void parse_req(httpreq* r, char* v) {
  int off = 0;
  r->body[0] = 0;
  if (sscanf(v, " %c %7s %d %511s %n", &r->who, r->method, &r->status, r->path, &off) < 4)
    die("bad request line: %s", v);
  if (off) snprintf(r->body, sizeof r->body, "%s", v + off);
}
static void load_adapter(const char* file) {
  FILE* f = fopen(file, "r");
  if (!f) die("no adapter %s", file);
  static char l[8192];
  strcpy(A.id_key, "\"id\":");
  while (fgets(l, sizeof l, f)) {
    l[strcspn(l, "\r\n")] = 0;
    char* k = l + strspn(l, " \t");
    if (!*k || *k == '#') continue;
    char* v = strchr(k, '=');
    if (!v) die("adapter line: %s", l);
    char* e = v;
    while (e > k && isspace((unsigned char)e[-1])) e--;
    *e = 0;
    v++;
    v += strspn(v, " \t");
    if (!strcmp(k, "ws_path")) snprintf(A.ws_path, sizeof A.ws_path, "%s", v);
    else if (!strcmp(k, "ws_header")) snprintf(A.ws_header, sizeof A.ws_header, "%s\r\n", v);
    else if (!strcmp(k, "ws_send")) snprintf(A.ws_send, sizeof A.ws_send, "%s", v);
    else if (!strcmp(k, "ws_delivery")) snprintf(A.ws_delivery, sizeof A.ws_delivery, "%s", v);
    else if (!strcmp(k, "id_key")) snprintf(A.id_key, sizeof A.id_key, "%s", v);
    else if (!strcmp(k, "login_send") || !strcmp(k, "login_expect")) {
      A.login[A.nlogin].expect = k[6] == 'e';
      snprintf(A.login[A.nlogin++].text, 4096, "%s", v);
    } else if (!strcmp(k, "rest")) parse_req(&A.rest, v);
    else if (!strcmp(k, "step")) {
      if (A.nstep == 32) die("too many steps");
      parse_req(&A.step[A.nstep++], v);
    } else if (!strcmp(k, "prepare")) {
      if (A.nprepare == 8) die("too many preparations");
      parse_req(&A.prepare[A.nprepare++], v);
    } else die("adapter key %s", k);
  }
  fclose(f);
}
static char** tok;
static int ntok;
static void load_tokens(const char* file) {
  FILE* f = fopen(file, "r");
  if (!f) die("no tokens %s", file);
  static char l[4096];
  tok = calloc(100001, sizeof *tok);
  while (ntok < 100000 && fgets(l, sizeof l, f)) {
    l[strcspn(l, "\r\n")] = 0;
    tok[++ntok] = strdup(l);
  }
  fclose(f);
}

/* What a server calls the rooms, where that is not their number: lines "NUMBER NAME". */
static struct {
  int number;
  char* name;
}* rooms;
static int nrooms;
static void load_rooms(const char* file) {
  FILE* f = fopen(file, "r");
  if (!f) die("no rooms %s", file);
  int number;
  static char name[256];
  rooms = calloc(100000, sizeof *rooms);
  while (nrooms < 100000 && fscanf(f, "%d %255s", &number, name) == 2) {
    rooms[nrooms].number = number;
    rooms[nrooms++].name = strdup(name);
  }
  fclose(f);
}
static const char* room_name(int number) {
  for (int i = 0; i < nrooms; i++)
    if (rooms[i].number == number) return rooms[i].name;
  die("no name for room %d", number);
  return NULL;
}
