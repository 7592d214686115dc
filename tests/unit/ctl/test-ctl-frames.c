/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>
#include <string.h>

#include "orf-error.h"

#include "orf-ctl-frames.h"

#define T0 1760000000000000

static const OrfCtlTerminal pipe_end = { .utf8 = TRUE };
static const OrfCtlTerminal screen = {
  .is_terminal = TRUE, .utf8 = TRUE, .can_redraw = TRUE, .width = 80, .height = 24
};

static OrfCtlFrames *
new_frames (void)
{
  return orf_ctl_frames_new (10 * G_USEC_PER_SEC);
}

static void
add (OrfCtlFrames *frames, gint64 after_s, const char *values)
{
  g_autofree char *text = g_strdup_printf ("{\"t_us\":%" G_GINT64_FORMAT ",\"values\":{%s}}",
                                           T0 + after_s * G_USEC_PER_SEC, values);
  g_autoptr (GError) error = NULL;

  g_assert_true (orf_ctl_frames_add (frames, text, &error));
  g_assert_no_error (error);
}

static char *
draw (const OrfCtlFrames *frames, const OrfCtlTerminal *terminal)
{
  GString *out = g_string_new (NULL);

  orf_ctl_frames_append_screen (frames, terminal, TRUE, out);
  return g_string_free (out, FALSE);
}

/* Each value's own points, and no others. */
static void
test_lines (void)
{
  g_autoptr (OrfCtlFrames) frames = new_frames ();
  g_autoptr (GString) out = g_string_new (NULL);

  add (frames, 0, "\"a\":1,\"b\":null");
  orf_ctl_frames_append_lines (frames, &pipe_end, FALSE, out);
  add (frames, 1, "");
  orf_ctl_frames_append_lines (frames, &pipe_end, FALSE, out);
  add (frames, 2, "\"a\\u001b\":0.25");
  orf_ctl_frames_append_lines (frames, &pipe_end, FALSE, out);
  g_assert_cmpstr (out->str, ==,
                   "2025-10-09T08:53:20.000000Z\t1\ta\n"
                   "2025-10-09T08:53:22.000000Z\t0.25\ta?\n");
}

static void
test_screen (void)
{
  g_autoptr (OrfCtlFrames) frames = new_frames ();
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  add (frames, 0, "\"b.used_bytes\":1024,\"a{k=\\\"v\\\"}\":1");
  add (frames, 5, "\"b.used_bytes\":4096,\"a{k=\\\"v\\\"}\":null");
  first = draw (frames, &screen);
  g_assert_true (g_str_has_prefix (first, "SERIES"));
  g_assert_nonnull (strstr (first, "LAST 10.0 s"));
  g_assert_nonnull (strstr (first, "4.00 KiB\n"));
  g_assert_nonnull (strstr (first, "█"));
  g_assert_cmpuint (strstr (first, "a{k=\"v\"}") - first, <, strstr (first, "b.used") - first);
  g_assert_true (g_str_has_suffix (first, "08:53:25Z · Ctrl-C ends\n"));

  /* what is out of the window is not drawn, and its last value is still known */
  add (frames, 60, "");
  second = draw (frames, &screen);
  g_assert_null (strstr (second, "█"));
  g_assert_nonnull (strstr (second, "4.00 KiB\n"));
}

static void
test_height (void)
{
  OrfCtlTerminal low = screen;
  g_autoptr (OrfCtlFrames) frames = new_frames ();
  g_autofree char *nothing = draw (frames, &screen);
  g_autofree char *cut = NULL;
  g_auto (GStrv) lines = NULL;

  g_assert_nonnull (strstr (nothing, "no series matches yet"));
  low.height = 5;
  add (frames, 0, "\"a\":1,\"b\":2,\"c\":3,\"d\":4");
  cut = draw (frames, &low);
  lines = g_strsplit (cut, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 5); /* the last is where the cursor is */
  g_assert_nonnull (strstr (cut, "2 more"));
}

static void
test_unreadable (void)
{
  static const char *const values[] = {
    "", "[]", "{}", "{\"t_us\":1}", "{\"t_us\":1,\"values\":{\"a\":\"x\"}}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++) {
    g_autoptr (OrfCtlFrames) frames = new_frames ();
    g_autoptr (GError) error = NULL;

    g_assert_false (orf_ctl_frames_add (frames, values[i], &error));
    g_assert_true (error != NULL && error->domain == ORF_ERROR);
  }
}

int
main (int argc, char **argv)
{
  setlocale (LC_CTYPE, "C.UTF-8");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ctl/frames/lines", test_lines);
  g_test_add_func ("/ctl/frames/screen", test_screen);
  g_test_add_func ("/ctl/frames/height", test_height);
  g_test_add_func ("/ctl/frames/unreadable", test_unreadable);
  return g_test_run ();
}
