/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/resource.h>

#include <glib/gstdio.h>

#include "core/orf-config.h"
#include "daemon/orf-descriptors.h"

/* Hard, so that it is not raised; beside what a daemon needs for itself. */
#define LIMIT 1000

/* Of no file: what this user has set is not looked at. */
static OrfConfig *
load (const char *const *settings)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("orf-descriptors-XXXXXX", &path, NULL);
  g_autoptr (GError) error = NULL;
  OrfConfig *config = orf_config_load (path, settings, &error);

  g_assert_no_error (error);
  g_close (fd, NULL);
  g_unlink (path);
  return config;
}

static void
test_enough (void)
{
  const char *const settings[] = { "listen.max_connections=300", "socket.max_connections=50",
                                   NULL };
  g_autoptr (OrfConfig) config = load (settings);

  g_assert_true (orf_descriptors_fit (config));
  g_assert_cmpint (config->listen.max_connections, ==, 300);
  g_assert_cmpint (config->socket.max_connections, ==, 50);
}

/* Both sockets and each HTTP server may be full at once. */
static void
test_every_listener (void)
{
  const char *const settings[] = { "otlp.listen=127.0.0.1:0", "jaeger.listen=127.0.0.1:0", NULL };
  g_autoptr (OrfConfig) config = load (settings);
  gint64 all;

  g_assert_false (orf_descriptors_fit (config));
  all = 3 * config->listen.max_connections + 2 * config->socket.max_connections;
  g_assert_cmpint (all, <, LIMIT);
  g_assert_cmpint (all, >, LIMIT / 2);
  g_assert_true (orf_descriptors_fit (config)); /* it fits now */
}

static void
test_tls (void)
{
  const char *const settings[] = { "listen.tls_certificate=/c", "listen.tls_key=/k", NULL };
  g_autoptr (OrfConfig) config = load (settings);

  g_assert_false (orf_descriptors_fit (config));
  g_assert_cmpint (3 * config->listen.max_connections + 2 * config->socket.max_connections, <,
                   LIMIT);
}

static void
test_sockets_alone (void)
{
  const char *const settings[] = { "listen.http=", NULL };
  g_autoptr (OrfConfig) config = load (settings);

  g_assert_false (orf_descriptors_fit (config));
  g_assert_cmpint (2 * config->socket.max_connections, <, LIMIT);
  g_assert_cmpint (config->listen.max_connections, ==, 2000);
}

int
main (int argc, char **argv)
{
  const struct rlimit limit = { LIMIT, LIMIT };

  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  g_test_add_func ("/descriptors/enough", test_enough);
  g_test_add_func ("/descriptors/every-listener", test_every_listener);
  g_test_add_func ("/descriptors/tls", test_tls);
  g_test_add_func ("/descriptors/sockets-alone", test_sockets_alone);
  return g_test_run ();
}
