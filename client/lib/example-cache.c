/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A value that takes long to make, from the cache: made by one caller of all, held in each.
 *
 *   cc -o example-cache example-cache.c $(pkg-config --cflags --libs orfeas)
 *   ./example-cache [SOCKET]
 *
 * Prints where each of three answers came from.
 */
#include <orfeas/cache.h>
#include <stdio.h>
#include <string.h>

#define SECOND_US 1000000

static const char *
make_answer (void)
{
  return "forty-two";
}

/* What the cache cannot tell is made here: it makes the program faster, and nothing fails with it.
 */
static void
answer (OrfCache *cache, const char *key)
{
  const OrfCacheSetOptions minute = { .ttl_ms = 60000 };
  char lease[ORF_CACHE_LEASE_SIZE];
  OrfCacheValue *value;
  OrfStatus status = orf_cache_get_or_lease (cache, key, 10 * SECOND_US, SECOND_US, &value, lease);

  if (status == ORF_STATUS_OK && value != NULL) {
    printf ("cached: %s\n", (const char *) orf_cache_value_get_data (value, NULL));
  } else {
    const char *made = make_answer ();
    OrfCacheSetOptions options = minute;

    options.lease = lease;
    if (status == ORF_STATUS_OK)
      orf_cache_set (cache, key, made, strlen (made), &options);
    printf ("made: %s\n", made);
  }
  orf_cache_value_release (value);
}

int
main (int argc, char *argv[])
{
  const OrfCacheOptions options = { .socket = argc > 1 ? argv[1] : NULL };
  OrfCacheState state;
  OrfCache *cache;
  OrfStatus status = orf_cache_new (&options, &cache);

  if (status != ORF_STATUS_OK) {
    fprintf (stderr, "example-cache: %s\n", orf_status_to_string (status));
    return 1;
  }
  orf_cache_wait_fresh (cache, SECOND_US); /* only so that the last answer below is sure */
  for (int i = 0; i < 3; i++)
    answer (cache, "answer:1");
  orf_cache_get_state (cache, &state);
  printf ("%llu without a call\n", (unsigned long long) state.n_hits);
  orf_cache_free (cache);
  return 0;
}
