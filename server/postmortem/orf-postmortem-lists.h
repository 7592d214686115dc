/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "postmortem/orf-postmortem-facts.h"
#include "store/orf-connection.h"

G_BEGIN_DECLS

/* What the tables list: what happened by time, alerts, anomalies, cleanups, forecasts; the daemon's
 * beginnings and ends with its own samples.  Into the document and the facts, in a reader's thread.
 */
gboolean
orf_postmortem_lists_read (OrfPostmortemFacts *facts, OrfConnection *connection, GError **error);

G_END_DECLS
