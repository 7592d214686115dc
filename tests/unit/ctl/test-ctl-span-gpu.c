/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which device of a span is told, and how. */
#include "orf-ctl-span-gpu.h"

#define GIB "1073741824"

static const OrfCtlTerminal terminal = { .utf8 = TRUE };
static const OrfCtlTerminal plain = { .utf8 = FALSE };

static void
assert_told (const char *json, const char *device, const char *text)
{
  g_auto (OrfCtlSpanGpu) gpu = { 0 };
  g_autofree char *told = NULL;

  g_assert_true (orf_ctl_span_gpu_read (&gpu, json));
  told = orf_ctl_span_gpu_format (&terminal, &gpu);
  g_assert_cmpstr (gpu.device, ==, device);
  g_assert_cmpstr (told, ==, text);
}

static void
test_one (void)
{
  g_auto (OrfCtlSpanGpu) gpu = { 0 };
  g_autofree char *told = NULL;

  assert_told ("{\"devices\":{\"a\":{\"start\":{\"used_bytes\":" GIB ",\"pressure_level\":\"low\"},"
               "\"end\":{\"used_bytes\":2" GIB "0,\"pressure_level\":\"high\"}}}}",
               "a", "1.00 GiB → 196 GiB high");
  /* no end: as at the start */
  assert_told ("{\"devices\":{\"a\":{\"start\":{\"used_bytes\":" GIB
               ",\"pressure_level\":\"low\"}}}}",
               "a", "1.00 GiB low");
  assert_told ("{\"devices\":{\"a\":{\"start\":null,\"end\":{\"used_bytes\":" GIB "}}}}", "a",
               "? → 1.00 GiB");
  assert_told ("{\"devices\":{\"a\":{\"start\":{\"used_bytes\":0,\"pressure_level\":\"low\"},"
               "\"end\":null}}}",
               "a", "0 B → ? low");
  g_assert_true (orf_ctl_span_gpu_read (
    &gpu, "{\"devices\":{\"a\":{\"start\":{\"used_bytes\":0},\"end\":{\"used_bytes\":1}}}}"));
  told = orf_ctl_span_gpu_format (&plain, &gpu);
  g_assert_cmpstr (told, ==, "0 B to 1 B");
}

/* The one that changed the most, also where it fell. */
static void
test_several (void)
{
  assert_told ("{\"devices\":{\"a\":{\"start\":{\"used_bytes\":9}},"
               "\"b\":{\"start\":{\"used_bytes\":500},\"end\":{\"used_bytes\":100}},"
               "\"c\":{\"start\":{\"used_bytes\":1},\"end\":{\"used_bytes\":300}}}}",
               "b", "500 B → 100 B");
  assert_told ("{\"devices\":{\"a\":{\"start\":null,\"end\":{\"used_bytes\":9}},"
               "\"b\":{\"start\":{\"used_bytes\":5}}}}",
               "b", "5 B");
}

static void
test_nothing (void)
{
  static const char *const texts[] = {
    NULL,
    "",
    "null",
    "[]",
    "{}",
    "{\"devices\":{}}",
    "{\"devices\":[1]}",
    "{\"cache\":{\"start\":{}}}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_auto (OrfCtlSpanGpu) gpu = { 0 };

    g_assert_false (orf_ctl_span_gpu_read (&gpu, texts[i]));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ctl/span-gpu/one", test_one);
  g_test_add_func ("/ctl/span-gpu/several", test_several);
  g_test_add_func ("/ctl/span-gpu/nothing", test_nothing);
  return g_test_run ();
}
