/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "orf-error.h"
#include "transport/orf-listener.h"

typedef struct {
  OrfPoller *poller;
  OrfListener *listener;
  OrfListenerLimits limits;
  GArray *accepted;     /* descriptors */
  GPtrArray *addresses; /* of the same */
  char *dir, *path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->poller = orf_poller_new (NULL, NULL);
  fixture->limits = (OrfListenerLimits){ 64, 100, 0 };
  fixture->accepted = g_array_new (FALSE, FALSE, sizeof (int));
  fixture->addresses = g_ptr_array_new_with_free_func (g_object_unref);
  fixture->dir = g_dir_make_tmp ("orf-listener-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->dir, "sub", "s", NULL);
}

static void
release_one (Fixture *fixture)
{
  guint last = fixture->accepted->len - 1;

  close (g_array_index (fixture->accepted, int, last));
  orf_listener_release (fixture->listener, fixture->addresses->pdata[last]);
  g_array_set_size (fixture->accepted, last);
  g_ptr_array_set_size (fixture->addresses, (gint) last);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autofree char *sub = g_build_filename (fixture->dir, "sub", NULL);

  while (fixture->listener != NULL && fixture->accepted->len > 0)
    release_one (fixture);
  g_clear_pointer (&fixture->listener, orf_listener_free);
  orf_poller_free (fixture->poller);
  g_array_unref (fixture->accepted);
  g_ptr_array_unref (fixture->addresses);
  g_unlink (fixture->path);
  g_rmdir (sub);
  g_rmdir (fixture->dir);
  g_free (fixture->dir);
  g_free (fixture->path);
}

static void
accept_cb (gpointer user_data, int fd, GSocketAddress *address)
{
  Fixture *fixture = user_data;

  g_array_append_val (fixture->accepted, fd);
  g_ptr_array_add (fixture->addresses, g_object_ref (address));
}

static void
listen_tcp (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->listener = orf_listener_new_tcp (fixture->poller, "127.0.0.1:0", &fixture->limits,
                                            accept_cb, fixture, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (orf_listener_get_port (fixture->listener), >, 0);
}

static int
call (guint16 port)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons (port),
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (connect (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  return fd;
}

static int
call_unix (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  g_assert_cmpint (connect (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  return fd;
}

static void
wait_for (Fixture *fixture, guint n)
{
  while (fixture->accepted->len < n)
    g_main_context_iteration (NULL, TRUE);
}

static void
run_idle (void)
{
  for (int i = 0; i < 50; i++)
    g_main_context_iteration (NULL, FALSE);
}

static void
test_accepts (Fixture *fixture, gconstpointer data)
{
  int fds[3], flags;

  listen_tcp (fixture);
  for (guint i = 0; i < 3; i++)
    fds[i] = call (orf_listener_get_port (fixture->listener));
  wait_for (fixture, 3);
  g_assert_true (fixture->addresses->pdata[0] != fixture->addresses->pdata[1]);
  flags = fcntl (g_array_index (fixture->accepted, int, 0), F_GETFL);
  g_assert_true (flags & O_NONBLOCK);
  g_assert_cmpuint (orf_listener_get_n_connections (fixture->listener), ==, 3);
  for (guint i = 0; i < 3; i++)
    close (fds[i]);
}

static void
test_cap (Fixture *fixture, gconstpointer data)
{
  int fds[3];

  fixture->limits.max_connections = 2;
  g_test_expect_message ("orfeas", G_LOG_LEVEL_WARNING, "*max_connections*");
  listen_tcp (fixture);
  for (guint i = 0; i < 3; i++)
    fds[i] = call (orf_listener_get_port (fixture->listener));
  wait_for (fixture, 2);
  run_idle ();
  g_assert_cmpuint (fixture->accepted->len, ==, 2);
  release_one (fixture);
  wait_for (fixture, 2); /* the third had waited */
  g_test_assert_expected_messages ();
  for (guint i = 0; i < 3; i++)
    close (fds[i]);
}

static void
test_cap_by_address (Fixture *fixture, gconstpointer data)
{
  int fds[2];
  char byte;

  fixture->limits.max_connections_per_address = 1;
  g_test_expect_message ("orfeas", G_LOG_LEVEL_WARNING, "*per_address*");
  listen_tcp (fixture);
  fds[0] = call (orf_listener_get_port (fixture->listener));
  wait_for (fixture, 1);
  fds[1] = call (orf_listener_get_port (fixture->listener));
  run_idle ();
  g_assert_cmpint (read (fds[1], &byte, 1), <=, 0); /* closed at once */
  g_test_assert_expected_messages ();
  close (fds[1]);
  release_one (fixture);
  fds[1] = call (orf_listener_get_port (fixture->listener));
  wait_for (fixture, 1);
  close (fds[0]);
  close (fds[1]);
}

/* Hazard 1: a listener that ran out of descriptors must not be deaf afterwards. */
static void
test_out_of_descriptors (Fixture *fixture, gconstpointer data)
{
  struct rlimit before, tight;
  int fd;

  listen_tcp (fixture);
  fd = call (orf_listener_get_port (fixture->listener));
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  tight = before;
  tight.rlim_cur = (rlim_t) fd + 1;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &tight), ==, 0);
  g_test_expect_message ("orfeas", G_LOG_LEVEL_WARNING, "*descriptor*");
  run_idle ();
  g_test_assert_expected_messages ();
  g_assert_cmpuint (fixture->accepted->len, ==, 0);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
  wait_for (fixture, 1);
  close (fd);
}

static void
test_port_in_use (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *listen = NULL;
  g_autofree char *name = NULL;
  g_autofree char *expected = NULL;

  listen_tcp (fixture);
  listen = g_strdup_printf ("127.0.0.1:%u", orf_listener_get_port (fixture->listener));
  g_assert_null (
    orf_listener_new_tcp (fixture->poller, listen, &fixture->limits, accept_cb, fixture, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION);
  g_assert_cmpstr (orf_error_get_field (error), ==, "listen.http");
  g_assert_true (g_file_get_contents ("/proc/self/comm", &name, NULL, NULL));
  expected = g_strdup_printf ("cannot listen at %s: the port is in use by %s (pid %d); choose "
                              "another with --listen HOST:PORT",
                              listen, g_strchomp (name), (int) getpid ());
  g_assert_cmpstr (error->message, ==, expected);
}

static void
test_ipv6 (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  if (!g_file_test ("/proc/net/if_inet6", G_FILE_TEST_EXISTS)) {
    g_test_skip ("this machine has no IPv6");
    return;
  }
  fixture->listener = orf_listener_new_tcp (fixture->poller, "[::1]:0", &fixture->limits, accept_cb,
                                            fixture, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (orf_listener_get_port (fixture->listener), >, 0);
}

static void
test_bad_addresses (Fixture *fixture, gconstpointer data)
{
  const char *const bad[] = { "nonsense", "127.0.0.1", "127.0.0.1:70000",       "127.0.0.1:x", ":",
                              ":80",      "",          "no.such.host.invalid:0" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (
      orf_listener_new_tcp (fixture->poller, bad[i], &fixture->limits, accept_cb, fixture, &error));
    g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
    g_assert_nonnull (strstr (error->message, bad[i]));
  }
}

static void
listen_unix (Fixture *fixture, OrfErrorCode expected)
{
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&fixture->listener, orf_listener_free);
  fixture->listener = orf_listener_new_unix (fixture->poller, fixture->path, &fixture->limits,
                                             accept_cb, fixture, &error);
  if (expected == 0)
    g_assert_no_error (error);
  else
    g_assert_error (error, ORF_ERROR, (int) expected);
  if (expected != 0)
    g_assert_nonnull (strstr (error->message, fixture->path));
}

static void
test_unix (Fixture *fixture, gconstpointer data)
{
  struct stat state;
  int fd;

  listen_unix (fixture, 0);
  g_assert_cmpint (stat (fixture->path, &state), ==, 0);
  g_assert_cmpint (state.st_mode & 0777, ==, 0600);
  fd = call_unix (fixture->path);
  wait_for (fixture, 1);
  close (fd);
  release_one (fixture);
  g_clear_pointer (&fixture->listener, orf_listener_free);
  g_assert_false (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
}

/* Another thread's, that makes a folder again and again; how many were not as it wanted them. */
typedef struct {
  char *path;
  atomic_bool ends;
  guint n_made, n_wrong;
} Maker;

static void *
make_folders_cb (void *data)
{
  Maker *maker = data;
  struct stat state;

  while (!atomic_load (&maker->ends)) {
    g_assert_cmpint (mkdir (maker->path, 0700), ==, 0);
    g_assert_cmpint (stat (maker->path, &state), ==, 0);
    maker->n_made++;
    maker->n_wrong += (state.st_mode & 0777) != 0700;
    g_assert_cmpint (rmdir (maker->path), ==, 0);
  }
  return NULL;
}

static void
test_unix_beside_threads (Fixture *fixture, gconstpointer data)
{
  Maker maker = { .path = g_build_filename (fixture->dir, "made", NULL) };
  pthread_t thread;

  g_assert_cmpint (pthread_create (&thread, NULL, make_folders_cb, &maker), ==, 0);
  for (int i = 0; i < 1000; i++) {
    listen_unix (fixture, 0);
    g_clear_pointer (&fixture->listener, orf_listener_free);
  }
  atomic_store (&maker.ends, TRUE);
  g_assert_cmpint (pthread_join (thread, NULL), ==, 0);
  g_test_message ("%u folders", maker.n_made);
  g_assert_cmpuint (maker.n_wrong, ==, 0);
  g_free (maker.path);
}

static void
test_unix_taken (Fixture *fixture, gconstpointer data)
{
  OrfListener *first;

  listen_unix (fixture, 0);
  first = g_steal_pointer (&fixture->listener);
  listen_unix (fixture, ORF_ERROR_FAILED_PRECONDITION);
  orf_listener_free (first);

  /* what a dead daemon left is replaced, what is no socket is not */
  listen_unix (fixture, 0);
  g_clear_pointer (&fixture->listener, orf_listener_free);
  g_assert_true (g_file_set_contents (fixture->path, "precious", -1, NULL));
  listen_unix (fixture, ORF_ERROR_FAILED_PRECONDITION);
  g_assert_true (g_file_test (fixture->path, G_FILE_TEST_IS_REGULAR));
}

static void
test_unix_stale (Fixture *fixture, gconstpointer data)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_autofree char *sub = g_path_get_dirname (fixture->path);
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (g_mkdir (sub, 0700), ==, 0);
  g_strlcpy (address.sun_path, fixture->path, sizeof address.sun_path);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  close (fd); /* as after kill -9: the path stays */
  listen_unix (fixture, 0);

  /* another's socket in our place is not ours to remove */
  g_unlink (fixture->path);
  g_assert_true (g_file_set_contents (fixture->path, "other", -1, NULL));
  g_clear_pointer (&fixture->listener, orf_listener_free);
  g_assert_true (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
}

static void
test_unix_folder (Fixture *fixture, gconstpointer data)
{
  g_autofree char *sub = g_path_get_dirname (fixture->path);
  g_autofree char *name = g_strnfill (120, 'x');

  g_assert_cmpint (g_mkdir (sub, 0700), ==, 0);
  g_assert_cmpint (g_chmod (sub, 0777), ==, 0);
  listen_unix (fixture, ORF_ERROR_FAILED_PRECONDITION);
  g_free (fixture->path);
  fixture->path = g_build_filename (fixture->dir, name, NULL);
  listen_unix (fixture, ORF_ERROR_INVALID_ARGUMENT);

  /* to the kernel no name is a name of its own choice, that no file mode guards */
  g_free (fixture->path);
  fixture->path = g_strdup ("");
  listen_unix (fixture, ORF_ERROR_INVALID_ARGUMENT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add ("/listener/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("accepts", test_accepts);
  ADD ("cap", test_cap);
  ADD ("cap-by-address", test_cap_by_address);
  ADD ("out-of-descriptors", test_out_of_descriptors);
  ADD ("port-in-use", test_port_in_use);
  ADD ("ipv6", test_ipv6);
  ADD ("bad-addresses", test_bad_addresses);
  ADD ("unix", test_unix);
  ADD ("unix-beside-threads", test_unix_beside_threads);
  ADD ("unix-taken", test_unix_taken);
  ADD ("unix-stale", test_unix_stale);
  ADD ("unix-folder", test_unix_folder);
  return g_test_run ();
}
