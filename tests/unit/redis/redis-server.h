/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <hiredis/hiredis.h>

/* A real redis-server of a test's own, in a folder of its own. */
typedef struct {
  char *dir;
  char *address; /* as orf_redis_link_new() takes it: a Unix socket, or 127.0.0.1:PORT */
  guint16 port;  /* 0: a Unix socket */
  char **options;
  GPid pid; /* 0: it does not run */
} RedisServer;

/* options: of its command line, NULL-terminated, may be NULL.  They are up when these return. */
RedisServer *redis_server_new (const char *const *options);
RedisServer *redis_server_new_tcp (const char *const *options);
void redis_server_free (RedisServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RedisServer, redis_server_free)

void redis_server_kill (RedisServer *server);
/* As it was: its folder too. */
void redis_server_start (RedisServer *server);
void redis_server_pause (RedisServer *server);
void redis_server_go_on (RedisServer *server);

/* Waits for the answer, past what is tested.  Free it. */
redisReply *redis_server_ask (RedisServer *server, const char *format, ...);
/* The same, of what answers a number, or is OK (1). */
gint64 redis_server_ask_number (RedisServer *server, const char *command);

/* Turns of context until it holds, at most 20 s. */
#define wait_until(context, condition)                                                             \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gint64 wait_by_us = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;                             \
                                                                                                   \
    while (!(condition) && g_get_monotonic_time () < wait_by_us)                                   \
      turn_a_while (context);                                                                      \
    g_assert_true (condition);                                                                     \
  }                                                                                                \
  G_STMT_END
/* Until something happened, or 2 ms. */
void turn_a_while (GMainContext *context);
