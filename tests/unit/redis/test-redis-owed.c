/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "redis/orf-redis-owed.h"

#define KEY(text) (&(OrfCacheBytes){ text, strlen (text) })

static void
test_settled (void)
{
  g_autoptr (OrfRedisOwed) owed = orf_redis_owed_new (10);
  guint64 time;

  orf_redis_owed_add (owed, KEY ("a"));
  orf_redis_owed_add (owed, KEY ("a"));
  g_assert_cmpuint (orf_redis_owed_get_n (owed), ==, 1);
  g_assert_true (orf_redis_owed_has (owed, KEY ("a")));
  g_assert_false (orf_redis_owed_has (owed, KEY ("b")));
  time = orf_redis_owed_get_time (owed);
  /* owed again after it was asked for */
  orf_redis_owed_add (owed, KEY ("a"));
  orf_redis_owed_settle (owed, KEY ("a"), time);
  g_assert_true (orf_redis_owed_has (owed, KEY ("a")));
  orf_redis_owed_settle (owed, KEY ("a"), orf_redis_owed_get_time (owed));
  g_assert_false (orf_redis_owed_has (owed, KEY ("a")));
}

static void
test_too_many (void)
{
  g_autoptr (OrfRedisOwed) owed = orf_redis_owed_new (2);
  guint64 time;

  orf_redis_owed_add (owed, KEY ("a"));
  orf_redis_owed_add (owed, KEY ("b"));
  g_assert_false (orf_redis_owed_has_all (owed));
  orf_redis_owed_add (owed, KEY ("c"));
  g_assert_true (orf_redis_owed_has_all (owed));
  g_assert_true (orf_redis_owed_has (owed, KEY ("z")));
  time = orf_redis_owed_get_time (owed);
  /* what is owed while all is dropped is owed by itself */
  orf_redis_owed_add (owed, KEY ("d"));
  orf_redis_owed_settle_all (owed, time);
  g_assert_false (orf_redis_owed_has_all (owed));
  g_assert_false (orf_redis_owed_has (owed, KEY ("c")));
  g_assert_true (orf_redis_owed_has (owed, KEY ("d")));
}

static void
test_all_again (void)
{
  g_autoptr (OrfRedisOwed) owed = orf_redis_owed_new (2);
  guint64 time;

  orf_redis_owed_add_all (owed);
  time = orf_redis_owed_get_time (owed);
  orf_redis_owed_add_all (owed);
  orf_redis_owed_settle_all (owed, time);
  g_assert_true (orf_redis_owed_has_all (owed));
  orf_redis_owed_settle_all (owed, orf_redis_owed_get_time (owed));
  g_assert_false (orf_redis_owed_has_all (owed));
}

static void
test_list (void)
{
  g_autoptr (OrfRedisOwed) owed = orf_redis_owed_new (10);
  OrfCacheBytes keys[2];

  orf_redis_owed_add (owed, &(OrfCacheBytes){ "a\0b", 3 });
  g_assert_cmpuint (orf_redis_owed_list (owed, keys, 2), ==, 1);
  g_assert_cmpmem (keys[0].data, keys[0].length, "a\0b", 3);
  orf_redis_owed_add (owed, KEY ("b"));
  orf_redis_owed_add (owed, KEY ("c"));
  g_assert_cmpuint (orf_redis_owed_list (owed, keys, 2), ==, 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/redis-owed/settled", test_settled);
  g_test_add_func ("/redis-owed/too-many", test_too_many);
  g_test_add_func ("/redis-owed/all-again", test_all_again);
  g_test_add_func ("/redis-owed/list", test_list);
  return g_test_run ();
}
