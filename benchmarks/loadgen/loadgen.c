/* One load generator for every server under comparison (single thread, epoll).
 *
 * What it says to a server comes from an adapter file (../adapters);
 * what it measures never changes between servers.
 *
 *   chat  R rooms x M members over websocket, K messages outstanding per room.  A message is
 *         outstanding until EVERY member of the room (the sender too) has received it.
 *   rest  K keep-alive connections, each POSTing durable commands in a closed loop
 *   life  K keep-alive connections, each walking whole lifecycles (the adapter's step lines)
 *   idle  open R x M websockets, log in/join, then sit still; reports memory
 *
 * Prints one JSON object. */
#include "common.h"

#include "machine.h"
#include "pump.h"

#define SECOND 1000000000ull
#define JOIN_SECONDS_MOST 120
#define PREPARE_SECONDS_MOST 60
#define DRAIN_SECONDS_MOST 20

static double settle = 1;

/* What the machine and the processes have used so far, and when. */
typedef struct {
  usage server, postgres;
  double busy, total, own;
  uint64_t at;
} moment;

static moment look(void) {
  moment m;
  m.server = tree(srv, nsrv);
  m.postgres = tree(pgp, npg);
  machine(&m.busy, &m.total);
  m.own = self_cpu();
  m.at = now_ns();
  return m;
}

static void parse_options(int ac, char** av) {
  char *adapter = NULL, *tokens = NULL, *names = NULL;
  const struct {
    const char* name;
    int* whole;
    double* number;
    char** text;
  } options[] = {
      {"--adapter", NULL, NULL, &adapter},  {"--tokens", NULL, NULL, &tokens},
      {"--room-names", NULL, NULL, &names}, {"--host", NULL, NULL, &host},
      {"--port", &port, NULL, NULL},        {"--rooms", &R, NULL, NULL},
      {"--members", &M, NULL, NULL},        {"--first-room", &room0, NULL, NULL},
      {"--outstanding", &K, NULL, NULL},    {"--connect-concurrency", &conc, NULL, NULL},
      {"--body", &body_len, NULL, NULL},    {"--warm", NULL, &warm, NULL},
      {"--secs", NULL, &secs, NULL},        {"--settle", NULL, &settle, NULL},
  };
  const int count = sizeof options / sizeof *options;
  if (ac < 2) die("usage: loadgen chat|rest|life|idle --adapter F --tokens F --port P ...");
  mode = av[1];
  for (int i = 2; i + 1 < ac; i += 2) {
    int o = 0;
    while (o < count && strcmp(av[i], options[o].name)) o++;
    if (!strcmp(av[i], "--server-pids")) pids(av[i + 1], srv, &nsrv);
    else if (!strcmp(av[i], "--pg-pids")) pids(av[i + 1], pgp, &npg);
    else if (o == count) die("option %s", av[i]);
    else if (options[o].whole) *options[o].whole = atoi(av[i + 1]);
    else if (options[o].number) *options[o].number = atof(av[i + 1]);
    else *options[o].text = av[i + 1];
  }
  if (!adapter || !tokens) die("an adapter and tokens are needed");
  load_adapter(adapter);
  load_tokens(tokens);
  if (names) load_rooms(names);
}

static void make_connections(void) {
  struct rlimit rl;
  getrlimit(RLIMIT_NOFILE, &rl);
  rl.rlim_cur = rl.rlim_max;
  setrlimit(RLIMIT_NOFILE, &rl);
  ep = epoll_create1(0);
  srand((unsigned)now_ns() ^ getpid());
  snprintf(nonce, 5, "%04x", rand() & 0xffff);
  for (int i = 0; i < body_len - 17; i++)
    filler[i] = "the quick brown fox jumps over a lazy dog "[i % 42];
  ws_mode = mode[0] == 'c' || mode[0] == 'i';
  nc = ws_mode ? R * M : K;
  C = calloc(nc, sizeof *C);
  rr = calloc(R, sizeof *rr);
  lastseq = calloc((size_t)nc * M, sizeof *lastseq);
  for (int i = 0; i < nc; i++) {
    conn* c = &C[i];
    c->ix = i;
    c->fd = -1;
    c->user = ws_mode ? i + 1 : 2 * i + 1;
    c->room = room0 + (ws_mode ? i / M : i);
    c->mem = ws_mode ? i % M : 0;
    if (nrooms) c->room_name = room_name(c->room);
  }
}

static int under_way(void) {
  for (int i = 0; i < nc; i++)
    if (C[i].st == 1) return 1;
  return 0;
}

/* Everybody connects; websockets log in, HTTP connections make their preparations. */
static void join(void) {
  uint64_t began = now_ns();
  if (ws_mode) {
    for (int dialled = 0; ready < nc;) {
      while (dialled < nc && dialled - ready < conc) ws_dial(&C[dialled++]);
      pump(100);
      if (dead) die("connection lost while joining");
      if (now_ns() - began > JOIN_SECONDS_MOST * SECOND) die("only %d of %d joined", ready, nc);
    }
    return;
  }
  for (int i = 0; i < nc; i++) {
    dial(&C[i]);
    C[i].st = A.nprepare ? 1 : 2;
    if (A.nprepare) http_send(&C[i]);
  }
  while (under_way()) {
    pump(20);
    if (now_ns() - began > PREPARE_SECONDS_MOST * SECOND) die("not prepared");
  }
  sent = 0;
}

static void begin(void) {
  sending = 1;
  if (ws_mode) {
    for (int k = 0; k < K; k++)
      for (int r = 0; r < R; r++) chat_send(r);
    return;
  }
  for (int i = 0; i < nc; i++) {
    C[i].st = 1;
    http_send(&C[i]);
  }
}

static void go_on(double seconds) {
  static uint64_t check;
  for (uint64_t end = now_ns() + seconds * SECOND; now_ns() < end;) {
    pump(20);
    if (ws_mode && now_ns() > check) {
      reap_lost();
      check = now_ns() + SECOND / 2;
    }
  }
}

/* Nothing new is begun; what is under way comes to its end, or is lost. */
static void drain(void) {
  sending = 0;
  uint64_t stop = now_ns() + DRAIN_SECONDS_MOST * SECOND;
  for (int left = 1; left && now_ns() < stop;) {
    pump(20);
    if (!ws_mode) {
      left = under_way();
      continue;
    }
    reap_lost();
    left = 0;
    for (uint64_t s = oldest; !left && s < next_seq; s++) left = ring[s & (RING - 1)].got < M;
  }
}

/* Whether all members of each room have received the same messages in the same order. */
static int same_order(void) {
  for (int i = 0; i < nc; i++)
    if (C[i].h != C[i - i % M].h || C[i].cnt != C[i - i % M].cnt) return 0;
  return 1;
}

static void number(const char* name, double value) { printf(",\"%s\":%.6g", name, value); }

static void print_idle(double join_s, usage before, usage after) {
  printf("{\"mode\":\"idle\"");
  number("conns", nc);
  number("alive", nc - dead);
  number("join_s", join_s);
  number("rss0_mb", before.rss_mb);
  number("rss_mb", after.rss_mb);
  number("kb_per_conn", (after.rss_mb - before.rss_mb) * 1024 / nc);
  number("server_procs", after.procs);
  printf("}\n");
}

static void print_load(double join_s, const moment* from, const moment* to) {
  double el = (to->at - from->at) / 1e9, thousands = deliveries / 1000.0;
  double server = to->server.cpu - from->server.cpu, pg = to->postgres.cpu - from->postgres.cpu;
  double own = to->own - from->own, busy = to->busy - from->busy;
  printf("{\"mode\":\"%s\"", mode);
  number("rooms", R);
  number("members", M);
  number("outstanding", K);
  number("secs", el);
  number("join_s", join_s);
  number("messages_s", completed / el);
  number("deliveries_s", deliveries / el);
  number("p50_ms", h_q(&H, .5));
  number("p99_ms", h_q(&H, .99));
  number("max_ms", H.max / 1e6);
  number("full_p50_ms", h_q(&HC, .5));
  number("full_p99_ms", h_q(&HC, .99));
  number("max_gap_ms", max_gap / 1e6);
  number("server_cpu_s_per_1k", thousands ? server / thousands : 0);
  number("pg_cpu_s_per_1k", thousands ? pg / thousands : 0);
  number("server_cores", server / el);
  number("pg_cores", pg / el);
  number("client_cores", own / el);
  number("other_cores", (busy - server - pg - own) / el);
  number("machine_busy", busy / (to->total - from->total));
  number("server_rss_mb", to->server.rss_mb);
  number("server_procs", to->server.procs);
  number("pg_procs", to->postgres.procs);
  number("bytes_per_delivery", sent ? (double)bytes_in / (ws_mode ? sent * (double)M : sent) : 0);
  printf(",\"sent\":%llu", (unsigned long long)sent);
  printf(",\"lost\":%llu", (unsigned long long)lost);
  printf(",\"dup\":%llu", (unsigned long long)dups);
  printf(",\"fifo_bad\":%llu", (unsigned long long)fifo_bad);
  printf(",\"errors\":%llu", (unsigned long long)errors);
  printf(",\"reconnects\":%llu", (unsigned long long)reconnects);
  printf(",\"dead\":%d", dead);
  printf(",\"same_order\":%s}\n", !ws_mode ? "null" : same_order() ? "true" : "false");
}

int main(int ac, char** av) {
  parse_options(ac, av);
  make_connections();
  usage before = tree(srv, nsrv);
  uint64_t began = now_ns();
  join();
  double join_s = (now_ns() - began) / 1e9;
  for (uint64_t end = now_ns() + settle * SECOND; now_ns() < end;) pump(50);
  if (mode[0] == 'i') {
    print_idle(join_s, before, tree(srv, nsrv));
    return 0;
  }
  begin();
  go_on(warm);
  moment from = look();
  measuring = 1;
  go_on(secs);
  measuring = 0;
  moment to = look();
  drain();
  print_load(join_s, &from, &to);
  if (errors)
    fprintf(stderr, "loadgen: %llu errors, first: %s\n", (unsigned long long)errors, err1);
  return errors ? 1 : 0;
}
