/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The relay between a client of GnuTLS's, in a thread of its own, and a server that is this test.
 */
#include <errno.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <gnutls/x509.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "orf-error.h"
#include "transport/orf-tls-relay.h"

#define PATIENCE_MS 20000
#define LARGE       3000000

typedef struct {
  char *dir, *certificate, *key;
  OrfTlsRelayLimits limits;
  OrfTlsRelay *relay;
  int client_fd, inner_fd;
  gnutls_certificate_credentials_t trust;
  gnutls_session_t session;
  gint ending;     /* atomic: of a thread that goes on */
  GString *pushed; /* of a session that does not send by itself; else NULL */
} Fixture;

/* ---- a certificate --------------------------------------------------------------------------- */

static void
write_pem (const char *path, gnutls_datum_t *pem)
{
  g_assert_true (g_file_set_contents_full (path, (const char *) pem->data, pem->size,
                                           G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));
  gnutls_free (pem->data);
}

static void
make_certificate (const char *certificate_path, const char *key_path)
{
  gnutls_x509_privkey_t key;
  gnutls_x509_crt_t certificate;
  gnutls_datum_t pem;

  gnutls_x509_privkey_init (&key);
  gnutls_x509_crt_init (&certificate);
  g_assert_cmpint (gnutls_x509_privkey_generate (key, GNUTLS_PK_ECDSA,
                                                 GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1),
                                                 0),
                   ==, 0);
  gnutls_x509_crt_set_version (certificate, 3);
  gnutls_x509_crt_set_serial (certificate, "\1", 1);
  gnutls_x509_crt_set_activation_time (certificate, time (NULL) - 60);
  gnutls_x509_crt_set_expiration_time (certificate, time (NULL) + 3600);
  gnutls_x509_crt_set_key (certificate, key);
  g_assert_cmpint (gnutls_x509_crt_sign2 (certificate, certificate, key, GNUTLS_DIG_SHA256, 0), ==,
                   0);
  g_assert_cmpint (gnutls_x509_crt_export2 (certificate, GNUTLS_X509_FMT_PEM, &pem), ==, 0);
  write_pem (certificate_path, &pem);
  g_assert_cmpint (gnutls_x509_privkey_export2 (key, GNUTLS_X509_FMT_PEM, &pem), ==, 0);
  write_pem (key_path, &pem);
  gnutls_x509_crt_deinit (certificate);
  gnutls_x509_privkey_deinit (key);
}

/* ---- the fixture ----------------------------------------------------------------------------- */

static OrfTlsCredentials *
load (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  OrfTlsCredentials *credentials = orf_tls_credentials_load (f->certificate, f->key, &error);

  g_assert_no_error (error);
  return credentials;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->dir = g_dir_make_tmp ("orf-tls-XXXXXX", NULL);
  f->certificate = g_build_filename (f->dir, "certificate.pem", NULL);
  f->key = g_build_filename (f->dir, "key.pem", NULL);
  make_certificate (f->certificate, f->key);
  f->limits = (OrfTlsRelayLimits){ { 10000000, 10000000 }, 8 };
  f->client_fd = f->inner_fd = -1;
  gnutls_certificate_allocate_credentials (&f->trust);
}

static void
start_relay (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  f->relay = orf_tls_relay_new (load (f), &f->limits, &error);
  g_assert_no_error (error);
}

/* A client that has not said anything yet; its inner end, or -1 where the relay took it not. */
static void
connect_client (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  g_assert_true (g_unix_set_fd_nonblocking (fds[1], TRUE, NULL));
  f->client_fd = fds[0];
  f->inner_fd = orf_tls_relay_add (f->relay, fds[1], &error);
  g_assert_no_error (error);
}

static void
shake_hands_by (Fixture *f, const char *priority)
{
  gnutls_init (&f->session, GNUTLS_CLIENT);
  g_assert_cmpint (gnutls_priority_set_direct (f->session, priority, NULL), ==, 0);
  gnutls_credentials_set (f->session, GNUTLS_CRD_CERTIFICATE, f->trust);
  gnutls_transport_set_int (f->session, f->client_fd);
  gnutls_handshake_set_timeout (f->session, PATIENCE_MS);
  g_assert_cmpint (gnutls_handshake (f->session), ==, 0);
}

static void
shake_hands (Fixture *f)
{
  shake_hands_by (f, "NORMAL");
}

static void
disconnect (Fixture *f)
{
  g_clear_pointer (&f->session, gnutls_deinit);
  if (f->client_fd >= 0)
    close (f->client_fd);
  if (f->inner_fd >= 0)
    close (f->inner_fd);
  f->client_fd = f->inner_fd = -1;
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  disconnect (f);
  orf_tls_relay_free (f->relay);
  gnutls_certificate_free_credentials (f->trust);
  g_unlink (f->certificate);
  g_unlink (f->key);
  g_assert_cmpint (g_rmdir (f->dir), ==, 0);
  g_free (f->certificate);
  g_free (f->key);
  g_free (f->dir);
}

/* ---- the server's side ----------------------------------------------------------------------- */

static void
wait_for (int fd, short events)
{
  struct pollfd waited = { .fd = fd, .events = events };

  g_assert_cmpint (poll (&waited, 1, PATIENCE_MS), ==, 1);
}

/* 0: the end */
static gssize
receive (Fixture *f, void *buffer, gsize length)
{
  gssize n;

  wait_for (f->inner_fd, POLLIN);
  n = recv (f->inner_fd, buffer, length, 0);
  return n < 0 ? 0 : n;
}

static void
send_all (Fixture *f, const char *data, gsize length)
{
  while (length > 0) {
    gssize n;

    wait_for (f->inner_fd, POLLOUT);
    n = send (f->inner_fd, data, length, MSG_NOSIGNAL);
    g_assert_true (n > 0 || errno == EAGAIN);
    data += MAX (n, 0);
    length -= (gsize) MAX (n, 0);
  }
}

/* ---- cases ----------------------------------------------------------------------------------- */

/* The client's thread: sends LARGE bytes, says its end, and reads until the server's. */
static void *
client_thread_cb (void *data)
{
  Fixture *f = data;
  g_autofree char *large = g_strnfill (LARGE, 'x');
  char buffer[16384];
  gssize n, sent = 0, received = 0;

  shake_hands (f);
  while (sent < LARGE && (n = gnutls_record_send (f->session, large + sent, LARGE - sent)) > 0)
    sent += n;
  g_assert_cmpint (gnutls_bye (f->session, GNUTLS_SHUT_WR), ==, 0);
  while ((n = gnutls_record_recv (f->session, buffer, sizeof buffer)) > 0)
    received += n;
  g_assert_cmpint (n, ==, 0); /* its end was said, not cut off */
  g_assert_cmpint (sent, ==, LARGE);
  return GSIZE_TO_POINTER (received);
}

static void
test_both_ways (Fixture *f, gconstpointer data)
{
  g_autofree char *large = g_strnfill (LARGE, 'y');
  char buffer[16384];
  gssize n, received = 0;
  pthread_t thread;
  void *result;

  start_relay (f);
  connect_client (f);
  pthread_create (&thread, NULL, client_thread_cb, f);
  while ((n = receive (f, buffer, sizeof buffer)) > 0) {
    g_assert_cmpint (buffer[n - 1], ==, 'x');
    received += n;
  }
  g_assert_cmpint (received, ==, LARGE);
  /* the client has said its end and is still answered */
  send_all (f, large, LARGE);
  close (f->inner_fd);
  f->inner_fd = -1;
  pthread_join (thread, &result);
  g_assert_cmpuint (GPOINTER_TO_SIZE (result), ==, LARGE);
}

static void
test_deadline (Fixture *f, gconstpointer data)
{
  char byte;

  f->limits.link.handshake_us = 500000;
  start_relay (f);
  connect_client (f);
  g_assert_cmpint (write (f->client_fd, "\x16\x03\x01\x02\x00\x01", 6), ==, 6);
  g_assert_cmpint (receive (f, &byte, 1), ==, 0);
  wait_for (f->client_fd, POLLIN);
  g_assert_cmpint (recv (f->client_fd, &byte, 1, 0), <=, 0);
}

static void
test_garbage (Fixture *f, gconstpointer data)
{
  static const char plain[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
  char byte;

  start_relay (f);
  connect_client (f);
  g_assert_cmpint (write (f->client_fd, plain, sizeof plain), ==, sizeof plain);
  g_assert_cmpint (receive (f, &byte, 1), ==, 0);
}

/* The client reads nothing: it is given up, and the server hears of it. */
static void
test_stall (Fixture *f, gconstpointer data)
{
  g_autofree char *large = g_strnfill (LARGE, 'y');
  gssize n = 0;
  char byte;

  f->limits.link.stall_us = 50000;
  start_relay (f);
  connect_client (f);
  shake_hands (f);
  while (n >= 0 || errno == EAGAIN) {
    struct pollfd waited = { .fd = f->inner_fd, .events = POLLOUT };

    poll (&waited, 1, PATIENCE_MS);
    n = send (f->inner_fd, large, LARGE, MSG_NOSIGNAL);
    if (waited.revents & (POLLERR | POLLHUP))
      break;
  }
  g_assert_cmpint (receive (f, &byte, 1), ==, 0);
}

static void
test_cut_off (Fixture *f, gconstpointer data)
{
  char buffer[16];

  start_relay (f);
  connect_client (f);
  shake_hands (f);
  g_assert_cmpint (gnutls_record_send (f->session, "half", 4), ==, 4);
  g_assert_cmpint (receive (f, buffer, sizeof buffer), ==, 4);
  close (f->client_fd); /* with no word */
  f->client_fd = -1;
  g_assert_cmpint (receive (f, buffer, sizeof buffer), ==, 0);
}

/* What GnuTLS would pass over for ever: TLS 1.2 has warnings that end nothing. */
static void
test_warning (Fixture *f, gconstpointer data)
{
  char byte;

  start_relay (f);
  connect_client (f);
  shake_hands_by (f, "NORMAL:-VERS-ALL:+VERS-TLS1.2");
  g_assert_cmpint (gnutls_alert_send (f->session, GNUTLS_AL_WARNING, GNUTLS_A_USER_CANCELED), ==,
                   0);
  g_assert_cmpint (receive (f, &byte, 1), ==, 0);
}

/* Many records by one call, or who sends them is slower than who reads. */
static gssize
push_cb (gnutls_transport_ptr_t data, const void *bytes, gsize length)
{
  Fixture *f = data;

  g_string_append_len (f->pushed, bytes, (gssize) length);
  return (gssize) length;
}

static void
flush (Fixture *f)
{
  gsize sent = 0;

  while (sent < f->pushed->len) {
    gssize n = send (f->client_fd, f->pushed->str + sent, f->pushed->len - sent, MSG_NOSIGNAL);

    g_assert_cmpint (n, >, 0);
    sent += (gsize) n;
  }
  g_string_truncate (f->pushed, 0);
}

/* Padding and nothing else, until its end is wanted. */
static void *
pad_thread_cb (void *data)
{
  Fixture *f = data;

  while (!g_atomic_int_get (&f->ending)) {
    for (guint i = 0; i < 2000; i++)
      g_assert_cmpint (gnutls_record_send2 (f->session, "", 0, 16, 0), ==, 0);
    flush (f);
  }
  return NULL;
}

/* A flood of them, as fast as can be: others have their turns, and what comes behind it comes. */
static void
test_empty_records (Fixture *f, gconstpointer data)
{
  Fixture other = *f;
  pthread_t flood;
  char byte;

  start_relay (f);
  connect_client (f);
  shake_hands_by (f, "NORMAL:-VERS-ALL:+VERS-TLS1.3");
  f->pushed = g_string_new (NULL);
  gnutls_transport_set_push_function (f->session, push_cb);
  gnutls_transport_set_ptr2 (f->session, GINT_TO_POINTER (f->client_fd), f);
  g_assert_cmpint (pthread_create (&flood, NULL, pad_thread_cb, f), ==, 0);
  other.relay = f->relay;
  for (guint i = 0; i < 3; i++) {
    connect_client (&other);
    shake_hands (&other);
    g_assert_cmpint (gnutls_record_send (other.session, "a", 1), ==, 1);
    g_assert_cmpint (receive (&other, &byte, 1), ==, 1);
    disconnect (&other);
  }
  g_atomic_int_set (&f->ending, TRUE);
  pthread_join (flood, NULL);
  g_assert_cmpint (gnutls_record_send (f->session, "b", 1), ==, 1);
  flush (f);
  g_assert_cmpint (receive (f, &byte, 1), ==, 1);
  g_assert_cmpint (byte, ==, 'b');
  g_string_free (f->pushed, TRUE);
  g_clear_pointer (&f->session, gnutls_deinit); /* which says no more */
}

static void
test_too_many (Fixture *f, gconstpointer data)
{
  int held[2][2];
  char byte;

  f->limits.max_links = 2;
  start_relay (f);
  for (guint i = 0; i < 2; i++) {
    connect_client (f);
    shake_hands (f);
    held[i][0] = f->client_fd;
    held[i][1] = f->inner_fd;
    g_clear_pointer (&f->session, gnutls_deinit);
  }
  connect_client (f);
  g_assert_cmpint (receive (f, &byte, 1), ==, 0);
  for (guint i = 0; i < 2; i++) {
    close (held[i][0]);
    close (held[i][1]);
  }
}

/* What was given before the relay's end is sent. */
static void *
reader_thread_cb (void *data)
{
  Fixture *f = data;
  char buffer[16384];
  gssize n, received = 0;

  while ((n = gnutls_record_recv (f->session, buffer, sizeof buffer)) > 0)
    received += n;
  return GSIZE_TO_POINTER (n < 0 ? 0 : received);
}

static void
test_end (Fixture *f, gconstpointer data)
{
  g_autofree char *some = g_strnfill (50000, 'y');
  pthread_t thread;
  void *result;

  start_relay (f);
  connect_client (f);
  shake_hands (f);
  send_all (f, some, 50000);
  close (f->inner_fd);
  f->inner_fd = -1;
  pthread_create (&thread, NULL, reader_thread_cb, f);
  g_clear_pointer (&f->relay, orf_tls_relay_free);
  pthread_join (thread, &result);
  g_assert_cmpuint (GPOINTER_TO_SIZE (result), ==, 50000);
}

static void
test_end_with_open_links (Fixture *f, gconstpointer data)
{
  start_relay (f);
  connect_client (f);
  shake_hands (f);
  g_clear_pointer (&f->relay, orf_tls_relay_free); /* waits its two seconds, and ends */
}

static void
test_credentials (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *other = g_build_filename (f->dir, "other.pem", NULL);
  g_autofree char *other_key = g_build_filename (f->dir, "other-key.pem", NULL);
  const gnutls_datum_t *chain;
  g_autofree guint8 *first = NULL;
  guint n, size;

  start_relay (f);
  connect_client (f);
  shake_hands (f);
  chain = gnutls_certificate_get_peers (f->session, &n);
  first = g_memdup2 (chain->data, chain->size);
  size = chain->size;
  disconnect (f);

  make_certificate (other, other_key);
  g_assert_null (orf_tls_credentials_load (other, f->key, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION);
  g_assert_nonnull (strstr (error->message, "listen.tls_key"));
  g_rename (other, f->certificate);
  g_rename (other_key, f->key);
  orf_tls_relay_set_credentials (f->relay, load (f));
  connect_client (f);
  shake_hands (f);
  chain = gnutls_certificate_get_peers (f->session, &n);
  g_assert_true (chain->size != size || memcmp (chain->data, first, size) != 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add ("/tls-relay/" name, Fixture, NULL, set_up, test, tear_down)
  ADD ("both-ways", test_both_ways);
  ADD ("deadline", test_deadline);
  ADD ("garbage", test_garbage);
  ADD ("stall", test_stall);
  ADD ("cut-off", test_cut_off);
  ADD ("warning", test_warning);
  ADD ("empty-records", test_empty_records);
  ADD ("too-many", test_too_many);
  ADD ("end", test_end);
  ADD ("end-with-open-links", test_end_with_open_links);
  ADD ("credentials", test_credentials);
  return g_test_run ();
}
