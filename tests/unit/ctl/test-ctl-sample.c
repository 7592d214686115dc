/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-error.h"

#include "orf-json.h"

#include "orf-ctl-sample.h"

static void
test_good (void)
{
  static const struct {
    const char *text;
    const char *json;
  } good[] = {
    { "a=1", "{\"name\":\"a\",\"value\":1.0,\"t_us\":5}" },
    { "a.b=-1.5e3", "{\"name\":\"a.b\",\"value\":-1500.0,\"t_us\":5}" },
    { "a{}=2", "{\"name\":\"a\",\"value\":2.0,\"t_us\":5}" },
    { "a{k=\"v\"}=2", "{\"name\":\"a\",\"labels\":{\"k\":\"v\"},\"value\":2.0,\"t_us\":5}" },
    { "a{k=v,l=w}=2",
      "{\"name\":\"a\",\"labels\":{\"k\":\"v\",\"l\":\"w\"},\"value\":2.0,\"t_us\":5}" },
    { "a{k=\"=,}\\\"\\\\\\n\",}=2",
      "{\"name\":\"a\",\"labels\":{\"k\":\"=,}\\\"\\\\\\n\"},\"value\":2.0,\"t_us\":5}" },
    { "a{k=}=2", "{\"name\":\"a\",\"labels\":{\"k\":\"\"},\"value\":2.0,\"t_us\":5}" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (json_t) sample = orf_ctl_sample_parse (good[i].text, 5, &error);
    g_autofree char *json = NULL;

    g_assert_no_error (error);
    json = json_dumps (sample, JSON_COMPACT);
    g_assert_cmpstr (json, ==, good[i].json);
  }
}

static void
test_without_time (void)
{
  g_autoptr (json_t) sample = orf_ctl_sample_parse ("a=1", -1, NULL);

  g_assert_null (json_object_get (sample, "t_us"));
}

static void
test_bad (void)
{
  static const char *const bad[] = {
    "",
    "a",
    "=1",
    "a=",
    "a=x",
    "a=1x",
    "a=nan",
    "a=inf",
    "a=1e999",
    "a{k=\"v}=1",
    "a{k}=1",
    "a{k=\"v\"",
    "a{=v}=1",
    "a{k=v}",
    "a{k=v}1",
    "a{k=v",
    "a{k=1,k=2}=1",
    "{k=v}=1",
    "a{k=v\"w\"}=1",
    "a{k=\"v\"w}=1",
    "\xff=1",
    "a{k=\xff}=1",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (orf_ctl_sample_parse (bad[i], -1, &error));
    g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ctl/sample/good", test_good);
  g_test_add_func ("/ctl/sample/without-time", test_without_time);
  g_test_add_func ("/ctl/sample/bad", test_bad);
  return g_test_run ();
}
