/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bare-libsoup PORT ANSWER_FILE: what libsoup costs by itself.  Answers POST /rpc with the file's
 * bytes, after it has parsed what was posted; no policy, no bounds, no deadlines.
 */
#include <jansson.h>
#include <libsoup/soup.h>
#include <stdlib.h>

/* As the daemon's own: GSocket's 10 makes bursts wait for SYN retries. */
#define BACKLOG 4096

typedef struct {
  char *text;
  gsize length;
} Answer;

static void
rpc_cb (SoupServer *server,
        SoupServerMessage *message,
        const char *path,
        GHashTable *query,
        gpointer user_data)
{
  const Answer *answer = user_data;
  SoupMessageBody *body = soup_server_message_get_request_body (message);
  GBytes *bytes = soup_message_body_flatten (body);
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);
  json_t *request = json_loadb (data != NULL ? data : "", length, 0, NULL);

  soup_server_message_set_status (message, request != NULL ? 200 : 400, NULL);
  soup_server_message_set_response (message, "application/json", SOUP_MEMORY_COPY, answer->text,
                                    answer->length);
  json_decref (request);
  g_bytes_unref (bytes);
}

static GSocket *
listen_at (guint16 port)
{
  g_autoptr (GInetAddress) inet = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (inet, port);
  GError *error = NULL;
  GSocket *socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP,
                                  &error);

  if (socket != NULL)
    g_socket_set_listen_backlog (socket, BACKLOG);
  if (socket == NULL || !g_socket_bind (socket, address, TRUE, &error) ||
      !g_socket_listen (socket, &error)) {
    g_printerr ("bare-libsoup: %s\n", error->message);
    exit (1);
  }
  return socket;
}

int
main (int argc, char **argv)
{
  GError *error = NULL;
  Answer answer;
  SoupServer *server;

  if (argc != 3) {
    g_printerr ("usage: bare-libsoup PORT ANSWER_FILE\n");
    return 2;
  }
  if (!g_file_get_contents (argv[2], &answer.text, &answer.length, &error)) {
    g_printerr ("bare-libsoup: %s\n", error->message);
    return 1;
  }
  server = soup_server_new (NULL, NULL);
  soup_server_add_handler (server, "/rpc", rpc_cb, &answer, NULL);
  if (!soup_server_listen_socket (server, listen_at ((guint16) atoi (argv[1])), 0, &error)) {
    g_printerr ("bare-libsoup: %s\n", error->message);
    return 1;
  }
  g_main_loop_run (g_main_loop_new (NULL, FALSE));
}
