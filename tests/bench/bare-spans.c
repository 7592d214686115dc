/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 *   bare-spans FILE MIGRATION SECONDS SPANS
 *
 * What SQLite alone does with spans in our layout: traces of ten, one prepared insert of each,
 * SPANS a commit, WAL, synchronous=FULL, nothing counted. Prints spans a second.
 */
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SPANS_A_TRACE 10
#define SCATTER       0x9e3779b97f4a7c15u

static const char attributes[] =
  "{\"http.request.method\":\"GET\",\"http.route\":\"/v1/items/{id}\",\"url.path\":\"/v1/items/"
  "1234\","
  "\"http.response.status_code\":200,\"server.address\":\"api-7.internal\",\"server.port\":8080,"
  "\"user_agent.original\":\"python-requests/2.32\",\"worker\":17}";

static double
now_s (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

static char *
read_file (const char *path)
{
  FILE *file = fopen (path, "rb");
  char *text = calloc (1, 1 << 20);

  if (file == NULL || fread (text, 1, (1 << 20) - 1, file) == 0)
    exit (2);
  fclose (file);
  return text;
}

static void
add_trace (sqlite3_stmt *insert, uint64_t n)
{
  uint64_t id[2] = { n * SCATTER, n };

  sqlite3_bind_blob (insert, 1, id, sizeof id, SQLITE_STATIC);
  sqlite3_step (insert);
  sqlite3_reset (insert);
}

static void
add_span (sqlite3_stmt *insert, int64_t trace_no, uint64_t n)
{
  uint64_t id = n * SCATTER, parent = (n - 1) * SCATTER;
  char operation[32];
  int kind = (int) (n % 40);
  int64_t duration_us = (int64_t) (id >> 45);

  snprintf (operation, sizeof operation, "GET /v1/items/%d", kind);
  sqlite3_bind_int64 (insert, 1, trace_no);
  sqlite3_bind_blob (insert, 2, &id, sizeof id, SQLITE_STATIC);
  if (n % SPANS_A_TRACE > 0)
    sqlite3_bind_blob (insert, 3, &parent, sizeof parent, SQLITE_STATIC);
  else
    sqlite3_bind_null (insert, 3);
  sqlite3_bind_text (insert, 4, "service", -1, SQLITE_STATIC);
  sqlite3_bind_text (insert, 5, operation, -1, SQLITE_STATIC);
  sqlite3_bind_int64 (insert, 6, 1700000000000000 + (int64_t) n * 20);
  sqlite3_bind_int64 (insert, 7, duration_us);
  sqlite3_bind_text (insert, 8, attributes, -1, SQLITE_STATIC);
  sqlite3_bind_int (insert, 9, kind);
  sqlite3_bind_int (insert, 10,
                    duration_us > 0 ? 64 - __builtin_clzll ((uint64_t) duration_us) : 0);
  sqlite3_step (insert);
  sqlite3_reset (insert);
}

int
main (int argc, char **argv)
{
  sqlite3 *db;
  sqlite3_stmt *trace, *span;
  int spans = argc == 5 ? atoi (argv[4]) : 0;
  double begin_s, seconds = argc == 5 ? atof (argv[3]) : 0;
  uint64_t n = 0;

  if (spans <= 0 || sqlite3_open (argv[1], &db) != SQLITE_OK)
    return 2;
  sqlite3_exec (db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL", NULL, NULL, NULL);
  if (sqlite3_exec (db, read_file (argv[2]), NULL, NULL, NULL) != SQLITE_OK ||
      sqlite3_prepare_v2 (db,
                          "INSERT INTO trace (trace_id, start_us, end_us, spans, errors, bytes) "
                          "VALUES (?, 0, 0, 10, 0, 0)",
                          -1, &trace, NULL) != SQLITE_OK ||
      sqlite3_prepare_v2 (db,
                          "INSERT INTO span (trace_no, span_id, parent_id, service, operation, "
                          "kind, start_us, duration_us, attributes, operation_no, length_class) "
                          "VALUES (?1, ?2, ?3, ?4, ?5, 'server', ?6, ?7, ?8, ?9, ?10)",
                          -1, &span, NULL) != SQLITE_OK)
    return 2;
  begin_s = now_s ();
  while (now_s () - begin_s < seconds) {
    sqlite3_exec (db, "BEGIN", NULL, NULL, NULL);
    for (int i = 0; i < spans; i++, n++) {
      if (n % SPANS_A_TRACE == 0)
        add_trace (trace, n / SPANS_A_TRACE);
      add_span (span, (int64_t) (n / SPANS_A_TRACE) + 1, n);
    }
    sqlite3_exec (db, "COMMIT", NULL, NULL, NULL);
  }
  printf ("%.0f\n", (double) n / (now_s () - begin_s));
  sqlite3_finalize (trace);
  sqlite3_finalize (span);
  sqlite3_close (db);
  return 0;
}
