/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <libsoup/soup.h>

#include "orf-ctl-doctor.h"
#include "core/orf-http-send.h"

/* An endpoint that takes longer does not answer, for those who wait for it. */
#define TIMEOUT_S 5

typedef struct {
  const char *path;
  const char *body; /* NULL: GET */
  const char *what;
} Endpoint;

static const Endpoint endpoints[] = {
  { "/healthz", NULL, "health, for load balancers" },
  { "/readyz", NULL, "readiness" },
  { "/", NULL, "the page" },
  { "/openrpc.json", NULL, "the schema" },
  { "/metrics", NULL, "Prometheus" },
  { "/api/v1/status", NULL, "REST" },
  { "/api/phase4/status", NULL, "REST, by the routes of the original" },
  { "/v1/metrics", "{\"resourceMetrics\":[]}", "OTLP metrics" },
  { "/v1/traces", "{\"resourceSpans\":[]}", "OTLP traces" },
  { "/jaeger/api/services", NULL, "Jaeger" },
};

static void
judge (OrfCtlFindings *findings, const Endpoint *endpoint, guint status, const char *reason)
{
  switch (status) {
  case SOUP_STATUS_OK:
    orf_ctl_findings_add (findings, "endpoint", ORF_CTL_FINDING_GOOD, "%s answers: %s",
                          endpoint->path, endpoint->what);
    break;
  case SOUP_STATUS_UNAUTHORIZED:
  case SOUP_STATUS_FORBIDDEN:
    orf_ctl_findings_add (findings, "endpoint", ORF_CTL_FINDING_NOTE, "%s asks for a token: %s",
                          endpoint->path, endpoint->what);
    orf_ctl_findings_advise (findings, "orfeasctl token new makes one; send it as Authorization: "
                                       "Bearer TOKEN");
    break;
  case SOUP_STATUS_NOT_FOUND:
    orf_ctl_findings_add (findings, "endpoint", ORF_CTL_FINDING_FAULT,
                          "%s is not found: %s. Is it orfeasd that listens there?", endpoint->path,
                          endpoint->what);
    orf_ctl_findings_advise (findings, "the original backend uses port 5000 too; choose another "
                                       "with [listen] http, or build with the page (-Dpage=true)");
    break;
  default:
    orf_ctl_findings_add (findings, "endpoint", ORF_CTL_FINDING_FAULT, "%s answers %u %s: %s",
                          endpoint->path, status, reason, endpoint->what);
    orf_ctl_findings_advise (findings, "the daemon's log says more: journalctl -u orfeasd");
    break;
  }
}

static SoupMessage *
new_message (const char *url, const Endpoint *endpoint)
{
  g_autofree char *address = g_strconcat (url, endpoint->path, NULL);
  SoupMessage *message = soup_message_new (endpoint->body != NULL ? "POST" : "GET", address);

  if (message == NULL)
    return NULL;
  /* elsewhere is not what is asked about */
  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT);
  if (endpoint->body != NULL) {
    g_autoptr (GBytes) body = g_bytes_new_static (endpoint->body, strlen (endpoint->body));

    soup_message_set_request_body_from_bytes (message, "application/json", body);
  }
  return message;
}

typedef struct {
  GMainLoop *loop;
  GCancellable *cancellable; /* of all that is done with the message */
  GError *error;
} Pending;

/* Its head is here; what follows may have no end, and says nothing of how it is. */
static void
sent_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Pending *pending = user_data;
  g_autoptr (GInputStream)
    body = orf_http_send_finish (SOUP_SESSION (source), result, &pending->error);

  if (body != NULL)
    g_cancellable_cancel (pending->cancellable);
  g_main_loop_quit (pending->loop);
}

static gboolean
deadline_cb (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return G_SOURCE_CONTINUE;
}

/* In a loop of its own, for libsoup's time-outs begin anew with each byte. */
static gboolean
ask (SoupSession *session, SoupMessage *message, GError **error)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Pending pending = { loop, cancellable, NULL };
  guint timer = g_timeout_add_seconds (TIMEOUT_S, deadline_cb, cancellable);

  orf_http_send_async (session, message, cancellable, sent_cb, &pending);
  g_main_loop_run (loop);
  g_source_remove (timer);
  if (pending.error == NULL)
    return TRUE;
  g_propagate_error (error, pending.error);
  return FALSE;
}

/* FALSE: nobody answers there, and the others need not be asked. */
static gboolean
check (OrfCtlFindings *findings, SoupSession *session, const char *url, const Endpoint *endpoint)
{
  g_autoptr (SoupMessage) message = new_message (url, endpoint);
  g_autoptr (GError) error = NULL;

  if (message != NULL && ask (session, message, &error)) {
    judge (findings, endpoint, soup_message_get_status (message),
           soup_message_get_reason_phrase (message));
    return TRUE;
  }
  orf_ctl_findings_add (findings, "endpoint", ORF_CTL_FINDING_FAULT, "%s%s: %s", url,
                        endpoint->path,
                        error == NULL ? "this is no address"
                        : g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
                          ? "no answer in time"
                          : error->message);
  orf_ctl_findings_advise (findings, "[listen] http says where it listens; from another machine it "
                                     "needs TLS and tokens (doc/security.md)");
  return FALSE;
}

void
orf_ctl_doctor_check_endpoints (OrfCtlFindings *findings, const char *url)
{
  g_autoptr (SoupSession)
    session = soup_session_new_with_options ("proxy-resolver", NULL, "timeout", TIMEOUT_S, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (endpoints); i++)
    if (!check (findings, session, url, &endpoints[i]))
      return;
}
