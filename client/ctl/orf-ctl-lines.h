/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "orf-ctl-exit.h"

G_BEGIN_DECLS

/* Newline-delimited JSON-RPC over two descriptors, with a deadline over the whole exchange. */

/* Both descriptors (they may be the same one) must be non-blocking. */
OrfCtlExit orf_ctl_lines_exchange (int read_fd,
                                   int write_fd,
                                   const GString *request,
                                   gint64 deadline_us,
                                   GString *reply,
                                   GError **error);

G_END_DECLS
