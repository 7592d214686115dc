/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as what a server answers orfeasctl: results, streams, values of metrics.watch.  And as
 * the parameters and the trace of a request of ours: it is one line of JSON. */
#include <stdint.h>
#include <string.h>

#include "orf-ctl-frames.h"
#include "orf-ctl-reply.h"
#include "orf-json.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
read_answer (const char *text, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *result = NULL;
  OrfCtlExit verdict;

  orf_ctl_reply_is_response (text, size);
  verdict = orf_ctl_reply_get_result ("status.get", text, size, &result, &error);
  if ((verdict == ORF_CTL_DONE) != (result != NULL) || (result == NULL) != (error != NULL))
    g_error ("neither taken nor refused");
}

static void
read_stream (const char *text, size_t size)
{
  g_autoptr (GString) message = g_string_new_len (text, (gssize) size);
  g_autofree char *value = NULL;
  guint64 dropped = 0;

  if (orf_ctl_reply_get_stream (message, "s1", &value, &dropped) == ORF_CTL_STREAM_VALUE &&
      value == NULL)
    g_error ("a value that is none");
}

static void
watch (const char *text)
{
  const OrfCtlTerminal terminal = { .is_terminal = TRUE, .utf8 = TRUE, .width = 80, .height = 5 };
  const OrfCtlTerminal pipe = { .is_terminal = FALSE };
  g_autoptr (OrfCtlFrames) frames = orf_ctl_frames_new (60 * G_USEC_PER_SEC);
  g_autoptr (GString) out = g_string_new (NULL);

  if (!orf_ctl_frames_add (frames, text, NULL))
    return;
  orf_ctl_frames_append_lines (frames, &terminal, TRUE, out);
  orf_ctl_frames_append_lines (frames, &pipe, TRUE, out);
  orf_ctl_frames_append_screen (frames, &terminal, TRUE, out);
  if (!g_utf8_validate_len (out->str, out->len, NULL))
    g_error ("a screen that is not UTF-8");
}

/* ---- what is asked --------------------------------------------------------------------------- */

/* By where each begins: TRACEPARENT and TRACESTATE, a line each, and the parameters. */
static void
ask (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", 3);
  const char *params = NULL;
  g_autoptr (json_t) given = NULL, root = NULL;
  g_autoptr (GString) request = NULL;

  if (g_strv_length (lines) < 3)
    return;
  g_setenv ("TRACEPARENT", lines[0], TRUE);
  g_setenv ("TRACESTATE", lines[1], TRUE);
  given = orf_json_parse (lines[2], strlen (lines[2]), ORF_JSON_MAX_DEPTH - 1, NULL);
  params = given != NULL ? lines[2] : NULL;
  request = orf_ctl_request_new ("status.get", params, (gint64) strlen (text) - 50);
  root = orf_json_parse (request->str, request->len, ORF_JSON_MAX_DEPTH, NULL);
  if (strchr (request->str, '\n') != request->str + request->len - 1 ||
      (json_object_get (root, "params") != NULL) != (params != NULL))
    g_error ("asked: %s", request->str);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);

  read_answer (text, strlen (text));
  read_stream (text, strlen (text));
  watch (text);
  ask (text);
  return 0;
}
