/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/orf-daemon-private.h"

#include <string.h>

#include "core/orf-url.h"
#include "orf-error.h"
#include "redis/orf-redis-level.h"
#include "redis/orf-redis-settings.h"

static void
tell (OrfHttpPage *page, int status, const char *body)
{
  page->status = status;
  page->content_type = "application/json";
  page->body = body;
  page->length = strlen (body);
}

/* The last that is named `service`; "": none.  What is not percent-encoded UTF-8 is no component's
 * name as it stands. */
static char *
dup_service (const char *query)
{
  static const char key[] = "service=";
  g_auto (GStrv) pairs = g_strsplit (query != NULL ? query : "", "&", -1);
  const char *value = "";
  char *service;

  for (guint i = 0; pairs[i] != NULL; i++)
    if (g_str_has_prefix (pairs[i], key))
      value = pairs[i] + strlen (key);
  service = orf_url_decode_form (value);
  return service != NULL ? service : g_strdup (value);
}

/* The whole is told to anyone, a component as health.check tells it: to whoever may read. */
static void
healthz_cb (gpointer user_data, OrfHttpPage *page)
{
  OrfDaemon *daemon = user_data;
  g_autofree char *service = dup_service (page->query);

  if (service[0] != '\0' && !orf_http_page_admit_reader (page))
    return;
  switch (orf_health_service_look_up (daemon->health, service)) {
  case ORF_SERVING_STATUS_SERVING:
    tell (page, 200, "{\"serving\":\"SERVING\"}");
    break;
  case ORF_SERVING_STATUS_UNSET:
    tell (page, 404, "{\"serving\":\"UNKNOWN\"}");
    break;
  default:
    tell (page, 503, "{\"serving\":\"NOT_SERVING\"}");
  }
}

static void
readyz_cb (gpointer user_data, OrfHttpPage *page)
{
  OrfDaemon *daemon = user_data;
  gboolean ready = orf_health_service_get_serving (daemon->health);

  tell (page, ready ? 200 : 503, ready ? "{\"ready\":true}" : "{\"ready\":false}");
}

static void
openrpc_cb (gpointer user_data, OrfHttpPage *page)
{
  OrfDaemon *daemon = user_data;

  page->status = 200;
  page->content_type = "application/json";
  page->body = orf_discover_get_document (daemon->discover, &page->length);
}

static void
serve_rpc_cb (gpointer user_data, OrfHttpUpgraded *upgraded)
{
  orf_ws_server_serve (((OrfDaemon *) user_data)->websocket, upgraded);
}

static gboolean
check_feed_cb (gpointer user_data, GError **error)
{
  return orf_stream_hub_check (orf_router_get_streams (((OrfDaemon *) user_data)->core->router),
                               error);
}

static void
feed_cb (gpointer user_data, OrfHttpUpgraded *upgraded)
{
  OrfDaemon *daemon = user_data;

  orf_ws_server_feed (daemon->websocket, upgraded, orf_dashboard_get_channel (daemon->dashboard),
                      orf_dashboard_get_first (daemon->dashboard));
}

static gint64
get_websocket_bytes_cb (gpointer user_data)
{
  return (gint64) orf_ws_server_get_size_bytes (user_data);
}

static gboolean
start_websockets (OrfDaemon *daemon, GError **error)
{
  const OrfHttpSocketOps rpc = { .take = serve_rpc_cb, .user_data = daemon };
  const OrfHttpSocketOps feed = { check_feed_cb, feed_cb, daemon };

  daemon->websocket = orf_ws_server_new (daemon->core->router, daemon->config, error);
  if (daemon->websocket == NULL)
    return FALSE;
  orf_memory_report (daemon->core->memory, ORF_MEMORY_STREAMS, get_websocket_bytes_cb,
                     daemon->websocket);
  /* each call is looked at by itself */
  orf_http_server_add_socket (daemon->http, "/rpc", ORF_ROLE_NONE, &rpc);
  orf_http_server_add_socket (daemon->http, "/ws/metrics", ORF_ROLE_READ, &feed);
  return TRUE;
}

static char *
dup_rpc_url (const OrfDaemon *daemon)
{
  g_autofree char *socket = orf_paths_dup_socket (daemon->config);

  return daemon->http != NULL ? g_strconcat (orf_http_server_get_url (daemon->http), "/rpc", NULL)
                              : g_strconcat ("unix:", socket, NULL);
}

static gboolean
start_http (OrfDaemon *daemon, GError **error)
{
  OrfRouter *router = daemon->core->router;
  g_autofree char *url = NULL;

  if (daemon->config->listen.http[0] != '\0') {
    daemon->http = orf_http_server_new (router, daemon->poller, daemon->gate, daemon->config,
                                        error);
    if (daemon->http == NULL)
      return FALSE;
    orf_http_server_join_socket (daemon->http, daemon->socket);
  }
  url = dup_rpc_url (daemon);
  daemon->discover = orf_discover_new (router, url);
  if (daemon->http != NULL) {
    orf_http_server_add_page (daemon->http, "/healthz", TRUE, healthz_cb, daemon);
    orf_http_server_add_page (daemon->http, "/readyz", TRUE, readyz_cb, daemon);
    orf_http_server_add_page (daemon->http, "/openrpc.json", FALSE, openrpc_cb, daemon);
    daemon->exposition = orf_exposition_new (daemon->core->registry, daemon->core->memory, error);
    if (daemon->exposition == NULL)
      return FALSE;
    orf_metrics_page_add (daemon->http, daemon->exposition, daemon->gpu);
    orf_span_metrics_expose (daemon->span_metrics, daemon->exposition);
#ifdef HAVE_PAGE
    orf_page_add (daemon->http);
#endif
  }
  return daemon->http == NULL || start_websockets (daemon, error);
}

/* *server stays NULL where address is empty. */
static gboolean
start_bare (
  OrfDaemon *daemon, const char *key, const char *address, OrfHttpServer **server, GError **error)
{
  const OrfHttpParts parts = { daemon->core->router, daemon->poller, daemon->gate, daemon->config };

  if (address[0] == '\0')
    return TRUE;
  *server = orf_http_server_new_bare (&parts, key, address, error);
  return *server != NULL;
}

/* Where HTTP is, and where its own listener is. */
static gboolean
start_otlp (OrfDaemon *daemon, GError **error)
{
  if (!start_bare (daemon, "otlp.listen", daemon->config->otlp.listen, &daemon->otlp_http, error))
    return FALSE;
  if (daemon->http == NULL && daemon->otlp_http == NULL)
    return TRUE;
  daemon->otlp = orf_otlp_service_new (&daemon->core->metrics, error);
  if (daemon->otlp == NULL)
    return FALSE;
  if (daemon->http != NULL)
    orf_otlp_service_add (daemon->otlp, daemon->http);
  if (daemon->otlp_http != NULL)
    orf_otlp_service_add (daemon->otlp, daemon->otlp_http);
  return TRUE;
}

static gboolean
start_jaeger (OrfDaemon *daemon, GError **error)
{
  if (!start_bare (daemon, "jaeger.listen", daemon->config->jaeger.listen, &daemon->jaeger_http,
                   error))
    return FALSE;
  daemon->jaeger = orf_jaeger_new (daemon->core->store);
  if (daemon->http != NULL)
    orf_jaeger_add (daemon->jaeger, daemon->http, ORF_JAEGER_PREFIX);
  if (daemon->jaeger_http != NULL)
    orf_jaeger_add (daemon->jaeger, daemon->jaeger_http, ORF_JAEGER_OWN_PREFIX);
  return TRUE;
}

static void
gate_event_cb (gpointer user_data, OrfGateEvent event, const char *actor, const char *address)
{
  OrfDaemon *daemon = user_data;
  json_t *detail = json_pack ("{s:s}", "address", address);

  switch (event) {
  case ORF_GATE_LOGIN:
    orf_audit_log_note (daemon->audit, actor, "auth.login", detail);
    break;
  case ORF_GATE_LOGOUT:
    orf_audit_log_note (daemon->audit, actor, "auth.logout", detail);
    orf_daemon_review_streams (daemon);
    break;
  case ORF_GATE_LOGIN_REFUSED:
  default:
    orf_audit_log_note_refusal (daemon->audit, "unknown", "auth.login_refused", detail);
    break;
  }
}

static OrfCache *
make_cache (OrfDaemon *daemon, GError **error)
{
  return orf_cache_new (
    &(OrfCacheParts){
      .config = daemon->config,
      .router = daemon->core->router,
      .memory = daemon->core->memory,
      .socket_path = daemon->cache_path,
      .main_socket_path = daemon->socket_path,
      .level = orf_redis_settings_are_wanted (daemon->config) ? &orf_redis_level_ops : NULL,
    },
    error);
}

static gboolean
names_setting (const GError *error)
{
  const char *field = orf_error_get_field (error);

  return field != NULL && g_str_has_prefix (field, "cache.");
}

/* Daemons whose sockets are in one folder have each a cache's: the first has the plain name. */
static gboolean
start_cache (OrfDaemon *daemon, GError **error)
{
  g_autoptr (GError) taken = NULL;

  daemon->cache_path = orf_paths_dup_cache_socket (daemon->config, daemon->socket_path);
  daemon->cache = make_cache (daemon, &taken);
  if (daemon->cache == NULL && daemon->config->cache.socket[0] == '\0' &&
      g_error_matches (taken, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION)) {
    g_free (daemon->cache_path);
    daemon->cache_path = orf_paths_dup_second_cache_socket (daemon->socket_path);
    g_clear_error (&taken);
    daemon->cache = make_cache (daemon, &taken);
  }
  if (daemon->cache == NULL && !names_setting (taken))
    g_prefix_error (&taken, "[cache] socket: ");
  if (daemon->cache == NULL)
    g_propagate_error (error, g_steal_pointer (&taken));
  else
    daemon->cache_frame = orf_cache_frame_new (daemon->cache, daemon->sampler,
                                               daemon->core->registry, daemon->config);
  daemon->parts.cache = daemon->cache_frame;
  return daemon->cache != NULL;
}

static gboolean
start_reader (OrfDaemon *daemon, GError **error)
{
  OrfCore *core = daemon->core;

  daemon->reader = orf_rpc_reader_new ((gsize) daemon->config->rpc.read_aside_bytes, core->memory,
                                       error);
  orf_router_set_reader (core->router, daemon->reader);
  return daemon->reader != NULL;
}

gboolean
orf_daemon_start_listeners (OrfDaemon *daemon, GError **error)
{
  g_autofree char *cookie = NULL;

  daemon->socket_path = orf_paths_dup_socket (daemon->config);
  cookie = orf_paths_dup_cookie (daemon->socket_path);
  daemon->poller = orf_poller_new (NULL, error);
  if (daemon->poller == NULL || !start_reader (daemon, error))
    return FALSE;
  orf_poller_rest (daemon->poller);
  daemon->socket = orf_socket_server_new (daemon->core->router, daemon->poller, daemon->config,
                                          daemon->socket_path, error);
  if (daemon->socket == NULL)
    return FALSE;
  if (!start_cache (daemon, error))
    return FALSE;
  daemon->gate = orf_gate_new (daemon->config, cookie, error);
  if (daemon->gate == NULL)
    return FALSE;
  orf_gate_set_witness (daemon->gate, gate_event_cb, daemon);
  return start_http (daemon, error) && start_otlp (daemon, error) && start_jaeger (daemon, error);
}
