/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"

G_BEGIN_DECLS

/* known_sql: static, of one row that is not 0 where the file knows the device ?1.  NOT_FOUND, field
 * device: it does not. */
gboolean orf_device_check (OrfConnection *connection,
                           const char *known_sql,
                           const char *device,
                           GError **error);

G_END_DECLS
