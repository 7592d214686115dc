/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 *   bare-insert FILE SECONDS ROWS
 *
 * What SQLite alone does with rows of sample_raw: one prepared insert, ROWS a commit, WAL,
 * synchronous=FULL. Prints rows a second.
 */
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double
now_s (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

int
main (int argc, char **argv)
{
  sqlite3 *db;
  sqlite3_stmt *insert;
  int rows = argc == 4 ? atoi (argv[3]) : 0;
  uint64_t n = 0;
  double begin_s, seconds = argc == 4 ? atof (argv[2]) : 0;

  if (rows <= 0 || sqlite3_open (argv[1], &db) != SQLITE_OK)
    return 2;
  sqlite3_exec (db,
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                "CREATE TABLE sample_raw (t_us INTEGER, series_id INTEGER, value REAL)",
                NULL, NULL, NULL);
  if (sqlite3_prepare_v2 (db, "INSERT INTO sample_raw VALUES (?,?,?)", -1, &insert, NULL) !=
      SQLITE_OK)
    return 2;
  begin_s = now_s ();
  while (now_s () - begin_s < seconds) {
    sqlite3_exec (db, "BEGIN", NULL, NULL, NULL);
    for (int i = 0; i < rows; i++, n++) {
      sqlite3_bind_int64 (insert, 1, 1700000000000000 + (int64_t) n);
      sqlite3_bind_int64 (insert, 2, i);
      sqlite3_bind_double (insert, 3, (double) n * 0.5);
      sqlite3_step (insert);
      sqlite3_reset (insert);
    }
    sqlite3_exec (db, "COMMIT", NULL, NULL, NULL);
  }
  printf ("%.0f\n", (double) n / (now_s () - begin_s));
  sqlite3_finalize (insert);
  sqlite3_close (db);
  return 0;
}
