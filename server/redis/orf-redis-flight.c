/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "redis/orf-redis-flight.h"

OrfRedisCommand *
orf_redis_command_new (OrfRedisReplied replied, gpointer data)
{
  OrfRedisCommand *command = g_new0 (OrfRedisCommand, 1);

  command->replied = replied;
  command->data = data;
  command->n_owners = 2;
  return command;
}

void
orf_redis_command_unref (OrfRedisCommand *command)
{
  if (--command->n_owners == 0)
    g_free (command);
}

void
orf_redis_flight_push (OrfRedisFlight *flight, OrfRedisCommand *command)
{
  command->next = NULL;
  if (flight->last != NULL)
    flight->last->next = command;
  else
    flight->first = command;
  flight->last = command;
  flight->n++;
  flight->bytes += command->bytes;
}

OrfRedisCommand *
orf_redis_flight_pop (OrfRedisFlight *flight)
{
  OrfRedisCommand *command = flight->first;

  flight->first = command->next;
  if (flight->first == NULL)
    flight->last = NULL;
  command->next = NULL;
  flight->n--;
  flight->bytes -= command->bytes;
  return command;
}

static void
tell_lost (OrfRedisCommand *command)
{
  OrfRedisReplied replied = command->replied;

  command->replied = NULL;
  if (replied != NULL)
    replied (command->data, ORF_REDIS_LOST, NULL);
}

guint
orf_redis_flight_expire (OrfRedisFlight *flight, gint64 now_us, const gboolean *closed)
{
  OrfRedisCommand *at = flight->first;
  guint n_late = 0;

  while (at != NULL && !*closed) {
    OrfRedisCommand *told = at;

    told->n_owners++; /* and so its next can be read after it was told */
    if (!told->late && now_us >= told->deadline_us) {
      told->late = TRUE;
      n_late++;
      tell_lost (told);
    }
    at = told->next;
    orf_redis_command_unref (told);
  }
  return n_late;
}

gint64
orf_redis_flight_get_deadline_us (const OrfRedisFlight *flight)
{
  gint64 first_us = -1;

  for (const OrfRedisCommand *at = flight->first; at != NULL; at = at->next)
    if (!at->late && (first_us < 0 || at->deadline_us < first_us))
      first_us = at->deadline_us;
  return first_us;
}

guint
orf_redis_flight_end (OrfRedisFlight *flight)
{
  OrfRedisCommand *at = flight->first;
  guint n_lost = 0;

  *flight = (OrfRedisFlight){ NULL };
  while (at != NULL) {
    OrfRedisCommand *next = at->next;

    n_lost += !at->late;
    tell_lost (at);
    orf_redis_command_unref (at);
    at = next;
  }
  return n_lost;
}
