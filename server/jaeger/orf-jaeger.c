/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "jaeger/orf-jaeger.h"

#include <string.h>

#include "core/orf-clock.h"
#include "jaeger/orf-jaeger-answer.h"
#include "jaeger/orf-jaeger-traces.h"
#include "orf-encode.h"
#include "orf-error.h"
#include "store/orf-store-traces.h"

/* Answers with traces that are made at once: an answer may be 16 MiB, and other calls want readers
 * too. */
#define MAX_RUNNING 2
/* And that wait for it: a Grafana page has some dozens of panels. */
#define MAX_WAITING 100
#define RETRY_MS    1000

#define STATUS_NOT_IMPLEMENTED 501
#define STATUS_UNAVAILABLE     503

#define JSON_TYPE "application/json"

/* Who asks by which prefix. */
typedef struct {
  OrfJaeger *jaeger;
  gsize prefix_length;
} Mount;

struct _OrfJaeger {
  OrfStore *store;
  Mount mounts[2];
  guint n_mounts;
  GQueue waiting; /* Ask */
  guint n_running;
  gboolean stopped;
  GString *answer; /* what was told at once: the page borrows it */
};

/* An answer that comes later. */
typedef struct {
  OrfJaeger *jaeger;
  OrfHttpPageReply *reply;
  OrfJaegerTraces *traces; /* NULL: it is no answer with traces */
  OrfSpanKind kind;        /* of operations */
  char *service;           /* the same */
} Ask;

static void pump (OrfJaeger *jaeger);

/* ---- answers --------------------------------------------------------------------------------- */

static int
get_status (const GError *error)
{
  return orf_error_code_to_http (orf_error_get_code (error));
}

static void
ask_free (Ask *ask)
{
  orf_jaeger_traces_free (ask->traces);
  g_free (ask->service);
  g_free (ask);
}

/* Frees ask, and answer. */
static void
answer (Ask *ask, int status, GString *text)
{
  const OrfHttpPage page = {
    .status = status,
    .content_type = JSON_TYPE,
    .body = text->str,
    .length = text->len,
    .retry_after_ms = status == STATUS_UNAVAILABLE ? RETRY_MS : 0,
  };

  orf_http_page_reply (ask->reply, &page);
  g_string_free (text, TRUE);
  ask_free (ask);
}

static void
fail (Ask *ask, const GError *error)
{
  int status = get_status (error);

  answer (ask, status, orf_jaeger_answer_error (status, error));
}

static Ask *
ask_new (OrfJaeger *jaeger, OrfHttpPage *page)
{
  Ask *ask = g_new0 (Ask, 1);

  ask->jaeger = jaeger;
  ask->reply = orf_http_page_defer (page);
  return ask;
}

/* Told at once. */
static void
refuse (OrfJaeger *jaeger, OrfHttpPage *page, int status, const GError *error)
{
  g_string_free (jaeger->answer, TRUE);
  jaeger->answer = orf_jaeger_answer_error (status, error);
  page->status = status;
  page->content_type = JSON_TYPE;
  page->body = jaeger->answer->str;
  page->length = jaeger->answer->len;
}

static void
refuse_query (OrfJaeger *jaeger, OrfHttpPage *page, const GError *error)
{
  refuse (jaeger, page, get_status (error), error);
}

/* ---- traces ---------------------------------------------------------------------------------- */

static void
traces_read_cb (gpointer user_data, const GError *error)
{
  Ask *ask = user_data;
  OrfJaeger *jaeger = ask->jaeger;
  const OrfJaegerTraces *traces = ask->traces;

  jaeger->n_running--;
  if (error != NULL) {
    fail (ask, error);
  } else {
    const OrfHttpPage page = {
      .status = 200,
      .content_type = JSON_TYPE,
      .body = traces->body != NULL ? traces->body->str : NULL,
      .length = traces->body != NULL ? traces->body->len : 0,
      .gzip = traces->packed,
      .gzip_length = traces->packed_length,
    };

    orf_http_page_reply (ask->reply, &page);
    ask_free (ask);
  }
  pump (jaeger);
}

static void
pump (OrfJaeger *jaeger)
{
  while (!jaeger->stopped && jaeger->n_running < MAX_RUNNING && jaeger->waiting.length > 0) {
    Ask *ask = g_queue_pop_head (&jaeger->waiting);

    jaeger->n_running++;
    orf_store_read (jaeger->store, orf_jaeger_traces_read, ask->traces, NULL, traces_read_cb, ask);
  }
}

/* Takes search. */
static void
ask_traces (OrfJaeger *jaeger, OrfHttpPage *page, OrfJaegerSearch *search, gboolean single)
{
  g_autoptr (OrfJaegerTraces) traces = orf_jaeger_traces_new (search, single, page->takes_gzip);
  Ask *ask;

  if (jaeger->stopped || jaeger->waiting.length >= MAX_WAITING) {
    g_autoptr (GError)
      error = g_error_new (ORF_ERROR, ORF_ERROR_UNAVAILABLE, "too many questions at once");

    page->retry_after_ms = RETRY_MS;
    refuse (jaeger, page, STATUS_UNAVAILABLE, error);
    return;
  }
  ask = ask_new (jaeger, page);
  ask->traces = g_steal_pointer (&traces);
  g_queue_push_tail (&jaeger->waiting, ask);
  pump (jaeger);
}

static void
search_cb (OrfJaeger *jaeger, OrfHttpPage *page, const char *name)
{
  g_autoptr (GError) error = NULL;
  OrfJaegerSearch *search = orf_jaeger_search_parse (page->query, orf_clock_now_us (), &error);

  if (search != NULL)
    ask_traces (jaeger, page, search, FALSE);
  else
    refuse_query (jaeger, page, error);
}

/* name: a trace's id.  start and end, which other stores find it by, are not needed. */
static void
trace_cb (OrfJaeger *jaeger, OrfHttpPage *page, const char *name)
{
  g_autofree char *query = g_strconcat ("traceID=", name, NULL);
  g_autoptr (GError) error = NULL;
  OrfJaegerSearch *search = orf_jaeger_search_parse (query, 0, &error);

  if (search != NULL)
    ask_traces (jaeger, page, search, TRUE);
  else
    refuse_query (jaeger, page, error);
}

/* ---- services -------------------------------------------------------------------------------- */

/* Texts as a list of data; total: whether it is told how many. */
static GString *
format_names (const GPtrArray *names)
{
  GString *text = orf_jaeger_answer_begin ();

  g_string_append_c (text, '[');
  for (guint i = 0; i < names->len; i++) {
    orf_encode_comma (text);
    orf_encode_string (text, names->pdata[i], -1);
  }
  g_string_append_c (text, ']');
  orf_jaeger_answer_end (text, names->len, NULL);
  return text;
}

/* Of all services, each once; or the operations of one.  rows: by both. */
static void
names_read_cb (gpointer user_data, GPtrArray *rows, const GError *error)
{
  Ask *ask = user_data;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  if (error != NULL) {
    fail (ask, error);
    return;
  }
  for (guint i = 0; i < rows->len; i++) {
    const OrfOperationRow *row = rows->pdata[i];

    if (ask->service == NULL) {
      if (names->len == 0 || strcmp (names->pdata[names->len - 1], row->service) != 0)
        g_ptr_array_add (names, row->service);
    } else if (strcmp (ask->service, row->service) == 0) {
      g_ptr_array_add (names, row->operation);
    }
  }
  answer (ask, 200, format_names (names));
}

static void
services_cb (OrfJaeger *jaeger, OrfHttpPage *page, const char *name)
{
  orf_store_read_operations (jaeger->store, NULL, names_read_cb, ask_new (jaeger, page));
}

/* name: SERVICE/operations */
static void
service_cb (OrfJaeger *jaeger, OrfHttpPage *page, const char *name)
{
  static const char end[] = "/operations";
  Ask *ask;

  if (!g_str_has_suffix (name, end)) {
    g_autoptr (GError)
      error = g_error_new (ORF_ERROR, ORF_ERROR_NOT_FOUND, "there is nothing at this path");

    refuse_query (jaeger, page, error);
    return;
  }
  ask = ask_new (jaeger, page);
  ask->service = g_strndup (name, strlen (name) - strlen (end));
  orf_store_read_operations (jaeger->store, NULL, names_read_cb, ask);
}

static void
add_operation (GString *text, const OrfOperationKindRow *row)
{
  orf_encode_comma (text);
  g_string_append_c (text, '{');
  orf_encode_member (text, "name");
  orf_encode_string (text, row->operation, -1);
  orf_encode_member (text, "spanKind");
  orf_encode_string (text, orf_span_kind_to_string (row->kind), -1);
  g_string_append_c (text, '}');
}

static void
kinds_read_cb (gpointer user_data, GPtrArray *rows, const GError *error)
{
  Ask *ask = user_data;
  GString *text;
  guint n = 0;

  if (error != NULL) {
    fail (ask, error);
    return;
  }
  text = orf_jaeger_answer_begin ();
  g_string_append_c (text, '[');
  for (guint i = 0; i < rows->len; i++) {
    const OrfOperationKindRow *row = rows->pdata[i];

    if (ask->kind != ORF_SPAN_KIND_UNSET && ask->kind != row->kind)
      continue;
    add_operation (text, row);
    n++;
  }
  g_string_append_c (text, ']');
  orf_jaeger_answer_end (text, n, NULL);
  answer (ask, 200, text);
}

static void
operations_cb (OrfJaeger *jaeger, OrfHttpPage *page, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *service = NULL;
  OrfSpanKind kind;
  Ask *ask;

  if (!orf_jaeger_query_parse_operations (page->query, &service, &kind, &error)) {
    refuse_query (jaeger, page, error);
    return;
  }
  ask = ask_new (jaeger, page);
  ask->kind = kind;
  orf_store_read_operation_kinds (jaeger->store, service, NULL, kinds_read_cb, ask);
}

/* ---- dependencies ---------------------------------------------------------------------------- */

static void
edges_read_cb (gpointer user_data, GPtrArray *rows, const GError *error)
{
  Ask *ask = user_data;
  GString *text;

  if (error != NULL) {
    fail (ask, error);
    return;
  }
  text = orf_jaeger_answer_begin ();
  g_string_append_c (text, '[');
  for (guint i = 0; i < rows->len; i++) {
    const OrfEdgeRow *row = rows->pdata[i];

    orf_encode_comma (text);
    g_string_append_c (text, '{');
    orf_encode_member (text, "parent");
    orf_encode_string (text, row->parent, -1);
    orf_encode_member (text, "child");
    orf_encode_string (text, row->child, -1);
    orf_encode_member (text, "callCount");
    orf_encode_integer (text, row->calls);
    g_string_append_c (text, '}');
  }
  g_string_append_c (text, ']');
  orf_jaeger_answer_end (text, 0, NULL);
  answer (ask, 200, text);
}

static void
dependencies_cb (OrfJaeger *jaeger, OrfHttpPage *page, const char *name)
{
  g_autoptr (GError) error = NULL;
  gint64 from_us, to_us;

  if (orf_jaeger_query_parse_window (page->query, orf_clock_now_us (), &from_us, &to_us, &error))
    orf_store_read_edges (jaeger->store, from_us, to_us, NULL, edges_read_cb,
                          ask_new (jaeger, page));
  else
    refuse_query (jaeger, page, error);
}

/* ---- what there is not ----------------------------------------------------------------------- */

/* As Jaeger without a store of metrics: its page then says how to get one. */
static void
metrics_cb (OrfJaeger *jaeger, OrfHttpPage *page, const char *name)
{
  g_autoptr (GError) error = g_error_new (ORF_ERROR, ORF_ERROR_UNIMPLEMENTED,
                                          "metrics querying is currently disabled");

  refuse (jaeger, page, STATUS_NOT_IMPLEMENTED, error);
}

static const struct {
  const char *path; /* ends in a slash: there is a name behind it */
  void (*func) (OrfJaeger *jaeger, OrfHttpPage *page, const char *name);
} routes[] = {
  { "services", services_cb }, { "services/", service_cb }, { "operations", operations_cb },
  { "traces", search_cb },     { "traces/", trace_cb },     { "dependencies", dependencies_cb },
  { "metrics/", metrics_cb },
};

static void
page_cb (gpointer user_data, OrfHttpPage *page)
{
  Mount *mount = user_data;
  const char *path = page->path + mount->prefix_length;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (routes); i++) {
    gsize length = strlen (routes[i].path);
    gboolean named = routes[i].path[length - 1] == '/';

    if (strncmp (path, routes[i].path, length) == 0 && (path[length] != '\0') == named) {
      routes[i].func (mount->jaeger, page, path + length);
      return;
    }
  }
  error = g_error_new (ORF_ERROR, ORF_ERROR_NOT_FOUND, "there is nothing at this path");
  refuse_query (mount->jaeger, page, error);
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfJaeger *
orf_jaeger_new (OrfStore *store)
{
  OrfJaeger *jaeger = g_new0 (OrfJaeger, 1);

  jaeger->store = store;
  jaeger->answer = g_string_new (NULL);
  return jaeger;
}

void
orf_jaeger_add (OrfJaeger *jaeger, OrfHttpServer *server, const char *prefix)
{
  g_autofree char *all = g_strconcat (prefix, "*", NULL);
  Mount *mount = &jaeger->mounts[jaeger->n_mounts++];

  *mount = (Mount){ jaeger, strlen (prefix) };
  orf_http_server_add_page (server, all, FALSE, page_cb, mount);
}

void
orf_jaeger_stop (OrfJaeger *jaeger)
{
  g_autoptr (GError) error = g_error_new (ORF_ERROR, ORF_ERROR_CANCELLED, "the daemon is stopping");
  Ask *ask;

  jaeger->stopped = TRUE;
  while ((ask = g_queue_pop_head (&jaeger->waiting)) != NULL)
    fail (ask, error);
}

void
orf_jaeger_free (OrfJaeger *jaeger)
{
  g_string_free (jaeger->answer, TRUE);
  g_free (jaeger);
}
