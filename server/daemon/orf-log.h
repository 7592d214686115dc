/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-config.h"

G_BEGIN_DECLS

/*
 * Where GLib's log messages of this process go: lines on standard error, or entries with fields of
 * the journal where standard error leads there.  At most [log] max_per_s lines a second of each
 * level, so that a flood of one hides no other; what is beyond is counted in one line, so that bad
 * requests cannot fill the disk.  Any thread may log, and waits for no reader of standard error:
 * lines that a full pipe or a stopped terminal has no room for are counted, too.
 */
void orf_log_install (void);
/* Level and rate; now and after a reload. */
void orf_log_configure (const OrfConfig *config);

G_END_DECLS
