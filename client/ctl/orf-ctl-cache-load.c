/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One thread and epoll.  Answers are looked at, not parsed: the load has to be quicker than what it
 * measures.  That is safe, as keys and values are of its own making and hold no quotes.
 */
#include "orf-ctl-cache-load.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "orf-error.h"

#include "orf-ctl-connection.h"
#include "orf-ctl-zipf.h"

#define READ_BYTES  (256 * 1024)
#define CONNECT_US  (5 * (gint64) G_USEC_PER_SEC)
#define PROGRESS_US (G_USEC_PER_SEC / 4)
/* What is left behind goes by itself. */
#define TTL_MS 60000
/* So long after its end the first answer is waited for: then there is none to be had. */
#define PATIENCE_US (30 * (gint64) G_USEC_PER_SEC)
/* What there is of a call beside the value is far below. */
#define FRAME_BYTES 4096
/* Of an error this much is told. */
#define MAX_ERROR_BYTES 1024

/* A call without an answer; its number in the connection is its id. */
typedef struct {
  OrfCtlCacheKind kind;
  guint key;
  gint64 sent_us;
} Call;

typedef struct {
  int fd;
  Call *calls;
  GString *in, *out;
  gboolean is_full; /* what is in out waits for room */
} Client;

typedef struct {
  const OrfCtlCachePlan *plan;
  OrfCtlCacheResult *result;
  OrfCtlZipf *zipf;
  GRand *random;
  char *value;
  Client *clients;
  int epoll_fd;
} Load;

/* ---- asking ---------------------------------------------------------------------------------- */

static void
send_call (Load *load, Client *client, guint id, OrfCtlCacheKind kind, guint key)
{
  g_string_append_printf (client->out,
                          "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"cache.%s\",\"params\":{"
                          "\"key\":\"bench:%u\"",
                          id, kind == ORF_CTL_CACHE_GET ? "get" : "set", key);
  if (kind == ORF_CTL_CACHE_SET)
    g_string_append_printf (client->out, ",\"ttl_ms\":%d,\"value\":\"%s\"", TTL_MS, load->value);
  g_string_append (client->out, "}}\n");
  client->calls[id] = (Call){ kind, key, g_get_monotonic_time () };
}

static void
send_any (Load *load, Client *client, guint id)
{
  gboolean sets = 100 * g_rand_double (load->random) < load->plan->sets_percent;

  send_call (load, client, id, sets ? ORF_CTL_CACHE_SET : ORF_CTL_CACHE_GET,
             orf_ctl_zipf_draw (load->zipf, g_rand_double (load->random)));
}

static OrfCtlExit
fail_connection (const Load *load, const char *reason, GError **error)
{
  g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%s: the connection has ended: %s",
               load->plan->path, reason);
  return ORF_CTL_NO_CONNECTION;
}

static OrfCtlExit
flush (Load *load, Client *client, GError **error)
{
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };
  gsize length = client->out->len;
  gssize n = length > 0 ? write (client->fd, client->out->str, length) : 0;
  gboolean is_full;

  if (n < 0 && errno != EAGAIN && errno != EINTR)
    return fail_connection (load, g_strerror (errno), error);
  g_string_erase (client->out, 0, MAX (n, 0));
  is_full = client->out->len > 0;
  if (is_full != client->is_full) {
    event.events |= is_full ? EPOLLOUT : 0;
    epoll_ctl (load->epoll_fd, EPOLL_CTL_MOD, client->fd, &event);
  }
  client->is_full = is_full;
  return ORF_CTL_DONE;
}

/* ---- answers --------------------------------------------------------------------------------- */

static gboolean
has (const char *line, gsize length, const char *part)
{
  return memmem (line, length, part, strlen (part)) != NULL;
}

static void
count_error (OrfCtlCacheResult *result, const char *line, gsize length)
{
  if (result->n_errors++ == 0)
    result->first_error = g_utf8_make_valid (line, (gssize) MIN (length, MAX_ERROR_BYTES));
}

/* The next call in its place. */
static void
take_answer (Load *load, Client *client, const char *line, gsize length, gint64 now_us)
{
  OrfCtlCacheResult *result = load->result;
  const char *id_text = memmem (line, length, "\"id\":", 5);
  guint64 told = id_text != NULL ? g_ascii_strtoull (id_text + 5, NULL, 10) : 0;
  guint id = (guint) MIN (told, load->plan->depth - 1);
  Call call = client->calls[id];
  gboolean is_hit = FALSE;

  orf_ctl_latencies_add (result->latencies[call.kind], now_us - call.sent_us);
  if (has (line, length, "\"error\":")) {
    count_error (result, line, length);
  } else if (call.kind == ORF_CTL_CACHE_GET) {
    is_hit = has (line, length, "\"hit\":true");
    result->n_hits += is_hit;
    result->n_l1 += is_hit && has (line, length, "\"tier\":\"l1\"");
    result->n_l2 += is_hit && has (line, length, "\"tier\":\"l2\"");
    if (!is_hit) {
      send_call (load, client, id, ORF_CTL_CACHE_SET, call.key);
      return;
    }
  }
  send_any (load, client, id);
}

/* An answer may have the value of an earlier run; calls are no more than may be under way. */
static OrfCtlExit
check_bounds (const Load *load, const Client *client, GError **error)
{
  gsize each = (gsize) load->plan->value_bytes + FRAME_BYTES;

  if (client->in->len > ORF_CTL_MAX_REPLY_BYTES)
    return fail_connection (load, ORF_CTL_REPLY_TOO_LARGE, error);
  if (client->out->len > load->plan->depth * each)
    return fail_connection (load, "there are more answers than calls", error);
  return ORF_CTL_DONE;
}

static OrfCtlExit
read_answers (Load *load, Client *client, GError **error)
{
  gsize before = client->in->len;
  const char *at, *from, *end, *next;
  OrfCtlExit verdict;
  gint64 now_us;
  gssize n;

  g_string_set_size (client->in, before + READ_BYTES);
  n = read (client->fd, client->in->str + before, READ_BYTES);
  g_string_set_size (client->in, before + (gsize) MAX (n, 0));
  if (n == 0)
    return fail_connection (load, "the daemon has closed it", error);
  if (n < 0)
    return errno == EAGAIN || errno == EINTR ? ORF_CTL_DONE
                                             : fail_connection (load, g_strerror (errno), error);
  now_us = g_get_monotonic_time ();
  at = client->in->str;
  end = at + client->in->len;
  from = at + before; /* what was there had no end of a line */
  for (; (next = memchr (from, '\n', (gsize) (end - from))) != NULL; at = from = next + 1)
    take_answer (load, client, at, (gsize) (next - at), now_us);
  g_string_erase (client->in, 0, at - client->in->str);
  verdict = check_bounds (load, client, error);
  return verdict == ORF_CTL_DONE ? flush (load, client, error) : verdict;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static OrfCtlExit
open_clients (Load *load, GError **error)
{
  gint64 by_us = g_get_monotonic_time () + CONNECT_US;

  for (guint i = 0; i < load->plan->n_connections; i++) {
    Client *client = &load->clients[i];
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };
    OrfCtlExit verdict = orf_ctl_socket_connect (load->plan->path, by_us, &client->fd, error);

    if (verdict != ORF_CTL_DONE)
      return verdict;
    epoll_ctl (load->epoll_fd, EPOLL_CTL_ADD, client->fd, &event);
  }
  return ORF_CTL_DONE;
}

static OrfCtlExit
begin (Load *load, GError **error)
{
  OrfCtlExit verdict = open_clients (load, error);

  for (guint i = 0; verdict == ORF_CTL_DONE && i < load->plan->n_connections; i++) {
    for (guint id = 0; id < load->plan->depth; id++)
      send_any (load, &load->clients[i], id);
    verdict = flush (load, &load->clients[i], error);
  }
  return verdict;
}

static OrfCtlExit
turn (Load *load, GError **error)
{
  struct epoll_event events[64];
  int n = epoll_wait (load->epoll_fd, events, G_N_ELEMENTS (events), PROGRESS_US / 1000);
  OrfCtlExit verdict = ORF_CTL_DONE;

  for (int i = 0; verdict == ORF_CTL_DONE && i < n; i++) {
    if (events[i].events & EPOLLOUT)
      verdict = flush (load, events[i].data.ptr, error);
    if (verdict == ORF_CTL_DONE && (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
      verdict = read_answers (load, events[i].data.ptr, error);
  }
  return verdict;
}

static guint64
count_answers (const OrfCtlCacheResult *result)
{
  guint64 n = 0;

  for (guint i = 0; i < ORF_CTL_CACHE_N_KINDS; i++)
    n += orf_ctl_latencies_get_n (result->latencies[i]);
  return n;
}

/* However short it is, something has been answered at its end, if anybody answers. */
static gboolean
goes_on (const Load *load, gint64 ran_us)
{
  return ran_us < load->plan->duration_us ||
         (count_answers (load->result) == 0 && ran_us - load->plan->duration_us < PATIENCE_US);
}

static OrfCtlExit
run (Load *load, OrfCtlCacheProgress progress, gpointer user_data, GError **error)
{
  gint64 begun_us = g_get_monotonic_time (), told_us = begun_us, now_us = begun_us;
  OrfCtlExit verdict = begin (load, error);

  while (verdict == ORF_CTL_DONE && goes_on (load, now_us - begun_us)) {
    verdict = turn (load, error);
    now_us = g_get_monotonic_time ();
    if (now_us - told_us >= PROGRESS_US) {
      progress (user_data, (double) (now_us - begun_us) / (double) load->plan->duration_us);
      told_us = now_us;
    }
  }
  load->result->took_us = now_us - begun_us;
  if (verdict == ORF_CTL_DONE && count_answers (load->result) == 0)
    return orf_ctl_fail_deadline (error);
  return verdict;
}

/* Letters by chance, so that they do not pack into nothing. */
static char *
make_value (Load *load)
{
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  guint n = load->plan->value_bytes;
  char *value = g_malloc (n + 1);

  for (guint i = 0; i < n; i++)
    value[i] = letters[g_rand_int_range (load->random, 0, sizeof letters - 1)];
  value[n] = '\0';
  return value;
}

static void
init (Load *load, const OrfCtlCachePlan *plan)
{
  load->plan = plan;
  load->random = g_rand_new_with_seed (plan->seed);
  load->zipf = orf_ctl_zipf_new (plan->n_keys, plan->exponent);
  load->value = make_value (load);
  load->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  load->clients = g_new0 (Client, plan->n_connections);
  for (guint i = 0; i < plan->n_connections; i++) {
    load->clients[i].fd = -1;
    load->clients[i].calls = g_new0 (Call, plan->depth);
    load->clients[i].in = g_string_new (NULL);
    load->clients[i].out = g_string_new (NULL);
  }
  load->result = g_new0 (OrfCtlCacheResult, 1);
  for (guint i = 0; i < ORF_CTL_CACHE_N_KINDS; i++)
    load->result->latencies[i] = orf_ctl_latencies_new ();
}

static void
clear (Load *load)
{
  for (guint i = 0; i < load->plan->n_connections; i++) {
    if (load->clients[i].fd >= 0)
      close (load->clients[i].fd);
    g_free (load->clients[i].calls);
    g_string_free (load->clients[i].in, TRUE);
    g_string_free (load->clients[i].out, TRUE);
  }
  g_free (load->clients);
  close (load->epoll_fd);
  g_free (load->value);
  orf_ctl_zipf_free (load->zipf);
  g_rand_free (load->random);
}

OrfCtlExit
orf_ctl_cache_load_run (const OrfCtlCachePlan *plan,
                        OrfCtlCacheProgress progress,
                        gpointer user_data,
                        OrfCtlCacheResult **result,
                        GError **error)
{
  Load load = { NULL };
  OrfCtlExit verdict;

  init (&load, plan);
  verdict = run (&load, progress, user_data, error);
  clear (&load);
  if (verdict == ORF_CTL_DONE)
    *result = load.result;
  else
    orf_ctl_cache_result_free (load.result);
  return verdict;
}

void
orf_ctl_cache_result_free (OrfCtlCacheResult *result)
{
  for (guint i = 0; i < ORF_CTL_CACHE_N_KINDS; i++)
    orf_ctl_latencies_free (result->latencies[i]);
  g_free (result->first_error);
  g_free (result);
}
