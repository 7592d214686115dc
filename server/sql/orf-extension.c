/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * orfeas.so: the table `samples` for whatever program has a file of ours open: `.load orfeas` in
 * sqlite3, connection.load_extension() in Python.
 */
#include <sqlite3ext.h>

#include "sql/orf-samples-table.h"

SQLITE_EXTENSION_INIT1

/* Tables that may stand in views, and values of sqlite3_value_numeric_type() that do not change. */
#define MIN_VERSION 3031000

/* By this name it is looked for in orfeas.so. */
__attribute__ ((visibility ("default"))) int
sqlite3_orfeas_init (sqlite3 *db, char **message, const sqlite3_api_routines *api);

int
sqlite3_orfeas_init (sqlite3 *db, char **message, const sqlite3_api_routines *api)
{
  int code;

  SQLITE_EXTENSION_INIT2 (api);
  if (sqlite3_libversion_number () < MIN_VERSION) {
    *message = sqlite3_mprintf ("orfeas.so needs SQLite 3.31 or later, and this is %s",
                                sqlite3_libversion ());
    return SQLITE_ERROR;
  }
  code = orf_samples_table_register (db);
  /* Threads and tables of GLib's do not take being unloaded. */
  return code == SQLITE_OK ? SQLITE_OK_LOAD_PERMANENTLY : code;
}
