/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A program with liborfeas' cache, for test-cache-client.py.
 *
 *   cache-caller SOCKET                            does what lines of its input say
 *   cache-caller SOCKET SECONDS SEED KEYS THREADS  reads and writes, and tells each call with its
 * times
 */
#include <orfeas/cache.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* One call of so many writes. */
#define READS_PER_WRITE 20

static OrfCache *cache;
static int n_keys;
static long long until_us;

static long long
now_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void
print_state (void)
{
  OrfCacheState state;

  orf_cache_get_state (cache, &state);
  printf ("{\"fresh\": %s, \"hits\": %llu, \"calls\": %llu, \"dropped\": %llu, \"flushes\": %llu, "
          "\"entries\": %zu, \"connections\": %llu}\n",
          state.is_fresh ? "true" : "false", (unsigned long long) state.n_hits,
          (unsigned long long) state.n_calls, (unsigned long long) state.n_dropped,
          (unsigned long long) state.n_flushes, state.n_entries,
          (unsigned long long) state.n_connections);
}

static void
get (const char *key)
{
  OrfCacheValue *value;
  OrfStatus status = orf_cache_get (cache, key, &value);
  const char *text = value != NULL ? orf_cache_value_get_data (value, NULL) : NULL;

  if (status != ORF_STATUS_OK)
    printf ("{\"error\": \"%s\"}\n", orf_status_to_string (status));
  else if (text != NULL)
    printf ("{\"value\": \"%s\"}\n", text);
  else
    printf ("{\"value\": null}\n");
  orf_cache_value_release (value);
}

static void
print_status (OrfStatus status)
{
  printf ("{\"status\": \"%s\"}\n", orf_status_to_string (status));
}

static void
get_many (const char *const keys[2])
{
  OrfCacheValue *values[2];
  OrfStatus status = orf_cache_get_many (cache, keys, 2, values);

  if (status != ORF_STATUS_OK) {
    print_status (status);
    return;
  }
  printf ("{\"values\": [");
  for (int i = 0; i < 2; i++) {
    const char *text = values[i] != NULL ? orf_cache_value_get_data (values[i], NULL) : NULL;

    printf (text != NULL ? "%s\"%s\"" : "%snull", i > 0 ? ", " : "", text);
    orf_cache_value_release (values[i]);
  }
  printf ("]}\n");
}

static void
invalidate (const char *pattern)
{
  uint64_t n_removed = 0;
  OrfStatus status = orf_cache_invalidate (cache, pattern, NULL, &n_removed);

  if (status == ORF_STATUS_OK)
    printf ("{\"removed\": %llu}\n", (unsigned long long) n_removed);
  else
    print_status (status);
}

static void
obey (char *line)
{
  const char *verb = strtok (line, " \n");
  const char *key = strtok (NULL, " \n");
  const char *value = strtok (NULL, " \n");

  if (strcmp (verb, "get") == 0)
    get (key);
  else if (strcmp (verb, "set") == 0)
    print_status (orf_cache_set (cache, key, value, strlen (value), NULL));
  else if (strcmp (verb, "many") == 0)
    get_many ((const char *const[2]){ key, value });
  else if (strcmp (verb, "invalidate") == 0)
    invalidate (key);
  else if (strcmp (verb, "delete") == 0)
    print_status (orf_cache_delete (cache, key));
  else if (strcmp (verb, "fresh") == 0)
    print_status (orf_cache_wait_fresh (cache, 20000000));
  else
    print_state ();
  fflush (stdout);
}

/* ---- load ------------------------------------------------------------------------------------ */

static void *
load_thread_cb (void *data)
{
  unsigned seed = *(unsigned *) data;

  for (int i = 0; now_us () < until_us; i++) {
    char key[32], written[64];
    const char *read = "";
    OrfCacheValue *value = NULL;
    OrfStatus status;
    long long began_us;

    snprintf (key, sizeof key, "t:%d", rand_r (&seed) % n_keys);
    began_us = now_us ();
    if (rand_r (&seed) % READS_PER_WRITE == 0) {
      snprintf (written, sizeof written, "%d-%u-%d", getpid (), *(unsigned *) data, i);
      status = orf_cache_set (cache, key, written, strlen (written), NULL);
      printf ("s %s %s %lld %lld %d\n", key, written, began_us, now_us (), status);
      continue;
    }
    status = orf_cache_get (cache, key, &value);
    if (value != NULL)
      read = orf_cache_value_get_data (value, NULL);
    printf ("g %s %s %lld %lld %d\n", key, value != NULL ? read : "-", began_us, now_us (), status);
    orf_cache_value_release (value);
    usleep (20); /* what is told of so many calls has to be looked through */
  }
  return NULL;
}

static void
load (char *argv[])
{
  pthread_t threads[16];
  unsigned seeds[16];
  int n_threads = atoi (argv[5]);

  until_us = now_us () + atoll (argv[2]) * 1000000;
  n_keys = atoi (argv[4]);
  for (int i = 0; i < n_threads && i < 16; i++) {
    seeds[i] = (unsigned) atoi (argv[3]) * 16 + (unsigned) i;
    pthread_create (&threads[i], NULL, load_thread_cb, &seeds[i]);
  }
  for (int i = 0; i < n_threads && i < 16; i++)
    pthread_join (threads[i], NULL);
  printf ("end %d\n", getpid ());
}

int
main (int argc, char *argv[])
{
  const OrfCacheOptions options = { .socket = argv[1], .timeout_us = 5000000 };
  char line[4096];

  if (orf_cache_new (&options, &cache) != ORF_STATUS_OK)
    return 1;
  if (argc == 6)
    load (argv);
  else
    while (fgets (line, sizeof line, stdin) != NULL)
      obey (line);
  orf_cache_free (cache);
  return 0;
}
