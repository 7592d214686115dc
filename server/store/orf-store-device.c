/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-device.h"

#include <sqlite3.h>

#include "orf-error.h"

gboolean
orf_device_check (OrfConnection *connection,
                  const char *known_sql,
                  const char *device,
                  GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, known_sql, error);
  gboolean row = FALSE;

  if (statement == NULL)
    return FALSE;
  orf_statement_bind_text (statement, 1, device);
  if (!orf_connection_step (connection, statement, &row, error))
    return FALSE;
  if (row && sqlite3_column_int (statement, 0) != 0)
    return TRUE;
  g_propagate_error (error, orf_error_new_field (ORF_ERROR_NOT_FOUND, "device", NULL,
                                                 "no device '%s'", device));
  return FALSE;
}
