/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "redis/orf-redis-slots.h"

/* What redis-server 7.0's CLUSTER KEYSLOT says; the first is the vector of its specification. */
static void
test_known (void)
{
  static const struct {
    const char *prefix, *key;
    guint slot;
  } known[] = {
    { "", "123456789", 12739 },
    { "", "foo", 12182 },
    { "", "", 0 },
    { "", "{user1000}.following", 3443 },
    { "", "user1000", 3443 },
    { "", "foo{}{bar}", 8363 },
    { "", "foo{{bar}}zap", 4015 },
    { "", "{bar", 4015 },
    { "", "foo{bar}{zap}", 5061 },
    { "", "bar", 5061 },
    { "f", "oo", 12182 },
    { "any", "{bar}", 5061 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    g_assert_cmpuint (orf_redis_slot_of (known[i].prefix, known[i].key, strlen (known[i].key)), ==,
                      known[i].slot);
}

static void
test_tags (void)
{
  for (guint slot = 0; slot < ORF_REDIS_N_SLOTS; slot += 1111) {
    g_autofree char *tag = orf_redis_slot_make_tag (slot);
    g_autofree char *key = g_strdup_printf ("orfeas:epoch:{%s}", tag);

    g_assert_cmpuint (orf_redis_slot_of ("", key, strlen (key)), ==, slot);
  }
}

static void
test_redirects (void)
{
  static const char *const wrong[] = { "ERR unknown", "MOVED",           "MOVED 1",   "MOVED 1 ",
                                       "MOVED x h:1", "MOVED 16384 h:1", "ASK -1 h:1" };
  OrfRedisRedirect redirect;

  g_assert_true (orf_redis_redirect_read ("MOVED 3999 127.0.0.1:6381", &redirect));
  g_assert_false (redirect.ask);
  g_assert_cmpuint (redirect.slot, ==, 3999);
  g_assert_cmpstr (redirect.address, ==, "127.0.0.1:6381");
  g_assert_true (orf_redis_redirect_read ("ASK 0 [::1]:6381", &redirect));
  g_assert_true (redirect.ask);
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    g_assert_false (orf_redis_redirect_read (wrong[i], &redirect));
}

static void
test_lines (void)
{
  g_auto (OrfRedisNodeLine) line = { NULL };
  guint first, last;

  g_assert_true (orf_redis_node_line_read (
    &line, "07c3 127.0.0.1:30001@31001,name myself,master - 0 0 1 connected 0-5460 7 [93-<-292f]"));
  g_assert_cmpstr (line.address, ==, "127.0.0.1:30001");
  g_assert_true (line.myself && line.master);
  g_assert_cmpuint (g_strv_length (line.ranges), ==, 3);
  g_assert_true (orf_redis_range_read (line.ranges[0], &first, &last));
  g_assert_cmpuint (first, ==, 0);
  g_assert_cmpuint (last, ==, 5460);
  g_assert_true (orf_redis_range_read (line.ranges[1], &first, &last));
  g_assert_true (first == 7 && last == 7);
  g_assert_false (orf_redis_range_read (line.ranges[2], &first, &last));
  g_assert_false (orf_redis_range_read ("5-16384", &first, &last));
  g_assert_false (orf_redis_range_read ("6-5", &first, &last));
  g_assert_false (orf_redis_range_read ("", &first, &last));
  orf_redis_node_line_clear (&line);

  g_assert_true (
    orf_redis_node_line_read (&line, "6ec2 :30002@31002 slave 07c3 0 1426238316232 2 connected"));
  g_assert_null (line.address);
  g_assert_false (line.myself || line.master);
  orf_redis_node_line_clear (&line);
  g_assert_true (
    orf_redis_node_line_read (&line, "6ec2 ::1:30002@31002 master,fail - 0 1 2 connected"));
  g_assert_cmpstr (line.address, ==, "[::1]:30002");
  g_assert_false (line.master);
  g_assert_false (orf_redis_node_line_read (&(OrfRedisNodeLine){ NULL }, "vars currentEpoch 6"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/redis-slots/known", test_known);
  g_test_add_func ("/redis-slots/tags", test_tags);
  g_test_add_func ("/redis-slots/redirects", test_redirects);
  g_test_add_func ("/redis-slots/lines", test_lines);
  return g_test_run ();
}
