/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "orf-encode.h"
#include "orf-error.h"
#include "orf-json.h"
#include "orf-trace-context.h"

#include "orf-ctl-reply.h"

/* By the names that OpenTelemetry has for them: scripts and CI jobs are traced so. */
static void
append_trace (GString *meta)
{
  char traceparent[ORF_TRACE_CONTEXT_CHARS + 1], state[ORF_TRACE_STATE_CHARS + 1];
  OrfTraceContext context;

  if (!orf_trace_context_parse (g_getenv ("TRACEPARENT"), &context))
    return;
  /* a later version's has more behind it, of any bytes */
  orf_trace_context_format (&context, traceparent);
  orf_encode_member (meta, "traceparent");
  orf_encode_string (meta, traceparent, -1);
  if (orf_trace_state_clean (g_getenv ("TRACESTATE"), state) == 0)
    return;
  orf_encode_member (meta, "tracestate");
  orf_encode_string (meta, state, -1);
}

GString *
orf_ctl_request_new (const char *method, const char *params, gint64 deadline_ms)
{
  GString *out = g_string_new ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":");
  g_autoptr (GString) meta = g_string_new ("{");

  orf_encode_string (out, method, -1);
  if (params != NULL) {
    g_string_append (out, ",\"params\":");
    g_string_append (out, params);
  }
  if (deadline_ms > 0) {
    orf_encode_member (meta, "deadline_ms");
    orf_encode_integer (meta, deadline_ms);
  }
  append_trace (meta);
  if (meta->len > 1)
    g_string_append_printf (out, ",\"meta\":%s}", meta->str);
  g_string_append_c (out, '}');
  g_strdelimit (out->str, "\r\n", ' ');
  g_string_append_c (out, '\n');
  return out;
}

/* To the request whose id is 1, as ours all have it; an error may come from before it was read. */
static gboolean
is_ours (json_t *id)
{
  return id == NULL || json_is_null (id) || (json_is_number (id) && json_number_value (id) == 1);
}

gboolean
orf_ctl_reply_is_response (const char *text, gsize length)
{
  g_autoptr (json_t) root = orf_json_parse (text, length, ORF_JSON_MAX_DEPTH, NULL);

  if (!is_ours (json_object_get (root, "id")))
    return FALSE;
  return json_object_get (root, "result") != NULL || json_object_get (root, "error") != NULL;
}

/* ---- the bytes of one member -------------------------------------------------------------------
 * The text has been parsed, so it is valid JSON: what follows only counts brackets and quotes.  A
 * dump of the parsed tree would not do: it writes numbers in its own way. */

static const char *
skip_string (const char *at)
{
  for (at++; *at != '"'; at++) {
    if (*at == '\\')
      at++;
  }
  return at + 1;
}

static const char *
skip_space (const char *at)
{
  return at + strspn (at, " \t\r\n");
}

static const char *
skip_value (const char *at)
{
  guint depth = 0;

  do {
    if (*at == '"') {
      at = skip_string (at);
      continue;
    }
    if (*at == '{' || *at == '[')
      depth++;
    else if (*at == '}' || *at == ']')
      depth--;
    at++;
  } while (depth > 0 || strchr (",}] \t\r\n", *at) == NULL);
  return at;
}

char *
orf_ctl_reply_dup_member (const char *text, const char *quoted_name)
{
  const char *at = skip_space (text);

  /* of two members of one name the parser has the last, and we have the first, which may be a list:
   * its texts have no values behind them */
  if (*at != '{')
    return NULL;
  for (at = skip_space (at + 1); *at == '"'; at = skip_space (at)) {
    const char *name = at;
    const char *value = skip_space (skip_space (skip_string (at)) + 1);

    at = skip_value (value);
    if (strncmp (name, quoted_name, strlen (quoted_name)) == 0)
      return g_strndup (value, (gsize) (at - value));
    at = skip_space (at);
    if (*at == ',')
      at++;
  }
  return NULL;
}

/* ---- errors ------------------------------------------------------------------------------------
 */

static OrfErrorCode
find_code (const char *status, int number)
{
  static const OrfErrorCode known[] = { ORF_ERROR_INVALID_ARGUMENT,   ORF_ERROR_DEADLINE_EXCEEDED,
                                        ORF_ERROR_UNAVAILABLE,        ORF_ERROR_NOT_FOUND,
                                        ORF_ERROR_RESOURCE_EXHAUSTED, ORF_ERROR_UNAUTHENTICATED,
                                        ORF_ERROR_PERMISSION_DENIED };

  for (guint i = 0; i < G_N_ELEMENTS (known); i++) {
    if (g_strcmp0 (status, orf_error_code_to_name (known[i])) == 0 ||
        (status == NULL && orf_error_code_to_jsonrpc (known[i]) == number))
      return known[i];
  }
  return ORF_ERROR_UNKNOWN;
}

static void
append_details (GString *out, json_t *data)
{
  const char *field = json_string_value (json_object_get (data, "field"));
  const char *allowed = json_string_value (json_object_get (data, "allowed"));
  gboolean told = allowed != NULL && strstr (out->str, allowed) != NULL;
  json_t *retry = json_object_get (data, "retry_after_ms");

  if (field != NULL && allowed != NULL && !told)
    g_string_append_printf (out, " (%s: %s)", field, allowed);
  else if (!told && (field != NULL || allowed != NULL))
    g_string_append_printf (out, " (%s)", field != NULL ? field : allowed);
  if (json_is_number (retry))
    g_string_append_printf (out, ", try again in %.0f ms", json_number_value (retry));
}

static OrfCtlExit
fold_error (const char *method, json_t *object, GError **error)
{
  json_t *data = json_object_get (object, "data");
  const char *status = json_string_value (json_object_get (data, "status"));
  const char *message = json_string_value (json_object_get (object, "message"));
  int number = (int) CLAMP (json_number_value (json_object_get (object, "code")), G_MININT,
                            G_MAXINT);
  OrfErrorCode code = find_code (status, number);
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_append_printf (text, "%s: ", method);
  if (status != NULL)
    g_string_append_printf (text, "%s: ", status);
  else
    g_string_append_printf (text, "error %d: ", number);
  g_string_append (text, message != NULL ? message : "the server gave no reason");
  append_details (text, data);
  g_set_error_literal (error, ORF_ERROR, (int) code, text->str);
  return code == ORF_ERROR_DEADLINE_EXCEEDED ? ORF_CTL_DEADLINE : ORF_CTL_SERVER_ERROR;
}

OrfCtlExit
orf_ctl_reply_get_result (
  const char *method, const char *text, gsize length, char **result, GError **error)
{
  g_autoptr (json_t) root = orf_json_parse (text, length, ORF_JSON_MAX_DEPTH, error);
  json_t *failure = json_object_get (root, "error");
  json_t *found = json_object_get (root, "result");

  if (root == NULL) {
    g_prefix_error (error, "%s: the answer is not JSON: ", method);
    return ORF_CTL_SERVER_ERROR;
  }
  if (failure != NULL && !json_is_null (failure))
    return fold_error (method, failure, error);
  if (found == NULL) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INTERNAL, "%s: the answer holds no result", method);
    return ORF_CTL_SERVER_ERROR;
  }
  *result = orf_ctl_reply_dup_member (text, "\"result\"");
  /* a name written with escapes is found in the tree, but not in the text */
  if (*result == NULL)
    *result = orf_json_dump (found);
  return ORF_CTL_DONE;
}

static void
take_value (const char *message, json_t *params, char **text, guint64 *dropped)
{
  g_autofree char *members = orf_ctl_reply_dup_member (message, "\"params\"");
  double lost = json_number_value (json_object_get (params, "dropped"));

  /* a name written with escapes is found in the tree, but not here */
  *text = members != NULL ? orf_ctl_reply_dup_member (members, "\"value\"") : NULL;
  if (*text == NULL)
    *text = g_strdup ("null");
  *dropped = lost >= 1 && lost < 9007199254740992.0 ? (guint64) lost : 0;
}

OrfCtlStreamKind
orf_ctl_reply_get_stream (const GString *message, const char *stream, char **text, guint64 *dropped)
{
  g_autoptr (json_t) root = orf_json_parse (message->str, message->len, ORF_JSON_MAX_DEPTH, NULL);
  const char *method = json_string_value (json_object_get (root, "method"));
  json_t *params = json_object_get (root, "params");
  const char *status = json_string_value (json_object_get (params, "status"));

  if (g_strcmp0 (json_string_value (json_object_get (params, "stream")), stream) != 0)
    return ORF_CTL_STREAM_OTHER;
  if (g_strcmp0 (method, "stream.next") == 0 && json_object_get (params, "value") != NULL) {
    take_value (message->str, params, text, dropped);
    return ORF_CTL_STREAM_VALUE;
  }
  if (g_strcmp0 (method, "stream.end") != 0)
    return ORF_CTL_STREAM_OTHER;
  *text = g_strdup (status != NULL ? status : "UNKNOWN");
  return ORF_CTL_STREAM_END;
}
