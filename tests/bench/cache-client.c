/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a get costs a program that holds values itself; one line of JSON.
 *
 *   bench-cache-client SOCKET                hits: CPU of the calling thread, the best of some
 * rounds bench-cache-client SOCKET ENTRIES <KEYS  each key is got, and set where it is missing,
 * with so many entries held; 0: none
 */
#include <orfeas/cache.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS    7
#define HITS      20000
#define N_KEYS    1000
#define N_THREADS 4
/* No key begins with it. */
#define NO_PREFIX  "\x01"
#define VALUE_SIZE 100

static OrfCache *cache;
static char keys[N_KEYS][32];

static double
now_ns (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);
  return (double) now.tv_sec * 1e9 + (double) now.tv_nsec;
}

static void
open_cache (const char *socket, size_t n_entries)
{
  const OrfCacheOptions options = { .socket = socket,
                                    .prefix = n_entries == 0 ? NO_PREFIX : NULL,
                                    .max_entries = n_entries,
                                    .max_bytes = (size_t) 1 << 30,
                                    .timeout_us = 10000000 };

  if (orf_cache_new (&options, &cache) != ORF_STATUS_OK ||
      orf_cache_wait_fresh (cache, 10000000) != ORF_STATUS_OK) {
    fprintf (stderr, "no daemon at %s\n", socket);
    exit (1);
  }
}

/* ---- hits ------------------------------------------------------------------------------------ */

/* Nanoseconds a hit: a program that uses the keys by turns. */
static void *
hit_thread_cb (void *data)
{
  double best = 1e9;

  for (int round = 0; round < ROUNDS; round++) {
    double begun = now_ns (CLOCK_THREAD_CPUTIME_ID), each;

    for (int i = 0; i < HITS; i++) {
      OrfCacheValue *value;

      orf_cache_get (cache, keys[i % N_KEYS], &value);
      orf_cache_value_release (value);
    }
    each = (now_ns (CLOCK_THREAD_CPUTIME_ID) - begun) / HITS;
    best = each < best ? each : best;
  }
  *(double *) data = best;
  return NULL;
}

static double
measure_hits (size_t length)
{
  char *value = calloc (1, length + 1);
  double each;

  memset (value, 'v', length);
  for (int i = 0; i < N_KEYS; i++) {
    snprintf (keys[i], sizeof keys[i], "model:%zu:%d", length, i);
    orf_cache_set (cache, keys[i], value, length, NULL);
  }
  hit_thread_cb (&each);
  free (value);
  return each;
}

/* The mean of some threads that do it at once. */
static double
measure_threads (void)
{
  pthread_t threads[N_THREADS];
  double each[N_THREADS], sum = 0;

  for (int i = 0; i < N_THREADS; i++)
    pthread_create (&threads[i], NULL, hit_thread_cb, &each[i]);
  for (int i = 0; i < N_THREADS; i++) {
    pthread_join (threads[i], NULL);
    sum += each[i];
  }
  return sum / N_THREADS;
}

static void
print_hits (void)
{
  double small = measure_hits (10), large = measure_hits (16 * 1024), many = measure_threads ();
  OrfCacheState state;

  orf_cache_get_state (cache, &state);
  printf ("{\"small_ns\": %.0f, \"large_ns\": %.0f, \"threads_ns\": %.0f, \"calls\": %llu}\n",
          small, large, many, (unsigned long long) state.n_calls);
}

/* ---- a trace --------------------------------------------------------------------------------- */

static void
run_trace (void)
{
  char key[256], made[VALUE_SIZE];
  double begun, in_gets = 0;
  unsigned long long n_gets = 0;
  OrfCacheState state;

  memset (made, 'v', sizeof made);
  while (fgets (key, sizeof key, stdin) != NULL) {
    OrfCacheValue *value;

    key[strcspn (key, "\n")] = '\0';
    begun = now_ns (CLOCK_MONOTONIC);
    if (orf_cache_get (cache, key, &value) != ORF_STATUS_OK)
      exit (1);
    in_gets += now_ns (CLOCK_MONOTONIC) - begun;
    n_gets++;
    if (value == NULL)
      orf_cache_set (cache, key, made, sizeof made, NULL);
    orf_cache_value_release (value);
  }
  orf_cache_get_state (cache, &state);
  printf ("{\"gets\": %llu, \"calls\": %llu, \"mean_us\": %.3f}\n", n_gets,
          (unsigned long long) state.n_calls, in_gets / (double) n_gets / 1000);
}

int
main (int argc, char *argv[])
{
  open_cache (argv[1], argc > 2 ? strtoul (argv[2], NULL, 10) : 65536);
  if (argc > 2)
    run_trace ();
  else
    print_hits ();
  orf_cache_free (cache);
  return 0;
}
