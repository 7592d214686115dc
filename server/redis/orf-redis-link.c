/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - link->connection is not NULL exactly while hiredis has a connection of ours that we still
 * listen to: its `data` is the link then.  detach() ends that first; what hiredis still has to say
 * of it (it calls back for each command once, with no reply when it frees them) finds `data` NULL.
 * - Whoever is told may free the link: link->n_refs keeps the struct until the outermost call of
 * ours is over, and link->closed says not to go on.
 * - The timer is due when what the state waits for is over: the pause, connecting, the first of the
 * deadlines; or at once, where the connection is to be dropped.
 * - hiredis must not be made to free a connection from inside its connect callback: what goes wrong
 * there ends in the timer.
 */
#include "redis/orf-redis-link.h"

#include <fcntl.h>
#include <string.h>

#include "core/orf-clock.h"
#include "redis/orf-redis-flight.h"
#include "redis/orf-redis-latency.h"
#include "redis/orf-redis-reader.h"
#include "redis/orf-redis-resolving.h"
#include "redis/orf-redis-source.h"
#include "redis/orf-redis-timer.h"

/* Of a command said by orf_redis_link_say(). */
#define MAX_WORDS 16
/* Of what a node says is wrong, which goes to the log and to cache.stats. */
#define MAX_PROBLEM_BYTES 300

typedef enum {
  STATE_WAITING,    /* until the breaker lets it try */
  STATE_RESOLVING,  /* the name */
  STATE_CONNECTING, /* connected, and saying who we are */
  STATE_UP,
} State;

struct _OrfRedisLink {
  GMainContext *context;
  char *text; /* the address as it was given */
  OrfRedisAddress address;
  OrfRedisLinkSettings settings; /* strings of our own */
  const OrfRedisLinkListener *listener;
  gpointer user_data;
  guint n_refs;
  gboolean closed;

  State state;
  OrfRedisBreaker breaker;
  OrfRedisResolving *resolving; /* in RESOLVING */
  redisAsyncContext *connection;
  OrfRedisReader reader; /* of the connection */
  gint64 connect_by_us;
  guint n_greetings; /* answers that CONNECTING waits for */
  gint64 id;
  char *drop_why; /* the connection is to be given up */
  char *problem;

  OrfRedisFlight flight;
  GSource *timer;
  gint64 timer_us; /* when it is due; -1: never */

  OrfRedisReplied subscribed; /* until all channels are */
  gpointer subscribed_data;
  guint n_unsubscribed;

  OrfRedisLatency *latency;
  guint64 n_commands, n_lost, n_refused, n_connected;
};

static void break_off (OrfRedisLink *link, const char *why, gboolean freeing);

static void
link_unref (OrfRedisLink *link)
{
  if (--link->n_refs > 0)
    return;
  orf_redis_address_clear (&link->address);
  orf_redis_reader_clear (&link->reader);
  g_free ((char *) link->settings.user);
  g_free ((char *) link->settings.password);
  orf_redis_latency_free (link->latency);
  g_main_context_unref (link->context);
  g_free (link->drop_why);
  g_free (link->problem);
  g_free (link->text);
  g_free (link);
}

static void
set_timer (OrfRedisLink *link, gint64 at_us)
{
  link->timer_us = at_us;
  g_source_set_ready_time (link->timer, at_us);
}

static void
arm (OrfRedisLink *link)
{
  if (link->drop_why != NULL)
    set_timer (link, 0);
  else if (link->state == STATE_WAITING)
    set_timer (link, link->breaker.retry_us);
  else if (link->state == STATE_UP)
    set_timer (link, orf_redis_flight_get_deadline_us (&link->flight));
  else
    set_timer (link, link->connect_by_us);
}

/* ---- answers --------------------------------------------------------------------------------- */

/* It is the first that is in flight. */
static void
take_reply (OrfRedisLink *link, const redisReply *reply)
{
  OrfRedisCommand *command = orf_redis_flight_pop (&link->flight);
  gint64 now_us = orf_clock_monotonic_us ();

  orf_redis_latency_add (link->latency, now_us, now_us - command->sent_us);
  if (!command->late && link->state == STATE_UP)
    orf_redis_breaker_succeed (&link->breaker, now_us);
  if (command->replied != NULL)
    command->replied (command->data, ORF_REDIS_ANSWERED, reply);
  orf_redis_command_unref (command);
}

static void
replied_cb (redisAsyncContext *connection, void *reply, void *data)
{
  OrfRedisLink *link = connection->data;

  if (link != NULL && reply != NULL)
    take_reply (link, reply);
  else if (link != NULL)
    break_off (link, orf_redis_reader_get_problem (connection), TRUE);
  orf_redis_command_unref (data);
}

static gboolean
submit (OrfRedisLink *link,
        guint n_words,
        const char *const *words,
        const gsize *lengths,
        gint64 deadline_us,
        OrfRedisReplied replied,
        gpointer data)
{
  OrfRedisCommand *command = orf_redis_command_new (replied, data);

  command->sent_us = orf_clock_monotonic_us ();
  command->deadline_us = deadline_us > 0 ? deadline_us
                                         : command->sent_us + link->settings.command_us;
  for (guint i = 0; i < n_words; i++)
    command->bytes += lengths[i];
  if (redisAsyncCommandArgv (link->connection, replied_cb, command, (int) n_words,
                             (const char **) words, lengths) != REDIS_OK) {
    g_free (command);
    return FALSE;
  }
  orf_redis_flight_push (&link->flight, command);
  if (link->state == STATE_UP && (link->timer_us < 0 || command->deadline_us < link->timer_us))
    set_timer (link, command->deadline_us);
  link->n_commands++;
  return TRUE;
}

/* ---- saying who we are ----------------------------------------------------------------------- */

static void
greeted_cb (gpointer data, OrfRedisFate fate, const redisReply *reply)
{
  OrfRedisLink *link = data;

  if (fate != ORF_REDIS_ANSWERED)
    return; /* it is being given up */
  if (reply->type == REDIS_REPLY_ERROR) {
    orf_redis_link_drop (link, reply->str);
    return;
  }
  if (reply->type == REDIS_REPLY_INTEGER)
    link->id = reply->integer;
  if (--link->n_greetings > 0 || link->drop_why != NULL)
    return;
  link->state = STATE_UP;
  link->n_connected++;
  orf_redis_breaker_succeed (&link->breaker, orf_clock_monotonic_us ());
  g_clear_pointer (&link->problem, g_free);
  arm (link);
  link->listener->up (link->user_data);
}

static void
greet_with (OrfRedisLink *link, const char *const *words)
{
  gsize lengths[3];
  guint n = 0;

  for (; words[n] != NULL; n++)
    lengths[n] = strlen (words[n]);
  if (submit (link, n, words, lengths, 0, greeted_cb, link))
    link->n_greetings++;
  else
    orf_redis_link_drop (link, "the connection takes nothing");
}

static void
greet (OrfRedisLink *link)
{
  const OrfRedisLinkSettings *settings = &link->settings;
  gboolean named = settings->user != NULL && settings->user[0] != '\0';
  char database[16];

  link->n_greetings = 0;
  if (settings->password != NULL && settings->password[0] != '\0')
    greet_with (link, named ? (const char *[]){ "AUTH", settings->user, settings->password, NULL }
                            : (const char *[]){ "AUTH", settings->password, NULL });
  g_snprintf (database, sizeof database, "%u", settings->database);
  if (settings->database > 0)
    greet_with (link, (const char *[]){ "SELECT", database, NULL });
  greet_with (link, (const char *[]){ "CLIENT", "SETNAME", "orfeas", NULL });
  greet_with (link, (const char *[]){ "CLIENT", "ID", NULL });
}

/* ---- the connection -------------------------------------------------------------------------- */

static void
connected_cb (const redisAsyncContext *connection, int status)
{
  OrfRedisLink *link = connection->data;

  if (link == NULL)
    return;
  if (status != REDIS_OK)
    break_off (link, orf_redis_reader_get_problem (connection), TRUE);
  else
    greet (link);
}

static void
disconnected_cb (const redisAsyncContext *connection, int status)
{
  OrfRedisLink *link = connection->data;

  if (link != NULL)
    break_off (link, orf_redis_reader_get_problem (connection), TRUE);
}

/* Nothing that hiredis still does with it reaches the link.  freeing: hiredis is at it already. */
static void
detach (OrfRedisLink *link, gboolean freeing)
{
  redisAsyncContext *connection = g_steal_pointer (&link->connection);

  if (link->resolving != NULL)
    orf_redis_resolving_cancel (g_steal_pointer (&link->resolving));
  g_clear_pointer (&link->drop_why, g_free);
  link->subscribed = NULL;
  if (connection == NULL)
    return;
  connection->data = NULL;
  if (!freeing)
    redisAsyncFree (connection);
}

static void
break_off (OrfRedisLink *link, const char *why, gboolean freeing)
{
  gboolean was_up = link->state == STATE_UP;
  char *problem = g_strndup (why != NULL && why[0] != '\0' ? why : "the connection was closed",
                             MAX_PROBLEM_BYTES);

  link->n_refs++;
  g_free (link->problem);
  link->problem = problem;
  link->state = STATE_WAITING;
  orf_redis_breaker_open (&link->breaker, &link->settings.breaker, orf_clock_monotonic_us (),
                          g_random_double ());
  detach (link, freeing);
  arm (link);
  link->n_lost += orf_redis_flight_end (&link->flight);
  if (was_up && !link->closed)
    link->listener->down (link->user_data);
  link_unref (link);
}

static redisAsyncContext *
open_connection (OrfRedisLink *link, const char *ip)
{
  redisAsyncContext *connection = ip == NULL ? redisAsyncConnectUnix (link->address.path)
                                             : redisAsyncConnect (ip, link->address.port);

  if (connection == NULL) {
    orf_redis_link_drop (link, "no memory");
    return NULL;
  }
  if (connection->err != 0) {
    orf_redis_link_drop (link, connection->errstr);
    redisAsyncFree (connection);
    return NULL;
  }
  /* hiredis leaves it open in the children that the daemon starts */
  fcntl (connection->c.fd, F_SETFD, FD_CLOEXEC);
  return connection;
}

static void
connect_to (OrfRedisLink *link, const char *ip)
{
  redisAsyncContext *connection = open_connection (link, ip);

  if (connection == NULL)
    return;
  connection->data = link;
  link->connection = connection;
  link->state = STATE_CONNECTING;
  orf_redis_reader_guard (&link->reader, connection);
  orf_redis_source_attach (connection, link->context);
  redisAsyncSetConnectCallback (connection, connected_cb);
  redisAsyncSetDisconnectCallback (connection, disconnected_cb);
}

static void
resolved_cb (gpointer data, const char *ip, const char *problem)
{
  OrfRedisLink *link = data;

  link->resolving = NULL;
  if (ip == NULL)
    orf_redis_link_drop (link, problem);
  else
    connect_to (link, ip);
}

static void
begin (OrfRedisLink *link)
{
  link->connect_by_us = orf_clock_monotonic_us () + link->settings.connect_us;
  link->state = STATE_RESOLVING;
  if (link->address.path != NULL)
    connect_to (link, NULL);
  else if (g_hostname_is_ip_address (link->address.host))
    connect_to (link, link->address.host);
  else
    link->resolving = orf_redis_resolve (&link->address, link->breaker.n_attempts, link->context,
                                         resolved_cb, link);
}

/* ---- time ------------------------------------------------------------------------------------ */

/* All that were late now are one failure: they may be a thousand that wait for the same answer. */
static void
expire (OrfRedisLink *link, gint64 now_us)
{
  guint n_late = orf_redis_flight_expire (&link->flight, now_us, &link->closed);

  link->n_lost += n_late;
  if (n_late > 0 && !link->closed &&
      orf_redis_breaker_fail (&link->breaker, &link->settings.breaker))
    orf_redis_link_drop (link, "it does not answer in time");
}

static void
time_cb (gpointer data)
{
  OrfRedisLink *link = data;
  gint64 now_us = orf_clock_monotonic_us ();

  link->n_refs++;
  if (link->drop_why != NULL) {
    g_autofree char *why = g_steal_pointer (&link->drop_why);

    break_off (link, why, FALSE);
  } else if (link->state == STATE_UP) {
    expire (link, now_us);
  } else if (link->state == STATE_WAITING) {
    if (orf_redis_breaker_try (&link->breaker, now_us))
      begin (link);
  } else if (now_us >= link->connect_by_us) {
    break_off (link, "no connection in time", FALSE);
  }
  if (!link->closed)
    arm (link);
  link_unref (link);
}

/* ---- its owner's ----------------------------------------------------------------------------- */

OrfRedisLink *
orf_redis_link_new (GMainContext *context,
                    const char *address,
                    const OrfRedisLinkSettings *settings,
                    const OrfRedisLinkListener *listener,
                    gpointer user_data,
                    GError **error)
{
  g_auto (OrfRedisAddress) parsed = { NULL };
  OrfRedisLink *link;

  if (!orf_redis_address_parse (&parsed, address, error))
    return NULL;
  link = g_new0 (OrfRedisLink, 1);
  link->n_refs = 1;
  link->context = context != NULL ? g_main_context_ref (context)
                                  : g_main_context_ref (g_main_context_default ());
  link->text = g_strdup (address);
  link->address = parsed;
  parsed = (OrfRedisAddress){ NULL };
  link->settings = *settings;
  link->settings.user = g_strdup (settings->user);
  link->settings.password = g_strdup (settings->password);
  link->listener = listener;
  link->user_data = user_data;
  link->latency = orf_redis_latency_new ();
  link->timer = orf_redis_timer_new (link->context, time_cb, link);
  arm (link);
  return link;
}

void
orf_redis_link_free (OrfRedisLink *link)
{
  link->closed = TRUE;
  link->state = STATE_WAITING;
  detach (link, FALSE);
  orf_redis_timer_free (link->timer);
  orf_redis_flight_end (&link->flight);
  link_unref (link);
}

gboolean
orf_redis_link_send (OrfRedisLink *link,
                     guint n_words,
                     const char *const *words,
                     const gsize *lengths,
                     gint64 deadline_us,
                     OrfRedisReplied replied,
                     gpointer data)
{
  if (link->state == STATE_UP && link->drop_why == NULL &&
      link->flight.n < link->settings.max_in_flight &&
      link->flight.bytes < link->settings.max_in_flight_bytes &&
      submit (link, n_words, words, lengths, deadline_us, replied, data))
    return TRUE;
  link->n_refused++;
  return FALSE;
}

gboolean
orf_redis_link_say (
  OrfRedisLink *link, OrfRedisReplied replied, gpointer data, const char *word, ...)
{
  const char *words[MAX_WORDS];
  gsize lengths[MAX_WORDS];
  guint n = 0;
  va_list more;

  va_start (more, word);
  for (; word != NULL && n < MAX_WORDS; word = va_arg (more, const char *)) {
    words[n] = word;
    lengths[n++] = strlen (word);
  }
  va_end (more);
  return orf_redis_link_send (link, n, words, lengths, 0, replied, data);
}

/* ---- subscriptions --------------------------------------------------------------------------- */

static void
message_cb (redisAsyncContext *connection, void *data, void *unused)
{
  OrfRedisLink *link = connection->data;
  const redisReply *reply = data;

  if (link == NULL)
    return;
  if (reply == NULL) {
    break_off (link, orf_redis_reader_get_problem (connection), TRUE);
  } else if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3) {
    orf_redis_link_drop (link, "what it says is no message of a channel");
  } else if (g_str_equal (reply->element[0]->str, "message")) {
    link->listener->message (link->user_data, reply->element[1]->str, reply->element[2]);
  } else if (link->subscribed != NULL && --link->n_unsubscribed == 0) {
    OrfRedisReplied subscribed = g_steal_pointer (&link->subscribed);

    subscribed (link->subscribed_data, ORF_REDIS_ANSWERED, reply);
  }
}

gboolean
orf_redis_link_subscribe (OrfRedisLink *link,
                          const char *const *channels,
                          OrfRedisReplied subscribed,
                          gpointer data)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();

  if (link->state != STATE_UP || link->drop_why != NULL)
    return FALSE;
  orf_redis_reader_subscribe (&link->reader, channels);
  g_ptr_array_add (words, (gpointer) "SUBSCRIBE");
  for (; *channels != NULL; channels++)
    g_ptr_array_add (words, (gpointer) *channels);
  if (redisAsyncCommandArgv (link->connection, message_cb, NULL, (int) words->len,
                             (const char **) words->pdata, NULL) != REDIS_OK)
    return FALSE;
  link->subscribed = subscribed;
  link->subscribed_data = data;
  link->n_unsubscribed = words->len - 1;
  return TRUE;
}

/* ---- what is known of it --------------------------------------------------------------------- */

void
orf_redis_link_drop (OrfRedisLink *link, const char *why)
{
  if (link->closed || link->drop_why != NULL || link->state == STATE_WAITING)
    return;
  link->drop_why = g_strdup (why != NULL ? why : "it was dropped");
  set_timer (link, 0);
}

gboolean
orf_redis_link_is_up (OrfRedisLink *link)
{
  return link->state == STATE_UP && link->drop_why == NULL;
}

const char *
orf_redis_link_get_address (OrfRedisLink *link)
{
  return link->text;
}

gint64
orf_redis_link_get_id (OrfRedisLink *link)
{
  return link->id;
}

guint64
orf_redis_link_get_n_connected (OrfRedisLink *link)
{
  return link->n_connected;
}

const char *
orf_redis_link_get_problem (OrfRedisLink *link)
{
  return link->problem;
}

void
orf_redis_link_get_figures (OrfRedisLink *link, OrfRedisLinkFigures *figures)
{
  *figures = (OrfRedisLinkFigures){
    .breaker = link->breaker.state,
    .up = orf_redis_link_is_up (link),
    .latency_us = orf_redis_latency_get_mean_us (link->latency),
    .p99_us = orf_redis_latency_get_p99_us (link->latency),
    .in_flight = link->flight.n,
    .n_commands = link->n_commands,
    .n_lost = link->n_lost,
    .n_refused = link->n_refused,
    .n_connected = link->n_connected,
    .n_opened = link->breaker.n_opened,
  };
}

const char *
orf_redis_reply_get_error (const redisReply *reply)
{
  return reply != NULL && reply->type == REDIS_REPLY_ERROR ? reply->str : NULL;
}

gboolean
orf_redis_reply_is_ok (const redisReply *reply)
{
  return reply != NULL && reply->type == REDIS_REPLY_STATUS && g_str_equal (reply->str, "OK");
}
