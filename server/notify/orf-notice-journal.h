/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"

G_BEGIN_DECLS

/* One entry of the journal for an alert, as its socket takes it
 * (systemd.io/JOURNAL_NATIVE_PROTOCOL): every field with its length where it has several lines, so
 * that no text can add one.  Pure. */
GByteArray *orf_notice_journal_format (const OrfAlertTold *told);

G_END_DECLS
