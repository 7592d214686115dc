/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <libsoup/soup.h>

#include "orf-ctl-doctor.h"

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

  if (message != NULL && endpoint->body != NULL) {
    g_autoptr (GBytes) body = g_bytes_new_static (endpoint->body, strlen (endpoint->body));

    soup_message_set_request_body_from_bytes (message, "application/json", body);
  }
  return message;
}

/* FALSE: nobody answers there, and the others need not be asked. */
static gboolean
check (OrfCtlFindings *findings, SoupSession *session, const char *url, const Endpoint *endpoint)
{
  g_autoptr (SoupMessage) message = new_message (url, endpoint);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes)
    body = message != NULL ? soup_session_send_and_read (session, message, NULL, &error) : NULL;

  if (body != NULL) {
    judge (findings, endpoint, soup_message_get_status (message),
           soup_message_get_reason_phrase (message));
    return TRUE;
  }
  orf_ctl_findings_add (findings, "endpoint", ORF_CTL_FINDING_FAULT, "%s%s: %s", url,
                        endpoint->path, error != NULL ? error->message : "this is no address");
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
