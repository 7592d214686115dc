/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * The edge at which SQLite's result codes become errors of our domain.  What a code means for the
 * transaction it met, and for the writer, is decided here too.
 */
typedef enum {
  ORF_STORE_TROUBLE_NONE,        /* this statement only: the transaction may go on */
  ORF_STORE_TROUBLE_TRANSACTION, /* the transaction is lost, the next may work */
  ORF_STORE_TROUBLE_DISK_FULL,   /* lost, and so is the next until there is room */
  ORF_STORE_TROUBLE_DAMAGE,      /* lost, by a damaged page: others may do without it */
  ORF_STORE_TROUBLE_FILE,        /* lost; the connection is to be opened anew */
} OrfStoreTrouble;

/* Wait before a refused write is worth repeating: the writer looks again that often. */
#define ORF_STORE_RETRY_MS 1000

OrfStoreTrouble orf_store_error_classify (int sqlite_code);
/* message: SQLite's own; path names the file. */
GError *orf_store_error_new (int sqlite_code, const char *message, const char *path);
/* Of errno; FALSE, for the caller to return. */
gboolean orf_store_error_set_io (const char *verb, const char *path, GError **error);

G_END_DECLS
