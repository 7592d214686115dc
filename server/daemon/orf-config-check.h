/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-config.h"

G_BEGIN_DECLS

/*
 * What the settings say beside what their ranges bound: expressions, addresses, receivers.  Nothing
 * is opened that a daemon holds.  A file that they name and that cannot be read is no fault here:
 * who asks may be another user than the daemon is.
 */
gboolean orf_config_check (const OrfConfig *config, GError **error);

G_END_DECLS
