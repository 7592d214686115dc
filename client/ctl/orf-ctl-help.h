/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl-options.h"
#include "orf-ctl-terminal.h"

G_BEGIN_DECLS

/* What --help prints: of one verb, of the verbs of a group ("metrics"), or of the program. */
char *orf_ctl_help_new (const OrfCtlTerminal *terminal,
                        const OrfCtlVerb *verbs,
                        const OrfCtlOption *global_options,
                        const OrfCtlOptions *options);

G_END_DECLS
