/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sql/orf-sql-service.h"

#include <string.h>

#include "core/orf-clock.h"
#include "core/orf-steps.h"
#include "orf-decode.h"
#include "orf-encode.h"
#include "orf-error.h"
#include "orf-schema-bind.h"
#include "sql/orf-sql-child.h"

/* A child ends by itself at its deadline, unless it is inside one instruction or one call of the
 * kernel's; then it is killed, so much later. */
#define GRACE_US (300 * ORF_US_PER_MS)
/* How often is looked whether somebody still waits: what a cancelled statement costs at most. */
#define LOOK_MS 50
/* The line before the result, and the longest error. */
#define HEAD_BYTES (16 * 1024)
/* When a full queue is worth another try: a statement takes seconds at most. */
#define RETRY_MS 1000

typedef struct {
  OrfSqlService *service;
  OrfCall *call;                   /* NULL: it is answered */
  char *actor;                     /* whose it is, answered or not */
  const OrfSqlQueryParams *params; /* the call's: some may be as large as a message, and wait */
  gint64 max_rows;
  gint64 kill_us; /* monotonic; from its start on */
  OrfSqlChild *child;
  gint64 held_bytes;
  OrfSteps *steps; /* NULL: the call is not traced */
  gint64 step_us;  /* when what it does now began, waiting or running */
} Query;

struct _OrfSqlService {
  const OrfConfig *config;
  OrfStore *store;
  OrfMemory *memory;
  char *program;
  GQueue waiting;     /* Query */
  GPtrArray *running; /* Query */
  char *last_actor;   /* who was last to have his turn; NULL: nobody yet */
  guint look_id;      /* while one is running */
};

static void start_waiting (OrfSqlService *service);

static void
query_free (Query *query)
{
  orf_memory_add (query->service->memory, ORF_MEMORY_QUERIES, -query->held_bytes);
  g_clear_pointer (&query->child, orf_sql_child_free);
  g_clear_pointer (&query->steps, orf_steps_unref);
  g_free (query->actor);
  g_free (query);
}

/* What it did until now is over. */
static void
end_step (Query *query, const char *name)
{
  gint64 now_us = orf_clock_monotonic_us ();

  if (query->steps != NULL)
    orf_steps_add (query->steps, name, query->step_us, now_us);
  query->step_us = now_us;
}

static void
fail (Query *query, GError *error)
{
  orf_call_fail (g_steal_pointer (&query->call), error);
}

/* ---- what a child answered ------------------------------------------------------------------- */

static GError *
to_error (const OrfSqlFailure *failure)
{
  for (int code = 0; code < ORF_N_ERRORS; code++)
    if (g_str_equal (orf_error_code_to_name ((OrfErrorCode) code), failure->status))
      return orf_error_new_field ((OrfErrorCode) code, failure->field, NULL, "%s",
                                  failure->message);
  return g_error_new (ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%s", failure->message);
}

/* It becomes part of our own answer as it is, so it has to be text that cannot end a message. */
static gboolean
is_plain (const char *text, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if ((guchar) text[i] < ' ')
      return FALSE;
  return g_utf8_validate (text, (gssize) length, NULL);
}

/* NULL: it was passed on. */
static GError *
pass_on (Query *query, const GString *answer)
{
  const char *newline = memchr (answer->str, '\n', answer->len);
  gsize head = newline != NULL ? (gsize) (newline - answer->str) : answer->len;
  gsize rest = answer->len - head - (newline != NULL ? 1 : 0);
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfSqlReply)
    reply = orf_decode_text (&orf_sql_reply_desc, answer->str, head, ORF_DECODE_STRICT, &error);

  if (reply == NULL)
    return g_error_new (ORF_ERROR, ORF_ERROR_UNAVAILABLE,
                        "orfeas-sql wrote what is not its protocol: %s", error->message);
  if (reply->error != NULL)
    return to_error (reply->error);
  if (!reply->has_result_bytes || (gsize) reply->result_bytes != rest ||
      !is_plain (answer->str + head + 1, rest))
    return g_error_new (ORF_ERROR, ORF_ERROR_UNAVAILABLE, "orfeas-sql did not write all it should");
  orf_call_return_encoded (g_steal_pointer (&query->call), answer->str + head + 1, rest);
  return NULL;
}

static void
ended_cb (gpointer user_data, const GString *answer, const char *problem)
{
  Query *query = user_data;
  OrfSqlService *service = query->service;
  GError *error = NULL;

  end_step (query, "sql.run");
  if (query->call != NULL) {
    error = problem != NULL ? g_error_new (ORF_ERROR, ORF_ERROR_UNAVAILABLE,
                                           "the process that ran the statement %s", problem)
                            : pass_on (query, answer);
    if (error != NULL)
      fail (query, error);
  }
  g_ptr_array_remove_fast (service->running, query);
  start_waiting (service);
}

/* ---- starting, and looking after them -------------------------------------------------------- */

static gint64
get_patience_us (Query *query)
{
  gint64 deadline_us = orf_cancel_get_deadline_us (orf_call_get_cancel (query->call));
  gint64 max_us = query->service->config->sql.max_us;

  if (deadline_us > 0)
    max_us = MIN (max_us, deadline_us - orf_clock_monotonic_us ());
  return MAX (max_us, 1);
}

/* A line. */
static char *
make_ask (Query *query, gint64 max_us, GError **error)
{
  OrfSqlService *service = query->service;
  const OrfSqlAsk ask = {
    .path = (char *) orf_store_get_path (service->store),
    .immutable = orf_store_is_immutable (service->store),
    .sql = query->params->sql,
    .params = query->params->params,
    .max_rows = query->max_rows,
    .max_result_bytes = service->config->sql.max_result_bytes,
    .max_memory_bytes = service->config->sql.max_memory_bytes,
    .max_us = max_us,
  };
  g_autoptr (GString) line = g_string_new (NULL);

  if (!orf_encode (&orf_sql_ask_desc, &ask, line, error))
    return NULL;
  g_string_append_c (line, '\n');
  return g_string_free (g_steal_pointer (&line), FALSE);
}

static gboolean
start (Query *query, GError **error)
{
  OrfSqlService *service = query->service;
  gint64 max_us = get_patience_us (query);
  gsize max_bytes = (gsize) service->config->sql.max_result_bytes + HEAD_BYTES;
  char *ask = make_ask (query, max_us, error);

  if (ask == NULL)
    return FALSE;
  query->kill_us = orf_clock_monotonic_us () + max_us + GRACE_US;
  query->child = orf_sql_child_start (service->program, ask, max_bytes, ended_cb, query, error);
  return query->child != NULL;
}

/* Answered or left by its caller: its child is of no use.  One that obeys nothing is not waited
 * for. */
static void
look_at (Query *query)
{
  gint64 held_bytes = (gint64) orf_sql_child_get_size_bytes (query->child);

  orf_memory_add (query->service->memory, ORF_MEMORY_QUERIES, held_bytes - query->held_bytes);
  query->held_bytes = held_bytes;
  if (query->call != NULL && orf_clock_monotonic_us () >= query->kill_us)
    fail (query, g_error_new (ORF_ERROR, ORF_ERROR_DEADLINE_EXCEEDED,
                              "sql: the statement took longer than [sql] max_us or the caller's "
                              "deadline, and was killed: ask for less"));
  if (query->call != NULL && orf_call_is_ended (query->call))
    fail (query, g_error_new (ORF_ERROR, ORF_ERROR_CANCELLED, "nobody waits for it"));
  if (query->call == NULL)
    orf_sql_child_kill (query->child);
}

static gboolean
look_cb (gpointer user_data)
{
  OrfSqlService *service = user_data;

  for (guint i = 0; i < service->running->len; i++)
    look_at (service->running->pdata[i]);
  if (service->running->len > 0)
    return G_SOURCE_CONTINUE;
  service->look_id = 0;
  return G_SOURCE_REMOVE;
}

/* How much of the service is his already: what runs, and whether the last to start was. */
static guint
weigh (OrfSqlService *service, const char *actor)
{
  guint weight = g_strcmp0 (service->last_actor, actor) == 0;

  for (guint i = 0; i < service->running->len; i++)
    weight += 2 * g_str_equal (((Query *) service->running->pdata[i])->actor, actor);
  return weight;
}

/* The one that has waited longest of whom the fewest are running: who asks for many waits for his
 * own.  NULL: none waits. */
static Query *
take_next (OrfSqlService *service)
{
  GList *next = NULL;
  guint least = G_MAXUINT;
  Query *query;

  for (GList *link = service->waiting.head; link != NULL && least > 0; link = link->next) {
    guint weight = weigh (service, ((Query *) link->data)->actor);

    if (weight < least) {
      least = weight;
      next = link;
    }
  }
  if (next == NULL)
    return NULL;
  query = next->data;
  g_queue_delete_link (&service->waiting, next);
  g_free (service->last_actor);
  service->last_actor = g_strdup (query->actor);
  return query;
}

static void
start_waiting (OrfSqlService *service)
{
  while (service->running->len < (guint) service->config->sql.max_running) {
    Query *query = take_next (service);
    GError *error = NULL;

    if (query == NULL)
      return;
    end_step (query, "sql.wait");
    if (orf_call_is_ended (query->call))
      error = g_error_new (ORF_ERROR, ORF_ERROR_CANCELLED, "nobody waits for it");
    if (error != NULL || !start (query, &error)) {
      fail (query, error);
      query_free (query);
      continue;
    }
    g_ptr_array_add (service->running, query);
    if (service->look_id == 0)
      service->look_id = g_timeout_add (LOOK_MS, look_cb, service);
  }
}

/* Those whose callers have gone hold no place. */
static void
forget_ended (OrfSqlService *service)
{
  GList *next;

  for (GList *link = service->waiting.head; link != NULL; link = next) {
    Query *query = link->data;

    next = link->next;
    if (!orf_call_is_ended (query->call))
      continue;
    fail (query, g_error_new (ORF_ERROR, ORF_ERROR_CANCELLED, "nobody waits for it"));
    query_free (query);
    g_queue_delete_link (&service->waiting, link);
  }
}

/* ---- the call ---------------------------------------------------------------------------------
 */

static void
query_cb (OrfCall *call, const OrfSqlQueryParams *params, gpointer user_data)
{
  OrfSqlService *service = user_data;
  guint max_waiting = (guint) service->config->sql.max_waiting;
  Query *query;

  if (service->waiting.length >= max_waiting)
    forget_ended (service);
  if (service->waiting.length >= max_waiting) {
    orf_call_fail (call, orf_error_new_retry (ORF_ERROR_RESOURCE_EXHAUSTED, RETRY_MS,
                                              "%u statements wait already ([sql] max_waiting)",
                                              max_waiting));
    return;
  }
  query = g_new0 (Query, 1);
  query->service = service;
  query->call = call;
  query->actor = g_strdup (orf_call_get_actor (call));
  query->steps = orf_steps_get_current ();
  if (query->steps != NULL)
    orf_steps_ref (query->steps);
  query->step_us = orf_clock_monotonic_us ();
  query->params = params;
  query->max_rows = MIN (params->max_rows, service->config->sql.max_rows);
  g_queue_push_tail (&service->waiting, query);
  start_waiting (service);
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfSqlService *
orf_sql_service_new (const OrfConfig *config,
                     OrfStore *store,
                     OrfMemory *memory,
                     const char *program)
{
  OrfSqlService *service = g_new0 (OrfSqlService, 1);

  service->config = config;
  service->store = store;
  service->memory = memory;
  service->program = g_strdup (program);
  service->running = g_ptr_array_new_with_free_func ((GDestroyNotify) query_free);
  return service;
}

void
orf_sql_service_free (OrfSqlService *service)
{
  Query *query;

  if (service->look_id != 0)
    g_source_remove (service->look_id);
  while ((query = g_queue_pop_head (&service->waiting)) != NULL)
    g_ptr_array_add (service->running, query);
  for (guint i = 0; i < service->running->len; i++) {
    query = service->running->pdata[i];
    if (query->call != NULL)
      fail (query, g_error_new (ORF_ERROR, ORF_ERROR_CANCELLED, "the daemon is stopping"));
  }
  g_ptr_array_unref (service->running);
  g_free (service->last_actor);
  g_free (service->program);
  g_free (service);
}

void
orf_sql_service_bind (OrfSqlService *service, OrfRouter *router)
{
  orf_bind_sql_query (router, query_cb, service);
  orf_router_let_wait (router, ORF_METHOD_SQL_QUERY); /* [sql] max_waiting bounds them */
}
