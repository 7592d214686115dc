/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "orf-error.h"
#include "orf-schema-bind.h"
#include "rpc/orf-rest.h"

typedef struct {
  OrfRouter *router;
  OrfRpcReader *reader; /* NULL: none; of all bodies, after which what is said is to be the same */
  int http_status;
  char *type;
  char *file_name;
  char *body;
  char *allow;
} Fixture;

static void
list_cb (OrfCall *call, gconstpointer params, gpointer user_data)
{
  const OrfMetricsListParams *list = params;
  g_autofree char *json = g_strdup_printf ("{\"limit\":%d,\"match\":\"%s\"}", (int) list->limit,
                                           list->match != NULL ? list->match : "");

  g_assert_true (orf_call_is_rest (call));
  orf_call_return_encoded (call, json, strlen (json));
}

static void
empty_cb (OrfCall *call, gconstpointer params, gpointer user_data)
{
  orf_call_return_encoded (call, "{}", 2);
}

static void
export_cb (OrfCall *call, gconstpointer params, gpointer user_data)
{
  orf_call_return_encoded (call, "t_us,a\r\n", 8);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  const OrfRpcLimits limits = { .max_message_bytes = 65536,
                                .max_depth = 16,
                                .max_in_flight = 4,
                                .default_deadline_us = 60000000,
                                .max_deadline_us = 60000000 };

  f->router = orf_router_new (&limits);
  if (data != NULL)
    f->reader = orf_rpc_reader_new (1, NULL, NULL);
  orf_router_set_reader (f->router, f->reader);
  orf_router_bind (f->router, ORF_METHOD_METRICS_LIST, list_cb, NULL);
  orf_router_bind (f->router, ORF_METHOD_STATUS_GET, empty_cb, NULL);
  orf_router_bind (f->router, ORF_METHOD_METRICS_EXPORT, export_cb, NULL);
}

static void
clear (Fixture *f)
{
  f->http_status = 0;
  g_clear_pointer (&f->type, g_free);
  g_clear_pointer (&f->file_name, g_free);
  g_clear_pointer (&f->body, g_free);
  g_clear_pointer (&f->allow, g_free);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  clear (f);
  g_clear_pointer (&f->reader, orf_rpc_reader_free);
  orf_router_unref (f->router);
}

static void
done_cb (gpointer user_data, const OrfRestAnswer *answer)
{
  Fixture *f = user_data;

  g_assert_cmpint (f->http_status, ==, 0);
  f->http_status = answer->http_status;
  f->type = g_strdup (answer->content_type);
  f->file_name = g_strdup (answer->file_name);
  f->body = g_strndup (answer->body, answer->length);
  f->allow = g_strdup (answer->allow);
}

static void
request (Fixture *f, const char *verb, const char *path, const char *query, const char *body)
{
  const OrfRestRequest request = { .verb = verb,
                                   .path = path,
                                   .query = query,
                                   .body = body,
                                   .body_length = body != NULL ? strlen (body) : 0,
                                   .role = ORF_ROLE_OPERATE,
                                   .actor = "test" };

  clear (f);
  if (orf_rest_call (f->router, &request, done_cb, f) != NULL)
    g_assert_true (f->reader != NULL && request.body_length > 0);
  while (f->http_status == 0)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_envelope (Fixture *f, gconstpointer data)
{
  static const char *const paths[] = { "/api/status", "/api/v1/status", "/api/phase4/status" };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    request (f, "GET", paths[i], NULL, NULL);
    g_assert_cmpint (f->http_status, ==, 200);
    g_assert_cmpstr (f->body, ==, "{\"status\":\"success\"}");
  }
}

static void
test_own_content (Fixture *f, gconstpointer data)
{
  request (f, "GET", "/api/v1/metrics/export.csv", "select=a", NULL);
  g_assert_cmpint (f->http_status, ==, 200);
  g_assert_cmpstr (f->type, ==, "text/csv; charset=utf-8");
  g_assert_cmpstr (f->file_name, ==, "metrics-export.csv");
  g_assert_cmpstr (f->body, ==, "t_us,a\r\n");

  /* errors are told as everywhere */
  request (f, "GET", "/api/v1/metrics/export.csv", "nosuch=1", NULL);
  g_assert_cmpint (f->http_status, ==, 400);
  g_assert_cmpstr (f->type, ==, "application/json");
  g_assert_null (f->file_name);
  g_assert_nonnull (strstr (f->body, "\"field\":\"nosuch\""));
  request (f, "DELETE", "/api/v1/metrics/export.csv", NULL, NULL);
  g_assert_cmpint (f->http_status, ==, 405);
  g_assert_cmpstr (f->allow, ==, "GET");

  /* those with a page of their own are none of REST's */
  request (f, "GET", "/api/v1/healthz", NULL, NULL);
  g_assert_cmpint (f->http_status, ==, 404);
}

static void
test_query (Fixture *f, gconstpointer data)
{
  request (f, "GET", "/api/v1/metrics/list", "limit=7&match=a+b%2Fc", NULL);
  g_assert_cmpint (f->http_status, ==, 200);
  g_assert_cmpstr (f->body, ==, "{\"status\":\"success\",\"limit\":7,\"match\":\"a b/c\"}");
}

static void
test_bad_query (Fixture *f, gconstpointer data)
{
  static const struct {
    const char *query;
    const char *field;
  } cases[] = {
    { "limit=x", "limit" },    { "limit=", "limit" },    { "limit=1.5", "limit" },
    { "limit=0", "limit" },    { "nosuch=1", "nosuch" }, { "limit=1&limit=2", "limit" },
    { "limit=1e99", "limit" }, { "match=%ff", "match" }, { "%zz=1", "query" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *field = g_strdup_printf ("\"field\":\"%s\"", cases[i].field);

    request (f, "GET", "/api/v1/metrics/list", cases[i].query, NULL);
    g_assert_cmpint (f->http_status, ==, 400);
    g_assert_true (g_str_has_prefix (f->body, "{\"status\":\"error\",\"error\":{\"code\":-32602,"));
    g_assert_nonnull (strstr (f->body, field));
  }
}

static void
test_routes (Fixture *f, gconstpointer data)
{
  request (f, "GET", "/api/v1/no/such", NULL, NULL);
  g_assert_cmpint (f->http_status, ==, 404);
  request (f, "GET", "/elsewhere/status", NULL, NULL);
  g_assert_cmpint (f->http_status, ==, 404);
  request (f, "POST", "/api/v1/status", NULL, NULL);
  g_assert_cmpint (f->http_status, ==, 405);
  g_assert_cmpstr (f->allow, ==, "GET");
  /* a literal segment goes before <trace_id> */
  request (f, "GET", "/api/v1/traces/slow", NULL, NULL);
  g_assert_cmpint (f->http_status, ==, 503);
  g_assert_nonnull (strstr (f->body, "traces.slow"));
  request (f, "POST", "/api/v1/alerts/some-id/acknowledge", NULL, "{\"note\":\"seen\"}");
  g_assert_cmpint (f->http_status, ==, 503);
  g_assert_nonnull (strstr (f->body, "alerts.acknowledge"));
  request (f, "POST", "/api/v1/alerts/some-id/acknowledge", NULL, "{\"id\":\"other\"}");
  g_assert_cmpint (f->http_status, ==, 400);
  request (f, "POST", "/api/v1/alerts/some-id/acknowledge", NULL, "[1]");
  g_assert_cmpint (f->http_status, ==, 400);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name)                                                                                  \
  g_test_add ("/rpc/rest/" #name, Fixture, NULL, set_up, test_##name, tear_down);                  \
  g_test_add ("/rpc/rest-aside/" #name, Fixture, "", set_up, test_##name, tear_down)
  ADD (envelope);
  ADD (own_content);
  ADD (query);
  ADD (bad_query);
  ADD (routes);
  return g_test_run ();
}
