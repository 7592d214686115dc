/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths that take WebSockets. */
#include "transport/orf-http-request-private.h"

#include <string.h>

const OrfHttpSocketEntry *
orf_http_socket_find (const OrfHttpService *service, const char *path)
{
  for (guint i = 0; i < service->sockets->len; i++) {
    const OrfHttpSocketEntry *entry = &g_array_index (service->sockets, OrfHttpSocketEntry, i);

    if (strcmp (entry->path, path) == 0)
      return entry;
  }
  return NULL;
}

/* Who may open this WebSocket now. */
static gboolean
check_upgrade (OrfHttpRequest *request, const OrfHttpSocketEntry *entry, GError **error)
{
  if (!orf_http_request_admit (request, &request->identity, error))
    return FALSE;
  if (entry->role != ORF_ROLE_NONE && !orf_role_holds (request->identity.role, entry->role)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_PERMISSION_DENIED,
                 "this needs a role that the caller (%s) does not have", request->identity.actor);
    return FALSE;
  }
  return orf_memory_check_part (orf_router_get_memory (request->service->router),
                                ORF_MEMORY_STREAMS, error) &&
         (entry->ops.check == NULL || entry->ops.check (entry->ops.user_data, error));
}

static void
refuse_upgrade (OrfHttpRequest *request, const GError *error)
{
  gint64 retry_after_ms = orf_error_get_retry_after_ms (error);
  OrfErrorCode code = orf_error_get_code (error);

  if (code == ORF_ERROR_UNAUTHENTICATED) {
    orf_http_request_refuse_unauthenticated (request, error);
    return;
  }
  if (retry_after_ms >= 0)
    orf_http_request_add_retry_after (request, retry_after_ms);
  if (code == ORF_ERROR_INVALID_REQUEST)
    orf_http_request_add_header (request, "Sec-WebSocket-Version", "13");
  orf_http_request_answer_error (request,
                                 code == ORF_ERROR_RESOURCE_EXHAUSTED
                                   ? SOUP_STATUS_SERVICE_UNAVAILABLE
                                   : orf_error_code_to_http (code),
                                 error);
}

void
orf_http_socket_start (OrfHttpRequest *request, const OrfHttpSocketEntry *entry)
{
  g_autoptr (GError) error = NULL;

  if (check_upgrade (request, entry, &error))
    request->handshake = orf_http_upgrade_answer (request->message, &error);
  if (error != NULL) {
    refuse_upgrade (request, error);
    return;
  }
  request->upgrade = entry;
  request->answered = TRUE;
}

void
orf_http_socket_refuse_plain (OrfHttpRequest *request)
{
  orf_http_request_add_header (request, "Upgrade", "websocket");
  orf_http_request_refuse (request, ORF_HTTP_UPGRADE_REQUIRED, ORF_ERROR_FAILED_PRECONDITION,
                           "this path speaks WebSocket only");
}
