/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/orf-http-upgrade.h"

#include <unistd.h>

#include "orf-error.h"

void
orf_http_upgraded_free (OrfHttpUpgraded *upgraded)
{
  upgraded->released (upgraded->user_data, upgraded->address);
  g_object_unref (upgraded->address);
  if (upgraded->fd >= 0)
    close (upgraded->fd);
  if (upgraded->output != NULL)
    g_string_free (upgraded->output, TRUE);
  g_byte_array_unref (upgraded->input);
  g_free (upgraded->actor);
  g_free (upgraded->traceparent);
  g_free (upgraded->tracestate);
  g_free (upgraded);
}

int
orf_http_upgraded_steal_fd (OrfHttpUpgraded *upgraded)
{
  int fd = upgraded->fd;

  upgraded->fd = -1;
  return fd;
}

gboolean
orf_http_upgrade_is_asked (SoupServerMessage *message)
{
  return soup_message_headers_header_contains (soup_server_message_get_request_headers (message),
                                               "Upgrade", "websocket");
}

GString *
orf_http_upgrade_answer (SoupServerMessage *message, GError **error)
{
  static char *protocols[] = { (char *) "jsonrpc", NULL };
  g_autoptr (GError) local_error = NULL;
  SoupMessageHeadersIter iter;
  const char *name, *value;
  GString *head;

  /* the origin was looked at before */
  if (!soup_websocket_server_check_handshake (message, NULL, protocols, NULL, &local_error)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_REQUEST, "no WebSocket handshake: %s",
                 local_error->message);
    return NULL;
  }
  soup_websocket_server_process_handshake (message, NULL, protocols, NULL, NULL);
  head = g_string_new ("HTTP/1.1 101 Switching Protocols\r\n");
  soup_message_headers_iter_init (&iter, soup_server_message_get_response_headers (message));
  while (soup_message_headers_iter_next (&iter, &name, &value))
    g_string_append_printf (head, "%s: %s\r\n", name, value);
  g_string_append (head, "\r\n");
  return head;
}
