/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - Watches tell of edges, so a way is followed until one of its ends says EAGAIN; an event of
 *   either end moves both ways, since each may wait for the other.
 * - A link is freed only as the last act of a callback of the poller's, of the ticker, or of its
 *   owner.
 * - A record that GnuTLS has taken and could not send is finished with (NULL, 0): its bytes stay
 *   in the buffer until then, and are counted off it only when it says how many they were.
 */
#include "transport/orf-tls-link.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/orf-clock.h"

/* The most that one TLS record holds. */
#define BUFFER_BYTES 16384
/* Moved for one link before the others have their turn. */
#define TURN_BYTES 262144
/* What a record of nothing (padding, a new key) counts for in that: a flood of them is a turn, too.
 */
#define EMPTY_BYTES 1024
/* How long a client may take to close after we have: closing at once would reset the connection,
 * and what it has not read with it. */
#define LINGER_US ORF_US_PER_S

typedef struct {
  char *data; /* NULL while it is empty: an idle link holds none */
  gsize start, end;
  gboolean ended;  /* no more comes in */
  gboolean passed; /* and the other end knows */
} Way;

typedef enum {
  HANDSHAKE,
  OPEN,
  LINGERING, /* all is sent and said; the client has yet to close */
} State;

struct _OrfTlsLink {
  const OrfTlsLinkHost *host;
  GList link;
  int outer_fd, inner_fd;
  OrfWatch *outer, *inner;
  OrfTlsCredentials *credentials;
  gnutls_session_t session;
  State state;
  Way in;             /* from the client */
  Way out;            /* to the client */
  gboolean in_flight; /* GnuTLS holds a record of `out` */
  gboolean broken;
  gsize share;       /* moved in this turn */
  gint64 since_us;   /* that the state has lasted */
  gint64 stalled_us; /* since when `out` does not move; 0: it does, or is empty */
};

static gboolean
is_empty (const Way *way)
{
  return way->start == way->end;
}

static void
take_off (OrfTlsLink *link, Way *way, gsize n)
{
  way->start += n;
  link->share += n;
  if (is_empty (way)) {
    way->start = way->end = 0;
    g_clear_pointer (&way->data, g_free);
  }
}

/* What a read gave; FALSE: nothing for now. */
static gboolean
take_in (OrfTlsLink *link, Way *way, gssize n)
{
  if (n > 0)
    way->end = (gsize) n;
  else
    g_clear_pointer (&way->data, g_free);
  way->ended = n == 0;
  return n >= 0;
}

static gboolean
break_off (OrfTlsLink *link)
{
  link->broken = TRUE;
  return FALSE;
}

/* ---- the way in ------------------------------------------------------------------------------ */

/* GnuTLS says EAGAIN also after a message of its own (a new key), with more behind it: no edge
 * would tell of that. */
static gboolean
has_more (OrfTlsLink *link)
{
  char byte;

  return recv (link->outer_fd, &byte, 1, MSG_PEEK) > 0;
}

static gboolean
read_outer (OrfTlsLink *link)
{
  gssize n;

  link->in.data = g_malloc (BUFFER_BYTES);
  do
    n = gnutls_record_recv (link->session, link->in.data, BUFFER_BYTES);
  while (n == GNUTLS_E_INTERRUPTED ||
         (n == GNUTLS_E_AGAIN && (link->share += EMPTY_BYTES) < TURN_BYTES && has_more (link)));
  if (n < 0 && n != GNUTLS_E_AGAIN) {
    /* Cut off, garbage, or a wish to shake hands again, which is only ever an attack.  So is a
     * warning: who means to end says so, and a flood of them kept all other links waiting. */
    take_in (link, &link->in, -1);
    return break_off (link);
  }
  return take_in (link, &link->in, n);
}

static gboolean
write_inner (OrfTlsLink *link)
{
  gssize n = send (link->inner_fd, link->in.data + link->in.start, link->in.end - link->in.start,
                   MSG_NOSIGNAL);

  if (n >= 0) {
    take_off (link, &link->in, (gsize) n);
    return TRUE;
  }
  if (errno == EINTR)
    return TRUE;
  if (errno == EAGAIN)
    return FALSE;
  /* the server has closed; what it said before has still to be sent */
  take_off (link, &link->in, link->in.end - link->in.start);
  link->in.ended = link->in.passed = TRUE;
  return FALSE;
}

static gboolean
step_in (OrfTlsLink *link)
{
  if (!is_empty (&link->in))
    return write_inner (link);
  if (!link->in.ended)
    return read_outer (link);
  if (!link->in.passed)
    shutdown (link->inner_fd, SHUT_WR);
  link->in.passed = TRUE;
  return FALSE;
}

/* ---- the way out ----------------------------------------------------------------------------- */

static gboolean
read_inner (OrfTlsLink *link)
{
  gssize n;

  link->out.data = g_malloc (BUFFER_BYTES);
  do
    n = recv (link->inner_fd, link->out.data, BUFFER_BYTES, 0);
  while (n < 0 && errno == EINTR);
  if (n < 0 && errno != EAGAIN)
    n = 0; /* it is gone */
  return take_in (link, &link->out, n);
}

static gboolean
note_stall (OrfTlsLink *link)
{
  if (link->stalled_us == 0)
    link->stalled_us = orf_clock_monotonic_us ();
  return FALSE;
}

static gboolean
write_outer (OrfTlsLink *link)
{
  gssize n;

  if (link->in_flight)
    n = gnutls_record_send (link->session, NULL, 0);
  else
    n = gnutls_record_send (link->session, link->out.data + link->out.start,
                            link->out.end - link->out.start);
  link->in_flight = n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED;
  if (n == GNUTLS_E_AGAIN)
    return note_stall (link);
  if (n < 0)
    return n == GNUTLS_E_INTERRUPTED || break_off (link);
  link->stalled_us = 0;
  take_off (link, &link->out, (gsize) n);
  return TRUE;
}

static gboolean
say_bye (OrfTlsLink *link)
{
  int result = gnutls_bye (link->session, GNUTLS_SHUT_WR);

  if (result == GNUTLS_E_AGAIN)
    return note_stall (link);
  if (result == GNUTLS_E_INTERRUPTED)
    return TRUE;
  if (result != GNUTLS_E_SUCCESS)
    return break_off (link);
  link->stalled_us = 0;
  shutdown (link->outer_fd, SHUT_WR);
  link->out.passed = TRUE;
  link->state = LINGERING;
  link->since_us = orf_clock_monotonic_us ();
  return FALSE;
}

static gboolean
step_out (OrfTlsLink *link)
{
  if (!is_empty (&link->out))
    return write_outer (link);
  if (!link->out.ended)
    return read_inner (link);
  return !link->out.passed && say_bye (link);
}

/* ---- both ------------------------------------------------------------------------------------ */

static void
shake_hands (OrfTlsLink *link)
{
  int result;

  do
    result = gnutls_handshake (link->session);
  while (result == GNUTLS_E_INTERRUPTED || result == GNUTLS_E_WARNING_ALERT_RECEIVED);
  if (result == GNUTLS_E_SUCCESS) {
    link->state = OPEN;
    link->since_us = orf_clock_monotonic_us ();
  } else if (gnutls_error_is_fatal (result)) {
    gnutls_alert_send_appropriate (link->session, result); /* tells why, if it can be told */
    link->broken = TRUE;
  }
}

/* The client has nothing to say that anyone would hear. */
static void
wait_for_end (OrfTlsLink *link)
{
  char buffer[BUFFER_BYTES];
  gssize n;

  do
    n = recv (link->outer_fd, buffer, sizeof buffer, 0);
  while ((n > 0 && (link->share += (gsize) n) < TURN_BYTES) || (n < 0 && errno == EINTR));
  if (n == 0 || (n < 0 && errno != EAGAIN))
    link->broken = TRUE;
}

static void
move (OrfTlsLink *link)
{
  gboolean moved = TRUE;

  link->share = 0;
  if (link->state == HANDSHAKE)
    shake_hands (link);
  while (link->state == OPEN && moved && !link->broken && link->share < TURN_BYTES) {
    moved = step_in (link);
    if (!link->broken)
      moved = step_out (link) || moved;
  }
  if (link->state == LINGERING && !link->broken)
    wait_for_end (link);
  if (link->broken)
    orf_tls_link_free (link);
  else if (link->share >= TURN_BYTES)
    orf_watch_again (link->inner, ORF_POLL_IN);
}

static void
ready_cb (gpointer user_data, OrfPollEvents events)
{
  move (user_data);
}

void
orf_tls_link_start (OrfTlsLink *link)
{
  move (link);
}

void
orf_tls_link_expire (OrfTlsLink *link, gint64 now_us)
{
  const OrfTlsLinkLimits *limits = &link->host->limits;
  gint64 lasted_us = now_us - link->since_us;

  if ((link->state == HANDSHAKE && lasted_us > limits->handshake_us) ||
      (link->state == LINGERING && lasted_us > LINGER_US) ||
      (link->stalled_us > 0 && now_us - link->stalled_us > limits->stall_us))
    orf_tls_link_free (link);
}

gboolean
orf_tls_link_is_sent (const OrfTlsLink *link)
{
  /* the server has closed its end by the time that this is asked */
  return link->state != OPEN;
}

static gboolean
start_session (OrfTlsLink *link)
{
  if (gnutls_init (&link->session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) !=
      GNUTLS_E_SUCCESS)
    return FALSE;
  gnutls_transport_set_int (link->session, link->outer_fd);
  /* the ticker's: GnuTLS's own would count from each call */
  gnutls_handshake_set_timeout (link->session, 0);
  return orf_tls_credentials_apply (link->credentials, link->session);
}

/* Closes and frees it, and tells nobody. */
static void
destroy (OrfTlsLink *link)
{
  g_clear_pointer (&link->outer, orf_watch_free);
  g_clear_pointer (&link->inner, orf_watch_free);
  g_clear_pointer (&link->session, gnutls_deinit);
  close (link->outer_fd);
  close (link->inner_fd);
  orf_tls_credentials_unref (link->credentials);
  g_free (link->in.data);
  g_free (link->out.data);
  g_free (link);
}

void
orf_tls_link_free (OrfTlsLink *link)
{
  link->host->closed (link->host->user_data, &link->link);
  destroy (link);
}

OrfTlsLink *
orf_tls_link_new (const OrfTlsLinkHost *host,
                  OrfTlsCredentials *credentials,
                  int outer_fd,
                  int inner_fd)
{
  OrfTlsLink *link = g_new0 (OrfTlsLink, 1);

  link->host = host;
  link->link.data = link;
  link->outer_fd = outer_fd;
  link->inner_fd = inner_fd;
  link->credentials = orf_tls_credentials_ref (credentials);
  link->since_us = orf_clock_monotonic_us ();
  link->outer = orf_poller_add (host->poller, outer_fd, ready_cb, link, NULL);
  if (link->outer != NULL)
    link->inner = orf_poller_add (host->poller, inner_fd, ready_cb, link, NULL);
  if (link->inner != NULL && start_session (link))
    return link;
  g_warning ("a connection is closed at once: TLS does not start for it");
  destroy (link);
  return NULL;
}

GList *
orf_tls_link_get_list_link (OrfTlsLink *link)
{
  return &link->link;
}
