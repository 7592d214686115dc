/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as what a server answers orfeasctl: results, streams, values of metrics.watch. */
#include <stdint.h>

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
  const OrfCtlTerminal terminal = { .is_terminal = TRUE, .utf8 = TRUE, .width = 80, .height = 24 };
  g_autoptr (OrfCtlFrames) frames = orf_ctl_frames_new (60 * G_USEC_PER_SEC);
  g_autoptr (GString) out = g_string_new (NULL);

  if (!orf_ctl_frames_add (frames, text, NULL))
    return;
  orf_ctl_frames_append_lines (frames, &terminal, TRUE, out);
  orf_ctl_frames_append_screen (frames, &terminal, TRUE, out);
  if (!g_utf8_validate_len (out->str, out->len, NULL))
    g_error ("a screen that is not UTF-8");
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);

  read_answer (text, strlen (text));
  read_stream (text, strlen (text));
  watch (text);
  return 0;
}
