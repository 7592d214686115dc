/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-error.h"

#include <errno.h>

#include <sqlite3.h>

#include "orf-error.h"

OrfStoreTrouble
orf_store_error_classify (int sqlite_code)
{
  switch (sqlite_code & 0xff) {
  case SQLITE_FULL:
    return ORF_STORE_TROUBLE_DISK_FULL;
  case SQLITE_IOERR:
    return sqlite_code == SQLITE_IOERR_NOMEM ? ORF_STORE_TROUBLE_TRANSACTION
                                             : ORF_STORE_TROUBLE_FILE;
  case SQLITE_CORRUPT:
    return ORF_STORE_TROUBLE_DAMAGE;
  case SQLITE_NOTADB:
  case SQLITE_CANTOPEN:
  case SQLITE_READONLY:
  case SQLITE_PERM:
  case SQLITE_PROTOCOL:
    return ORF_STORE_TROUBLE_FILE;
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
  case SQLITE_NOMEM:
  case SQLITE_INTERRUPT:
    return ORF_STORE_TROUBLE_TRANSACTION;
  default:
    return ORF_STORE_TROUBLE_NONE;
  }
}

GError *
orf_store_error_new (int sqlite_code, const char *message, const char *path)
{
  switch (sqlite_code & 0xff) {
  case SQLITE_FULL:
    return orf_error_new_retry (ORF_ERROR_RESOURCE_EXHAUSTED, ORF_STORE_RETRY_MS,
                                "the disk that holds %s is full", path);
  case SQLITE_NOMEM:
    return orf_error_new_retry (ORF_ERROR_RESOURCE_EXHAUSTED, ORF_STORE_RETRY_MS, "%s: %s", path,
                                message);
  case SQLITE_TOOBIG:
    return g_error_new (ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED, "%s: %s", path, message);
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
    return g_error_new (ORF_ERROR, ORF_ERROR_DATA_LOSS, "%s: %s", path, message);
  case SQLITE_INTERRUPT:
    return g_error_new (ORF_ERROR, ORF_ERROR_CANCELLED, "%s: the work was interrupted", path);
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return orf_error_new_retry (ORF_ERROR_UNAVAILABLE, ORF_STORE_RETRY_MS,
                                "%s is locked by another program", path);
  case SQLITE_IOERR:
  case SQLITE_CANTOPEN:
  case SQLITE_READONLY:
  case SQLITE_PERM:
  case SQLITE_PROTOCOL:
    return orf_error_new_retry (ORF_ERROR_UNAVAILABLE, ORF_STORE_RETRY_MS, "%s: %s", path, message);
  default:
    return g_error_new (ORF_ERROR, ORF_ERROR_INTERNAL, "%s: %s", path, message);
  }
}

gboolean
orf_store_error_set_io (const char *verb, const char *path, GError **error)
{
  int saved = errno;

  g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "cannot %s %s: %s", verb, path,
               g_strerror (saved));
  return FALSE;
}
