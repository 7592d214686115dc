/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Traces as they come: those of the last minute are asked for again and again, and each is told
 * once.  Ids of those that are too old to be told again are forgotten with it. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "orf-error.h"

#include "orf-ctl.h"
#include "orf-ctl-traces.h"
#include "orf-ctl-watch.h"
#include "orf-value.h"

#define PERIOD_MS 1000
/* A trace is told when the first of its spans come; who is later than this is missed. */
#define WINDOW_US (60 * (gint64) G_USEC_PER_SEC)
/* What one look can tell: the newest of them. */
#define MAX_TRACES 1000

typedef struct {
  OrfCtl *ctl;
  json_t *params;
  gint64 begin_us;
  GHashTable *seen; /* trace id -> when it was told, as a gint64 */
} Tail;

static gboolean
is_old_cb (gpointer key, gpointer value, gpointer now_us)
{
  return *(gint64 *) value < *(gint64 *) now_us - 2 * WINDOW_US;
}

/* FALSE: it was told before. */
static gboolean
note (Tail *tail, const char *trace_id, gint64 now_us)
{
  if (trace_id == NULL || g_hash_table_contains (tail->seen, trace_id))
    return FALSE;
  g_hash_table_insert (tail->seen, g_strdup (trace_id), g_memdup2 (&now_us, sizeof now_us));
  return TRUE;
}

static void
print_json (json_t *trace)
{
  char *text = json_dumps (trace, JSON_COMPACT);

  orf_ctl_print_line (text);
  free (text);
}

/* A line alone: what comes later cannot move what is on the screen already. */
static void
print_row (Tail *tail, json_t *trace)
{
  g_autoptr (OrfCtlTable) table = orf_ctl_traces_new_table (orf_ctl_get_terminal (tail->ctl));
  g_autoptr (GString) out = g_string_new (NULL);
  const OrfTraceInfo info = {
    .trace_id = (char *) json_string_value (json_object_get (trace, "trace_id")),
    .service = (char *) json_string_value (json_object_get (trace, "service")),
    .operation = (char *) json_string_value (json_object_get (trace, "operation")),
    .start_us = orf_value_get_count (trace, "start_us"),
    .duration_us = orf_value_get_count (trace, "duration_us"),
    .spans = orf_value_get_count (trace, "spans"),
    .errors = orf_value_get_count (trace, "errors"),
  };
  const char *line;

  orf_ctl_traces_add (tail->ctl, table, &info);
  orf_ctl_table_append_to (table, out);
  line = strchr (out->str, '\n');
  orf_ctl_print (line != NULL ? line + 1 : out->str);
}

/* Oldest first. */
static void
show_new (Tail *tail, const json_t *result, gint64 now_us)
{
  const json_t *traces = json_object_get (result, "traces");

  for (size_t i = json_array_size (traces); i > 0; i--) {
    json_t *trace = json_array_get (traces, i - 1);

    if (!note (tail, json_string_value (json_object_get (trace, "trace_id")), now_us))
      continue;
    if (orf_ctl_wants_json (tail->ctl))
      print_json (trace);
    else
      print_row (tail, trace);
  }
  g_hash_table_foreach_remove (tail->seen, is_old_cb, &now_us);
}

static OrfCtlExit
look (Tail *tail, GError **error)
{
  gint64 now_us = g_get_real_time ();
  g_autofree char *text = NULL;
  g_autofree char *answer = NULL;
  g_autoptr (json_t) result = NULL;
  json_error_t fault;
  OrfCtlExit verdict;
  char *params;

  json_object_set_new (tail->params, "from_us",
                       json_integer (MAX (tail->begin_us, now_us - WINDOW_US)));
  json_object_set_new (tail->params, "limit", json_integer (MAX_TRACES));
  params = json_dumps (tail->params, JSON_COMPACT);
  text = g_strdup (params);
  free (params);
  verdict = orf_ctl_call (tail->ctl, orf_methods[ORF_METHOD_TRACES_LIST].name, text, &answer,
                          error);
  if (verdict != ORF_CTL_DONE)
    return verdict;
  /* not orf_json_parse(), for which all numbers are reals: --json shows them as they came */
  result = json_loads (answer, JSON_ALLOW_NUL, &fault);
  if (result == NULL) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INTERNAL, "traces.list: %s", fault.text);
    return ORF_CTL_SERVER_ERROR;
  }
  show_new (tail, result, now_us);
  return ORF_CTL_DONE;
}

/* FALSE: Ctrl-C, or nobody reads any more. */
static gboolean
wait_for_next (int signal_fd)
{
  struct pollfd fds[] = { { .fd = signal_fd, .events = POLLIN }, { .fd = STDOUT_FILENO } };
  int n = poll (fds, G_N_ELEMENTS (fds), PERIOD_MS);

  return n == 0 || (n < 0 && errno == EINTR);
}

OrfCtlExit
orf_ctl_verb_traces_tail (OrfCtl *ctl, GError **error)
{
  g_autoptr (json_t) params = orf_ctl_traces_new_params (ctl, error);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  Tail tail = { ctl, params, g_get_real_time () - PERIOD_MS * 1000, seen };
  OrfCtlExit verdict;
  int signal_fd;

  if (params == NULL)
    return ORF_CTL_USAGE;
  signal_fd = orf_ctl_take_interrupts (error);
  if (signal_fd < 0)
    return ORF_CTL_SERVER_ERROR;
  /* Ctrl-C is looked at between them */
  orf_ctl_limit_calls (ctl, TRUE);
  do
    verdict = look (&tail, error);
  while (verdict == ORF_CTL_DONE && fflush (stdout) == 0 && wait_for_next (signal_fd));
  close (signal_fd);
  return verdict;
}
