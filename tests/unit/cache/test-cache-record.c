/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-record.h"

#include <string.h>

#include "cache/orf-cache-flights.h"
#include "core/orf-clock.h"

#define S    ORF_US_PER_S
#define WALL (1700000000 * S)

static const OrfCacheBytes key = { "k", 1 };

static OrfCacheBytes
bytes (const GByteArray *record)
{
  return (OrfCacheBytes){ (const char *) record->data, record->len };
}

static GByteArray *
make (const char *const *tags)
{
  const OrfCacheItem item = {
    .key = key,
    .value = { "a\0b", 3 },
    .tags = tags,
    .flags = ORF_CACHE_BINARY,
    .expires_us = 10 * S,
    .stale_us = 5 * S,
    .cost_us = 1234,
  };

  return orf_cache_record_new (&item, 2 * S, WALL);
}

/* On another machine, whose monotonic clock says something else. */
static void
test_round_trip (void)
{
  const char *const written[] = { "a", "models", NULL };
  g_autoptr (GByteArray) record = make (written);
  g_auto (GStrv) tags = NULL;
  OrfCacheItem item;

  g_assert_true (orf_cache_record_read (bytes (record), key, 100 * S, WALL + S, &item, &tags));
  g_assert_cmpmem (item.value.data, item.value.length, "a\0b", 3);
  g_assert_true (g_strv_equal ((const char *const *) tags, written));
  g_assert_cmpuint (item.flags, ==, ORF_CACHE_BINARY);
  g_assert_cmpint (item.expires_us, ==, 107 * S);
  g_assert_cmpint (item.stale_us, ==, 5 * S);
  g_assert_cmpint (item.cost_us, ==, 1234);
}

static void
test_over (void)
{
  g_autoptr (GByteArray) record = make (NULL);
  char **tags = NULL;
  OrfCacheItem item;

  g_assert_true (orf_cache_record_read (bytes (record), key, 0, WALL + 13 * S - 1, &item, &tags));
  g_clear_pointer (&tags, g_strfreev);
  g_assert_false (orf_cache_record_read (bytes (record), key, 0, WALL + 13 * S, &item, &tags));
}

static void
test_what_is_none (void)
{
  const char *const written[] = { "tag", NULL };
  g_autoptr (GByteArray) record = make (written);
  g_auto (GStrv) tags = NULL;
  OrfCacheItem item;

  for (guint length = 0; length < 20 + 4; length++) {
    OrfCacheBytes cut = bytes (record);

    cut.length = length;
    g_assert_false (orf_cache_record_read (cut, key, 0, WALL, &item, &tags));
    g_assert_false (orf_cache_record_head_has_tag (cut.data, cut.length, "tag"));
  }
  record->data[20] = 200; /* a tag that is longer than all of them */
  g_assert_false (orf_cache_record_read (bytes (record), key, 0, WALL, &item, &tags));
  record->data[0] = 99;
  g_assert_false (orf_cache_record_read (bytes (record), key, 0, WALL, &item, &tags));
}

/* As many and as long as the schema takes. */
static void
test_tags_are_in_the_head (void)
{
  const char *written[17] = { NULL };
  g_autofree char *long_tag = g_strnfill (200, 'x');
  g_autoptr (GByteArray) record = NULL;

  for (guint i = 0; i < 15; i++)
    written[i] = long_tag;
  written[15] = "last";
  record = make (written);
  g_assert_true (orf_cache_record_head_has_tag ((const char *) record->data,
                                                MIN (record->len, ORF_CACHE_RECORD_HEAD_BYTES),
                                                "last"));
  g_assert_false (orf_cache_record_head_has_tag ((const char *) record->data, record->len, "las"));
}

static void
test_flights (void)
{
  g_autoptr (OrfCacheFlights) flights = orf_cache_flights_new ();
  OrfCacheTicket first = orf_cache_flights_begin (flights, key), second;
  const OrfCacheBytes other = { "o", 1 };

  orf_cache_flights_change (flights, other);
  second = orf_cache_flights_begin (flights, key);
  orf_cache_flights_change (flights, key);
  g_assert_false (orf_cache_flights_end (flights, key, &first));
  first = orf_cache_flights_begin (flights, key); /* after the change, while another flies */
  g_assert_false (orf_cache_flights_end (flights, key, &second));
  g_assert_true (orf_cache_flights_end (flights, key, &first));
  first = orf_cache_flights_begin (flights, key);
  orf_cache_flights_change_all (flights);
  g_assert_false (orf_cache_flights_end (flights, key, &first));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cache-record/round-trip", test_round_trip);
  g_test_add_func ("/cache-record/over", test_over);
  g_test_add_func ("/cache-record/what-is-none", test_what_is_none);
  g_test_add_func ("/cache-record/tags-are-in-the-head", test_tags_are_in_the_head);
  g_test_add_func ("/cache-record/flights", test_flights);
  return g_test_run ();
}
