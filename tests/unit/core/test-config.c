/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include <glib/gstdio.h>

#include "core/orf-config.h"
#include "orf-error.h"

typedef struct {
  char *path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  int fd = g_file_open_tmp ("orf-config-XXXXXX", &fixture->path, NULL);

  g_close (fd, NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_unlink (fixture->path);
  g_free (fixture->path);
}

static OrfConfig *
load (Fixture *fixture, const char *text, const char *const *overrides, GError **error)
{
  g_assert_true (g_file_set_contents (fixture->path, text, -1, NULL));
  return orf_config_load (fixture->path, overrides, error);
}

static void
test_order (Fixture *fixture, gconstpointer data)
{
  const char *const overrides[] = { "gpu.burst_us=30000", "listen.allowed_hosts=a;b", NULL };
  g_autoptr (OrfConfig) config = NULL;

  g_setenv ("ORFEAS_GPU_SAMPLE_US", "200000", TRUE);
  g_setenv ("ORFEAS_GPU_BURST_US", "20000", TRUE);
  config = load (fixture, "[gpu]\nsample_us=300000\nburst_us=10000\nsimulated_devices=7\n",
                 overrides, NULL);
  g_unsetenv ("ORFEAS_GPU_SAMPLE_US");
  g_unsetenv ("ORFEAS_GPU_BURST_US");
  g_assert_cmpint (config->gpu.simulated_devices, ==, 7); /* the file */
  g_assert_cmpint (config->gpu.sample_us, ==, 200000);    /* the environment before it */
  g_assert_cmpint (config->gpu.burst_us, ==, 30000);      /* the option before both */
  g_assert_cmpint (config->store.readers, ==, 2);         /* nobody: the default */
  g_assert_cmpstr (config->listen.allowed_hosts[1], ==, "b");
}

/* Rules are read where the option says, and what the option says of one goes before its file. */
static void
test_rules_dir (Fixture *fixture, gconstpointer data)
{
  g_autofree char *folder = g_dir_make_tmp ("orf-rules-XXXXXX", NULL);
  g_autofree char *rules = g_build_filename (folder, "a.conf", NULL);
  g_autofree char *where = g_strconcat ("alerts.rules_dir=", folder, NULL);
  const char *const overrides[] = { where, "alerts.one.threshold=7", NULL };
  g_autoptr (OrfConfig) config = NULL;
  g_autoptr (GError) error = NULL;
  const OrfConfigAlertRule *rule;

  g_file_set_contents (rules, "[one]\nexpr=x > 5\nthreshold=6\nfor_us=3s\n", -1, NULL);
  config = load (fixture, "", overrides, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (config->alerts.rules->len, ==, 1);
  rule = config->alerts.rules->pdata[0];
  g_assert_cmpstr (rule->expr, ==, "x > 5");
  g_assert_cmpstr (rule->threshold, ==, "7");
  g_assert_cmpstr (rule->for_us, ==, "3s");
  g_file_set_contents (rules, "no rule", -1, NULL);
  g_assert_null (load (fixture, "", overrides, &error));
  g_assert_nonnull (strstr (error->message, rules));
  g_unlink (rules);
  g_rmdir (folder);
}

static void
test_names_from_before (Fixture *fixture, gconstpointer data)
{
  g_autoptr (OrfConfig) config = NULL;
  g_autoptr (GError) error = NULL;

  g_setenv ("DASHBOARD_HISTORY_SIZE", "77", TRUE);
  config = load (fixture, "", NULL, NULL);
  g_assert_cmpint (config->dashboard.history, ==, 77);
  g_setenv ("DASHBOARD_HISTORY_SIZE", "x", TRUE);
  g_assert_null (load (fixture, "", NULL, &error));
  g_unsetenv ("DASHBOARD_HISTORY_SIZE");
  g_assert_nonnull (strstr (error->message, "DASHBOARD_HISTORY_SIZE"));
}

static void
test_refusals (Fixture *fixture, gconstpointer data)
{
  const struct {
    const char *text, *field;
  } cases[] = {
    { "[gpu]\nsample_us=5\n", "gpu.sample_us" },
    { "[gpu]\nsample_us=1e6\n", "gpu.sample_us" },
    { "[gpu]\nsample_us=\n", "gpu.sample_us" },
    { "[gpu]\ncleanup=maybe\n", "gpu.cleanup" },
    { "[auth]\nrequire=perhaps\n", "auth.require" },
    { "[gpu]\npressure_high_percent=nan\n", "gpu.pressure_high_percent" },
    { "[gpu]\npressure_medium_percent=80\n", "gpu.pressure_high_percent" },
    { "[metrics]\nmax_series=1000\n", "metrics.builtin_series" },
    { "[scrape]\na=ftp://host/\n", "scrape.a" },
    { "[scrape]\na b=http://host/\n", "scrape.a b" },
    { "[scrape]\nperiod_us=1\n", "scrape.period_us" },
    { "[scrape.a]\nperiod_us=2000000\n", "scrape.a" },
    { "[scrape]\na=http://host/\n[scrape.a]\nperiod_us=1\n", "scrape.a.period_us" },
    { "[scrape]\na=http://host/\n[scrape.a]\nurl=http://host/\n", "scrape.a.url" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (load (fixture, cases[i].text, NULL, &error));
    g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
    g_assert_cmpstr (orf_error_get_field (error), ==, cases[i].field);
    g_assert_nonnull (orf_error_get_allowed (error));
  }
}

static void
test_reload (Fixture *fixture, gconstpointer data)
{
  g_autoptr (OrfConfig) config = load (fixture, "", NULL, NULL);
  g_autoptr (OrfConfig)
    fresh = load (fixture,
                  "[gpu]\nsample_us=500000\n[store]\nreaders=3\n[listen]\nallowed_hosts=x;y\n",
                  NULL, NULL);
  g_auto (GStrv) fixed = orf_config_reload (config, fresh);

  g_assert_cmpint (config->gpu.sample_us, ==, 500000);
  g_assert_cmpstr (config->listen.allowed_hosts[0], ==, "x");
  g_assert_cmpint (config->store.readers, ==, 2);
  g_assert_cmpuint (g_strv_length (fixed), ==, 1);
  g_assert_cmpstr (fixed[0], ==, "store.readers");
}

static const OrfConfigScrapeTarget *
get_target (const OrfConfig *config, guint i)
{
  return config->scrape.targets->pdata[i];
}

static void
test_entries (Fixture *fixture, gconstpointer data)
{
  const char *const overrides[] = { "scrape.node=http://b:9100", "scrape.vllm.max_series=7", NULL };
  g_autoptr (OrfConfig) config = NULL;

  config = load (fixture,
                 "[scrape.vllm]\nperiod_us=1000000\ntoken_file=/t=x\n"
                 "[scrape]\nvllm=http://a:8000/m?x=1\nperiod_us=5000000\nca_file=/ca\n",
                 overrides, NULL);
  g_assert_cmpuint (config->scrape.targets->len, ==, 2);
  /* by name */
  g_assert_cmpstr (get_target (config, 0)->name, ==, "node");
  g_assert_cmpstr (get_target (config, 0)->url, ==, "http://b:9100");
  g_assert_cmpint (get_target (config, 0)->period_us, ==, 5000000); /* of the section */
  g_assert_cmpstr (get_target (config, 0)->ca_file, ==, "/ca");
  g_assert_cmpstr (get_target (config, 0)->token_file, ==, "");
  g_assert_cmpstr (get_target (config, 1)->url, ==, "http://a:8000/m?x=1");
  g_assert_cmpint (get_target (config, 1)->period_us, ==, 1000000);
  g_assert_cmpint (get_target (config, 1)->max_series, ==, 7);
  g_assert_cmpint (get_target (config, 1)->max_bytes, ==, config->scrape.max_bytes);
  g_assert_cmpstr (get_target (config, 1)->token_file, ==, "/t=x");
}

static void
test_entries_reload (Fixture *fixture, gconstpointer data)
{
  g_autoptr (OrfConfig) config = load (fixture, "[scrape]\na=http://a\nb=http://b\n", NULL, NULL);
  g_autoptr (OrfConfig)
    fresh = load (fixture, "[scrape]\nc=http://c\nb=http://b\n[scrape.b]\ntimeout_us=50000\n", NULL,
                  NULL);
  g_auto (GStrv) fixed = orf_config_reload (config, fresh);

  g_assert_cmpuint (g_strv_length (fixed), ==, 0);
  g_assert_cmpuint (config->scrape.targets->len, ==, 2);
  g_assert_cmpstr (get_target (config, 0)->name, ==, "b");
  g_assert_cmpint (get_target (config, 0)->timeout_us, ==, 50000);
  g_assert_cmpstr (get_target (config, 1)->url, ==, "http://c");
}

static void
test_entries_bounded (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) text = g_string_new ("[scrape]\n");
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 101; i++)
    g_string_append_printf (text, "t%u=http://host:%u\n", i, i + 1);
  g_assert_null (load (fixture, text->str, NULL, &error));
  g_assert_cmpstr (orf_error_get_field (error), ==, "scrape");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add ("/config/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("order", test_order);
  ADD ("rules-dir", test_rules_dir);
  ADD ("names-from-before", test_names_from_before);
  ADD ("refusals", test_refusals);
  ADD ("reload", test_reload);
  ADD ("entries", test_entries);
  ADD ("entries-reload", test_entries_reload);
  ADD ("entries-bounded", test_entries_bounded);
  return g_test_run ();
}
