/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-load-request.h"

#include <string.h>

#include "orf-error.h"
#include "orf-json.h"

#define DEFAULT_CALL "{\"jsonrpc\":\"2.0\",\"id\":{{n}},\"method\":\"health.check\"}"
/* Runs with the same options send the same bytes. */
#define SEED 20261122

#define WEBSOCKET_TEXT   0x81
#define WEBSOCKET_MASKED 0x80

typedef struct {
  char *head; /* up to Content-Length; NULL: there is none on this way */
  char *body; /* NULL: none */
} Template;

struct _OrfLoadRequests {
  const OrfLoadTarget *target;
  GArray *templates; /* Template */
  GRand *random;
  char *headers; /* each line ended by CRLF */
};

static void
clear_template (gpointer data)
{
  Template *template = data;

  g_free (template->head);
  g_free (template->body);
}

/* ---- templates ------------------------------------------------------------------------------- */

static gboolean G_GNUC_PRINTF (2, 3) refuse (GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, message);
  return FALSE;
}

static gboolean
is_token (const char *text)
{
  return *text != '\0' && strpbrk (text, " \t\r\n:") == NULL;
}

/* Lines as HTTP has them: each a name, a colon and a value. */
static gboolean
append_headers (GString *out, const char *text, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (char **line = lines; *line != NULL; line++) {
    g_auto (GStrv) pair = g_strsplit (g_strstrip (*line), ":", 2);

    if (**line == '\0')
      continue;
    if (g_strv_length (pair) != 2 || !is_token (pair[0]))
      return refuse (error, "--header: \"%s\" is not NAME: VALUE", *line);
    g_string_append_printf (out, "%s:%s\r\n", pair[0], pair[1]);
  }
  return TRUE;
}

static gboolean
has_header (const char *lines, const char *name)
{
  g_autofree char *lower = g_ascii_strdown (lines, -1);
  g_autofree char *begin = g_strconcat ("\n", name, ":", NULL);

  return g_str_has_prefix (lower, begin + 1) || strstr (lower, begin) != NULL;
}

/* Takes body. */
static gboolean
add_template (OrfLoadRequests *requests,
              const char *method,
              const char *path,
              const char *headers,
              char *body,
              GError **error)
{
  Template template = { NULL, body };
  GString *head;

  if (requests->target->way != ORF_LOAD_WAY_HTTP) {
    if (body == NULL)
      template.body = g_strdup (DEFAULT_CALL);
    g_array_append_val (requests->templates, template);
    return TRUE;
  }
  if (method == NULL)
    method = body != NULL ? "POST" : "GET";
  head = g_string_new (NULL);
  g_string_append_printf (head, "%s %s HTTP/1.1\r\n", method, path);
  if (!has_header (headers, "host"))
    g_string_append_printf (head, "Host: %s\r\n", requests->target->host);
  if (body != NULL && !has_header (headers, "content-type"))
    g_string_append (head, "Content-Type: application/json\r\n");
  g_string_append (head, headers);
  template.head = g_string_free (head, FALSE);
  g_array_append_val (requests->templates, template);
  if (!is_token (method) || *path != '/' || strpbrk (path, " \r\n") != NULL)
    return refuse (error, "\"%s %s\" is no method and path of HTTP", method, path);
  return TRUE;
}

/* ---- a file of requests ---------------------------------------------------------------------- */

static gboolean
add_object (OrfLoadRequests *requests, json_t *object, GError **error)
{
  const char *path = json_string_value (json_object_get (object, "path"));
  json_t *headers = json_object_get (object, "headers");
  json_t *body = json_object_get (object, "body");
  g_autoptr (GString) lines = g_string_new (requests->headers);
  const char *name;
  json_t *value;

  if (!json_is_object (object) || (headers != NULL && !json_is_object (headers)))
    return refuse (error, "it is no object with method, path, headers and body");
  json_object_foreach (headers, name, value)
  {
    const char *text = json_string_value (value);

    if (!is_token (name) || text == NULL || strpbrk (text, "\r\n") != NULL)
      return refuse (error, "header %s is no name with a text", name);
    g_string_append_printf (lines, "%s: %s\r\n", name, text);
  }
  return add_template (requests, json_string_value (json_object_get (object, "method")),
                       path != NULL                     ? path
                       : requests->target->path != NULL ? requests->target->path
                                                        : "/",
                       lines->str,
                       body == NULL || json_is_null (body) ? NULL
                       : json_is_string (body)             ? g_strdup (json_string_value (body))
                                                           : orf_json_dump (body),
                       error);
}

static gboolean
add_file (OrfLoadRequests *requests, const char *path, GError **error)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, error))
    return FALSE;
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    g_autoptr (json_t) object = NULL;

    if (*g_strstrip (lines[i]) == '\0')
      continue;
    /* not orf_json_parse(), for which all numbers are reals: a body keeps its 1 */
    object = json_loads (lines[i], 0, NULL);
    if (!add_object (requests, object, error)) {
      g_prefix_error (error, "%s, line %u: ", path, i + 1);
      return FALSE;
    }
  }
  return requests->templates->len > 0 || refuse (error, "%s: it has no request", path);
}

OrfLoadRequests *
orf_load_requests_new (const OrfLoadTarget *target,
                       const OrfLoadRequestSetup *setup,
                       GError **error)
{
  g_autoptr (OrfLoadRequests) requests = g_new0 (OrfLoadRequests, 1);
  g_autoptr (GString) headers = g_string_new (NULL);

  requests->target = target;
  requests->random = g_rand_new_with_seed (SEED);
  requests->templates = g_array_new (FALSE, FALSE, sizeof (Template));
  g_array_set_clear_func (requests->templates, clear_template);
  if (setup->headers != NULL && !append_headers (headers, setup->headers, error))
    return NULL;
  requests->headers = g_strdup (headers->str);
  if (setup->file != NULL ? !add_file (requests, setup->file, error)
                          : !add_template (requests, setup->method, target->path, headers->str,
                                           g_strdup (setup->body), error))
    return NULL;
  return g_steal_pointer (&requests);
}

void
orf_load_requests_free (OrfLoadRequests *requests)
{
  if (requests == NULL)
    return;
  g_clear_pointer (&requests->templates, g_array_unref);
  g_clear_pointer (&requests->random, g_rand_free);
  g_free (requests->headers);
  g_free (requests);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static void
append_filled (OrfLoadRequests *requests, guint64 n, const char *body, GString *out)
{
  const char *mark;

  while ((mark = strstr (body, "{{")) != NULL) {
    g_string_append_len (out, body, mark - body);
    if (g_str_has_prefix (mark, "{{n}}")) {
      g_string_append_printf (out, "%" G_GUINT64_FORMAT, n);
      body = mark + strlen ("{{n}}");
    } else if (g_str_has_prefix (mark, "{{random}}")) {
      g_string_append_printf (out, "%d", g_rand_int_range (requests->random, 0, G_MAXINT32));
      body = mark + strlen ("{{random}}");
    } else {
      g_string_append (out, "{{");
      body = mark + strlen ("{{");
    }
  }
  g_string_append (out, body);
}

/* A client has to mask; by zeros, which leaves the bytes as they are. */
static void
append_frame_head (GString *out, gsize length)
{
  guint shift;

  g_string_append_c (out, (char) WEBSOCKET_TEXT);
  if (length < 126) {
    g_string_append_c (out, (char) (WEBSOCKET_MASKED | length));
    shift = 0;
  } else if (length <= G_MAXUINT16) {
    g_string_append_c (out, (char) (WEBSOCKET_MASKED | 126));
    shift = 16;
  } else {
    g_string_append_c (out, (char) (WEBSOCKET_MASKED | 127));
    shift = 64;
  }
  while (shift > 0) {
    shift -= 8;
    g_string_append_c (out, (char) (length >> shift & 0xff));
  }
  g_string_append_len (out, "\0\0\0\0", 4);
}

void
orf_load_requests_append (OrfLoadRequests *requests, guint64 n, GString *out)
{
  const Template *template = &g_array_index (requests->templates, Template,
                                             n % requests->templates->len);
  g_autoptr (GString) body = g_string_new (NULL);

  if (template->body != NULL)
    append_filled (requests, n, template->body, body);
  switch (requests->target->way) {
  case ORF_LOAD_WAY_HTTP:
    g_string_append (out, template->head);
    if (template->body != NULL)
      g_string_append_printf (out, "Content-Length: %" G_GSIZE_FORMAT "\r\n", body->len);
    g_string_append (out, "\r\n");
    break;
  case ORF_LOAD_WAY_WEBSOCKET:
    append_frame_head (out, body->len);
    break;
  case ORF_LOAD_WAY_SOCKET:
  default:
    g_strdelimit (body->str, "\r\n", ' '); /* a raw newline is only space in JSON */
    g_string_append_c (body, '\n');
    break;
  }
  g_string_append_len (out, body->str, (gssize) body->len);
}

void
orf_load_requests_append_handshake (const OrfLoadRequests *requests, GString *out)
{
  g_string_append_printf (out,
                          "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\n"
                          "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                          "Sec-WebSocket-Key: b3JmZWFzY3RsLWxvYWQhIQ==\r\n%s\r\n",
                          requests->target->path, requests->target->host, requests->headers);
}
