/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl-terminal.h"

G_BEGIN_DECLS

/* How far something is, as a bar on standard error; nothing where that is no terminal. */
typedef struct _OrfCtlProgress OrfCtlProgress;

OrfCtlProgress *orf_ctl_progress_new (void);
/* The line is left empty. */
void orf_ctl_progress_free (OrfCtlProgress *progress);
/* share: 0 to 1.  Drawn a few times a second at most. */
void orf_ctl_progress_show (OrfCtlProgress *progress, double share, const char *text);

/* The bar itself: " 43 % ████░░░░ text", no wider than the terminal. */
void orf_ctl_progress_append (const OrfCtlTerminal *terminal,
                              GString *out,
                              double share,
                              const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCtlProgress, orf_ctl_progress_free)

G_END_DECLS
